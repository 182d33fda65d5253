//! The ring on a kernel that answers as kernels seldom do: late, short, not at all, or like an old one.
//!
//! Every call is carried out by the kernel that the tests run on, or refused before it gets there.
#![cfg(not(miri))] // which executes no system call
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/direct.rs"]
mod direct;
mod endings;
mod faulty;
#[path = "../common/fork.rs"]
mod fork;

use std::cell::Cell;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use bareio_core::abi::{EnterFlags, Features, Opcode, Register, SetupFlags, Sqe, SqeFlags};
use bareio_core::ring::{Builder, Limit, Reason, Ring, RingError, leaked};
use bareio_core::{Errno, Fd, Kernel, sqe};
use common::{Scratch, ring};
use faulty::{Call, Fault, Faulty};

/// Whether this host has rings; without, the test is skipped.
fn has_rings() -> bool {
    ring(&Builder::new(1)).is_some()
}

/// A ring of eight entries, by whose descriptor the kernel is entered: an index would be no fault's business.
fn build(kernel: &Faulty) -> Ring<&Faulty> {
    Builder::new(8).build(kernel).expect("this host has rings")
}

fn push<K: Kernel>(ring: &mut Ring<K>, entry: Sqe) {
    // SAFETY: each test keeps what its entries name until their completions.
    unsafe { ring.push(entry) }.expect("room");
}

/// What `ring` has completed, sorted.
fn completed<K: Kernel>(ring: &mut Ring<K>) -> Vec<u64> {
    let mut seen: Vec<u64> = ring.completions().map(|cqe| cqe.user_data).collect();
    seen.sort_unstable();
    seen
}

#[test]
fn a_short_submission_is_continued_with_exactly_what_is_left() {
    if !has_rings() {
        return;
    }
    let kernel = Faulty::with_faults([Fault::Takes(2), Fault::Takes(0), Fault::Takes(1)]);
    let mut ring = build(&kernel);
    for index in 0..5 {
        push(&mut ring, sqe::nop().user_data(index));
    }
    assert_eq!(ring.submit_and_wait(5), Ok(5));
    assert_eq!(completed(&mut ring), [0, 1, 2, 3, 4]);
    assert_eq!(kernel.enters(), [(5, 5), (3, 5), (3, 5), (2, 5)]);
}

/// `enter` says how many entries it took even when a signal ended its wait.
#[test]
fn a_wait_that_is_interrupted_after_submitting_does_not_submit_again() {
    if !has_rings() {
        return;
    }
    let scratch = Scratch::new("interrupted");
    let path = scratch.path("file");
    let file = File::options().append(true).create_new(true).open(&path).unwrap();
    let kernel = Faulty::with_faults([Fault::Takes(1), Fault::Refuses(Errno::INTR)]);
    let mut ring = build(&kernel);
    push(&mut ring, sqe::write(Fd(file.as_raw_fd()), b"once".as_ptr(), 4, 0).flags(SqeFlags::ASYNC));
    assert_eq!(ring.submit_and_wait(1), Ok(1));
    drop(ring);
    let back = direct::open_direct(&path);
    assert_eq!(back.metadata().unwrap().len(), 4);
    assert!(kernel.enters()[1..].iter().all(|(submit, _)| *submit == 0), "{:?}", kernel.enters());
}

#[test]
fn signals_are_waited_out_and_a_filter_that_only_interrupts_is_not() {
    if !has_rings() {
        return;
    }
    let kernel = Faulty::with_faults([Fault::Refuses(Errno::INTR); 50]);
    let mut ring = build(&kernel);
    push(&mut ring, sqe::nop());
    assert_eq!(ring.submit_and_wait(1), Ok(1));
    assert_eq!(ring.completions().count(), 1);
    push(&mut ring, sqe::nop());
    kernel.calls.borrow_mut().clear();
    kernel.always.set(Some(Fault::Refuses(Errno::INTR)));
    assert_eq!(ring.submit(), Err(RingError::Kernel(Errno::INTR)));
    kernel.always.set(None);
}

#[test]
fn what_a_refusal_left_in_the_queue_goes_with_the_next_submission() {
    if !has_rings() {
        return;
    }
    for errno in [Errno::AGAIN, Errno::BUSY, Errno::NOMEM] {
        let kernel = Faulty::with_faults([Fault::Takes(1), Fault::Refuses(errno)]);
        let mut ring = build(&kernel);
        for index in 0..3 {
            push(&mut ring, sqe::nop().user_data(index));
        }
        assert_eq!(ring.submit_and_wait(3), Err(RingError::Kernel(errno)));
        assert_eq!(completed(&mut ring), [0]);
        assert_eq!(ring.free(), 6);
        assert_eq!(ring.submit_and_wait(2), Ok(2));
        assert_eq!(completed(&mut ring), [1, 2]);
        assert_eq!(ring.in_flight(), 0);
    }
}

