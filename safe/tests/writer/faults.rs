//! What a writer survives: on a kernel in memory that fails on demand.
#![cfg(feature = "sim")]

use std::io::IoSlice;

use bareio::core::kernel::OpenFlags;
use bareio::core::sim::{Builder, Call, Sim};
use bareio::core::{BorrowedFd, Fd, Kernel};
use bareio::writer::{Strategy, Writer};
use bareio::{Errno, ErrorKind};

/// A log on `sim`, and a writer that demands the ring.
fn set_up(sim: &Sim) -> (BorrowedFd<'static>, Writer<Sim>) {
    let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::APPEND;
    // SAFETY: the working directory is always open.
    let fd = unsafe { sim.open_at(Fd::CWD, c"log", flags, 0o600) }.unwrap();
    // SAFETY: nobody closes it before the test ends.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let writer = Writer::options().strategy(Strategy::IoUring).build_with_kernel(sim.clone());
    (fd, writer.unwrap())
}

fn calm(seed: u64) -> Builder {
    Sim::builder().seed(seed).calm()
}

const EVENT: [&[u8]; 2] = [b"event ", b"body\n"];

fn write(writer: &Writer<Sim>, fd: BorrowedFd<'_>) -> Result<usize, bareio::Error> {
    // Of memory that the simulated kernel knows to be valid.
    writer.write_vectored_to(fd, &EVENT.map(IoSlice::new))
}

#[test]
fn a_ring_that_can_no_longer_be_entered_is_given_up_and_the_write_is_made_once() {
    // The first two calls are the writer's own trial.
    for nth in 1..40 {
        let sim = calm(nth).fail_from(Call::Enter, nth, Errno::PERM).build();
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::APPEND;
        // SAFETY: the working directory is always open.
        let fd = unsafe { sim.open_at(Fd::CWD, c"log", flags, 0o600) }.unwrap();
        // SAFETY: nobody closes it before the test ends.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        let descriptors = sim.census().descriptors;
        let writer = match Writer::options().strategy(Strategy::IoUring).build_with_kernel(sim.clone()) {
            Ok(writer) => writer,
            Err(error) => {
                assert!(error.is_unsupported(), "{error}");
                assert_eq!(sim.census().descriptors, descriptors, "a ring was leaked");
                continue;
            }
        };
        for _ in 0..10 {
            assert_eq!(write(&writer, fd).unwrap(), 11, "enter fails from its call {nth} on");
        }
        assert_eq!(writer.strategy(), Strategy::IoUring, "what was negotiated stays");
        assert_eq!(sim.contents("log").unwrap(), b"event body\n".repeat(10));
        drop(writer);
        assert_eq!(sim.census().descriptors, descriptors, "a ring was leaked");
    }
}

#[test]
fn a_kernel_that_is_short_of_something_is_asked_again_and_nothing_is_written_twice() {
    for seed in 0..50 {
        let sim = Sim::builder().seed(seed).calm().enter_hiccups(2).build();
        let (fd, writer) = set_up(&sim);
        for _ in 0..20 {
            assert_eq!(write(&writer, fd).unwrap(), 11);
        }
        assert_eq!(sim.contents("log").unwrap(), b"event body\n".repeat(20), "seed {seed}");
    }
}

#[test]
fn an_error_of_one_write_poisons_no_other_and_leaks_nothing() {
    for errno in [Errno::IO, Errno::NOSPC, Errno::FBIG] {
        let sim = calm(1).fail_nth(Call::Write, 2, errno).build();
        let (fd, writer) = set_up(&sim);
        let before = sim.census();
        assert_eq!(write(&writer, fd).unwrap(), 11);
        let error = write(&writer, fd).unwrap_err();
        assert_eq!((error.errno(), error.kind()), (Some(errno), ErrorKind::Os(errno)));
        for _ in 0..100 {
            assert_eq!(write(&writer, fd).unwrap(), 11);
        }
        assert_eq!(sim.contents("log").unwrap(), b"event body\n".repeat(101));
        assert_eq!(sim.census().descriptors, before.descriptors);
        drop(writer);
        assert_eq!(sim.census().descriptors, before.descriptors - 1, "its ring is closed");
    }
}

#[test]
fn short_writes_are_counted_and_resumed_by_either_way() {
    for (seed, strategy) in (0..40).zip([Strategy::IoUring, Strategy::Writev].into_iter().cycle()) {
        let sim = calm(seed).short_transfers(2).build();
        let (fd, ring) = set_up(&sim);
        let writer = Writer::options().strategy(strategy).build_with_kernel(sim.clone()).unwrap();
        drop(ring);
        let (mut expected, mut counted) = (Vec::new(), 0);
        for _ in 0..20 {
            let count = write(&writer, fd).unwrap();
            expected.extend_from_slice(&b"event body\n"[..count]);
            counted += u32::from(count < 11);
        }
        assert!(counted > 0, "no write was short with seed {seed}");
        assert_eq!(sim.contents("log").unwrap(), expected, "seed {seed}");
    }
}

#[test]
fn a_demanded_ring_that_is_not_to_be_had_is_refused_with_the_reason() {
    for errno in [Errno::NOSYS, Errno::PERM] {
        let sim = calm(1).without_rings(errno).build();
        let demand = Writer::options().strategy(Strategy::IoUring).build_with_kernel(sim.clone());
        let error = demand.unwrap_err();
        assert!(error.is_unsupported(), "{error}");
        assert_eq!(error.errno(), Some(errno));
        let writer = Writer::options().build_with_kernel(sim).unwrap();
        assert_eq!(writer.strategy(), Strategy::Writev);
    }
    // A ring that cannot write at the current position, before 5.6.
    let sim = Sim::like_5_1().seed(1).calm().build();
    let error = Writer::options().strategy(Strategy::IoUring).build_with_kernel(sim).unwrap_err();
    assert!(error.is_unsupported() && error.to_string().contains("5.6"), "{error}");
}
