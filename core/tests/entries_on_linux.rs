//! Entries that no older library is there to compare with do on this kernel what their documentation says.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
#![cfg(not(miri))] // which executes no system call

#[expect(dead_code, reason = "other tests use more of it")]
mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};

use bareio_core::abi::{
    AtFlags, CancelFlags, ChildInfo, FileSlot, FutexFlags, InstallFlags, MsgFlags, MsgRingFlags, NopFlags,
    Opcode, PollEvents, SocketFlags, Sqe, Statx, WaitFlags,
};
use bareio_core::kernel::{AdviseFile, BorrowedFd};
use bareio_core::ring::{Builder, Ring};
use bareio_core::{Errno, Fd, IoVec, Linux, sqe};
use common::ring;

/// Runs one entry, whose memory the caller keeps meanwhile.
fn run(ring: &mut Ring<Linux>, entry: Sqe) -> Result<u32, Errno> {
    push(ring, entry);
    reap(ring).1
}

fn push(ring: &mut Ring<Linux>, entry: Sqe) {
    // SAFETY: each test keeps what its entries name until their completions.
    unsafe { ring.push(entry) }.expect("room");
}

fn reap(ring: &mut Ring<Linux>) -> (u64, Result<u32, Errno>) {
    ring.submit_and_wait(1).expect("wait");
    let cqe = ring.completions().next().expect("one");
    (cqe.user_data, cqe.result())
}

/// A ring on a kernel that has all of `opcodes`.
fn ring_with(opcodes: &[Opcode]) -> Option<Ring<Linux>> {
    let ring = ring(&Builder::new(8))?;
    let probe = ring.probe().expect("5.6 has it");
    let missing: Vec<_> = opcodes.iter().filter(|opcode| !probe.has(**opcode)).collect();
    if !missing.is_empty() {
        common::skip(&format!("this kernel lacks {missing:?}"));
        return None;
    }
    Some(ring)
}

fn descriptor(number: u32) -> File {
    // SAFETY: an operation has just answered with this descriptor, and nobody else knows of it.
    unsafe { File::from_raw_fd(number.cast_signed()) }
}

#[test]
fn a_nop_completes_with_the_result_it_was_given() {
    // `LISTEN` is of 6.11, one release after the flag.
    let Some(mut ring) = ring_with(&[Opcode::LISTEN]) else { return };
    assert_eq!(run(&mut ring, sqe::nop_with(NopFlags::INJECT_RESULT, 42)), Ok(42));
    assert_eq!(run(&mut ring, sqe::nop_with(NopFlags::INJECT_RESULT, -5)), Err(Errno::IO));
}

#[test]
fn a_file_is_truncated_advised_on_and_measured() {
    let Some(mut ring) = ring_with(&[Opcode::FTRUNCATE, Opcode::FADVISE, Opcode::STATX]) else { return };
    let file = tempfile::tempfile().unwrap();
    let fd = Fd(file.as_raw_fd());
    assert_eq!(run(&mut ring, sqe::truncate(fd, 5000)), Ok(0));
    assert_eq!(run(&mut ring, sqe::advise_file_64(fd, 0, 5000, AdviseFile::Random)), Ok(0));
    let mut stat = Statx::default();
    let entry = sqe::stat(fd, c"".as_ptr(), AtFlags::EMPTY_PATH, Statx::BASIC_STATS, &raw mut stat);
    assert_eq!(run(&mut ring, entry), Ok(0));
    assert_eq!(stat.size, 5000);
}

