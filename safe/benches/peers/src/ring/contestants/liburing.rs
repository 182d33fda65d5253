//! liburing, as the distribution has it: `SINGLE_ISSUER | DEFER_TASKRUN` and the registered ring descriptor.
//! `NO_SQARRAY` it sets by itself from version 2.6 on. The loops are in C, in liburing.c, compiled against the
//! installed headers; the out-of-line functions come from the shared library.

use super::super::Contestant;
use super::super::fixture::Fixture;

#[cfg(has_liburing)]
pub(super) use linked::Ring;
#[cfg(not(has_liburing))]
pub(super) use missing::Ring;

#[cfg(not(has_liburing))]
mod missing {
    use super::{Contestant, Fixture};

    /// There is none.
    pub(crate) enum Ring {}

    impl Contestant for Ring {
        fn open(_: Fixture) -> Result<Self, String> {
            Err("liburing-dev was not installed when this was built; install it, touch build.rs, run again"
                .into())
        }

        fn singles(&mut self, _: u64) -> u64 {
            match *self {}
        }

        fn nops(&mut self, _: u32, _: u64) -> u64 {
            match *self {}
        }

        fn reads(&mut self, _: u32, _: u64) -> u64 {
            match *self {}
        }
    }
}

#[cfg(has_liburing)]
mod linked {
    use std::ffi::{c_int, c_uint};
    use std::io;
    use std::os::fd::AsRawFd;
    use std::ptr::NonNull;

    use super::super::super::ENTRIES;
    use super::super::super::fixture::{READ_LEN, SLOTS};
    use super::{Contestant, Fixture};

    /// `struct io_uring`, seen by C only.
    #[repr(C)]
    struct Opaque([u8; 0]);

    unsafe extern "C" {
        fn bareio_peers_liburing_open(
            entries: c_uint,
            fd: c_int,
            buffer: *mut u8,
            len: usize,
            error: *mut c_int,
        ) -> Option<NonNull<Opaque>>;
        fn bareio_peers_liburing_close(ring: NonNull<Opaque>);
        fn bareio_peers_liburing_singles(ring: NonNull<Opaque>, repetitions: u64) -> u64;
        fn bareio_peers_liburing_nops(ring: NonNull<Opaque>, batch: c_uint, repetitions: u64) -> u64;
        fn bareio_peers_liburing_reads(
            ring: NonNull<Opaque>,
            batch: c_uint,
            repetitions: u64,
            buffer: *mut u8,
            len: c_uint,
            slots: *mut u64,
            count: c_uint,
        ) -> u64;
    }

    pub(crate) struct Ring {
        ring: NonNull<Opaque>,
        fixture: Fixture,
    }

    impl Contestant for Ring {
        fn open(mut fixture: Fixture) -> Result<Self, String> {
            let (buffer, len) = (fixture.buffer.as_mut_ptr(), fixture.buffer.len());
            let mut error = 0;
            // SAFETY: the descriptor is open; the buffer is dropped after the ring is closed, and every read is
            // waited for before that.
            let ring = unsafe {
                bareio_peers_liburing_open(ENTRIES, fixture.file.as_raw_fd(), buffer, len, &raw mut error)
            };
            let ring = ring.ok_or_else(|| format!("no ring: {}", io::Error::from_raw_os_error(error)))?;
            Ok(Self { ring, fixture })
        }

        fn singles(&mut self, repetitions: u64) -> u64 {
            // SAFETY: made by `open`, not closed before drop, and this is the thread that made it.
            unsafe { bareio_peers_liburing_singles(self.ring, repetitions) }
        }

        fn nops(&mut self, batch: u32, repetitions: u64) -> u64 {
            // SAFETY: as in `singles`.
            unsafe { bareio_peers_liburing_nops(self.ring, batch, repetitions) }
        }

        fn reads(&mut self, batch: u32, repetitions: u64) -> u64 {
            let buffer = self.fixture.buffer.as_mut_ptr();
            let slots = self.fixture.table.slots.as_mut_ptr();
            // SAFETY: as in `singles`; the buffer is registered and holds `SLOTS` blocks, the table as many slots,
            // and no batch is larger.
            unsafe {
                bareio_peers_liburing_reads(self.ring, batch, repetitions, buffer, READ_LEN, slots, SLOTS)
            }
        }
    }

    impl Drop for Ring {
        fn drop(&mut self) {
            // SAFETY: made by `open`, and closed once.
            unsafe { bareio_peers_liburing_close(self.ring) };
        }
    }
}
