//! The counted pool: what it gives out, who waits, who shares, and how it ends.

mod fixed;
mod on_sim;
mod sharing;
mod waiting;

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use bareio::buf::{IoBuf, IoBufMut, Slice};
use bareio::pool::{BufferPool, PoolBuf, Tier};
use bareio::{Align, ErrorKind};

#[test]
fn a_pool_gives_out_as_many_buffers_as_it_has_and_then_says_exhausted() {
    let pool = BufferPool::builder().name("three").slots(100, 3).build().unwrap();
    let held: Vec<PoolBuf> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
    assert_eq!((pool.name(), pool.capacity(), pool.outstanding()), ("three", 3, 3));
    assert_eq!(pool.try_acquire().unwrap_err().kind(), ErrorKind::Exhausted);
    assert!(held.iter().all(|buf| buf.capacity() == 128 && buf.is_pooled() && buf.pool_name() == "three"));
    drop(held);
    assert_eq!((pool.outstanding(), pool.available(1), pool.stats().exhausted), (0, 3, 1));
}

#[test]
fn no_two_guards_ever_have_the_same_bytes() {
    let pool = BufferPool::new(4096, 4).unwrap();
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    thread::scope(|scope| {
        for mark in 1..=4_u8 {
            let pool = &pool;
            scope.spawn(move || {
                for _ in 0..rounds {
                    let mut buf = pool.acquire().unwrap();
                    buf.extend_from_slice(&[mark; 64]).unwrap();
                    std::hint::spin_loop();
                    assert_eq!(buf.as_slice(), [mark; 64]);
                }
            });
        }
    });
    assert_eq!(pool.outstanding(), 0);
}

#[test]
fn each_length_gets_the_smallest_tier_that_holds_it_and_never_a_larger_one() {
    let pool = BufferPool::builder().tier(Tier::Large, 1).tier(Tier::Micro, 1).build().unwrap();
    assert!(pool.sizes().eq([(512, 1), (128 << 10, 1)]));
    let small = pool.acquire_at_least(512).unwrap();
    assert_eq!(small.capacity(), 512);
    assert_eq!(pool.try_acquire_at_least(1).unwrap_err().kind(), ErrorKind::Exhausted);
    assert_eq!(pool.try_acquire_at_least(513).unwrap().capacity(), 128 << 10);
    let counts = (pool.available(0), pool.available(513), pool.available(1 << 20));
    assert_eq!(counts, (0, 1, 0));
}

#[test]
fn a_length_beyond_every_size_gets_memory_of_its_own_which_is_counted() {
    let pool = BufferPool::builder().name("p").slots(4096, 1).build().unwrap();
    let held = pool.acquire().unwrap();
    // The pool is exhausted, and that is of no matter to it.
    let mut long = pool.try_acquire_at_least(100_000).unwrap();
    assert!(!long.is_pooled() && long.capacity() >= 100_000 && long.pool_name() == "p");
    assert_eq!(long.as_ptr().addr() % 4096, 0);
    long.whole_mut().fill(7);
    assert_eq!((pool.outstanding(), pool.stats().oversize_outstanding, pool.stats().oversize), (2, 1, 1));
    // Shared, it is still counted, until its last reader is gone.
    let shared = long.share();
    let weak = shared.downgrade();
    assert_eq!(weak.upgrade().unwrap().readers(), 2);
    assert_eq!(pool.stats().oversize_outstanding, 1);
    drop(shared);
    assert!(weak.upgrade().is_none());
    assert_eq!((pool.outstanding(), pool.stats().oversize_outstanding, pool.stats().oversize), (1, 0, 1));
    drop(held);
}

#[test]
fn a_standalone_buffer_is_of_the_same_type_and_of_no_pool() {
    let mut buf: PoolBuf = BufferPool::standalone(5000).unwrap();
    assert!(!buf.is_pooled() && buf.capacity() >= 5000 && buf.pool_name().is_empty());
    buf.extend_from_slice(b"alone").unwrap();
    let shared = buf.share();
    let buf = shared.clone().try_into_exclusive().unwrap_err();
    drop(shared);
    assert_eq!(buf.try_into_exclusive().unwrap().as_slice(), b"alone");
    assert!(matches!(BufferPool::standalone(0).unwrap_err().kind(), ErrorKind::Alloc(_)));
}

#[test]
fn memory_is_not_wiped_between_owners_unless_that_is_asked_for() {
    let pool = BufferPool::new(4096, 1).unwrap();
    pool.acquire().unwrap().extend_from_slice(b"secret").unwrap();
    let mut buf = pool.acquire().unwrap();
    assert!(buf.is_empty());
    buf.set_len(6).unwrap();
    assert_eq!(buf.as_slice(), b"secret");
    drop(buf);
    let buf = pool.acquire_zeroed().unwrap();
    assert_eq!((buf.len(), buf.iter().all(|byte| *byte == 0)), (4096, true));
}

