//! Borrowed memory comes back whole, whatever the closure does.
#![cfg(not(miri))] // which executes no system call
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]

mod common;
#[path = "common/direct.rs"]
mod direct;
#[path = "common/fork.rs"]
mod fork;

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bareio_core::ring::{Builder, RingError};
use bareio_core::scope::Slot;
use bareio_core::{BorrowedFd, Errno, Fd};
use common::{Scratch, ring};

fn lend(file: &impl AsRawFd) -> BorrowedFd<'_> {
    // SAFETY: open while it is borrowed.
    unsafe { BorrowedFd::borrow_raw(Fd(file.as_raw_fd())) }
}

const fn slots<const N: usize>() -> [Slot; N] {
    [const { Slot::new() }; N]
}

fn file_with(bytes: &[u8], scratch: &Scratch) -> File {
    let mut file =
        File::options().read(true).write(true).create_new(true).open(scratch.path("file")).unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[test]
fn operations_overlap_and_each_ticket_gets_its_own_result() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    let scratch = Scratch::new("scope_overlap");
    let file = file_with(&[b'a'; 10], &scratch);
    let (mut front, mut back) = ([0_u8; 8], [0_u8; 8]);
    ring.scope(&mut slots::<4>(), |s| {
        let front = s.read(lend(&file), &mut front, 0).unwrap();
        let back = s.read(lend(&file), &mut back, 8).unwrap();
        let text = s.write(lend(&file), b"xyz", 100).unwrap();
        assert_eq!(s.wait(text).0, Ok(3));
        let (count, bytes) = s.wait(back);
        assert_eq!((count, &bytes[..2]), (Ok(2), &b"aa"[..]));
        assert_eq!(s.wait(front).0, Ok(8));
    });
    assert_eq!(front, [b'a'; 8]);
}

#[test]
fn forgotten_tickets_are_waited_for() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    let scratch = Scratch::new("scope_forgotten");
    let file = file_with(&[7; 4096], &scratch);
    let mut bytes = [0_u8; 4096];
    ring.scope(&mut slots::<1>(), |s| {
        let _forgotten = s.read(lend(&file), &mut bytes, 0);
    });
    assert_eq!(bytes, [7; 4096], "the scope was left before the kernel was done");
}

#[test]
fn a_panic_waits_for_what_is_in_flight() {
    const LEN: usize = 4 << 20;
    let Some(mut ring) = ring(&Builder::new(8)) else { return };
    let scratch = Scratch::new("scope_panic");
    file_with(&vec![0xEE; LEN], &scratch).sync_all().unwrap();
    let file = direct::open_direct(&scratch.path("file"));
    let mut memory = vec![0_u8; LEN + 4096];
    let begin = memory.as_ptr().align_offset(4096);
    for run in 0..20 {
        let mut pieces = memory[begin..begin + LEN].chunks_mut(LEN / 8).enumerate();
        let result = catch_unwind(AssertUnwindSafe(|| {
            ring.scope(&mut slots::<8>(), |s| {
                for (index, piece) in &mut pieces {
                    let _ticket = s.read(lend(&file), piece, (index * (LEN / 8)) as u64);
                }
                s.submit().unwrap();
                panic!("on purpose");
            });
        }));
        assert!(result.is_err());
        assert_eq!(ring.in_flight(), 0);
        memory.fill(0x11);
        std::thread::sleep(Duration::from_millis(2));
        assert!(memory.iter().all(|byte| *byte == 0x11), "run {run}: bytes were written after the scope");
    }
}

#[test]
fn a_full_scope_gives_the_loan_back() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    let scratch = Scratch::new("scope_full");
    let file = file_with(b"abc", &scratch);
    let (mut first, mut second) = ([0_u8; 3], [0_u8; 3]);
    ring.scope(&mut slots::<1>(), |s| {
        let ticket = s.read(lend(&file), &mut first, 0).unwrap();
        let refused = s.read(lend(&file), &mut second, 0).unwrap_err();
        assert_eq!(refused.error, RingError::Full);
        assert_eq!(s.wait(ticket).0, Ok(3));
        let ticket = s.read(lend(&file), refused.loan, 0).unwrap();
        assert_eq!(s.wait(ticket).0, Ok(3));
        let refused = s.write(lend(&file), b"x", u64::MAX).unwrap_err();
        assert_eq!(
            refused.error,
            RingError::Kernel(Errno::INVAL),
            "this would write at the current position"
        );
    });
    assert_eq!(second, *b"abc");
}

