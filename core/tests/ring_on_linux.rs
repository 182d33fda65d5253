//! The ring on the kernel that the tests run on.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
#![cfg(not(miri))] // which executes no system call

mod common;
#[path = "common/direct.rs"]
mod direct;
#[path = "common/fork.rs"]
mod fork;

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use bareio_core::abi::{Opcode, PollEvents, SetupFlags, SqeFlags};
use bareio_core::ring::{Builder, Limit, Reason, Ring, RingError, Sqpoll};
use bareio_core::{BorrowedFd, Errno, Fd, IoVec, Kernel, Linux, sqe};
use common::{Scratch, ring};

fn fd(file: &impl AsRawFd) -> Fd {
    Fd(file.as_raw_fd())
}

/// Pushes `entry`, which the caller vouches for by waiting for it before anything it names goes.
fn push<K: Kernel>(ring: &mut Ring<K>, entry: bareio_core::abi::Sqe) {
    // SAFETY: each test keeps what its entries name until their completions.
    unsafe { ring.push(entry) }.expect("room");
}

fn reap_one<K: Kernel>(ring: &mut Ring<K>) -> (u64, Result<u32, Errno>) {
    ring.submit_and_wait(1).expect("wait");
    let cqe = ring.completions().next().expect("one");
    (cqe.user_data, cqe.result())
}

#[test]
fn completions_carry_what_their_entries_carried_through_every_wrap() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    let mut expected = 0_u64;
    for round in 0..1000_u64 {
        let batch = round % 4 + 1;
        for index in 0..batch {
            push(&mut ring, sqe::nop().user_data(round << 8 | index));
        }
        ring.submit_and_wait(u32::try_from(batch).unwrap()).unwrap();
        let seen: Vec<u64> = ring.completions().map(|cqe| cqe.user_data).collect();
        assert_eq!(seen, (0..batch).map(|index| round << 8 | index).collect::<Vec<_>>());
        expected += batch;
    }
    assert_eq!(ring.in_flight(), 0, "after {expected} operations");
}

#[test]
fn a_new_ring_can_be_tried_and_is_as_new_afterwards() {
    let Some(mut ring) = ring(&Builder::new(8)) else { return };
    assert_eq!(ring.try_nop(), Ok(()));
    assert_eq!((ring.in_flight(), ring.pop(), ring.free()), (0, None, 8));
}

#[test]
fn a_reservation_is_whole_or_nothing() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    push(&mut ring, sqe::nop());
    // SAFETY: nothing is pushed.
    assert!(matches!(unsafe { ring.reserve(4) }, Err(RingError::Full)));
    // SAFETY: only a NOP is pushed, and dropped with the reservation.
    let mut slots = unsafe { ring.reserve(3) }.unwrap();
    slots.push(sqe::nop());
    // Not staged, but given up here.
    let _ = slots;
    assert_eq!(ring.free(), 3, "a reservation that is dropped stages nothing");
    ring.submit_and_wait(1).unwrap();
    assert_eq!(ring.completions().count(), 1);
}

#[test]
fn reads_and_writes_go_through_plain_and_fixed_buffers_and_files() {
    let Some(mut ring) = ring(&Builder::new(8)) else { return };
    let scratch = Scratch::new("plain_and_fixed");
    let file = File::options().read(true).write(true).create_new(true).open(scratch.path("file")).unwrap();
    let text = *b"sixteen bytes ok";
    let mut buffer = vec![0_u8; 4096];

    push(&mut ring, sqe::write(fd(&file), text.as_ptr(), 16, 100).user_data(1));
    assert_eq!(reap_one(&mut ring), (1, Ok(16)));
    push(&mut ring, sqe::read(fd(&file), buffer.as_mut_ptr(), 4096, 0).user_data(2));
    assert_eq!(reap_one(&mut ring), (2, Ok(116)));
    assert_eq!(&buffer[100..116], &text);

    // SAFETY: `buffer` outlives the ring's use of it.
    unsafe { ring.register_buffers(&[IoVec::of_mut(&mut buffer)]) }.unwrap();
    // SAFETY: `file` is open for the call.
    ring.register_files(&[unsafe { BorrowedFd::borrow_raw(fd(&file)) }]).unwrap();
    buffer.fill(0);
    push(&mut ring, sqe::read_fixed(Fd(0), buffer.as_mut_ptr(), 16, 100, 0).fixed_file().user_data(3));
    assert_eq!(reap_one(&mut ring), (3, Ok(16)));
    assert_eq!(&buffer[..16], &text);
    // One byte beyond the buffer.
    push(&mut ring, sqe::read_fixed(Fd(0), buffer.as_mut_ptr(), 4097, 0, 0).fixed_file().user_data(4));
    assert_eq!(reap_one(&mut ring), (4, Err(Errno::FAULT)));
    ring.unregister_buffers().unwrap();
    ring.unregister_files().unwrap();
    assert_eq!(ring.unregister_files(), Err(RingError::Kernel(Errno::NXIO)));
}

