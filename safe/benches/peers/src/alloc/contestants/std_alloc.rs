//! `std::alloc::alloc`, aligned to a page; its pages come as they are touched.

use std::alloc::{Layout, alloc, dealloc};
use std::ptr::NonNull;

use super::super::{PAGE_LEN, Region};
use crate::case::LeftOut;

pub(super) struct Allocated {
    address: NonNull<u8>,
    layout: Layout,
}

impl Region for Allocated {
    fn get(len: usize) -> Result<Self, LeftOut> {
        let layout = Layout::from_size_align(len, PAGE_LEN).map_err(|error| error.to_string())?;
        // SAFETY: no length is 0.
        let address = unsafe { alloc(layout) };
        let address = NonNull::new(address).ok_or("std::alloc: out of memory")?;
        Ok(Self { address, layout })
    }

    fn address(&self) -> NonNull<u8> {
        self.address
    }
}

impl Drop for Allocated {
    fn drop(&mut self) {
        // SAFETY: allocated by `get` with this layout, and given back once.
        unsafe { dealloc(self.address.as_ptr(), self.layout) };
    }
}
