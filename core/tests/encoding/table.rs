//! Which argument goes where.

use super::Value::{Address, Fd, Fd2, Half, Index, Is, Long, Slot, Word, WordWith};
use super::{Place, Row};
use bareio_core::abi::{
    AdviseMemory, AtFlags, CancelFlags, CommandFlags, CqeFlags, FileSlot, FutexFlags, InstallFlags, MsgFlags,
    MsgRingFlags, NopFlags, Opcode, PollEvents, PollFlags, SocketFlags, SpliceFlags, TimeoutFlags, WaitFlags,
    XattrFlags,
};
use bareio_core::kernel::{AdviseFile, Allocate, OpenFlags, RenameFlags, SyncRange, UnlinkFlags};
use bareio_core::sqe::*;
use linux_raw_sys::general::{O_CLOEXEC, O_CREAT, O_DIRECT, O_RDWR};

const FLAGS: Place = (1, 1);
const IOPRIO: Place = (2, 2);
const FD: Place = (4, 4);
const OFF: Place = (8, 8);
const ADDR2: Place = OFF;
const CMD_OP: Place = (8, 4);
const ADDR: Place = (16, 8);
const SPLICE_OFF_IN: Place = ADDR;
const LEVEL: Place = (16, 4);
const OPTNAME: Place = (20, 4);
const LEN: Place = (24, 4);
const OP_FLAGS: Place = (28, 4);
const BUF_INDEX: Place = (40, 2);
const BUF_GROUP: Place = BUF_INDEX;
const FILE_INDEX: Place = (44, 4);
const SPLICE_FD_IN: Place = FILE_INDEX;
const OPTLEN: Place = FILE_INDEX;
const ZCRX_IFQ: Place = FILE_INDEX;
const ADDR_LEN: Place = (44, 2);
const ADDR3: Place = (48, 8);
const OPTVAL: Place = ADDR3;
const CMD_REST: Place = (56, 8);

/// −1 as a descriptor.
const NONE: super::Value = Is(0xffff_ffff);
/// A slot that the kernel picks.
const ANY: super::Value = Is(0xffff_ffff);
const FIXED_FILE: super::Value = Is(1);
const BUFFER_SELECT: super::Value = Is(1 << 5);

const READ_WRITE_CREATE_DIRECT: OpenFlags =
    OpenFlags::READ.with(OpenFlags::WRITE).with(OpenFlags::CREATE).with(OpenFlags::DIRECT);
const O_BITS: u64 = (O_RDWR | O_CREAT | O_DIRECT) as u64;
const O_BITS_CLOEXEC: u64 = O_BITS | O_CLOEXEC as u64;