#[test]
fn a_wait_ends_when_its_time_is_over() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    let (read, _write) = std::io::pipe().unwrap();
    let mut byte = 0_u8;
    push(&mut ring, sqe::read(fd(&read), &raw mut byte, 1, u64::MAX).user_data(9));
    let begin = Instant::now();
    let there = ring.submit_and_wait_within(1, Limit::timeout(Duration::from_millis(30))).unwrap();
    assert_eq!(there, 0);
    assert!(begin.elapsed() >= Duration::from_millis(30));
    assert_eq!(ring.in_flight(), 1);
    ring.cancel_all().unwrap();
    ring.submit_and_wait(2).unwrap();
    let mut seen: Vec<_> = ring.completions().map(|cqe| (cqe.user_data, cqe.result())).collect();
    seen.sort_by_key(|(user_data, _)| *user_data);
    assert_eq!(seen[0], (9, Err(Errno::CANCELED)));
    assert_eq!(seen[1].0, u64::MAX, "the cancellation's own");
    assert_eq!(ring.in_flight(), 0);
}

#[test]
fn more_completions_than_the_queue_holds_are_all_delivered() {
    let Some(mut ring) = ring(&Builder::new(8).completion_entries(8)) else { return };
    for round in 0..5_u64 {
        for index in 0..8 {
            push(&mut ring, sqe::nop().user_data(round * 8 + index));
        }
        ring.submit().unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 40 {
        assert!(ring.poll().unwrap() > 0, "lost after {}", seen.len());
        seen.extend(ring.completions().map(|cqe| cqe.user_data));
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..40).collect::<Vec<_>>());
    assert_eq!((ring.in_flight(), ring.dropped()), (0, 0));
}

#[test]
fn a_linked_chain_is_cut_by_its_first_failure() {
    let Some(mut ring) = ring(&Builder::new(8)) else { return };
    let mut byte = 0_u8;
    push(&mut ring, sqe::read(Fd(-1), &raw mut byte, 1, 0).user_data(1).flags(SqeFlags::IO_LINK));
    push(&mut ring, sqe::nop().user_data(2));
    ring.submit_and_wait(2).unwrap();
    let seen: Vec<_> = ring.completions().map(|cqe| (cqe.user_data, cqe.result())).collect();
    assert_eq!(seen, [(1, Err(Errno::BADF)), (2, Err(Errno::CANCELED))]);
}

#[test]
fn the_fastest_options_are_granted_where_the_kernel_has_them() {
    let Some(ring) = ring(&Builder::new(4)) else { return };
    let probe = ring.probe().unwrap();
    assert!(probe.has(Opcode::NOP) && probe.has(Opcode::READ_FIXED));
    if probe.has(Opcode::FTRUNCATE) {
        // 6.9 or newer.
        let fast = SetupFlags::SINGLE_ISSUER | SetupFlags::DEFER_TASKRUN | SetupFlags::NO_SQARRAY;
        assert!(ring.setup().contains(fast), "{:?}", ring.setup());
        assert!(ring.is_registered());
    }
}

#[test]
fn sizes_over_the_limit_are_cut_and_zero_is_refused() {
    let Some(ring) = ring(&Builder::new(100_000)) else { return };
    assert_eq!(ring.entries(), 32768);
    let error = Builder::new(0).build(Linux).unwrap_err();
    assert_eq!(error.errno, Errno::INVAL);
    assert!(error.to_string().contains("size within range"), "{error}");
}

