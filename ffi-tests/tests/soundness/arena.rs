//! Memory that is lent out in pieces, and watched once it is given back.

use std::alloc::{Layout, alloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};

use bareio_core::ticket::{StableBuf, StableBufMut};

/// The bytes of a piece.
pub(crate) const LEN: usize = 64 << 10;

/// What a piece holds once it was given back: as the next owner's bytes.
pub(crate) const POISON: u8 = 0x5a;

/// The addresses of the pieces that came back.
type Returned = Arc<Mutex<Vec<usize>>>;

/// Pieces of memory. It is never freed: somebody may be writing to it.
pub(crate) struct Arena {
    pieces: Vec<NonNull<u8>>,
    returned: Returned,
}

/// A piece, until it is dropped. Then it is its next owner's, who writes to it at once.
#[derive(Debug)]
pub(crate) struct Lease {
    first: NonNull<u8>,
    returned: Returned,
}

// SAFETY: the piece is the lease's alone.
unsafe impl Send for Lease {}

impl Arena {
    pub(crate) fn new(count: usize) -> Self {
        let layout = Layout::from_size_align(count * LEN, 4096).unwrap();
        // SAFETY: not of no size.
        let Some(first) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        // SAFETY: within the allocation.
        let pieces = (0..count).map(|index| unsafe { first.add(index * LEN) }).collect();
        Self { pieces, returned: Returned::default() }
    }

    /// Every piece that is not leaked, filled with `value`.
    pub(crate) fn lend(&mut self, value: u8) -> Vec<Lease> {
        self.returned.lock().unwrap().clear();
        let lend = |first: &NonNull<u8>| {
            // SAFETY: nobody has the piece.
            unsafe { first.write_bytes(value, LEN) };
            Lease { first: *first, returned: self.returned.clone() }
        };
        self.pieces.iter().map(lend).collect()
    }

    /// How many bytes of what came back were written by others than their next owner. What did not come back is not lent
    /// again.
    pub(crate) fn overwritten(&mut self) -> usize {
        let returned = self.returned.lock().unwrap();
        self.pieces.retain(|piece| returned.contains(&piece.as_ptr().addr()));
        let count = |piece: &NonNull<u8>| {
            let mut copy = vec![0; LEN];
            // A copy, and never a slice of it: if the library is at fault, the kernel is writing there right now.
            // SAFETY: initialised when it was given back.
            unsafe { piece.as_ptr().copy_to_nonoverlapping(copy.as_mut_ptr(), LEN) };
            count_others(&copy, &[POISON])
        };
        self.pieces.iter().map(count).sum()
    }

    /// How many pieces can still be lent.
    pub(crate) fn left(&self) -> usize {
        self.pieces.len()
    }
}

/// How many of these bytes are none of `values`.
pub(crate) fn count_others(bytes: &[u8], values: &[u8]) -> usize {
    const BLOCK: usize = 4096;
    // Whole blocks first: byte by byte, without optimisation, would take most of the time.
    let same = values.iter().map(|value| vec![*value; BLOCK]).collect::<Vec<_>>();
    let odd = bytes.chunks(BLOCK).filter(|block| !same.iter().any(|same| same[..block.len()] == **block));
    odd.flatten().filter(|byte| !values.contains(byte)).count()
}

impl Lease {
    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: initialised when it was lent, and ours.
        unsafe { std::slice::from_raw_parts_mut(self.first.as_ptr(), LEN) }
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.first.as_ptr()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // SAFETY: ours, until the next line.
        unsafe { self.first.write_bytes(POISON, LEN) };
        self.returned.lock().unwrap().push(self.first.as_ptr().addr());
    }
}

// SAFETY: raw parts of memory that stays.
unsafe impl StableBuf for Lease {
    fn bytes(&self) -> (*const u8, usize) {
        (self.first.as_ptr(), LEN)
    }
}

// SAFETY: as above; all of it is initialised.
unsafe impl StableBufMut for Lease {
    fn room(&mut self) -> (*mut u8, usize) {
        (self.first.as_ptr(), LEN)
    }

    unsafe fn set_filled(&mut self, _: usize) {}
}

// SAFETY: as for `StableBuf`: its bytes stay, and are its own.
unsafe impl bareio::buf::IoBuf for Lease {
    fn data(&self) -> (*const u8, usize) {
        StableBuf::bytes(self)
    }
}

// SAFETY: as for `StableBufMut`; all of it is initialised.
unsafe impl bareio::buf::IoBufMut for Lease {
    fn room(&mut self) -> (*mut u8, usize) {
        StableBufMut::room(self)
    }

    unsafe fn set_filled(&mut self, _: usize) {}
}