#[test]
fn vectored_transfers_go_through_a_fixed_buffer() {
    let Some(mut ring) = ring_with(&[Opcode::READV_FIXED, Opcode::WRITEV_FIXED]) else { return };
    let mut memory = *b"headbody........";
    let base = memory.as_mut_ptr();
    // SAFETY: the memory outlives the ring's operations, each of which is waited for.
    unsafe { ring.register_buffers(&[IoVec::new(base, 16)]) }.unwrap();
    let file = tempfile::tempfile().unwrap();
    let fd = Fd(file.as_raw_fd());
    let swapped = [IoVec::new(base.wrapping_add(4), 4), IoVec::new(base, 4)];
    assert_eq!(run(&mut ring, sqe::write_vectored_fixed(fd, swapped.as_ptr(), 2, 3, 0)), Ok(8));
    let behind = [IoVec::new(base.wrapping_add(8), 8)];
    assert_eq!(run(&mut ring, sqe::read_vectored_fixed(fd, behind.as_ptr(), 1, 3, 0)), Ok(8));
    ring.unregister_buffers().unwrap();
    drop(ring);
    assert_eq!(&memory, b"headbodybodyhead");
}

#[test]
fn a_pipe_is_made_and_cancellation_by_opcode_ends_only_the_read_on_it() {
    let Some(mut ring) = ring_with(&[Opcode::PIPE]) else { return };
    let mut ends = [Fd(-1); 2];
    assert_eq!(run(&mut ring, sqe::pipe(&raw mut ends, SocketFlags::CLOEXEC)), Ok(0));
    let [reading, writing] = ends.map(|end| descriptor(end.0.cast_unsigned()));

    let mut buf = [0; 4];
    push(&mut ring, sqe::read(ends[0], buf.as_mut_ptr(), 4, u64::MAX).user_data(1));
    push(&mut ring, sqe::poll(ends[0], PollEvents::IN).user_data(2));
    push(&mut ring, sqe::cancel_opcode(Opcode::READ, CancelFlags::ALL).user_data(3));
    let mut two = [reap(&mut ring), reap(&mut ring)];
    two.sort_by_key(|(user_data, _)| *user_data);
    assert_eq!(two, [(1, Err(Errno::CANCELED)), (3, Ok(1))]);
    (&writing).write_all(b"ping").unwrap();
    assert_eq!(reap(&mut ring), (2, Ok(PollEvents::IN.bits())));
    drop(reading);
}

#[test]
fn a_futex_sleeps_until_it_is_woken() {
    let Some(mut ring) = ring_with(&[Opcode::FUTEX_WAIT, Opcode::FUTEX_WAKE]) else { return };
    let word = Box::new(7_u32);
    let flags = FutexFlags::SIZE_U32 | FutexFlags::PRIVATE;
    let differs = sqe::futex_wait(&raw const *word, 8, sqe::FUTEX_MATCH_ANY, flags);
    assert_eq!(run(&mut ring, differs), Err(Errno::AGAIN));
    push(&mut ring, sqe::futex_wait(&raw const *word, 7, 0b01, flags).user_data(1));
    ring.submit().unwrap();
    assert_eq!(run(&mut ring, sqe::futex_wake(&raw const *word, 9, 0b10, flags)), Ok(0));
    push(&mut ring, sqe::futex_wake(&raw const *word, 9, 0b01, flags).user_data(2));
    let mut both = [reap(&mut ring), reap(&mut ring)];
    both.sort_by_key(|(user_data, _)| *user_data);
    assert_eq!(both, [(1, Ok(0)), (2, Ok(1))]);
}

#[test]
fn a_child_is_waited_for() {
    let Some(mut ring) = ring_with(&[Opcode::WAITID]) else { return };
    #[expect(clippy::zombie_processes, reason = "the ring waits for it")]
    let child = std::process::Command::new("false").spawn().unwrap();
    let id = child.id().cast_signed();
    let mut info = ChildInfo::default();
    let entry = sqe::wait_id(sqe::Children::Process(id), &raw mut info, WaitFlags::EXITED);
    assert_eq!(run(&mut ring, entry), Ok(0));
    assert_eq!((info.code, info.pid, info.status), (1, id, 1));
}