#[rustfmt::skip] // one constructor, one paragraph
pub(super) const ROWS: &[Row] = &[
    ("nop", |_| nop(), 0, &[(FD, NONE)]),
    ("nop_with", |a| nop_with(NopFlags(a.words[0]), a.fds[0]), 0,
        &[(FD, NONE), (LEN, Fd), (OP_FLAGS, Word(0))]),
    ("cancel", |a| cancel(a.longs[0], CancelFlags(a.words[0])), 14,
        &[(FD, NONE), (ADDR, Long(0)), (OP_FLAGS, Word(0))]),
    ("cancel_fd", |a| cancel_fd(a.fd(), CancelFlags(a.words[0])), 14,
        &[(FD, Fd), (OP_FLAGS, WordWith(0, 1 << 1))]),
    ("cancel_opcode", |a| cancel_opcode(Opcode::PIPE, CancelFlags(a.words[0])), 14,
        &[(FD, NONE), (LEN, Is(62)), (OP_FLAGS, WordWith(0, 1 << 5))]),

    // Files.
    ("read_vectored", |a| read_vectored(a.fd(), a.ptr(0), a.words[0], a.longs[0]), 1,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Long(0))]),
    ("write_vectored", |a| write_vectored(a.fd(), a.ptr(0), a.words[0], a.longs[0]), 2,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Long(0))]),
    ("sync_all", |a| sync_all(a.fd()), 3, &[(FD, Fd)]),
    ("sync_data", |a| sync_data(a.fd()), 3, &[(FD, Fd), (OP_FLAGS, Is(1))]),
    ("read_fixed", |a| read_fixed(a.fd(), a.ptr(0), a.words[0], a.longs[0], a.halves[0]), 4,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Long(0)), (BUF_INDEX, Half(0))]),
    ("write_fixed", |a| write_fixed(a.fd(), a.ptr(0), a.words[0], a.longs[0], a.halves[0]), 5,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Long(0)), (BUF_INDEX, Half(0))]),
    ("sync_range", |a| sync_range(a.fd(), a.longs[0], a.words[0], SyncRange(a.words[1])), 8,
        &[(FD, Fd), (OFF, Long(0)), (LEN, Word(0)), (OP_FLAGS, Word(1))]),
    ("allocate", |a| allocate(a.fd(), Allocate(a.words[0]), a.longs[0], a.longs[1]), 17,
        &[(FD, Fd), (OFF, Long(0)), (ADDR, Long(1)), (LEN, Word(0))]),
    ("read", |a| read(a.fd(), a.ptr(0), a.words[0], a.longs[0]), 22,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Long(0))]),
    ("write", |a| write(a.fd(), a.ptr(0), a.words[0], a.longs[0]), 23,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Long(0))]),
    ("advise_file", |a| advise_file(a.fd(), a.longs[0], a.words[0], AdviseFile::DontNeed), 24,
        &[(FD, Fd), (OFF, Long(0)), (LEN, Word(0)), (OP_FLAGS, Is(4))]),
    ("advise_file_64", |a| advise_file_64(a.fd(), a.longs[0], a.longs[1], AdviseFile::WillNeed), 24,
        &[(FD, Fd), (OFF, Long(0)), (ADDR, Long(1)), (OP_FLAGS, Is(3))]),
    ("read_multishot", |a| read_multishot(a.fd(), a.words[0], a.longs[0], a.halves[0]), 49,
        &[(FLAGS, BUFFER_SELECT), (FD, Fd), (LEN, Word(0)), (OFF, Long(0)), (BUF_GROUP, Half(0))]),
    ("truncate", |a| truncate(a.fd(), a.longs[0]), 55, &[(FD, Fd), (OFF, Long(0))]),
    ("read_vectored_fixed",
        |a| read_vectored_fixed(a.fd(), a.ptr(0), a.words[0], a.longs[0], a.halves[0]), 60,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Long(0)), (BUF_INDEX, Half(0))]),
    ("write_vectored_fixed",
        |a| write_vectored_fixed(a.fd(), a.ptr(0), a.words[0], a.longs[0], a.halves[0]), 61,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Long(0)), (BUF_INDEX, Half(0))]),

    // Names.
    ("open_at", |a| open_at(a.fd(), a.ptr(0), READ_WRITE_CREATE_DIRECT, a.words[0]), 18,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OP_FLAGS, Is(O_BITS_CLOEXEC))]),
    ("open_at_direct",
        |a| open_at_direct(a.fd(), a.ptr(0), READ_WRITE_CREATE_DIRECT, a.words[0], FileSlot::at(a.index)), 18,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OP_FLAGS, Is(O_BITS)), (FILE_INDEX, Slot)]),
    ("close", |a| close(a.fd()), 19, &[(FD, Fd)]),
    ("close_direct", |a| close_direct(FileSlot::at(a.index)), 19, &[(FILE_INDEX, Slot)]),
    ("stat", |a| stat(a.fd(), a.ptr(0), AtFlags(a.words[0]), a.words[1], a.ptr(1)), 21,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(1)), (ADDR2, Address(1)), (OP_FLAGS, Word(0))]),
    ("open_at_how", |a| open_at_how(a.fd(), a.ptr(0), a.ptr(1)), 28,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Is(24)), (ADDR2, Address(1))]),
    ("open_at_how_direct", |a| open_at_how_direct(a.fd(), a.ptr(0), a.ptr(1), FileSlot::ALLOC), 28,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Is(24)), (ADDR2, Address(1)), (FILE_INDEX, ANY)]),
    ("rename_at", |a| rename_at(a.fd(), a.ptr(0), a.fd2(), a.ptr(1), RenameFlags(a.words[0])), 35,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Fd2), (ADDR2, Address(1)), (OP_FLAGS, Word(0))]),
    ("unlink_at", |a| unlink_at(a.fd(), a.ptr(0), UnlinkFlags(a.words[0])), 36,
        &[(FD, Fd), (ADDR, Address(0)), (OP_FLAGS, Word(0))]),
    ("make_dir_at", |a| make_dir_at(a.fd(), a.ptr(0), a.words[0]), 37,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0))]),
    ("symlink_at", |a| symlink_at(a.ptr(0), a.fd(), a.ptr(1)), 38,
        &[(FD, Fd), (ADDR, Address(0)), (ADDR2, Address(1))]),
    ("link_at", |a| link_at(a.fd(), a.ptr(0), a.fd2(), a.ptr(1), AtFlags(a.words[0])), 39,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Fd2), (ADDR2, Address(1)), (OP_FLAGS, Word(0))]),
    ("set_xattr", |a| set_xattr(a.fd(), a.ptr(0), a.ptr(1), a.words[0], XattrFlags(a.words[1])), 41,
        &[(FD, Fd), (ADDR, Address(0)), (ADDR2, Address(1)), (LEN, Word(0)), (OP_FLAGS, Word(1))]),
    ("set_xattr_of_path",
        |a| set_xattr_of_path(a.ptr(2), a.ptr(0), a.ptr(1), a.words[0], XattrFlags(a.words[1])), 42,
        &[(ADDR, Address(0)), (ADDR2, Address(1)), (ADDR3, Address(2)), (LEN, Word(0)), (OP_FLAGS, Word(1))]),
    ("xattr", |a| xattr(a.fd(), a.ptr(0), a.ptr(1), a.words[0]), 43,
        &[(FD, Fd), (ADDR, Address(0)), (ADDR2, Address(1)), (LEN, Word(0))]),
    ("xattr_of_path", |a| xattr_of_path(a.ptr(2), a.ptr(0), a.ptr(1), a.words[0]), 44,
        &[(ADDR, Address(0)), (ADDR2, Address(1)), (ADDR3, Address(2)), (LEN, Word(0))]),

    // Readiness and time.
    ("poll", |a| poll(a.fd(), PollEvents::OUT), 6, &[(FD, Fd), ((28, 2), Is(4))]),
    ("poll_multishot", |a| poll_multishot(a.fd(), PollEvents::EXCLUSIVE), 6,
        &[(FD, Fd), (LEN, Is(1)), ((30, 2), Is(1 << 12))]),
    ("poll_remove", |a| poll_remove(a.longs[0]), 7, &[(FD, NONE), (ADDR, Long(0))]),
    ("poll_update", |a| poll_update(a.longs[0], a.longs[1], PollEvents::IN, PollFlags(a.words[0])), 7,
        &[(FD, NONE), (ADDR, Long(0)), (OFF, Long(1)), (LEN, Word(0)), ((28, 2), Is(1))]),
    ("timeout", |a| timeout(a.ptr(0), a.words[0], TimeoutFlags(a.words[1])), 11,
        &[(FD, NONE), (ADDR, Address(0)), (LEN, Is(1)), (OFF, Word(0)), (OP_FLAGS, Word(1))]),
    ("timeout_remove", |a| timeout_remove(a.longs[0]), 12, &[(FD, NONE), (ADDR, Long(0))]),
    ("timeout_update", |a| timeout_update(a.longs[0], a.ptr(0), TimeoutFlags(a.words[0])), 12,
        &[(FD, NONE), (ADDR, Long(0)), (ADDR2, Address(0)), (OP_FLAGS, WordWith(0, 1 << 1))]),
    ("link_timeout_update", |a| link_timeout_update(a.longs[0], a.ptr(0), TimeoutFlags(a.words[0])), 12,
        &[(FD, NONE), (ADDR, Long(0)), (ADDR2, Address(0)), (OP_FLAGS, WordWith(0, 1 << 1 | 1 << 4))]),
    ("link_timeout", |a| link_timeout(a.ptr(0), TimeoutFlags(a.words[0])), 15,
        &[(FD, NONE), (ADDR, Address(0)), (LEN, Is(1)), (OP_FLAGS, Word(0))]),
    ("epoll_control", |a| epoll_control(a.fd(), EpollControl::Modify, a.fd2(), a.ptr(0)), 29,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Is(3)), (OFF, Fd2)]),
    ("epoll_wait", |a| epoll_wait(a.fd(), a.ptr(0), a.words[0]), 59,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0))]),
    ("wait_id", |a| wait_id(Children::Group(a.fds[0]), a.ptr(0), WaitFlags(a.words[0])), 50,
        &[(FD, Fd), (LEN, Is(2)), (ADDR2, Address(0)), (FILE_INDEX, Word(0))]),
    ("futex_wait", |a| futex_wait(a.ptr(0), a.words[0], a.words[1], FutexFlags(a.words[2])), 51,
        &[(FD, Word(2)), (ADDR, Address(0)), (ADDR2, Word(0)), (ADDR3, Word(1))]),
    ("futex_wake", |a| futex_wake(a.ptr(0), a.words[0], a.words[1], FutexFlags(a.words[2])), 52,
        &[(FD, Word(2)), (ADDR, Address(0)), (ADDR2, Word(0)), (ADDR3, Word(1))]),
    ("futex_wait_any", |a| futex_wait_any(a.ptr(0), a.words[0]), 53,
        &[(ADDR, Address(0)), (LEN, Word(0))]),

    // Sockets.
    ("send_message", |a| send_message(a.fd(), a.ptr(0), MsgFlags(a.words[0])), 9,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Is(1)), (OP_FLAGS, Word(0))]),
    ("recv_message", |a| recv_message(a.fd(), a.ptr(0), MsgFlags(a.words[0])), 10,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Is(1)), (OP_FLAGS, Word(0))]),
    ("recv_message_multishot",
        |a| recv_message_multishot(a.fd(), a.ptr(0), a.halves[0], MsgFlags(a.words[0])), 10,
        &[(FLAGS, BUFFER_SELECT), (IOPRIO, Is(2)), (FD, Fd), (ADDR, Address(0)), (LEN, Is(1)),
          (OP_FLAGS, Word(0)), (BUF_GROUP, Half(0))]),
    ("accept", |a| accept(a.fd(), a.ptr(0), a.ptr(1), SocketFlags(a.words[0])), 13,
        &[(FD, Fd), (ADDR, Address(0)), (ADDR2, Address(1)), (OP_FLAGS, Word(0))]),
    ("accept_direct",
        |a| accept_direct(a.fd(), a.ptr(0), a.ptr(1), SocketFlags(a.words[0]), FileSlot::at(a.index)), 13,
        &[(FD, Fd), (ADDR, Address(0)), (ADDR2, Address(1)), (OP_FLAGS, Word(0)), (FILE_INDEX, Slot)]),
    ("accept_multishot", |a| accept_multishot(a.fd(), a.ptr(0), a.ptr(1), SocketFlags(a.words[0])), 13,
        &[(IOPRIO, Is(1)), (FD, Fd), (ADDR, Address(0)), (ADDR2, Address(1)), (OP_FLAGS, Word(0))]),
    ("accept_multishot_direct",
        |a| accept_multishot_direct(a.fd(), a.ptr(0), a.ptr(1), SocketFlags(a.words[0])), 13,
        &[(IOPRIO, Is(1)), (FD, Fd), (ADDR, Address(0)), (ADDR2, Address(1)), (OP_FLAGS, Word(0)),
          (FILE_INDEX, ANY)]),
    ("connect", |a| connect(a.fd(), a.ptr(0), a.words[0]), 16,
        &[(FD, Fd), (ADDR, Address(0)), (OFF, Word(0))]),
    ("send", |a| send(a.fd(), a.ptr(0), a.words[0], MsgFlags(a.words[1])), 26,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OP_FLAGS, Word(1))]),
    ("send with destination",
        |a| send(a.fd(), a.ptr(0), a.words[0], MsgFlags(a.words[1])).destination(a.ptr(1), a.halves[0]), 26,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OP_FLAGS, Word(1)), (ADDR2, Address(1)),
          (ADDR_LEN, Half(0))]),
    ("send_bundle", |a| send_bundle(a.fd(), a.words[0], a.halves[0], MsgFlags(a.words[1])), 26,
        &[(FLAGS, BUFFER_SELECT), (IOPRIO, Is(16)), (FD, Fd), (LEN, Word(0)), (OP_FLAGS, Word(1)),
          (BUF_GROUP, Half(0))]),
    ("recv", |a| recv(a.fd(), a.ptr(0), a.words[0], MsgFlags(a.words[1])), 27,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OP_FLAGS, Word(1))]),
    ("recv_multishot", |a| recv_multishot(a.fd(), a.halves[0], MsgFlags(a.words[1])), 27,
        &[(FLAGS, BUFFER_SELECT), (IOPRIO, Is(2)), (FD, Fd), (OP_FLAGS, Word(1)), (BUF_GROUP, Half(0))]),
    ("recv_bundle", |a| recv_bundle(a.fd(), a.words[0], a.halves[0], MsgFlags(a.words[1])), 27,
        &[(FLAGS, BUFFER_SELECT), (IOPRIO, Is(16)), (FD, Fd), (LEN, Word(0)), (OP_FLAGS, Word(1)),
          (BUF_GROUP, Half(0))]),
    ("shutdown", |a| shutdown(a.fd(), Shutdown::Both), 34, &[(FD, Fd), (LEN, Is(2))]),
    ("socket", |a| socket(a.fds[0], a.words[0], a.words[1], SocketFlags::NONE), 45,
        &[(FD, Fd), (OFF, Word(0)), (LEN, Word(1))]),
    ("socket_direct",
        |a| socket_direct(a.fds[0], a.words[0], a.words[1], SocketFlags::NONE, FileSlot::at(a.index)), 45,
        &[(FD, Fd), (OFF, Word(0)), (LEN, Word(1)), (FILE_INDEX, Slot)]),
    ("send_zero_copy", |a| send_zero_copy(a.fd(), a.ptr(0), a.words[0], MsgFlags(a.words[1])), 47,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OP_FLAGS, Word(1))]),
    ("send_zero_copy_fixed",
        |a| send_zero_copy_fixed(a.fd(), a.ptr(0), a.words[0], MsgFlags(a.words[1]), a.halves[0]), 47,
        &[(IOPRIO, Is(4)), (FD, Fd), (ADDR, Address(0)), (LEN, Word(0)), (OP_FLAGS, Word(1)),
          (BUF_INDEX, Half(0))]),
    ("send_message_zero_copy", |a| send_message_zero_copy(a.fd(), a.ptr(0), MsgFlags(a.words[0])), 48,
        &[(FD, Fd), (ADDR, Address(0)), (LEN, Is(1)), (OP_FLAGS, Word(0))]),
    ("bind", |a| bind(a.fd(), a.ptr(0), a.words[0]), 56, &[(FD, Fd), (ADDR, Address(0)), (OFF, Word(0))]),
    ("listen", |a| listen(a.fd(), a.words[0]), 57, &[(FD, Fd), (LEN, Word(0))]),
    ("recv_zero_copy", |a| recv_zero_copy(a.fd(), a.words[0], a.words[1]), 58,
        &[(IOPRIO, Is(2)), (FD, Fd), (LEN, Word(0)), (ZCRX_IFQ, Word(1))]),

    // Registered files, provided buffers, memory.
    ("update_files", |a| update_files(a.ptr(0), a.words[0], a.words[1]), 20,
        &[(FD, NONE), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Word(1))]),
    ("install_files", |a| install_files(a.ptr(0), a.words[0]), 20,
        &[(FD, NONE), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Is(u64::MAX))]),
    ("advise_memory", |a| advise_memory(a.ptr(0), a.words[0], AdviseMemory(a.words[1])), 25,
        &[(FD, NONE), (ADDR, Address(0)), (LEN, Word(0)), (OP_FLAGS, Word(1))]),
    ("advise_memory_64", |a| advise_memory_64(a.ptr(0), a.longs[0], AdviseMemory(a.words[1])), 25,
        &[(FD, NONE), (ADDR, Address(0)), (OFF, Long(0)), (OP_FLAGS, Word(1))]),
    ("provide_buffers",
        |a| provide_buffers(a.ptr(0), a.words[0], a.halves[0], a.halves[1], a.halves[2]), 31,
        &[(FD, Half(0)), (ADDR, Address(0)), (LEN, Word(0)), (OFF, Half(2)), (BUF_GROUP, Half(1))]),
    ("remove_buffers", |a| remove_buffers(a.halves[0], a.halves[1]), 32,
        &[(FD, Half(0)), (BUF_GROUP, Half(1))]),
    ("install_fixed_fd", |a| install_fixed_fd(a.index, InstallFlags(a.words[0])), 54,
        &[(FLAGS, FIXED_FILE), (FD, Index), (OP_FLAGS, Word(0))]),

    // Pipes.
    ("splice",
        |a| splice(a.fd(), a.longs[0], a.fd2(), a.longs[1], a.words[0], SpliceFlags(a.words[1])), 30,
        &[(SPLICE_FD_IN, Fd), (SPLICE_OFF_IN, Long(0)), (FD, Fd2), (OFF, Long(1)), (LEN, Word(0)),
          (OP_FLAGS, Word(1))]),
    ("tee", |a| tee(a.fd(), a.fd2(), a.words[0], SpliceFlags(a.words[1])), 33,
        &[(SPLICE_FD_IN, Fd), (FD, Fd2), (LEN, Word(0)), (OP_FLAGS, Word(1))]),
    ("pipe", |a| pipe(a.ptr(0), SocketFlags(a.words[0])), 62, &[(ADDR, Address(0)), (OP_FLAGS, Word(0))]),
    ("pipe_direct", |a| pipe_direct(a.ptr(0), SocketFlags(a.words[0]), FileSlot::at(a.index)), 62,
        &[(ADDR, Address(0)), (OP_FLAGS, Word(0)), (FILE_INDEX, Slot)]),

    // Messages and commands.
    ("msg_ring", |a| msg_ring(a.fd(), a.fds[1], a.longs[0], MsgRingFlags(a.words[0])), 40,
        &[(FD, Fd), (LEN, Fd2), (OFF, Long(0)), (OP_FLAGS, Word(0))]),
    ("msg_ring_cqe_flags",
        |a| msg_ring_cqe_flags(a.fd(), a.fds[1], a.longs[0], MsgRingFlags(a.words[0]), CqeFlags(a.words[1])), 40,
        &[(FD, Fd), (LEN, Fd2), (OFF, Long(0)), (OP_FLAGS, WordWith(0, 1 << 1)), (FILE_INDEX, Word(1))]),
    ("msg_ring_fd",
        |a| msg_ring_fd(a.fd(), a.words[1], FileSlot::at(a.index), a.longs[0], MsgRingFlags(a.words[0])), 40,
        &[(FD, Fd), (ADDR, Is(1)), (OFF, Long(0)), (OP_FLAGS, Word(0)), (FILE_INDEX, Slot),
          (ADDR3, Word(1))]),
    ("command", |a| command(a.fd(), a.words[0], a.longs, CommandFlags(a.words[1])), 46,
        &[(FD, Fd), (CMD_OP, Word(0)), (OP_FLAGS, Word(1)), (ADDR3, Long(0)), (CMD_REST, Long(1))]),
    ("discard", |a| discard(a.fd(), a.longs[0], a.longs[1]), 46,
        &[(FD, Fd), (CMD_OP, Is(0x1200)), (ADDR, Long(0)), (ADDR3, Long(1))]),
    ("socket_option", |a| socket_option(a.fd(), a.words[0], a.words[1], a.ptr(0), a.words[2]), 46,
        &[(FD, Fd), (CMD_OP, Is(2)), (LEVEL, Word(0)), (OPTNAME, Word(1)), (OPTVAL, Address(0)),
          (OPTLEN, Word(2))]),
    ("set_socket_option", |a| set_socket_option(a.fd(), a.words[0], a.words[1], a.ptr(0), a.words[2]), 46,
        &[(FD, Fd), (CMD_OP, Is(3)), (LEVEL, Word(0)), (OPTNAME, Word(1)), (OPTVAL, Address(0)),
          (OPTLEN, Word(2))]),
    ("socket_unread", |a| socket_unread(a.fd()), 46, &[(FD, Fd)]),
    ("socket_unsent", |a| socket_unsent(a.fd()), 46, &[(FD, Fd), (CMD_OP, Is(1))]),
];
