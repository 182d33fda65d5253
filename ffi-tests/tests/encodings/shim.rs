//! The C side: `c/encodings.c`.

use std::ffi::{c_char, c_int, c_uint};

use bareio_core::abi::{ChildInfo, EpollEvent, FutexWaitv, MsgHdr, OpenHow, Statx, Timespec};
use bareio_core::{Fd, IoVec};
use bareio_ffi_tests as _; // brings the compiled C along

use super::raw::Raw;

// Safe to call: each writes to its entry only, and follows no other pointer.
unsafe extern "C" {
    pub(super) safe fn bareio_liburing() -> c_uint;
    pub(super) safe fn bareio_data(entry: &mut Raw, user_data: u64) -> c_int;
    pub(super) safe fn bareio_flags(entry: &mut Raw, flags: c_uint) -> c_int;
    pub(super) safe fn bareio_nop(entry: &mut Raw) -> c_int;
    pub(super) safe fn bareio_cancel(entry: &mut Raw, user_data: u64, flags: c_int) -> c_int;
    pub(super) safe fn bareio_cancel_fd(entry: &mut Raw, fd: c_int, flags: c_uint) -> c_int;
    pub(super) safe fn bareio_read(entry: &mut Raw, fd: c_int, buf: *const u8, len: c_uint, at: u64)
    -> c_int;
    pub(super) safe fn bareio_write(
        entry: &mut Raw,
        fd: c_int,
        buf: *const u8,
        len: c_uint,
        at: u64,
    ) -> c_int;
    pub(super) safe fn bareio_read_fixed(
        entry: &mut Raw,
        fd: c_int,
        buf: *const u8,
        len: c_uint,
        at: u64,
        index: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_write_fixed(
        entry: &mut Raw,
        fd: c_int,
        buf: *const u8,
        len: c_uint,
        at: u64,
        index: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_readv(
        entry: &mut Raw,
        fd: c_int,
        iovecs: *const IoVec,
        count: c_uint,
        at: u64,
    ) -> c_int;
    pub(super) safe fn bareio_writev(
        entry: &mut Raw,
        fd: c_int,
        iovecs: *const IoVec,
        count: c_uint,
        at: u64,
    ) -> c_int;
    pub(super) safe fn bareio_readv2(
        entry: &mut Raw,
        fd: c_int,
        iovecs: *const IoVec,
        count: c_uint,
        at: u64,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_writev2(
        entry: &mut Raw,
        fd: c_int,
        iovecs: *const IoVec,
        count: c_uint,
        at: u64,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_sync_all(entry: &mut Raw, fd: c_int) -> c_int;
    pub(super) safe fn bareio_sync_data(entry: &mut Raw, fd: c_int) -> c_int;
    pub(super) safe fn bareio_sync_range(
        entry: &mut Raw,
        fd: c_int,
        len: c_uint,
        at: u64,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_allocate(entry: &mut Raw, fd: c_int, mode: c_int, at: u64, len: u64) -> c_int;
    pub(super) safe fn bareio_advise_file(
        entry: &mut Raw,
        fd: c_int,
        at: u64,
        len: c_uint,
        advice: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_advise_memory(
        entry: &mut Raw,
        addr: *const u8,
        len: c_uint,
        advice: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_provide_buffers(
        entry: &mut Raw,
        addr: *const u8,
        len: c_int,
        count: c_int,
        group: c_int,
        first: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_remove_buffers(entry: &mut Raw, count: c_int, group: c_int) -> c_int;
    pub(super) safe fn bareio_files_update(
        entry: &mut Raw,
        fds: *const Fd,
        count: c_uint,
        first: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_open(
        entry: &mut Raw,
        dir: c_int,
        path: *const c_char,
        asked: c_uint,
        mode: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_open_direct(
        entry: &mut Raw,
        dir: c_int,
        path: *const c_char,
        asked: c_uint,
        mode: c_uint,
        index: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_open_how(
        entry: &mut Raw,
        dir: c_int,
        path: *const c_char,
        how: *const OpenHow,
    ) -> c_int;
    pub(super) safe fn bareio_open_how_direct(
        entry: &mut Raw,
        dir: c_int,
        path: *const c_char,
        how: *const OpenHow,
        index: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_close(entry: &mut Raw, fd: c_int) -> c_int;
    pub(super) safe fn bareio_close_direct(entry: &mut Raw, index: c_uint) -> c_int;
    pub(super) safe fn bareio_stat(
        entry: &mut Raw,
        dir: c_int,
        path: *const c_char,
        flags: c_int,
        mask: c_uint,
        buf: *const Statx,
    ) -> c_int;
    pub(super) safe fn bareio_rename(
        entry: &mut Raw,
        from_dir: c_int,
        from: *const c_char,
        to_dir: c_int,
        to: *const c_char,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_link(
        entry: &mut Raw,
        from_dir: c_int,
        from: *const c_char,
        to_dir: c_int,
        to: *const c_char,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_unlink(entry: &mut Raw, dir: c_int, path: *const c_char, flags: c_int)
    -> c_int;
    pub(super) safe fn bareio_make_dir(
        entry: &mut Raw,
        dir: c_int,
        path: *const c_char,
        mode: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_symlink(
        entry: &mut Raw,
        target: *const c_char,
        dir: c_int,
        path: *const c_char,
    ) -> c_int;
    pub(super) safe fn bareio_fgetxattr(
        entry: &mut Raw,
        fd: c_int,
        name: *const c_char,
        value: *const u8,
        len: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_getxattr(
        entry: &mut Raw,
        path: *const c_char,
        name: *const c_char,
        value: *const u8,
        len: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_fsetxattr(
        entry: &mut Raw,
        fd: c_int,
        name: *const c_char,
        value: *const u8,
        len: c_uint,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_setxattr(
        entry: &mut Raw,
        path: *const c_char,
        name: *const c_char,
        value: *const u8,
        len: c_uint,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_splice(
        entry: &mut Raw,
        from: c_int,
        from_at: u64,
        to: c_int,
        to_at: u64,
        len: c_uint,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_tee(
        entry: &mut Raw,
        from: c_int,
        to: c_int,
        len: c_uint,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_poll(entry: &mut Raw, fd: c_int, events: c_uint) -> c_int;
    pub(super) safe fn bareio_poll_multishot(entry: &mut Raw, fd: c_int, events: c_uint) -> c_int;
    pub(super) safe fn bareio_poll_remove(entry: &mut Raw, user_data: u64) -> c_int;
    pub(super) safe fn bareio_poll_update(
        entry: &mut Raw,
        old: u64,
        new: u64,
        events: c_uint,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_epoll_control(
        entry: &mut Raw,
        epoll: c_int,
        fd: c_int,
        what: c_int,
        event: *const EpollEvent,
    ) -> c_int;
    pub(super) safe fn bareio_timeout(
        entry: &mut Raw,
        time: *const Timespec,
        count: c_uint,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_timeout_remove(entry: &mut Raw, user_data: u64) -> c_int;
    pub(super) safe fn bareio_timeout_update(
        entry: &mut Raw,
        user_data: u64,
        time: *const Timespec,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_link_timeout_update(
        entry: &mut Raw,
        user_data: u64,
        time: *const Timespec,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_link_timeout(entry: &mut Raw, time: *const Timespec, flags: c_uint) -> c_int;
    pub(super) safe fn bareio_msg_ring(
        entry: &mut Raw,
        ring: c_int,
        result: c_uint,
        user_data: u64,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_socket(entry: &mut Raw, domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    pub(super) safe fn bareio_socket_direct(
        entry: &mut Raw,
        domain: c_int,
        kind: c_int,
        protocol: c_int,
        index: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_socket_direct_alloc(
        entry: &mut Raw,
        domain: c_int,
        kind: c_int,
        protocol: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_connect(entry: &mut Raw, fd: c_int, addr: *const u8, len: c_uint) -> c_int;
    pub(super) safe fn bareio_accept(
        entry: &mut Raw,
        fd: c_int,
        addr: *const u8,
        len: *const u32,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_accept_direct(
        entry: &mut Raw,
        fd: c_int,
        addr: *const u8,
        len: *const u32,
        flags: c_int,
        index: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_accept_multishot(
        entry: &mut Raw,
        fd: c_int,
        addr: *const u8,
        len: *const u32,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_accept_multishot_direct(
        entry: &mut Raw,
        fd: c_int,
        addr: *const u8,
        len: *const u32,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_shutdown(entry: &mut Raw, fd: c_int, how: c_int) -> c_int;
    pub(super) safe fn bareio_send(
        entry: &mut Raw,
        fd: c_int,
        buf: *const u8,
        len: c_uint,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_send_zc(
        entry: &mut Raw,
        fd: c_int,
        buf: *const u8,
        len: c_uint,
        flags: c_int,
        how: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_send_zc_fixed(
        entry: &mut Raw,
        fd: c_int,
        buf: *const u8,
        len: c_uint,
        flags: c_int,
        how: c_uint,
        index: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_send_to(
        entry: &mut Raw,
        fd: c_int,
        buf: *const u8,
        len: c_uint,
        flags: c_int,
        addr: *const u8,
        addr_len: u16,
    ) -> c_int;
    pub(super) safe fn bareio_sendmsg(entry: &mut Raw, fd: c_int, msg: *const MsgHdr, flags: c_uint)
    -> c_int;
    pub(super) safe fn bareio_sendmsg_zc(
        entry: &mut Raw,
        fd: c_int,
        msg: *const MsgHdr,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_recv(
        entry: &mut Raw,
        fd: c_int,
        buf: *const u8,
        len: c_uint,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_recv_multishot(entry: &mut Raw, fd: c_int, group: u16, flags: c_int) -> c_int;
    pub(super) safe fn bareio_recvmsg(entry: &mut Raw, fd: c_int, msg: *const MsgHdr, flags: c_uint)
    -> c_int;
    pub(super) safe fn bareio_recvmsg_multishot(
        entry: &mut Raw,
        fd: c_int,
        msg: *const MsgHdr,
        group: u16,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_read_multishot(
        entry: &mut Raw,
        fd: c_int,
        len: c_uint,
        at: u64,
        group: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_truncate(entry: &mut Raw, fd: c_int, len: u64) -> c_int;
    pub(super) safe fn bareio_advise_file_64(
        entry: &mut Raw,
        fd: c_int,
        at: u64,
        len: u64,
        advice: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_advise_memory_64(
        entry: &mut Raw,
        addr: *const u8,
        len: u64,
        advice: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_wait_id(
        entry: &mut Raw,
        kind: c_uint,
        id: c_int,
        info: *const ChildInfo,
        changes: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_futex_wait(
        entry: &mut Raw,
        word: *const u32,
        value: u64,
        mask: u64,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_futex_wake(
        entry: &mut Raw,
        word: *const u32,
        count: u64,
        mask: u64,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_futex_wait_any(
        entry: &mut Raw,
        words: *const FutexWaitv,
        count: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_install_fixed_fd(entry: &mut Raw, index: c_int, flags: c_uint) -> c_int;
    pub(super) safe fn bareio_msg_ring_cqe_flags(
        entry: &mut Raw,
        ring: c_int,
        result: c_uint,
        user_data: u64,
        flags: c_uint,
        cqe_flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_msg_ring_fd(
        entry: &mut Raw,
        ring: c_int,
        source: c_int,
        target: c_int,
        user_data: u64,
        flags: c_uint,
    ) -> c_int;
    pub(super) safe fn bareio_send_bundle(
        entry: &mut Raw,
        fd: c_int,
        len: c_uint,
        group: u16,
        flags: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_bind(entry: &mut Raw, fd: c_int, addr: *const u8, len: c_uint) -> c_int;
    pub(super) safe fn bareio_listen(entry: &mut Raw, fd: c_int, backlog: c_int) -> c_int;
    pub(super) safe fn bareio_socket_command(
        entry: &mut Raw,
        command: c_int,
        fd: c_int,
        level: c_int,
        option: c_int,
        value: *const u8,
        len: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_discard(entry: &mut Raw, fd: c_int, at: u64, len: u64) -> c_int;
    pub(super) safe fn bareio_epoll_wait(
        entry: &mut Raw,
        epoll: c_int,
        events: *const EpollEvent,
        count: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_readv_fixed(
        entry: &mut Raw,
        fd: c_int,
        iovecs: *const IoVec,
        count: c_uint,
        at: u64,
        index: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_writev_fixed(
        entry: &mut Raw,
        fd: c_int,
        iovecs: *const IoVec,
        count: c_uint,
        at: u64,
        index: c_int,
    ) -> c_int;
    pub(super) safe fn bareio_pipe(entry: &mut Raw, ends: *const [Fd; 2], flags: c_int) -> c_int;
    pub(super) safe fn bareio_pipe_direct(
        entry: &mut Raw,
        ends: *const [Fd; 2],
        flags: c_int,
        index: c_uint,
    ) -> c_int;
}
