//! `posix_memalign`, aligned to the region's own length up to 2 MiB, as somebody would who hopes for huge pages; its
//! pages come as they are touched.

use std::io;
use std::ptr::{self, NonNull};

use super::super::Region;
use crate::case::LeftOut;

/// Bytes of a huge page on most processors.
const HUGE_LEN: usize = 2 << 20;

pub(super) struct Aligned(NonNull<u8>);

impl Region for Aligned {
    fn get(len: usize) -> Result<Self, LeftOut> {
        let mut address = ptr::null_mut();
        // SAFETY: the pointer goes to a variable of ours; the alignment is a power of two.
        let error = unsafe { libc::posix_memalign(&raw mut address, len.min(HUGE_LEN), len) };
        if error != 0 {
            return Err(format!("posix_memalign: {}", io::Error::from_raw_os_error(error)));
        }
        NonNull::new(address.cast()).map(Self).ok_or_else(|| "posix_memalign: address 0".to_owned())
    }

    fn address(&self) -> NonNull<u8> {
        self.0
    }
}

impl Drop for Aligned {
    fn drop(&mut self) {
        // SAFETY: allocated by `get`, and freed once.
        unsafe { libc::free(self.0.as_ptr().cast()) };
    }
}
