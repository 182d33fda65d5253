//! Our numbers, under the names that C has for them.

use bareio_core::Errno;
use bareio_core::abi::{
    AcceptFlags, AdviseMemory, AtFlags, BufRingFlags, CancelFlags, CloneFlags, CommandFlags, CqeFlags,
    EnterFlags, Features, FileSlot, FilesUpdate, FutexFlags, FutexWaitv, InstallFlags, MemRegionFlags,
    MsgFlags, MsgRingFlags, Napi, NopFlags, Opcode, PollEvents, PollFlags, ProbeOp, RecvFlags, RegWaitFlags,
    RegionFlags, Register, ResolveFlags, Restriction, RsrcFlags, SendFlags, SetupFlags, SocketFlags,
    SpliceFlags, SqFlags, SqeFlags, Statx, TimeoutFlags, WaitFlags, XattrFlags,
};
use bareio_core::kernel::{
    AdviseFile, Allocate, Fd, OpenFlags, RenameFlags, RwFlags, Seek, SyncRange, UnlinkFlags,
};
use bareio_core::sqe;

type Rows = Vec<(String, u64)>;

pub(super) fn rows() -> Rows {
    let mut rows = rings();
    rows.extend(operations());
    rows.extend(registrations());
    rows.extend(files());
    rows.extend(calls());
    rows.extend((1..=Errno::MAX).filter_map(|number| {
        let name = Errno::new(number)?.name()?;
        Some((name.to_owned(), number.into()))
    }));
    rows
}

/// Every bit of a set that has a name, so that none added later is forgotten: `prefix`, then ours or what
/// `renamed` says in its place.
macro_rules! bits {
    ($rows:ident, $set:ident, $prefix:literal $(, $ours:literal = $theirs:literal)*) => {
        for bit in 0..8 * size_of::<$set>() {
            for ours in $set(1 << bit).names() {
                let theirs = match ours {
                    $($ours => $theirs.to_owned(),)*
                    _ => format!("{}{ours}", $prefix),
                };
                $rows.push((theirs, 1 << bit));
            }
        }
    };
}

fn row(name: &str, value: impl Into<u64>) -> (String, u64) {
    (name.to_owned(), value.into())
}

/// A negative number, as a conversion to `unsigned long long` makes it.
fn negative(name: &str, value: i32) -> (String, u64) {
    (name.to_owned(), i64::from(value).cast_unsigned())
}

fn rings() -> Rows {
    let mut rows = Vec::new();
    bits!(rows, SetupFlags, "IORING_SETUP_");
    bits!(rows, Features, "IORING_FEAT_");
    bits!(rows, EnterFlags, "IORING_ENTER_");
    bits!(rows, SqFlags, "IORING_SQ_");
    bits!(rows, SqeFlags, "IOSQE_");
    bits!(rows, CqeFlags, "IORING_CQE_F_");
    rows
}

fn operations() -> Rows {
    let mut rows: Rows = Opcode::ALL
        .iter()
        .map(|opcode| {
            let name = opcode.name().expect("all of them have names");
            (format!("IORING_OP_{name}"), opcode.0.into())
        })
        .collect();
    bits!(rows, CancelFlags, "IORING_ASYNC_CANCEL_");
    bits!(rows, TimeoutFlags, "IORING_TIMEOUT_", "LINK_UPDATE" = "IORING_LINK_TIMEOUT_UPDATE");
    bits!(rows, PollFlags, "IORING_POLL_");
    bits!(
        rows,
        SendFlags,
        "IORING_RECVSEND_",
        "ZC_REPORT_USAGE" = "IORING_SEND_ZC_REPORT_USAGE",
        "VECTORIZED" = "IORING_SEND_VECTORIZED"
    );
    // The bits that both directions have are rows already.
    assert_eq!(RecvFlags::POLL_FIRST.bits(), SendFlags::POLL_FIRST.bits());
    assert_eq!(RecvFlags::BUNDLE.bits(), SendFlags::BUNDLE.bits());
    rows.push(row("IORING_RECV_MULTISHOT", RecvFlags::MULTISHOT.bits()));
    bits!(rows, AcceptFlags, "IORING_ACCEPT_");
    bits!(rows, MsgRingFlags, "IORING_MSG_RING_");
    bits!(rows, InstallFlags, "IORING_FIXED_FD_");
    bits!(rows, NopFlags, "IORING_NOP_");
    bits!(rows, CommandFlags, "IORING_URING_CMD_");
    bits!(rows, SpliceFlags, "SPLICE_F_");
    rows.push(row("IORING_FSYNC_DATASYNC", sqe::sync_data(Fd(0)).op_flags));
    let file = sqe::msg_ring_fd(Fd(0), 0, FileSlot::ALLOC, 0, MsgRingFlags::NONE);
    rows.push(row("IORING_MSG_SEND_FD", file.addr));
    rows.push(row("IORING_FILE_INDEX_ALLOC", FileSlot::ALLOC.encoded()));
    rows
}