#[test]
fn a_kernel_that_takes_nothing_for_ever_is_an_error_and_no_hang() {
    if !has_rings() {
        return;
    }
    let kernel = Faulty::default();
    let mut ring = build(&kernel);
    push(&mut ring, sqe::nop());
    kernel.always.set(Some(Fault::Takes(0)));
    assert_eq!(ring.submit(), Err(RingError::Kernel(Errno::AGAIN)));
    assert!(kernel.enters().len() < 100, "{} calls", kernel.enters().len());
    kernel.always.set(None);
    assert_eq!(ring.submit_and_wait(1), Ok(1));
}

#[test]
fn an_entry_that_the_kernel_refuses_does_not_hold_up_those_behind_it() {
    if !has_rings() {
        return;
    }
    for unknown in [SetupFlags::NONE, SetupFlags::SUBMIT_ALL] {
        let kernel = Faulty { unknown, ..Faulty::default() };
        let mut ring = build(&kernel);
        push(&mut ring, Sqe { opcode: Opcode(255), ..sqe::nop() });
        push(&mut ring, sqe::nop().user_data(1));
        push(&mut ring, sqe::nop().user_data(2));
        assert_eq!(ring.submit_and_wait(3), Ok(3));
        let seen: Vec<_> = ring.completions().map(|cqe| (cqe.user_data, cqe.result())).collect();
        assert_eq!(seen, [(0, Err(Errno::INVAL)), (1, Ok(0)), (2, Ok(0))]);
    }
}

/// What each kernel did not have yet, from the newest to the oldest.
const OLD: [(&str, SetupFlags, Features); 6] = {
    let missing_6_5 = SetupFlags::NO_SQARRAY;
    let missing_6_0 = missing_6_5.with(SetupFlags::DEFER_TASKRUN);
    let missing_5_18 = missing_6_0
        .with(SetupFlags::SINGLE_ISSUER)
        .with(SetupFlags::COOP_TASKRUN)
        .with(SetupFlags::TASKRUN_FLAG);
    let missing_5_17 = missing_5_18.with(SetupFlags::SUBMIT_ALL);
    let missing_5_5 = missing_5_17.with(SetupFlags::CLAMP);
    let features_5_10 = Features::EXT_ARG.with(Features::MIN_TIMEOUT).with(Features::NO_IOWAIT);
    let features_5_3 = features_5_10.with(Features::SINGLE_MMAP).with(Features::NODROP);
    [
        ("6.5", missing_6_5, Features::NO_IOWAIT),
        ("6.0", missing_6_0, Features::NO_IOWAIT),
        ("5.18", missing_5_18, Features::NO_IOWAIT),
        ("5.17", missing_5_17, Features::NO_IOWAIT),
        ("5.5", missing_5_5, features_5_10),
        ("5.3", missing_5_5, features_5_3),
    ]
};

#[test]
fn a_ring_works_as_far_as_a_kernel_of_each_age_goes() {
    if !has_rings() {
        return;
    }
    for (age, unknown, missing) in OLD {
        let kernel = Faulty { unknown, missing, registers_nothing: true, ..Faulty::default() };
        let mut ring = build(&kernel);
        assert!(!ring.setup().intersects(unknown), "{age}: {:?}", ring.setup());
        assert!(!ring.is_registered(), "{age}");
        // Enough to go round both queues, whether the array of indices is ours to write or not.
        for round in 0..50 {
            for index in 0..8 {
                push(&mut ring, sqe::nop().user_data(round * 8 + index));
            }
            assert_eq!(ring.submit_and_wait(8), Ok(8), "{age}");
            assert_eq!(completed(&mut ring), (round * 8..round * 8 + 8).collect::<Vec<_>>(), "{age}");
        }
        // A wait that nothing ends but the clock.
        let begin = Instant::now();
        let limit = Limit::timeout(Duration::from_millis(10));
        assert_eq!(ring.submit_and_wait_within(1, limit), Ok(0), "{age}");
        assert!(begin.elapsed() >= Duration::from_millis(10), "{age}");
        let is_timed =
            |call: &Call| matches!(call, Call::Enter { flags, .. } if flags.contains(EnterFlags::EXT_ARG));
        assert_eq!(kernel.count(is_timed) > 0, !missing.contains(Features::EXT_ARG), "{age}");
        drop(ring);
        let maps = if missing.contains(Features::SINGLE_MMAP) { 4 } else { 3 };
        assert_eq!(kernel.count(|call| *call == Call::Map), maps, "{age}: both queues, entries, sentinel");
        kernel.assert_nothing_is_left(age);
    }
}

