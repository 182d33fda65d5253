//! `mmap` with `MAP_POPULATE`: private, anonymous, pages of the usual size, there before they are touched.

use std::io;
use std::ptr::{self, NonNull};

use super::super::Region;
use crate::case::LeftOut;

pub(super) struct Mapped {
    address: NonNull<u8>,
    len: usize,
}

impl Region for Mapped {
    fn get(len: usize) -> Result<Self, LeftOut> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
        // SAFETY: a new mapping, wherever the kernel likes.
        let address = unsafe { libc::mmap(ptr::null_mut(), len, access, flags, -1, 0) };
        if address == libc::MAP_FAILED {
            return Err(format!("mmap: {}", io::Error::last_os_error()));
        }
        let address = NonNull::new(address.cast()).ok_or("mmap: address 0")?;
        Ok(Self { address, len })
    }

    fn address(&self) -> NonNull<u8> {
        self.address
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: a whole mapping, made by `get`, that nobody uses any more.
        unsafe { libc::munmap(self.address.as_ptr().cast(), self.len) };
    }
}