fn registrations() -> Rows {
    let mut rows: Rows = Register::ALL
        .iter()
        .map(|(name, what)| {
            let infix = if name.starts_with("UNREGISTER_") { "" } else { "REGISTER_" };
            (format!("IORING_{infix}{name}"), what.0.into())
        })
        .collect();
    bits!(rows, RsrcFlags, "IORING_RSRC_REGISTER_");
    bits!(rows, CloneFlags, "IORING_REGISTER_");
    bits!(rows, RegWaitFlags, "IORING_REG_WAIT_");
    bits!(rows, RegionFlags, "IORING_MEM_REGION_");
    bits!(rows, MemRegionFlags, "IORING_MEM_REGION_");
    bits!(rows, BufRingFlags, "IOU_PBUF_RING_");
    rows.extend([
        negative("IORING_REGISTER_FILES_SKIP", FilesUpdate::SKIP),
        row("IO_URING_OP_SUPPORTED", ProbeOp::SUPPORTED),
        row("IORING_RESTRICTION_REGISTER_OP", Restriction::REGISTER_OP),
        row("IORING_RESTRICTION_SQE_OP", Restriction::SQE_OP),
        row("IORING_RESTRICTION_SQE_FLAGS_ALLOWED", Restriction::SQE_FLAGS_ALLOWED),
        row("IORING_RESTRICTION_SQE_FLAGS_REQUIRED", Restriction::SQE_FLAGS_REQUIRED),
        row("IO_URING_NAPI_REGISTER_OP", Napi::REGISTER_OP),
        row("IO_URING_NAPI_STATIC_ADD_ID", Napi::STATIC_ADD_ID),
        row("IO_URING_NAPI_STATIC_DEL_ID", Napi::STATIC_DEL_ID),
        row("IO_URING_NAPI_TRACKING_DYNAMIC", Napi::TRACKING_DYNAMIC),
        row("IO_URING_NAPI_TRACKING_STATIC", Napi::TRACKING_STATIC),
        row("IO_URING_NAPI_TRACKING_INACTIVE", Napi::TRACKING_INACTIVE),
    ]);
    rows
}