#[test]
fn a_guard_reads_up_to_its_capacity_and_writes_its_length() {
    let pool = BufferPool::new(4096, 1).unwrap();
    let mut buf = pool.acquire().unwrap();
    assert_eq!((buf.data().1, buf.room().1), (0, 4096));
    let (first, _) = buf.room();
    // SAFETY: within the room that was just named.
    unsafe { first.write(9) };
    // SAFETY: one byte was written.
    unsafe { buf.set_filled(1) };
    assert_eq!((buf.as_slice(), buf.data().1), (&[9][..], 1));
    let mut part = Slice::new(buf, 1..100);
    assert_eq!(part.room().1, 99);
    assert_eq!(part.into_inner().len(), 1);
}

#[test]
fn a_length_beyond_the_capacity_is_refused_and_nothing_changes() {
    let mut buf = BufferPool::new(16, 1).unwrap().acquire().unwrap();
    buf.extend_from_slice(&[1; 10]).unwrap();
    let error = buf.extend_from_slice(&[2; 7]).unwrap_err();
    assert_eq!(error.to_string(), "buffer length 17 is not from 0 to 16");
    assert!(buf.set_len(17).is_err());
    assert_eq!(buf.as_slice(), [1; 10]);
    buf.truncate(20);
    buf.truncate(4);
    assert_eq!(buf.len(), 4);
}

#[test]
fn the_aligned_prefix_covers_the_length_and_keeps_to_the_capacity() {
    let mut buf = BufferPool::new(16 << 10, 1).unwrap().acquire().unwrap();
    let lens = [0, 1, 4096, 4097, 16 << 10].map(|len| buf.aligned_prefix(len, Align::KIB_4).unwrap().len());
    assert_eq!(lens, [0, 4096, 4096, 8192, 16 << 10]);
    assert!(buf.aligned_prefix_mut((16 << 10) + 1, Align::KIB_4).is_err());
    assert_eq!(buf.aligned_prefix(usize::MAX, Align::KIB_4).unwrap_err().kind(), ErrorKind::Overflow);
}

#[test]
fn numbers_that_make_no_pool_are_refused_by_name() {
    let refusals = [
        BufferPool::builder().build(),
        BufferPool::new(0, 1),
        BufferPool::new(1, 0),
        BufferPool::new(1, u32::MAX),
    ];
    for (refusal, word) in refusals.into_iter().zip(["sizes", "length", "count", "count"]) {
        assert!(refusal.unwrap_err().to_string().contains(word));
    }
    assert_eq!(BufferPool::new(usize::MAX / 2, 3).unwrap_err().kind(), ErrorKind::Overflow);
}

#[test]
fn an_address_is_reclaimed_once_and_a_foreign_or_tampered_one_never() {
    let pool = BufferPool::builder().tier(Tier::Nano, 2).tier(Tier::Small, 2).build().unwrap();
    let address = pool.acquire_at_least(1000).unwrap().into_raw().unwrap();
    let kind = |address: *const u8| {
        // SAFETY: nobody uses the bytes of any of them.
        unsafe { pool.reclaim(address) }.map(drop).unwrap_err().kind()
    };
    assert!(matches!(kind(address.wrapping_add(1)), ErrorKind::NotInPool(_)));
    assert!(matches!(kind(std::ptr::null()), ErrorKind::NotInPool(_)));
    let other = pool.acquire_at_least(1000).unwrap();
    assert!(matches!(kind(other.as_ptr()), ErrorKind::NotOut(_)));
    assert_eq!(pool.outstanding(), 2);
    // SAFETY: we made it an address, and nobody uses its bytes.
    let buf = unsafe { pool.reclaim(address) }.unwrap();
    assert_eq!((buf.capacity(), buf.len()), (2048, 0));
    drop((buf, other));
    assert!(matches!(kind(address), ErrorKind::NotOut(_)));
    assert_eq!(pool.outstanding(), 0);
    let alone = BufferPool::standalone(64).unwrap();
    assert!(alone.into_raw().is_err());
}

#[test]
fn guards_outlive_every_handle_of_their_pool_and_end_on_any_thread() {
    let pool = BufferPool::new(4096, 2).unwrap();
    let mut buf = pool.acquire().unwrap();
    let shared = pool.acquire().unwrap().share();
    let weak = shared.downgrade();
    drop(pool);
    buf.extend_from_slice(b"still here").unwrap();
    thread::spawn(move || assert_eq!(buf.as_slice(), b"still here")).join().unwrap();
    let ended = AtomicU32::new(0);
    thread::scope(|scope| {
        for reader in [shared.clone(), shared] {
            let ended = &ended;
            scope.spawn(move || {
                drop(reader);
                ended.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    // The pool is gone with its last guard, and so is what the weak handle named.
    assert_eq!((ended.into_inner(), weak.upgrade().is_none()), (2, true));
    assert!(weak.clone().upgrade().is_none());
}

#[test]
fn a_leaked_guard_leaks_its_buffer_and_no_more() {
    let pool = BufferPool::new(4096, 2).unwrap();
    std::mem::forget(pool.acquire().unwrap());
    assert_eq!(pool.outstanding(), 1);
    drop(pool.acquire().unwrap());
    assert_eq!(pool.outstanding(), 1);
}