#[test]
fn a_shared_ring_works_on_a_kernel_of_each_age_and_asks_for_everything() {
    if !has_rings() {
        return;
    }
    for (age, unknown, missing) in OLD {
        let kernel = Faulty { unknown, missing, ..Faulty::default() };
        let shared = Builder::new(8).shared(&kernel).unwrap();
        *kernel.faults.borrow_mut() =
            [Fault::Takes(1), Fault::Refuses(Errno::INTR), Fault::Takes(0), Fault::Takes(2)].into();
        // SAFETY: NOPs point to nothing.
        unsafe { shared.push(&[sqe::nop(); 5]) }.unwrap();
        shared.submit().unwrap();
        assert!(kernel.enters().iter().all(|enter| *enter == (8, 0)), "{age}: {:?}", kernel.enters());
        let mut reaper = shared.try_reaper().unwrap();
        *kernel.faults.borrow_mut() = [Fault::Refuses(Errno::INTR), Fault::Takes(0)].into();
        assert_eq!(reaper.wait(5), Ok(5), "{age}");
        assert_eq!(reaper.completions().count(), 5);
        let limit = Limit::timeout(Duration::from_millis(5));
        assert_eq!(reaper.wait_within(1, limit), Ok(0), "{age}");
        // SAFETY: as above.
        unsafe { shared.push(&[sqe::nop(); 2]) }.unwrap();
        *kernel.faults.borrow_mut() = [Fault::Takes(1), Fault::Refuses(Errno::BUSY)].into();
        assert_eq!(shared.submit(), Err(RingError::Kernel(Errno::BUSY)), "{age}");
        shared.submit().unwrap();
        assert_eq!(reaper.wait(2), Ok(2), "{age}");
        drop(reaper);
        shared.close(Duration::from_secs(1)).unwrap();
        assert_eq!(kernel.count(|call| *call == Call::Register(Register::RING_FDS)), 0, "{age}");
        kernel.assert_nothing_is_left(age);
    }
}

/// The n-th call of a set-up fails, for every n. Some are only for speed, and then there is a ring; else there is nothing.
#[test]
fn a_set_up_that_fails_at_any_step_leaves_nothing() {
    if !has_rings() {
        return;
    }
    let mut failed = 0;
    for step in 0.. {
        let kernel = Faulty { fails_after: Cell::new(Some(step)), ..Faulty::default() };
        match if step % 2 == 0 { Builder::new(8) } else { Builder::new(8).no_single_issuer() }.build(&kernel)
        {
            Ok(mut ring) => {
                push(&mut ring, sqe::nop());
                assert_eq!(ring.submit_and_wait(1), Ok(1), "step {step}");
            }
            Err(error) => {
                failed += 1;
                assert_eq!((error.errno, error.reason()), (Errno::NFILE, Reason::Descriptors), "step {step}");
            }
        }
        kernel.assert_nothing_is_left(&format!("step {step}"));
        if kernel.fails_after.get().is_some() {
            assert!(step > 6, "only {step} steps");
            break;
        }
    }
    // The set-up, the page's size, the sentinel, and two mappings.
    assert_eq!(failed, 5);
}

#[test]
fn what_is_demanded_is_not_left_out() {
    if !has_rings() {
        return;
    }
    let kernel = Faulty { unknown: SetupFlags::CQSIZE, ..Faulty::default() };
    let error = Builder::new(8).completion_entries(64).build(&kernel).unwrap_err();
    assert_eq!(error.reason(), Reason::Option);
    assert!(error.setup.contains(SetupFlags::CQSIZE));
    let kernel = Faulty { unknown: SetupFlags::R_DISABLED, ..Faulty::default() };
    assert_eq!(Builder::new(8).disabled(&kernel).unwrap_err().reason(), Reason::Option);
}

#[test]
fn a_ring_is_taken_apart_after_its_last_completion_and_in_order() {
    if !has_rings() {
        return;
    }
    let kernel = Faulty::default();
    let mut ring = build(&kernel);
    let (read, _write) = std::io::pipe().unwrap();
    let mut byte = 0_u8;
    push(&mut ring, sqe::read(Fd(read.as_raw_fd()), &raw mut byte, 1, u64::MAX));
    ring.submit().unwrap();
    let registered = ring.is_registered();
    kernel.calls.borrow_mut().clear();
    drop(ring);
    let calls = kernel.calls.borrow();
    let mut rest = calls.iter().skip_while(|call| matches!(call, Call::Enter { .. }));
    assert!(calls.len() > rest.clone().count(), "it entered to cancel and to wait: {calls:?}");
    assert_eq!(rest.next(), Some(&Call::Unmap));
    assert_eq!(rest.next(), Some(&Call::Unmap));
    if registered {
        assert_eq!(rest.next(), Some(&Call::Register(Register::UNREGISTER_RING_FDS)));
    }
    assert_eq!(rest.next(), Some(&Call::Close));
    assert_eq!(rest.next(), Some(&Call::Unmap), "the sentinel goes last");
    assert_eq!(rest.next(), None);
}