#[test]
fn a_polling_thread_needs_no_submission() {
    let sqpoll = Sqpoll { idle: Duration::from_millis(5), cpu: None };
    let Some(mut ring) = ring(&Builder::new(8).sqpoll(sqpoll)) else { return };
    for round in 0..20 {
        push(&mut ring, sqe::nop().user_data(round));
        assert_eq!(reap_one(&mut ring), (round, Ok(0)));
        if round % 5 == 0 {
            std::thread::sleep(Duration::from_millis(12)); // it falls asleep
        }
    }
    assert_eq!(ring.in_flight(), 0);
}

#[test]
fn a_disabled_ring_belongs_to_the_thread_that_enables_it() {
    let Some(ring) = ring(&Builder::new(4)) else { return };
    drop(ring);
    let disabled = Builder::new(4).disabled(Linux).unwrap();
    std::thread::spawn(move || {
        let mut ring = disabled.enable().unwrap();
        push(&mut ring, sqe::nop().user_data(5));
        assert_eq!(reap_one(&mut ring), (5, Ok(0)));
    })
    .join()
    .unwrap();
}

#[test]
fn an_operation_that_never_ends_does_not_hang_the_drop() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    let (read, _write) = std::io::pipe().unwrap();
    let mut byte = 0_u8;
    push(&mut ring, sqe::read(fd(&read), &raw mut byte, 1, u64::MAX));
    ring.submit().unwrap();
    let begin = Instant::now();
    ring.close(Duration::from_secs(5)).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[test]
fn what_was_staged_and_never_submitted_never_happens() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    let scratch = Scratch::new("staged");
    let file = File::create_new(scratch.path("file")).unwrap();
    push(&mut ring, sqe::write(fd(&file), b"x".as_ptr(), 1, 0));
    drop(ring);
    assert_eq!(file.metadata().unwrap().len(), 0);
}

/// Closing a ring does not stop its I/O. Without the drain this finds overwritten bytes within a few runs.
#[test]
fn memory_used_again_after_a_drop_is_not_overwritten() {
    const READS: usize = 64;
    const LEN: u32 = 256 * 1024;
    const RUNS: usize = 100;
    let Some(probe) = ring(&Builder::new(4)) else { return };
    drop(probe);
    let scratch = Scratch::new("overwritten");
    let path = scratch.path("file");
    let mut file = File::create_new(&path).unwrap();
    for _ in 0..READS {
        file.write_all(&vec![0xEE; LEN as usize]).unwrap();
    }
    file.sync_all().unwrap();
    let file = direct::open_direct(&path);

    let layout = std::alloc::Layout::from_size_align(READS * LEN as usize, 4096).unwrap();
    // SAFETY: the layout is not empty.
    let memory = unsafe { std::alloc::alloc_zeroed(layout) };
    let expected = vec![0x11; READS * LEN as usize];
    let mut in_flight_at_drop = 0;
    for run in 0..RUNS {
        let mut ring = Builder::new(64).build(Linux).unwrap();
        for index in 0..READS {
            // SAFETY: within the allocation.
            let to = unsafe { memory.add(index * LEN as usize) };
            push(&mut ring, sqe::read(fd(&file), to, LEN, (index * LEN as usize) as u64));
        }
        ring.submit().unwrap();
        in_flight_at_drop += ring.in_flight();
        drop(ring);
        // SAFETY: the ring is gone, and with it the kernel's use of the memory.
        let bytes = unsafe { std::slice::from_raw_parts_mut(memory, READS * LEN as usize) };
        bytes.fill(0x11);
        std::thread::sleep(Duration::from_millis(4));
        // Compared whole, which is fast, and counted only where it fails.
        if *bytes != *expected {
            let overwritten = bytes.iter().filter(|byte| **byte != 0x11).count();
            panic!("run {run}: {overwritten} bytes were written after the drop");
        }
    }
    assert!(in_flight_at_drop > 0, "nothing was in flight, so nothing was proved");
    // SAFETY: allocated above with this layout.
    unsafe { std::alloc::dealloc(memory, layout) };
}

