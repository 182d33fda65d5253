//! What the hot paths cost in instructions, with limits that are absolute.
//!
//! `cargo bench -p bareio-core --bench hot_paths` needs valgrind and `iai-callgrind-runner` of the version in
//! `Cargo.toml`. Each benchmark runs [`ROUNDS`] batches; its limit is the goal for one operation, plus 5 %, times
//! the number of operations. Instructions are those of this process: the kernel's do not count.
#![expect(missing_docs, unused_qualifications, reason = "the macros write them")]

use std::hint::black_box;

use bareio_core::pool::{Handle, IndexPool, Line};
use bareio_core::ring::{Builder, Ring};
use bareio_core::{Fd, IoVec, Linux, sqe};
use iai_callgrind::{
    Callgrind, EventKind, LibraryBenchmarkConfig, OutputFormat, library_benchmark, library_benchmark_group,
    main,
};

/// Batches a benchmark.
const ROUNDS: u32 = 1000;

fn new_ring() -> Ring<Linux> {
    Builder::new(64).build(Linux).expect("instructions are counted where io_uring works")
}

/// A limit on instructions for `operations` of `goal` each, with 5 % to spare.
fn at_most(goal: f64, operations: u32) -> LibraryBenchmarkConfig {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few million")]
    let limit = (goal * 1.05 * f64::from(operations)) as u64;
    let mut config = LibraryBenchmarkConfig::default();
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, limit)]);
    config.tool(callgrind).output_format(OutputFormat::default());
    config
}

// Push, publish, enter, reap, and check what came back.
#[library_benchmark(config = at_most(70.0, ROUNDS))]
#[bench::linux(new_ring())]
fn nop_batch_1(mut ring: Ring<Linux>) -> Ring<Linux> {
    for round in 0..u64::from(ROUNDS) {
        // SAFETY: a NOP points to nothing.
        unsafe { ring.push(sqe::nop().user_data(round)) }.expect("room");
        ring.submit_and_wait(1).expect("enter");
        let cqe = ring.pop().expect("one");
        assert!(cqe.user_data == round);
    }
    ring
}

// Reserve, fill, publish, enter, reap, and check what came back.
#[library_benchmark(config = at_most(18.6, ROUNDS * 32))]
#[bench::linux(new_ring())]
fn nop_batch_32(mut ring: Ring<Linux>) -> Ring<Linux> {
    let batch = black_box(32_u32);
    for _ in 0..ROUNDS {
        // SAFETY: a NOP points to nothing.
        let slots = unsafe { ring.reserve(batch) }.expect("room");
        slots.fill(|index| sqe::nop().user_data(u64::from(index)));
        ring.submit_and_wait(batch).expect("enter");
        for (cqe, expected) in ring.completions().zip(0..) {
            assert!(cqe.user_data == expected);
        }
    }
    ring
}

struct FixedReads {
    ring: Ring<Linux>,
    memory: Vec<u8>,
    /// What is looked up at each completion: how often each buffer was read into.
    table: Vec<u32>,
    _file: std::fs::File,
}

/// The length of each read, in bytes.
const LEN: u32 = 512;

fn fixed_reads() -> FixedReads {
    use std::os::fd::AsRawFd;
    let path = std::env::temp_dir().join(format!("bareio-hot-paths-{}", std::process::id()));
    std::fs::write(&path, vec![7; LEN as usize]).expect("a file");
    let file = std::fs::File::open(&path).expect("it is there");
    std::fs::remove_file(&path).expect("it is there");
    let mut memory = vec![0; 32 * LEN as usize];
    let mut ring = new_ring();
    // SAFETY: the memory goes after the ring.
    unsafe { ring.register_buffers(&[IoVec::of_mut(&mut memory)]) }.expect("register");
    // SAFETY: open for the call.
    let fd = unsafe { bareio_core::BorrowedFd::borrow_raw(Fd(file.as_raw_fd())) };
    ring.register_files(&[fd]).expect("register");
    FixedReads { ring, memory, table: vec![0; 32], _file: file }
}

// As above, with reads of a registered file into fixed buffers, and a look-up at each completion.
#[library_benchmark(config = at_most(38.3, ROUNDS * 32))]
#[bench::linux(fixed_reads())]
fn fixed_read_batch_32(mut reads: FixedReads) -> FixedReads {
    let batch = black_box(32_u32);
    let base = reads.memory.as_mut_ptr();
    let table = &mut reads.table[..];
    for _ in 0..ROUNDS {
        // SAFETY: the buffers are as long as the ring, and each is in one read only.
        let slots = unsafe { reads.ring.reserve(batch) }.expect("room");
        slots.fill(|index| {
            let to = base.wrapping_add((index * LEN) as usize);
            sqe::read_fixed(Fd(0), to, LEN, 0, 0).fixed_file().user_data(u64::from(index))
        });
        reads.ring.submit_and_wait(batch).expect("enter");
        for cqe in reads.ring.completions() {
            assert!(cqe.result() == Ok(LEN));
            #[expect(clippy::cast_possible_truncation, reason = "an index")]
            let index = cqe.user_data as usize;
            table[index] += 1;
        }
    }
    assert!(table.iter().all(|count| *count == ROUNDS));
    reads
}

/// A pool of 256 indexes, for as long as the program runs.
fn pool() -> &'static IndexPool<'static> {
    let lines = (0..IndexPool::lines(256)).map(|_| Line::new()).collect::<Vec<_>>().leak();
    Box::leak(Box::new(IndexPool::new(lines, 256).expect("as many lines as it takes")))
}

fn handle() -> Handle<'static> {
    pool().handle(32).expect("nothing is reserved yet")
}

// An index drawn and put back, through a handle.
#[library_benchmark(config = at_most(20.0, ROUNDS))]
#[bench::reserve_32(handle())]
fn pool_handle_pair(mut handle: Handle<'static>) -> Handle<'static> {
    for _ in 0..ROUNDS {
        let held = handle.get().expect("free");
        black_box(held.index());
        handle.put(held).expect("its own");
    }
    handle
}

// The same without a handle: each draw and each return is an exchange with all other threads.
#[library_benchmark(config = at_most(66.0, ROUNDS))]
#[bench::hint_0(pool())]
fn pool_plain_pair(pool: &'static IndexPool<'static>) -> &'static IndexPool<'static> {
    for _ in 0..ROUNDS {
        let index = pool.get(0).expect("free");
        pool.put(black_box(index)).expect("drawn");
    }
    pool
}

library_benchmark_group!(name = pool_group; benchmarks = pool_handle_pair, pool_plain_pair);
library_benchmark_group!(name = ring_group; benchmarks = nop_batch_1, nop_batch_32, fixed_read_batch_32);

main!(library_benchmark_groups = pool_group, ring_group);
