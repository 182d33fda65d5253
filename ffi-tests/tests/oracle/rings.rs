//! Rings of liburing beside ours: they post into each other, share workers and files, and see the same bytes.

use bareio_core::abi::{AdviseMemory, Cqe, FileSlot, MsgRingFlags, Params, SqeFlags};
use bareio_core::ring::{Builder, Consumer, Layout, Sqpoll};
use bareio_core::{BorrowedFd, Errno, Fd, Kernel, Linux, sqe};

use crate::files::{fd, file};
use crate::libc::Theirs;
use crate::ring;

/// Theirs, where this host has rings at all.
fn theirs(flags: u32, other: Option<Fd>) -> Option<Theirs> {
    ring()?; // skips, and says why
    Some(Theirs::new(flags, other).expect("where there are rings, liburing makes one too"))
}

#[test]
fn a_message_of_ours_arrives_in_a_ring_of_theirs() {
    let (Some(mut ours), Some(mut theirs)) = (ring(), theirs(0, None)) else { return };
    for (result, user_data) in [(0, 1), (77, u64::MAX - 1), (i32::MAX, 1 << 63 | 5), (-5, 9)] {
        let message = sqe::msg_ring(theirs.fd(), result, user_data, MsgRingFlags::NONE);
        // SAFETY: it points to nothing, and the ring that it posts into is none of this crate.
        unsafe { ours.push(message) }.unwrap();
        ours.submit_and_wait(1).unwrap();
        match ours.pop().unwrap().result() {
            Err(Errno::INVAL) => return bareio_ffi_tests::skip("a kernel without MSG_RING (5.18)"),
            result => assert_eq!(result, Ok(0)),
        }
        assert_eq!(theirs.wait(), Ok((user_data, result, 0)));
    }
}

/// The completion queue of a ring that is set up by hand: a [`Ring`](bareio_core::ring::Ring) counts its completions,
/// and is not to be posted into.
struct ByHand {
    fd: Fd,
    maps: [(core::ptr::NonNull<u8>, usize); 1],
    completions: Consumer<Cqe>,
}

impl ByHand {
    fn new() -> Self {
        let mut params = Params::default();
        let fd = Linux.io_uring_setup(4, &mut params).unwrap();
        let len = (params.cq_off.cqes + params.cq_entries * 16) as usize;
        // SAFETY: a ring, whose completion queue is so long.
        let base = unsafe { Linux.map_ring(fd, 0x800_0000, len) }.unwrap();
        // SAFETY: a mapping of ours.
        unsafe { Linux.advise(base, len, AdviseMemory::DONTFORK) }.unwrap();
        // SAFETY: within the mapping, where the kernel says.
        let at = |offset: u32| unsafe { base.add(offset as usize) };
        let layout = Layout {
            head: at(params.cq_off.head).cast(),
            tail: at(params.cq_off.tail).cast(),
            slots: at(params.cq_off.cqes).cast(),
            mask: params.cq_entries - 1,
        };
        // SAFETY: mapped until we are dropped, and the only consumer.
        Self { fd, maps: [(base, len)], completions: unsafe { Consumer::new(layout) } }
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        for (at, len) in self.maps {
            // SAFETY: ours; the consumer is used by nobody any more.
            unsafe { Linux.unmap(at, len) }.unwrap();
        }
        // SAFETY: ours, and used by nobody any more.
        unsafe { Linux.close(self.fd) }.unwrap();
    }
}

#[test]
fn a_message_of_theirs_arrives_in_a_ring_of_ours() {
    let Some(mut theirs) = theirs(0, None) else { return };
    let mut ours = ByHand::new();
    for (result, user_data) in [(0, 1), (77, u64::MAX - 1), (u32::MAX >> 1, 1 << 63 | 5)] {
        match theirs.post(ours.fd, result, user_data) {
            Err(Errno::INVAL) => return bareio_ffi_tests::skip("a kernel without MSG_RING (5.18)"),
            posted => assert_eq!(posted, Ok(0)),
        }
        ours.completions.refresh();
        let cqe = ours.completions.pop().expect("posted just now");
        assert_eq!((cqe.user_data, cqe.result()), (user_data, Ok(result)));
    }
}

