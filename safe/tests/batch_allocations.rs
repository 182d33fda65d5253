//! A batch that is no larger than one before it allocates nothing.
#![cfg(unix)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bareio::File;
use bareio::batch::{Backend, Batcher};

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: the system's allocator, and a count.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's word.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's word.
        unsafe { System.dealloc(at, layout) };
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's word.
        unsafe { System.realloc(at, layout, len) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Everything that a batcher does: whole, short, failed, chained and chunked, plain and vectored.
fn everything(batcher: &mut Batcher, file: &File, bare: &std::fs::File) {
    let bytes = [7; 512];
    let mut blocks = [[0; 16]; 100];
    batcher.pwrite_batch(file, (0..40).map(|index| (&bytes[..], index * 512))).unwrap();
    batcher.linked_write_fsync(bare, &bytes, 100).unwrap();
    batcher.fsync(file).unwrap();
    batcher.pread_batch(bare, blocks.iter_mut().map(|block| &mut block[..]).zip(0..)).unwrap();
    let mut batch = batcher.batch();
    batch
        .write_vectored(file, bytes.chunks(100), 3)
        .link()
        .read(file, &mut blocks[0], 1 << 40)
        .link()
        .sync_all(file);
    assert!(batch.run().unwrap_err().is_short());
    assert!(batcher.results().nth(2).unwrap().unwrap_err().is_canceled());
    assert!(batcher.batch().write(file, &bytes, u64::MAX).run().is_err());
}

#[test]
fn nothing_is_allocated_once_the_largest_batch_was_seen() {
    for backend in [Backend::Auto, Backend::Posix, Backend::IoUring { depth: 8 }] {
        let Ok(mut batcher) = Batcher::new(backend) else {
            eprintln!("skipped {backend}: it is not to be had here");
            continue;
        };
        let bare = tempfile::tempfile().unwrap();
        let file = File::from_fd(bare.try_clone().unwrap()).unwrap();
        everything(&mut batcher, &file, &bare);
        let before = COUNT.get();
        for _ in 0..10 {
            everything(&mut batcher, &file, &bare);
        }
        assert_eq!(COUNT.get() - before, 0, "{backend}");
        drop(Box::new(1));
        assert!(COUNT.get() > before, "the allocator does not count");
    }
}
