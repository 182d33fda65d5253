//! Rings of provided buffers, from which the kernel picks.

use super::flags::flags;
use super::same_layout;
use linux_raw_sys::io_uring as sys;

/// A ring of provided buffers to register: `struct io_uring_buf_reg`. 5.19.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct BufReg {
    /// Where its entries are, on a page of their own; 0 with [`BufRingFlags::MMAP`].
    pub ring_addr: u64,
    /// How many entries it has: a power of two, at most 32,768.
    pub ring_entries: u32,
    /// The number of its group.
    pub group: u16,
    /// How. 6.4; zero before.
    pub flags: BufRingFlags,
    /// Zero.
    pub resv: [u64; 3],
}

same_layout!(
    BufReg,
    sys::io_uring_buf_reg,
    ring_addr = ring_addr,
    ring_entries = ring_entries,
    group = bgid,
    flags = flags,
    resv = resv,
);

flags! {
    /// How a ring of provided buffers works.
    BufRingFlags: u16 {
        /// The kernel brings the memory; it is mapped from the ring. 6.4.
        MMAP = 1 << 0, sys::io_uring_register_pbuf_ring_flags::IOU_PBUF_RING_MMAP;
        /// A buffer is used up piece by piece. 6.12.
        INC = 1 << 1, sys::io_uring_register_pbuf_ring_flags::IOU_PBUF_RING_INC;
    }
}

/// One provided buffer: `struct io_uring_buf`. 5.19.
///
/// The ring's tail lies in the last two bytes of the first entry. So whoever writes entry 0 writes its first
/// three fields and leaves [`resv`](Self::resv) alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Buf {
    /// Where it is.
    pub addr: u64,
    /// Its length in bytes.
    pub len: u32,
    /// Its number, which comes back with the completion.
    pub id: u16,
    /// In entry 0 the ring's tail, in others unused.
    pub resv: u16,
}

impl Buf {
    /// Where the ring's tail is, in bytes from its start: a `u16`, to be stored with Release.
    pub const TAIL: usize = core::mem::offset_of!(Self, resv);
}

same_layout!(Buf, sys::io_uring_buf, addr = addr, len = len, id = bid, resv = resv);
const _: () =
    assert!(Buf::TAIL == core::mem::offset_of!(sys::io_uring_buf_ring__bindgen_ty_1__bindgen_ty_1, tail));

/// How far the kernel is in a ring of provided buffers: `struct io_uring_buf_status`. 6.8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct BufStatus {
    /// The number of its group (asked).
    pub group: u32,
    /// The kernel's head (answered).
    pub head: u32,
    /// Zero.
    pub resv: [u32; 8],
}

same_layout!(BufStatus, sys::io_uring_buf_status, group = buf_group, head = head, resv = resv);