#[test]
fn a_file_of_ours_is_read_from_a_slot_of_theirs() {
    let (Some(mut ours), Some(mut theirs)) = (ring(), theirs(0, None)) else { return };
    let file = file();
    std::os::unix::fs::FileExt::write_all_at(&file, b"passed on", 0).unwrap();
    // SAFETY: open for as long as it is borrowed.
    ours.register_files(&[unsafe { BorrowedFd::borrow_raw(fd(&file)) }]).unwrap();
    if let Err(errno) = theirs.make_slots(4) {
        return bareio_ffi_tests::skip(&format!("a kernel without empty slots (5.19): {errno}"));
    }
    let message = sqe::msg_ring_fd(theirs.fd(), 0, FileSlot::at(2), 42, MsgRingFlags::NONE);
    // SAFETY: it points to nothing, and the ring that it posts into is none of this crate.
    unsafe { ours.push(message) }.unwrap();
    ours.submit_and_wait(1).unwrap();
    match ours.pop().unwrap().result() {
        Err(Errno::INVAL) => return bareio_ffi_tests::skip("a kernel that passes no files on (6.0)"),
        result => assert_eq!(result, Ok(0)),
    }
    assert_eq!(theirs.wait(), Ok((42, 0, 0)));
    drop((file, ours)); // their slot keeps it open
    let mut back = [0; 9];
    assert_eq!(theirs.read_slot(2, &mut back), Ok(9));
    assert_eq!(&back, b"passed on");
}

#[test]
fn a_ring_of_ours_shares_the_workers_of_theirs() {
    let Some(mut theirs) = theirs(0, None) else { return };
    // SAFETY: open until the ring is made.
    let builder = unsafe { Builder::new(4).attach_workers(theirs.fd()) };
    let mut ours = builder.build(Linux).expect("5.6 attaches");
    let file = file();
    assert_eq!(theirs.write(fd(&file), b"by their worker", 0, true), Ok(15));
    let mut back = [0_u8; 15];
    let read = sqe::read(fd(&file), back.as_mut_ptr(), 15, 0).flags(SqeFlags::ASYNC);
    // SAFETY: the memory is ours until it is waited for, and the file stays open.
    unsafe { ours.push(read) }.unwrap();
    ours.submit_and_wait(1).unwrap();
    assert_eq!(ours.pop().unwrap().result(), Ok(15));
    assert_eq!(&back, b"by their worker");
}

#[test]
fn a_ring_of_theirs_shares_the_workers_of_ours() {
    let Some(mut ours) = ring() else { return };
    let mut theirs = Theirs::new(0, Some(ours.fd())).expect("5.6 attaches");
    let file = file();
    let bytes = b"by our worker";
    let write = sqe::write(fd(&file), bytes.as_ptr(), 13, 0).flags(SqeFlags::ASYNC);
    // SAFETY: the bytes are there for ever, and the file stays open until it is waited for.
    unsafe { ours.push(write) }.unwrap();
    ours.submit_and_wait(1).unwrap();
    assert_eq!(ours.pop().unwrap().result(), Ok(13));
    let mut back = [0; 13];
    assert_eq!(theirs.read(fd(&file), &mut back, 0, true), Ok(13));
    assert_eq!(&back, bytes);
}

#[test]
fn a_polling_thread_of_theirs_serves_a_ring_of_ours() {
    const SQPOLL: u32 = 1 << 1;
    let Some(mut theirs) = theirs(SQPOLL, None) else { return };
    let idle = core::time::Duration::from_millis(50);
    // SAFETY: open until the ring is made.
    let builder = unsafe { Builder::new(4).sqpoll(Sqpoll { idle, cpu: None }).attach_workers(theirs.fd()) };
    let mut ours = builder.build(Linux).expect("5.6 attaches");
    let file = file();
    assert_eq!(theirs.write(fd(&file), b"polled", 0, false), Ok(6));
    let mut back = [0_u8; 6];
    // SAFETY: the memory is ours until it is waited for, and the file stays open.
    unsafe { ours.push(sqe::read(fd(&file), back.as_mut_ptr(), 6, 0)) }.unwrap();
    ours.submit_and_wait(1).unwrap();
    assert_eq!(ours.pop().unwrap().result(), Ok(6));
    assert_eq!(&back, b"polled");
}

#[test]
fn what_one_ring_writes_the_other_reads() {
    let (Some(mut ours), Some(mut theirs)) = (ring(), theirs(0, None)) else { return };
    let file = file();
    for round in 0..32_u8 {
        let (bytes, at) = (vec![round; 3000 + usize::from(round)], u64::from(round) * 5000);
        let len = u32::try_from(bytes.len()).expect("short");
        let mut back = vec![0; bytes.len()];
        let (written, read) = if round % 2 == 0 {
            // SAFETY: the bytes are ours until it is waited for, and the file stays open.
            unsafe { ours.push(sqe::write(fd(&file), bytes.as_ptr(), len, at)) }.unwrap();
            ours.submit_and_wait(1).unwrap();
            let written = ours.pop().unwrap().result().map(u64::from);
            (written, theirs.read(fd(&file), &mut back, at, false))
        } else {
            let written = theirs.write(fd(&file), &bytes, at, false);
            // SAFETY: as above.
            unsafe { ours.push(sqe::read(fd(&file), back.as_mut_ptr(), len, at)) }.unwrap();
            ours.submit_and_wait(1).unwrap();
            (written, ours.pop().unwrap().result().map(u64::from))
        };
        assert_eq!((written, read), (Ok(u64::from(len)), Ok(u64::from(len))));
        assert!(bytes == back, "round {round}");
    }
}