#[test]
fn sockets_are_bound_listened_on_asked_and_written_to() {
    let Some(mut ring) = ring_with(&[Opcode::BIND, Opcode::LISTEN, Opcode::URING_CMD]) else { return };
    let stream = |ring: &mut Ring<Linux>| {
        descriptor(run(ring, sqe::socket(2, 1, 0, SocketFlags::CLOEXEC)).expect("AF_INET, SOCK_STREAM"))
    };
    let (server, client) = (stream(&mut ring), stream(&mut ring));
    let (server_fd, client_fd) = (Fd(server.as_raw_fd()), Fd(client.as_raw_fd()));
    let mut addr = [0_u8; 16]; // `struct sockaddr_in`: family, port (any), address
    addr[..2].copy_from_slice(&2_u16.to_ne_bytes());
    addr[4..8].copy_from_slice(&[127, 0, 0, 1]);
    assert_eq!(run(&mut ring, sqe::bind(server_fd, addr.as_ptr(), 16)), Ok(0));
    assert_eq!(run(&mut ring, sqe::listen(server_fd, 1)), Ok(0));
    let mut listens = 0_u32;
    let entry = sqe::socket_option(server_fd, 1, 30, (&raw mut listens).cast(), 4); // SO_ACCEPTCONN
    assert_eq!((run(&mut ring, entry), listens), (Ok(4), 1));
    let large = 1_u32;
    let entry = sqe::set_socket_option(client_fd, 6, 1, (&raw const large).cast(), 4); // TCP_NODELAY
    assert_eq!(run(&mut ring, entry), Ok(0));

    // `std` knows how to ask for its port.
    let listener = std::net::TcpListener::from(std::os::fd::OwnedFd::from(server.try_clone().unwrap()));
    addr[2..4].copy_from_slice(&listener.local_addr().unwrap().port().to_be_bytes());
    assert_eq!(run(&mut ring, sqe::connect(client_fd, addr.as_ptr(), 16)), Ok(0));
    let (mut peer, _) = listener.accept().unwrap();
    assert_eq!(run(&mut ring, sqe::send(client_fd, b"ping".as_ptr(), 4, MsgFlags::NOSIGNAL)), Ok(4));
    assert_eq!(run(&mut ring, sqe::poll(Fd(peer.as_raw_fd()), PollEvents::IN)), Ok(1));
    assert_eq!(run(&mut ring, sqe::socket_unread(Fd(peer.as_raw_fd()))), Ok(4));
    let mut got = [0; 4];
    peer.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"ping");
}

#[test]
fn a_registered_file_becomes_a_descriptor_and_goes_to_another_ring() {
    let opcodes = [Opcode::FIXED_FD_INSTALL, Opcode::MSG_RING, Opcode::FILES_UPDATE];
    let (Some(mut ours), Some(mut theirs)) = (ring_with(&opcodes), ring_with(&opcodes)) else { return };
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"here").unwrap();
    let other = File::open("/dev/null").unwrap();
    for (ring, file) in [(&mut ours, &file), (&mut theirs, &other)] {
        // SAFETY: it is open for as long as this lasts.
        let fd = unsafe { BorrowedFd::borrow_raw(Fd(file.as_raw_fd())) };
        ring.register_files(&[fd]).unwrap();
    }
    let number = run(&mut ours, sqe::install_fixed_fd(0, InstallFlags::NONE)).unwrap();
    assert_eq!(descriptor(number).metadata().unwrap().len(), 4);

    // The other ring's slot 0 is /dev/null, until ours is sent there.
    let send = sqe::msg_ring_fd(theirs.fd(), 0, FileSlot::at(0), 9, MsgRingFlags::CQE_SKIP);
    assert_eq!(run(&mut ours, send), Ok(0));
    let mut buf = [0; 8];
    let read = sqe::read(Fd(0), buf.as_mut_ptr(), 8, 0).fixed_file();
    assert_eq!((run(&mut theirs, read), &buf[..4]), (Ok(4), b"here".as_slice()));
}
