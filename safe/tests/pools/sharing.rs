//! Buffers with many readers.

use std::thread;

use bareio::buf::IoBuf;
use bareio::pool::{BufferPool, SharedBuf};

#[test]
fn a_shared_buffer_goes_back_with_its_last_reader_whichever_that_is() {
    let pool = BufferPool::new(4096, 1).unwrap();
    let mut buf = pool.acquire().unwrap();
    buf.extend_from_slice(b"block").unwrap();
    let shared = SharedBuf::from(buf);
    let readers: Vec<SharedBuf> = (0..8).map(|_| shared.clone()).collect();
    assert_eq!((shared.readers(), shared.data().1, pool.outstanding()), (9, 5, 1));
    drop(shared);
    thread::scope(|scope| {
        for reader in readers {
            scope.spawn(move || assert_eq!(reader.as_slice(), b"block"));
        }
    });
    assert_eq!(pool.outstanding(), 0);
}

#[test]
fn a_shared_buffer_is_exclusive_again_when_it_has_one_reader() {
    let pool = BufferPool::new(4096, 1).unwrap();
    let mut buf = pool.acquire().unwrap();
    buf.extend_from_slice(b"one").unwrap();
    let shared = buf.share();
    let other = shared.clone();
    let shared = shared.try_into_exclusive().unwrap_err();
    drop(other);
    let mut buf = shared.try_into_exclusive().unwrap();
    buf.extend_from_slice(b" two").unwrap();
    assert_eq!((buf.as_slice(), pool.outstanding()), (&b"one two"[..], 1));
}

/// The same slot, shared again and again: a handle of one time never has a buffer of another.
#[test]
fn a_stale_weak_buffer_is_never_upgraded_to_a_later_one() {
    let pool = BufferPool::new(4096, 1).unwrap();
    let mut stale = Vec::new();
    for round in 0..5 {
        let shared = pool.acquire().unwrap().share();
        let weak = shared.downgrade();
        assert!(weak.upgrade().is_some());
        stale.push(weak);
        drop(shared);
        assert!(stale.iter().all(|weak| weak.upgrade().is_none()), "after round {round}");
        let shared = pool.acquire().unwrap().share();
        assert!(stale.iter().all(|weak| weak.upgrade().is_none()), "while it is shared anew in {round}");
        drop(shared);
    }
}

#[test]
fn an_upgrade_races_with_the_last_reader_and_one_of_them_gives_it_back() {
    let pool = BufferPool::new(64, 1).unwrap();
    for _ in 0..if cfg!(miri) { 10 } else { 2000 } {
        let mut buf = pool.acquire().unwrap();
        buf.extend_from_slice(b"x").unwrap();
        let shared = buf.share();
        let weak = shared.downgrade();
        thread::scope(|scope| {
            scope.spawn(move || drop(shared));
            if let Some(shared) = weak.upgrade() {
                assert_eq!(shared.as_slice(), b"x");
            }
        });
        assert_eq!(pool.outstanding(), 0);
    }
}