#[test]
fn in_a_forked_child_every_call_says_so_and_a_drop_leaves_the_parent_alone() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    let (read, write) = std::io::pipe().unwrap();
    let mut byte = 0_u8;
    push(&mut ring, sqe::read(fd(&read), &raw mut byte, 1, u64::MAX).user_data(3));
    ring.submit().unwrap();
    fork::in_child(|| {
        // SAFETY: refused.
        assert_eq!(unsafe { ring.push(sqe::nop()) }, Err(RingError::Forked));
        assert_eq!(ring.submit(), Err(RingError::Forked));
        assert_eq!(ring.poll(), Err(RingError::Forked));
        assert_eq!(ring.completions().count(), 0);
        assert_eq!((ring.free(), ring.in_flight(), ring.dropped()), (0, 0, 0));
        assert!(ring.probe().is_err());
        // SAFETY: the child never looks at its copy again; in the parent nothing is moved out.
        drop(unsafe { std::ptr::read(&raw const ring) });
    });
    (&write).write_all(b"!").unwrap();
    assert_eq!(reap_one(&mut ring), (3, Ok(1)));
    assert_eq!(byte, b'!');
}

/// Waits until a pipe can be read, which it never can.
fn push_endless<K: Kernel>(ring: &mut Ring<K>, file: &impl AsRawFd, user_data: u64) {
    push(ring, sqe::poll(fd(file), PollEvents::IN).user_data(user_data));
}

#[test]
fn cancelling_goes_by_name_by_file_and_for_all() {
    let Some(mut ring) = ring(&Builder::new(8)) else { return };
    let (one, _one) = std::io::pipe().unwrap();
    let (two, _two) = std::io::pipe().unwrap();
    for (user_data, pipe) in [(1, &one), (2, &one), (3, &two), (4, &two)] {
        push_endless(&mut ring, pipe, user_data);
    }
    ring.submit().unwrap();
    let ended = |ring: &mut Ring<Linux>, want| {
        ring.submit_and_wait(want).unwrap();
        let mut ended: Vec<u64> = ring.completions().map(|cqe| cqe.user_data).collect();
        ended.retain(|user_data| *user_data < 10); // not those of the requests themselves
        ended.sort_unstable();
        ended
    };
    ring.cancel(2).unwrap();
    assert_eq!(ended(&mut ring, 2), [2]);
    // SAFETY: open for the call.
    ring.cancel_file(unsafe { BorrowedFd::borrow_raw(fd(&two)) }).unwrap();
    assert_eq!(ended(&mut ring, 3), [3, 4]);
    ring.cancel_all().unwrap();
    assert_eq!(ended(&mut ring, 2), [1]);
    assert_eq!(ring.in_flight(), 0);
}

#[test]
fn rings_share_workers_on_request() {
    let Some(first) = ring(&Builder::new(4)) else { return };
    // SAFETY: `first` is open.
    let mut second = unsafe { Builder::new(4).attach_workers(first.fd()) }.build(Linux).unwrap();
    assert!(second.setup().contains(SetupFlags::ATTACH_WQ));
    push(&mut second, sqe::nop().user_data(1).flags(SqeFlags::ASYNC));
    assert_eq!(reap_one(&mut second), (1, Ok(0)));
    let not_a_ring = File::open("/dev/null").unwrap();
    // SAFETY: open.
    let error = unsafe { Builder::new(4).attach_workers(fd(&not_a_ring)) }.build(Linux).unwrap_err();
    assert_eq!((error.errno, error.reason()), (Errno::INVAL, Reason::Option));
}

