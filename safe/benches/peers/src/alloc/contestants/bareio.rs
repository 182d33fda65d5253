//! bareio's `Mapping`, as it is by default: resident, on huge pages where there are some and the region is large enough.

use std::ptr::NonNull;

use bareio_core::{Linux, Mapping};

use super::super::Region;
use crate::case::LeftOut;

pub(super) struct Mapped(Mapping<Linux>);

impl Region for Mapped {
    fn get(len: usize) -> Result<Self, LeftOut> {
        Mapping::new(Linux, len).map(Self).map_err(|error| format!("mapping: {error}"))
    }

    fn address(&self) -> NonNull<u8> {
        self.0.as_ptr()
    }
}
