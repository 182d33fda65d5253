//! Operations that liburing 2.3 does not have, with where the kernel reads each argument.

use super::args::Args;
use super::files::advice;
use super::raw::Raw;
use super::shim;
use bareio_core::abi::{
    AdviseMemory, CancelFlags, CommandFlags, CqeFlags, FileSlot, FutexFlags, InstallFlags, MsgFlags,
    MsgRingFlags, NopFlags, Opcode, SocketFlags, Sqe, WaitFlags,
};
use bareio_core::sqe::{self, Children};

/// A constructor's name, and how it is called with arguments, by us and into the entry given by liburing.
pub(super) type Case = (&'static str, fn(&mut Args, &mut Raw) -> Made);

/// What came of one call.
pub(super) struct Made {
    pub(super) ours: Sqe,
    /// Whether liburing has it and filled its entry in.
    pub(super) known: bool,
    /// What the kernel's documentation says.
    pub(super) documented: Option<Raw>,
}

pub(super) fn made(ours: Sqe, known: i32) -> Made {
    Made { ours, known: known == 1, documented: None }
}

/// Where something is in an entry, and how many bytes it has: `linux/io_uring.h`.
type Place = (usize, usize);

const FLAGS: Place = (1, 1);
const IOPRIO: Place = (2, 2);
const FD: Place = (4, 4);
const OFF: Place = (8, 8);
const CMD_OP: Place = (8, 4);
const ADDR: Place = (16, 8);
const LEVEL: Place = (16, 4);
const OPTNAME: Place = (20, 4);
const LEN: Place = (24, 4);
const OP_FLAGS: Place = (28, 4);
const BUF: Place = (40, 2);
const FILE_INDEX: Place = (44, 4);
const ADDR3: Place = (48, 8);
const CMD: Place = (56, 8);

/// The same, for one that the kernel documents as these numbers in these places, and zero elsewhere.
fn documented(ours: Sqe, known: i32, opcode: u8, fields: &[(Place, u64)]) -> Made {
    let mut raw = Raw::ZERO;
    raw.0[0] = opcode;
    for &((at, width), value) in fields {
        let bytes = value.to_ne_bytes();
        let low = if cfg!(target_endian = "little") { &bytes[..width] } else { &bytes[8 - width..] };
        raw.0[at..at + width].copy_from_slice(low);
    }
    Made { ours, known: known == 1, documented: Some(raw) }
}

/// A descriptor, or another `int`, as 32 bits.
fn int(value: i32) -> u64 {
    value.cast_unsigned().into()
}

fn addr<T>(pointer: *const T) -> u64 {
    pointer.addr() as u64
}

pub(super) const CASES: &[Case] = &[
    ("nop_with", |a, _| {
        let (flags, result) = (a.u32(), a.fd().0);
        let fields = [(FD, int(-1)), (LEN, int(result)), (OP_FLAGS, flags.into())];
        documented(sqe::nop_with(NopFlags(flags), result), 0, 0, &fields)
    }),
    ("cancel_opcode", |a, _| {
        let (opcode, flags) = (a.below(63), a.u32());
        let fields = [(FD, int(-1)), (LEN, opcode.into()), (OP_FLAGS, u64::from(flags) | 1 << 5)];
        let what = Opcode(u8::try_from(opcode).expect("below 63"));
        documented(sqe::cancel_opcode(what, CancelFlags(flags)), 0, 14, &fields)
    }),
    ("read_multishot", |a, e| {
        let (fd, len, at, group) = (a.fd(), a.u32(), a.u64(), a.u16());
        let known = shim::bareio_read_multishot(e, fd.0, len, at, group.into());
        let fields = [(FLAGS, 1 << 5), (FD, int(fd.0)), (OFF, at), (LEN, len.into()), (BUF, group.into())];
        documented(sqe::read_multishot(fd, len, at, group), known, 49, &fields)
    }),
    ("read_vectored_fixed", |a, e| {
        let (fd, pieces, count, at, index) = (a.fd(), a.ptr(), a.u32(), a.u64(), a.u16());
        let known = shim::bareio_readv_fixed(e, fd.0, pieces, count, at, index.into());
        let fields =
            [(FD, int(fd.0)), (OFF, at), (ADDR, addr(pieces)), (LEN, count.into()), (BUF, index.into())];
        documented(sqe::read_vectored_fixed(fd, pieces, count, at, index), known, 60, &fields)
    }),
    ("write_vectored_fixed", |a, e| {
        let (fd, pieces, count, at, index) = (a.fd(), a.ptr(), a.u32(), a.u64(), a.u16());
        let known = shim::bareio_writev_fixed(e, fd.0, pieces, count, at, index.into());
        let fields =
            [(FD, int(fd.0)), (OFF, at), (ADDR, addr(pieces)), (LEN, count.into()), (BUF, index.into())];
        documented(sqe::write_vectored_fixed(fd, pieces, count, at, index), known, 61, &fields)
    }),
    ("truncate", |a, e| {
        let (fd, len) = (a.fd(), a.u64());
        let known = shim::bareio_truncate(e, fd.0, len);
        documented(sqe::truncate(fd, len), known, 55, &[(FD, int(fd.0)), (OFF, len)])
    }),
    ("advise_file_64", |a, e| {
        let (fd, at, len, advice) = (a.fd(), a.u64(), a.u64(), advice(a));
        let known = shim::bareio_advise_file_64(e, fd.0, at, len, advice as i32);
        let fields = [(FD, int(fd.0)), (OFF, at), (ADDR, len), (OP_FLAGS, advice as u64)];
        documented(sqe::advise_file_64(fd, at, len, advice), known, 24, &fields)
    }),
    ("advise_memory_64", |a, e| {
        let (at, len, advice) = (a.ptr(), a.u64(), a.index());
        let known = shim::bareio_advise_memory_64(e, at, len, advice.cast_signed());
        let fields = [(FD, int(-1)), (OFF, len), (ADDR, addr(at)), (OP_FLAGS, advice.into())];
        documented(sqe::advise_memory_64(at, len, AdviseMemory(advice)), known, 25, &fields)
    }),
    ("wait_id", |a, e| {
        let (id, info, changes) = (a.index().cast_signed(), a.ptr(), a.index());
        let (kind, children) =
            [(1, Children::Process(id)), (2, Children::Group(id)), (3, Children::PidFd(id))]
                [a.below(3) as usize];
        let known = shim::bareio_wait_id(e, kind, id, info, changes.cast_signed());
        let fields = [(FD, int(id)), (OFF, addr(info)), (LEN, kind.into()), (FILE_INDEX, changes.into())];
        documented(sqe::wait_id(children, info, WaitFlags(changes)), known, 50, &fields)
    }),
    ("futex_wait", |a, e| {
        let (word, value, mask, flags) = (a.ptr(), a.u32(), a.u32(), a.u32());
        let known = shim::bareio_futex_wait(e, word, value.into(), mask.into(), flags);
        let fields = [(FD, flags.into()), (OFF, value.into()), (ADDR, addr(word)), (ADDR3, mask.into())];
        documented(sqe::futex_wait(word, value, mask, FutexFlags(flags)), known, 51, &fields)
    }),
    ("futex_wake", |a, e| {
        let (word, count, mask, flags) = (a.ptr(), a.u32(), a.u32(), a.u32());
        let known = shim::bareio_futex_wake(e, word, count.into(), mask.into(), flags);
        let fields = [(FD, flags.into()), (OFF, count.into()), (ADDR, addr(word)), (ADDR3, mask.into())];
        documented(sqe::futex_wake(word, count, mask, FutexFlags(flags)), known, 52, &fields)
    }),
    ("futex_wait_any", |a, e| {
        let (words, count) = (a.ptr(), a.u32());
        let known = shim::bareio_futex_wait_any(e, words, count);
        let fields = [(ADDR, addr(words)), (LEN, count.into())];
        documented(sqe::futex_wait_any(words, count), known, 53, &fields)
    }),
    ("install_fixed_fd", |a, e| {
        let (index, flags) = (a.index(), a.u32());
        let known = shim::bareio_install_fixed_fd(e, index.cast_signed(), flags);
        let fields = [(FLAGS, 1), (FD, index.into()), (OP_FLAGS, flags.into())];
        documented(sqe::install_fixed_fd(index, InstallFlags(flags)), known, 54, &fields)
    }),
    ("msg_ring_cqe_flags", |a, e| {
        let (ring, result, data, flags, with) = (a.fd(), a.fd().0, a.u64(), a.u32(), a.u32());
        let known = shim::bareio_msg_ring_cqe_flags(e, ring.0, result.cast_unsigned(), data, flags, with);
        let ours = sqe::msg_ring_cqe_flags(ring, result, data, MsgRingFlags(flags), CqeFlags(with));
        let fields = [
            (FD, int(ring.0)),
            (OFF, data),
            (LEN, int(result)),
            (OP_FLAGS, u64::from(flags) | 1 << 1),
            (FILE_INDEX, with.into()),
        ];
        documented(ours, known, 40, &fields)
    }),
    ("msg_ring_fd", |a, e| {
        let (ring, source, target, data, flags) = (a.fd(), a.index(), a.index(), a.u64(), a.u32());
        let known =
            shim::bareio_msg_ring_fd(e, ring.0, source.cast_signed(), target.cast_signed(), data, flags);
        let ours = sqe::msg_ring_fd(ring, source, FileSlot::at(target), data, MsgRingFlags(flags));
        let fields = [
            (FD, int(ring.0)),
            (OFF, data),
            (ADDR, 1),
            (OP_FLAGS, flags.into()),
            (FILE_INDEX, u64::from(target) + 1),
            (ADDR3, source.into()),
        ];
        documented(ours, known, 40, &fields)
    }),
    ("send_bundle", |a, e| {
        let (fd, len, group, flags) = (a.fd(), a.u32(), a.u16(), a.u32());
        let known = shim::bareio_send_bundle(e, fd.0, len, group, flags.cast_signed());
        documented(
            sqe::send_bundle(fd, len, group, MsgFlags(flags)),
            known,
            26,
            &bundle(fd.0, len, group, flags),
        )
    }),
    ("recv_bundle", |a, _| {
        let (fd, len, group, flags) = (a.fd(), a.u32(), a.u16(), a.u32());
        documented(sqe::recv_bundle(fd, len, group, MsgFlags(flags)), 0, 27, &bundle(fd.0, len, group, flags))
    }),
    ("recv_zero_copy", |a, _| {
        let (fd, len, queue) = (a.fd(), a.u32(), a.u32());
        let fields = [(IOPRIO, 1 << 1), (FD, int(fd.0)), (LEN, len.into()), (FILE_INDEX, queue.into())];
        documented(sqe::recv_zero_copy(fd, len, queue), 0, 58, &fields)
    }),
    ("bind", |a, e| {
        let (fd, at, len) = (a.fd(), a.ptr(), a.u32());
        let known = shim::bareio_bind(e, fd.0, at, len);
        let fields = [(FD, int(fd.0)), (OFF, len.into()), (ADDR, addr(at))];
        documented(sqe::bind(fd, at, len), known, 56, &fields)
    }),
    ("listen", |a, e| {
        let (fd, backlog) = (a.fd(), a.u32());
        let known = shim::bareio_listen(e, fd.0, backlog.cast_signed());
        documented(sqe::listen(fd, backlog), known, 57, &[(FD, int(fd.0)), (LEN, backlog.into())])
    }),
    ("epoll_wait", |a, e| {
        let (epoll, events, count) = (a.fd(), a.ptr(), a.u32());
        let known = shim::bareio_epoll_wait(e, epoll.0, events, count.cast_signed());
        let fields = [(FD, int(epoll.0)), (ADDR, addr(events)), (LEN, count.into())];
        documented(sqe::epoll_wait(epoll, events, count), known, 59, &fields)
    }),
    ("pipe", |a, e| {
        let (ends, flags) = (a.ptr(), a.index());
        let known = shim::bareio_pipe(e, ends, flags.cast_signed());
        let fields = [(ADDR, addr(ends)), (OP_FLAGS, flags.into())];
        documented(sqe::pipe(ends, SocketFlags(flags)), known, 62, &fields)
    }),
    ("pipe_direct", |a, e| {
        let (ends, flags, index) = (a.ptr(), a.index(), a.index());
        let known = shim::bareio_pipe_direct(e, ends, flags.cast_signed(), index);
        let fields = [(ADDR, addr(ends)), (OP_FLAGS, flags.into()), (FILE_INDEX, u64::from(index) + 1)];
        documented(sqe::pipe_direct(ends, SocketFlags(flags), FileSlot::at(index)), known, 62, &fields)
    }),
    ("command", |a, _| {
        let (fd, command, payload, flags) = (a.fd(), a.u32(), [a.u64(), a.u64()], a.u32());
        let fields = [
            (FD, int(fd.0)),
            (CMD_OP, command.into()),
            (OP_FLAGS, flags.into()),
            (ADDR3, payload[0]),
            (CMD, payload[1]),
        ];
        documented(sqe::command(fd, command, payload, CommandFlags(flags)), 0, 46, &fields)
    }),
    ("discard", |a, e| {
        let (fd, at, len) = (a.fd(), a.u64(), a.u64());
        let known = shim::bareio_discard(e, fd.0, at, len);
        // `_IO(0x12, 0)` where it has no bit for "no data", which is so on all processors that we are tested on.
        let fields = [(FD, int(fd.0)), (CMD_OP, 0x12 << 8), (ADDR, at), (ADDR3, len)];
        documented(sqe::discard(fd, at, len), known, 46, &fields)
    }),
    ("socket_option", |a, e| {
        let (fd, level, name, value, len) = (a.fd(), a.u32(), a.u32(), a.ptr(), a.u32());
        let known = option(e, 2, fd.0, level, name, value, len);
        let fields = option_fields(2, fd.0, level, name, value, len);
        documented(sqe::socket_option(fd, level, name, value, len), known, 46, &fields)
    }),
    ("set_socket_option", |a, e| {
        let (fd, level, name, value, len) = (a.fd(), a.u32(), a.u32(), a.ptr(), a.u32());
        let known = option(e, 3, fd.0, level, name, value, len);
        let fields = option_fields(3, fd.0, level, name, value, len);
        documented(sqe::set_socket_option(fd, level, name, value, len), known, 46, &fields)
    }),
    ("socket_unread", |a, e| {
        let fd = a.fd();
        let known = option(e, 0, fd.0, 0, 0, std::ptr::null(), 0);
        documented(sqe::socket_unread(fd), known, 46, &[(FD, int(fd.0))])
    }),
    ("socket_unsent", |a, e| {
        let fd = a.fd();
        let known = option(e, 1, fd.0, 0, 0, std::ptr::null(), 0);
        documented(sqe::socket_unsent(fd), known, 46, &[(FD, int(fd.0)), (CMD_OP, 1)])
    }),
];

/// Where both directions of a bundle have their arguments.
fn bundle(fd: i32, len: u32, group: u16, flags: u32) -> [(Place, u64); 6] {
    [
        (FLAGS, 1 << 5),
        (IOPRIO, 1 << 4),
        (FD, int(fd)),
        (LEN, len.into()),
        (OP_FLAGS, flags.into()),
        (BUF, group.into()),
    ]
}

fn option(e: &mut Raw, what: i32, fd: i32, level: u32, name: u32, value: *const u8, len: u32) -> i32 {
    let (level, name, len) = (level.cast_signed(), name.cast_signed(), len.cast_signed());
    shim::bareio_socket_command(e, what, fd, level, name, value, len)
}

fn option_fields(what: u64, fd: i32, level: u32, name: u32, value: *const u8, len: u32) -> [(Place, u64); 6] {
    [
        (FD, int(fd)),
        (CMD_OP, what),
        (LEVEL, level.into()),
        (OPTNAME, name.into()),
        (FILE_INDEX, len.into()),
        (ADDR3, addr(value)),
    ]
}