/// A filter that lets rings be made, and refuses to have them entered.
#[test]
fn a_ring_that_cannot_be_entered_is_found_out_by_trying_it() {
    if !has_rings() {
        return;
    }
    let kernel = Faulty::default();
    let mut ring = build(&kernel);
    kernel.always.set(Some(Fault::Refuses(Errno::PERM)));
    assert_eq!(ring.try_nop(), Err(RingError::Kernel(Errno::PERM)));
    let before = leaked();
    drop(ring);
    assert_eq!(leaked(), before, "the kernel never had anything");
}

/// A filter that is installed late.
#[test]
fn a_ring_that_may_not_be_entered_any_more_says_so_and_is_leaked() {
    if !has_rings() {
        return;
    }
    let kernel = Faulty::default();
    let mut ring = Builder::new(8).patience(Duration::from_millis(30)).build(&kernel).unwrap();
    let (read, _write) = std::io::pipe().unwrap();
    // For ever the kernel's.
    let byte: &'static mut u8 = Box::leak(Box::new(0));
    push(&mut ring, sqe::read(Fd(read.as_raw_fd()), byte, 1, u64::MAX));
    ring.submit().unwrap();
    kernel.always.set(Some(Fault::Refuses(Errno::PERM)));
    assert_eq!(ring.submit_and_wait(1), Err(RingError::Kernel(Errno::PERM)));
    let begin = Instant::now();
    let busy = ring.close(Duration::from_millis(30)).unwrap_err();
    assert!(busy.in_flight >= 1);
    let before = leaked();
    kernel.calls.borrow_mut().clear();
    drop(busy);
    assert_eq!(leaked(), before + 1);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(kernel.count(|call| matches!(call, Call::Unmap | Call::Close)), 0, "nothing is given back");
}

#[test]
fn a_forked_child_asks_the_kernel_for_nothing_but_to_close_its_copy() {
    if !has_rings() {
        return;
    }
    let kernel = Faulty::default();
    let mut ring = build(&kernel);
    push(&mut ring, sqe::nop());
    kernel.calls.borrow_mut().clear();
    fork::in_child(|| {
        assert_eq!(ring.submit(), Err(RingError::Forked));
        // SAFETY: the child never looks at its copy again.
        drop(unsafe { std::ptr::read(&raw const ring) });
        assert_eq!(*kernel.calls.borrow(), [Call::Close, Call::Unmap]);
    });
    assert_eq!(ring.submit_and_wait(1), Ok(1));
}

#[test]
fn a_first_completion_ends_a_wait_whose_shorter_time_is_over() {
    if !has_rings() {
        return;
    }
    for missing in [Features::NONE, Features::MIN_TIMEOUT] {
        let kernel = Faulty { missing, ..Faulty::default() };
        let mut ring = build(&kernel);
        if !ring.features().contains(Features::MIN_TIMEOUT) && missing == Features::NONE {
            continue;
        }
        push(&mut ring, sqe::nop());
        let timeout = Some(Duration::from_millis(500));
        let limit = Limit { min_wait: Some(Duration::from_millis(5)), timeout };
        let begin = Instant::now();
        assert_eq!(ring.submit_and_wait_within(2, limit), Ok(1));
        let is_full = begin.elapsed() >= Duration::from_millis(500);
        assert_eq!(is_full, missing == Features::MIN_TIMEOUT, "{:?}", begin.elapsed());
    }
}

#[test]
fn a_wait_whose_time_is_over_before_it_begins_submits_and_ends() {
    if !has_rings() {
        return;
    }
    for missing in [Features::NONE, Features::EXT_ARG] {
        let kernel = Faulty { missing, ..Faulty::default() };
        let mut ring = build(&kernel);
        let (read, _write) = std::io::pipe().unwrap();
        let mut byte = 0_u8;
        push(&mut ring, sqe::read(Fd(read.as_raw_fd()), &raw mut byte, 1, u64::MAX));
        assert_eq!(ring.submit_and_wait_within(1, Limit::timeout(Duration::ZERO)), Ok(0));
        assert_eq!(ring.in_flight(), 1);
    }
}