#[test]
fn more_operations_than_the_ring_is_deep_go_through() {
    let Some(mut ring) = ring(&Builder::new(2)) else { return };
    let scratch = Scratch::new("scope_deep");
    let file = file_with(&(0..=255).collect::<Vec<u8>>(), &scratch);
    let mut bytes = [[0_u8; 1]; 256];
    ring.scope(&mut slots::<4>(), |s| {
        let mut tickets = std::collections::VecDeque::new();
        for (offset, byte) in bytes.iter_mut().enumerate() {
            if tickets.len() == 4 {
                assert_eq!(s.wait(tickets.pop_front().unwrap()).0, Ok(1));
            }
            tickets.push_back(s.read(lend(&file), byte, offset as u64).unwrap());
        }
    });
    assert!(bytes.iter().flatten().copied().eq(0..=255));
}

#[test]
fn a_chain_is_pushed_whole_or_its_loans_come_back() {
    let Some(mut ring) = ring(&Builder::new(2)) else { return };
    let scratch = Scratch::new("scope_chain");
    let file = file_with(b"", &scratch);
    let mut bytes = [0_u8; 6];
    ring.scope(&mut slots::<8>(), |s| {
        let mut chain = s.chain();
        let write = chain.write(lend(&file), b"record", 0).unwrap();
        let flush = chain.sync_data(lend(&file)).unwrap();
        chain.push().unwrap();
        assert_eq!((s.wait(write).0, s.wait(flush).0), (Ok(6), Ok(0)));

        // Longer than the ring.
        let mut chain = s.chain();
        let write = chain.write(lend(&file), b"never!", 0).unwrap();
        let read = chain.read(lend(&file), &mut bytes, 0).unwrap();
        let flush = chain.sync_all(lend(&file)).unwrap();
        assert_eq!(chain.push(), Err(RingError::Full));
        assert_eq!(s.wait(write).0, Err(Errno::CANCELED));
        assert_eq!(s.wait(flush).0, Err(Errno::CANCELED));
        let (count, bytes) = s.wait(read);
        assert_eq!(count, Err(Errno::CANCELED));

        // A short transfer cancels what is behind it.
        let mut chain = s.chain();
        let read = chain.read(lend(&file), bytes, 3).unwrap();
        let flush = chain.sync_data(lend(&file)).unwrap();
        chain.push().unwrap();
        assert_eq!((s.wait(read).0, s.wait(flush).0), (Ok(3), Err(Errno::CANCELED)));
        // A failing flush would not stop what is behind it.
        let mut chain = s.chain();
        let flush = chain.sync_data(lend(&file)).unwrap();
        let refused = chain.write(lend(&file), b"commit", 0).unwrap_err();
        assert_eq!(refused.error, RingError::Kernel(Errno::INVAL));
        chain.push().unwrap();
        assert_eq!(s.wait(flush).0, Ok(0));
        // Never pushed.
        let mut chain = s.chain();
        let _never = chain.sync_data(lend(&file));
        std::mem::forget(chain);
    });
    assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"record");
}

#[test]
fn in_a_forked_child_a_scope_refuses_and_ends() {
    let Some(mut ring) = ring(&Builder::new(2)) else { return };
    let scratch = Scratch::new("scope_fork");
    let file = file_with(b"!", &scratch);
    let mut byte = [0_u8; 1];
    ring.scope(&mut slots::<2>(), |s| {
        let ticket = s.read(lend(&file), &mut byte, 0).unwrap();
        fork::in_child(|| {
            assert_eq!(s.submit(), Err(RingError::Forked));
            assert_eq!(s.sync_data(lend(&file)).unwrap_err().error, RingError::Forked);
            let begin = Instant::now();
            // SAFETY: the child does not look at its copy again.
            let copy = unsafe { std::ptr::read(&raw const ticket) };
            assert_eq!(s.wait(copy).0, Err(Errno::CANCELED));
            assert!(begin.elapsed() < Duration::from_secs(1));
        });
        assert_eq!(s.wait(ticket).0, Ok(1));
    });
    assert_eq!(byte, *b"!");
}

#[test]
fn a_cancellation_from_before_a_scope_completes_nothing_within() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut byte = [0_u8; 1];
    // Its completion comes while the scope's first operation is in flight.
    ring.cancel_all().unwrap();
    ring.scope(&mut slots::<1>(), |s| {
        let ticket = s.read(lend(&reader), &mut byte, 0).unwrap();
        s.submit().unwrap();
        std::thread::sleep(Duration::from_millis(5));
        assert!(!s.is_done(&ticket), "the kernel still has the buffer");
        writer.write_all(b"!").unwrap();
        let _ = s.wait(ticket);
    });
}