fn files() -> Rows {
    let mut rows = Vec::new();
    bits!(rows, RwFlags, "RWF_", "HIGH_PRIORITY" = "RWF_HIPRI", "DATA_SYNC" = "RWF_DSYNC");
    bits!(rows, SyncRange, "SYNC_FILE_RANGE_");
    bits!(rows, Allocate, "FALLOC_FL_");
    bits!(rows, RenameFlags, "RENAME_");
    bits!(rows, UnlinkFlags, "AT_", "REMOVE_DIR" = "AT_REMOVEDIR");
    bits!(rows, AtFlags, "AT_");
    bits!(rows, ResolveFlags, "RESOLVE_");
    bits!(rows, XattrFlags, "XATTR_");
    rows.extend([
        row("POSIX_FADV_NORMAL", AdviseFile::Normal as u32),
        row("POSIX_FADV_RANDOM", AdviseFile::Random as u32),
        row("POSIX_FADV_SEQUENTIAL", AdviseFile::Sequential as u32),
        row("POSIX_FADV_WILLNEED", AdviseFile::WillNeed as u32),
        row("POSIX_FADV_DONTNEED", AdviseFile::DontNeed as u32),
        row("POSIX_FADV_NOREUSE", AdviseFile::NoReuse as u32),
        row("SEEK_SET", Seek::Start as u32),
        row("SEEK_CUR", Seek::Current as u32),
        row("SEEK_END", Seek::End as u32),
        row("SEEK_DATA", Seek::Data as u32),
        row("SEEK_HOLE", Seek::Hole as u32),
        row("MADV_DONTFORK", AdviseMemory::DONTFORK.bits()),
        row("MADV_HUGEPAGE", AdviseMemory::HUGEPAGE.bits()),
        row("MADV_WIPEONFORK", AdviseMemory::WIPEONFORK.bits()),
        row("MADV_POPULATE_WRITE", AdviseMemory::POPULATE_WRITE.bits()),
        row("MADV_DONTNEED", AdviseMemory::DONTNEED.bits()),
        row("MADV_COLLAPSE", AdviseMemory::COLLAPSE.bits()),
        negative("AT_FDCWD", Fd::CWD.0),
        row("STATX_BASIC_STATS", Statx::BASIC_STATS),
        row("STATX_DIOALIGN", Statx::DIOALIGN),
        row("STATX_DIO_READ_ALIGN", Statx::DIO_READ_ALIGN),
        row("STATX_WRITE_ATOMIC", Statx::WRITE_ATOMIC),
        row("UIO_MAXIOV", bareio_core::iovec::IOV_MAX as u64),
        row("O_WRONLY", OpenFlags::WRITE.linux()),
        row("O_RDWR", (OpenFlags::READ | OpenFlags::WRITE).linux()),
        row("O_CREAT", OpenFlags::CREATE.linux()),
        row("O_EXCL", OpenFlags::EXCLUSIVE.linux()),
        row("O_TRUNC", OpenFlags::TRUNCATE.linux()),
        row("O_APPEND", OpenFlags::APPEND.linux()),
        row("O_DIRECT", OpenFlags::DIRECT.linux()),
        row("O_DSYNC", OpenFlags::DATA_SYNC.linux()),
        row("O_SYNC", OpenFlags::SYNC.linux()),
        row("O_DIRECTORY", OpenFlags::DIRECTORY.linux()),
        row("O_NONBLOCK", OpenFlags::NONBLOCK.linux()),
        row("O_NOFOLLOW", OpenFlags::NOFOLLOW.linux()),
        row("O_TMPFILE", OpenFlags::TEMPORARY.linux()),
        row("O_CLOEXEC", sqe::open_at(Fd(0), std::ptr::null(), OpenFlags::READ, 0).op_flags),
    ]);
    rows
}

fn calls() -> Rows {
    let mut rows = Vec::new();
    bits!(rows, SocketFlags, "SOCK_");
    bits!(rows, MsgFlags, "MSG_");
    bits!(rows, PollEvents, "EPOLL");
    bits!(rows, FutexFlags, "FUTEX2_");
    bits!(rows, WaitFlags, "W");
    let kind = |children| sqe::wait_id(children, std::ptr::null_mut(), WaitFlags::NONE).len;
    rows.extend([
        row("SHUT_RD", sqe::Shutdown::Read as u32),
        row("SHUT_WR", sqe::Shutdown::Write as u32),
        row("SHUT_RDWR", sqe::Shutdown::Both as u32),
        row("EPOLL_CTL_ADD", sqe::EpollControl::Add as u32),
        row("EPOLL_CTL_DEL", sqe::EpollControl::Delete as u32),
        row("EPOLL_CTL_MOD", sqe::EpollControl::Modify as u32),
        row("FUTEX_WAITV_MAX", FutexWaitv::MAX),
        row("FUTEX_BITSET_MATCH_ANY", sqe::FUTEX_MATCH_ANY),
        row("P_ALL", kind(sqe::Children::All)),
        row("P_PID", kind(sqe::Children::Process(1))),
        row("P_PGID", kind(sqe::Children::Group(1))),
        row("P_PIDFD", kind(sqe::Children::PidFd(1))),
    ]);
    rows
}