#[test]
fn a_polled_ring_reads_where_the_device_can_and_says_so_where_not() {
    for builder in [Builder::new(4).iopoll(), Builder::new(4).hybrid_iopoll()] {
        let Some(mut ring) = ring(&builder) else { return };
        assert!(ring.setup().contains(SetupFlags::IOPOLL));
        let scratch = Scratch::new("iopoll");
        let mut file = File::create_new(scratch.path("file")).unwrap();
        file.write_all(&[5; 8192]).unwrap();
        file.sync_all().unwrap();
        let file = direct::open_direct(&scratch.path("file"));
        let mut memory = vec![0_u8; 8192];
        let to = memory.as_ptr().align_offset(4096);
        push(&mut ring, sqe::read(fd(&file), memory[to..].as_mut_ptr(), 4096, 0).user_data(1));
        match reap_one(&mut ring) {
            (1, Ok(4096)) => assert!(memory[to..][..4096].iter().all(|byte| *byte == 5)),
            // The device has no polled queues, or the file is not past the page cache.
            (1, Err(Errno::OPNOTSUPP)) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(ring.in_flight(), 0);
    }
}

#[test]
fn waiting_without_iowait_still_waits() {
    let Some(mut ring) = ring(&Builder::new(4).iowait(false).workers(2, 2)) else { return };
    push(&mut ring, sqe::nop().user_data(1).flags(SqeFlags::ASYNC));
    assert_eq!(reap_one(&mut ring), (1, Ok(0)));
}

#[test]
fn an_eventfd_tells_of_completions() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    // No eventfd without libc here: what is none is refused, and that there was none to take away is said.
    let file = File::open("/dev/null").unwrap();
    // SAFETY: open for the call.
    let refused = ring.register_eventfd(unsafe { BorrowedFd::borrow_raw(fd(&file)) });
    assert_eq!(refused, Err(RingError::Kernel(Errno::INVAL)));
    assert_eq!(ring.unregister_eventfd(), Err(RingError::Kernel(Errno::NXIO)));
}

#[test]
fn fixed_buffers_unregistered_in_flight_are_still_waited_for() {
    const READS: u32 = 32;
    const LEN: u32 = 256 * 1024;
    const WHOLE: usize = READS as usize * LEN as usize;
    let Some(probe) = ring(&Builder::new(4)) else { return };
    drop(probe);
    let scratch = Scratch::new("unregistered");
    let mut file = File::create_new(scratch.path("file")).unwrap();
    file.write_all(&vec![0xEE; WHOLE]).unwrap();
    file.sync_all().unwrap();
    let file = direct::open_direct(&scratch.path("file"));
    let mut memory = vec![0_u8; WHOLE + 4096];
    let begin = memory.as_ptr().align_offset(4096);
    let expected = vec![0x11; memory.len()];
    for run in 0..20 {
        let mut ring = Builder::new(READS).build(Linux).unwrap();
        let whole = IoVec::of_mut(&mut memory);
        // SAFETY: the memory is used again only when the ring is gone.
        unsafe { ring.register_buffers(&[whole]) }.unwrap();
        for index in 0..READS {
            let offset = index * LEN;
            let to = whole.base().wrapping_add(begin + offset as usize);
            push(&mut ring, sqe::read_fixed(fd(&file), to, LEN, u64::from(offset), 0));
        }
        ring.submit().unwrap();
        ring.unregister_buffers().unwrap();
        drop(ring);
        memory.fill(0x11);
        std::thread::sleep(Duration::from_millis(3));
        assert!(memory == expected, "run {run}: bytes were written after the drop");
    }
}

#[test]
fn a_file_closed_after_submission_is_the_one_that_is_read() {
    let Some(mut ring) = ring(&Builder::new(4)) else { return };
    let scratch = Scratch::new("closed_after");
    std::fs::write(scratch.path("meant"), [1; 64]).unwrap();
    std::fs::write(scratch.path("other"), [2; 64]).unwrap();
    for _ in 0..100 {
        let meant = File::open(scratch.path("meant")).unwrap();
        let number = fd(&meant);
        let mut bytes = [0_u8; 64];
        // Plain: what is linked, or sent to a worker at once, has its file looked up later, and would read the other.
        push(&mut ring, sqe::read(number, bytes.as_mut_ptr(), 64, 0));
        ring.submit().unwrap();
        drop(meant);
        // As a rule it gets the number that has just become free.
        let _other = File::open(scratch.path("other")).unwrap();
        assert_eq!(reap_one(&mut ring).1, Ok(64));
        assert_eq!(bytes, [1; 64], "another file was read");
    }
}
