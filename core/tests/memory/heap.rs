//! A kernel whose memory is the allocator's, so that Miri can watch every byte of it.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::Mutex;

use bareio_core::abi::AdviseMemory;
use bareio_core::kernel::MapFlags;
use bareio_core::{Errno, Kernel};

pub(crate) const PAGE: usize = 4096;
pub(crate) const MIB_2: usize = 2 << 20;

/// What it does when reserved huge pages are asked for.
#[derive(Clone, Copy)]
pub(crate) enum Huge {
    /// It has none.
    None,
    /// It gives them as it must.
    Aligned,
    /// It gives small pages instead, as one that does not know the flag would.
    Ignored,
}

struct Chunk {
    /// What was allocated. The first page is never given out, so that nothing is aligned by luck.
    block: *mut u8,
    layout: Layout,
    /// Where the mapping began, and how many bytes of it are still mapped.
    at: usize,
    mapped: usize,
}

// SAFETY: an address that only the holder of the lock uses.
unsafe impl Send for Chunk {}

pub(crate) struct Heap {
    huge: Huge,
    chunks: Mutex<Vec<Chunk>>,
}

impl Heap {
    pub(crate) fn new(huge: Huge) -> Self {
        Self { huge, chunks: Mutex::default() }
    }

    /// Twice the room that was asked for, so that a mapping can grow in place once.
    fn allocate(&self, len: usize, align: usize) -> Result<NonNull<u8>, Errno> {
        let skip = if align == PAGE { PAGE } else { 0 };
        let layout =
            Layout::from_size_align(2 * len + skip, align.max(2 * PAGE)).map_err(|_| Errno::NOMEM)?;
        // SAFETY: the size is not 0.
        let block = unsafe { alloc_zeroed(layout) };
        // SAFETY: within the block.
        let at = NonNull::new(unsafe { block.add(skip) }).ok_or(Errno::NOMEM)?;
        self.chunks.lock().unwrap().push(Chunk { block, layout, at: at.addr().get(), mapped: len });
        Ok(at)
    }
}

impl Drop for Heap {
    /// What was leaked on purpose goes with it.
    fn drop(&mut self) {
        for chunk in self.chunks.get_mut().unwrap() {
            // SAFETY: allocated with this layout, and whoever used it has borrowed the heap.
            unsafe { dealloc(chunk.block, chunk.layout) };
        }
    }
}

// SAFETY: what is mapped is allocated, zeroed, and nobody else's until its last page is unmapped.
unsafe impl Kernel for Heap {
    fn page_len(&self) -> Result<usize, Errno> {
        Ok(PAGE)
    }

    fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>, Errno> {
        match (flags.contains(MapFlags::HUGE), self.huge) {
            (true, Huge::None) => Err(Errno::NOMEM),
            (true, Huge::Aligned) => self.allocate(len, MIB_2),
            _ => self.allocate(len, PAGE),
        }
    }

    unsafe fn remap(&self, at: NonNull<u8>, len: usize, new_len: usize) -> Result<NonNull<u8>, Errno> {
        let mut chunks = self.chunks.lock().unwrap();
        let chunk = chunks.iter_mut().find(|chunk| chunk.at == at.addr().get()).expect("not a mapping");
        assert_eq!(chunk.mapped, len, "not the whole of a mapping");
        if new_len <= chunk.layout.size() - PAGE {
            chunk.mapped = new_len;
            return Ok(at);
        }
        drop(chunks);
        let moved = self.allocate(new_len, PAGE)?;
        // SAFETY: both are mapped, and the new one is longer.
        unsafe { at.copy_to_nonoverlapping(moved, len) };
        // SAFETY: the caller gives the old place up.
        unsafe { self.unmap(at, len) }?;
        Ok(moved)
    }

    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Result<(), Errno> {
        let mut chunks = self.chunks.lock().unwrap();
        let within = |chunk: &Chunk| {
            (chunk.block.addr()..chunk.block.addr() + chunk.layout.size()).contains(&at.addr().get())
        };
        let index = chunks.iter().position(within).expect("not a mapping");
        chunks[index].mapped -= len;
        if chunks[index].mapped == 0 {
            let gone = chunks.swap_remove(index);
            // SAFETY: allocated with this layout, and nothing of it is mapped any more.
            unsafe { dealloc(gone.block, gone.layout) };
        }
        Ok(())
    }

    unsafe fn advise(&self, _: NonNull<u8>, _: usize, advice: AdviseMemory) -> Result<(), Errno> {
        if advice == AdviseMemory::COLLAPSE { Err(Errno::INVAL) } else { Ok(()) }
    }

    unsafe fn guard(&self, _: NonNull<u8>, _: usize) -> Result<(), Errno> {
        Ok(())
    }
}
