//! Our structures, under the names that C has for them.

use std::mem::offset_of;

use bareio_core::IoVec;
use bareio_core::abi::{
    Buf, BufReg, BufStatus, ChildInfo, ClockRegister, CloneBuffers, CqOffsets, Cqe, EpollEvent,
    FileIndexRange, FilesUpdate, FutexWaitv, GeteventsArg, MemRegion, MsgHdr, Napi, OpenHow, Params, Probe,
    ProbeOp, RecvMsgOut, RegWait, RegionDesc, Restriction, RsrcRegister, RsrcUpdate, RsrcUpdate2, SqOffsets,
    Sqe, Statx, StatxTimestamp, SyncCancel, Timespec,
};

type Rows = Vec<(String, u64)>;

/// One structure: its size, and each field's offset and size.
macro_rules! structure {
    ($rows:ident, $ours:ty, $theirs:literal $(, $field:ident = $their_field:literal)* $(,)?) => {
        $rows.push((format!("sizeof {}", $theirs), size_of::<$ours>() as u64));
        $($rows.push((
            format!("{}.{}", $theirs, $their_field),
            (offset_of!($ours, $field) as u64) << 16 | size_of_field(|ours: &$ours| ours.$field),
        ));)*
    };
}

fn size_of_field<T, F>(_: impl Fn(&T) -> F) -> u64 {
    size_of::<F>() as u64
}

pub(super) fn rows() -> Rows {
    let mut rows = rings();
    rows.extend(waiting());
    rows.extend(registered());
    rows.extend(asked());
    rows.extend(pointed_to());
    rows.extend(stat());
    rows.extend(union_members());
    rows
}

fn rings() -> Rows {
    let mut rows = Vec::new();
    structure!(
        rows,
        Sqe,
        "io_uring_sqe",
        opcode = "opcode",
        flags = "flags",
        ioprio = "ioprio",
        fd = "fd",
        offset = "off",
        addr = "addr",
        len = "len",
        op_flags = "rw_flags",
        user_data = "user_data",
        buf_index = "buf_index",
        personality = "personality",
        file_index = "file_index",
        addr3 = "addr3"
    );
    structure!(rows, Cqe, "io_uring_cqe", user_data = "user_data", res = "res", flags = "flags");
    structure!(
        rows,
        Params,
        "io_uring_params",
        sq_entries = "sq_entries",
        cq_entries = "cq_entries",
        flags = "flags",
        sq_thread_cpu = "sq_thread_cpu",
        sq_thread_idle = "sq_thread_idle",
        features = "features",
        wq_fd = "wq_fd",
        resv = "resv",
        sq_off = "sq_off",
        cq_off = "cq_off"
    );
    structure!(
        rows,
        SqOffsets,
        "io_sqring_offsets",
        head = "head",
        tail = "tail",
        ring_mask = "ring_mask",
        ring_entries = "ring_entries",
        flags = "flags",
        dropped = "dropped",
        array = "array",
        resv1 = "resv1",
        user_addr = "user_addr"
    );
    structure!(
        rows,
        CqOffsets,
        "io_cqring_offsets",
        head = "head",
        tail = "tail",
        ring_mask = "ring_mask",
        ring_entries = "ring_entries",
        overflow = "overflow",
        cqes = "cqes",
        flags = "flags",
        resv1 = "resv1",
        user_addr = "user_addr"
    );
    rows
}

fn waiting() -> Rows {
    let mut rows = Vec::new();
    structure!(
        rows,
        GeteventsArg,
        "io_uring_getevents_arg",
        sigmask = "sigmask",
        sigmask_len = "sigmask_sz",
        min_wait_usec = "min_wait_usec",
        timespec = "ts"
    );
    structure!(
        rows,
        RegWait,
        "io_uring_reg_wait",
        timespec = "ts",
        min_wait_usec = "min_wait_usec",
        flags = "flags",
        sigmask = "sigmask",
        sigmask_len = "sigmask_sz",
        pad = "pad",
        pad2 = "pad2"
    );
    structure!(
        rows,
        RegionDesc,
        "io_uring_region_desc",
        user_addr = "user_addr",
        size = "size",
        flags = "flags",
        id = "id",
        mmap_offset = "mmap_offset",
        resv = "__resv"
    );
    structure!(
        rows,
        MemRegion,
        "io_uring_mem_region_reg",
        region = "region_uptr",
        flags = "flags",
        resv = "__resv"
    );
    structure!(rows, Timespec, "__kernel_timespec", sec = "tv_sec", nsec = "tv_nsec");
    rows
}

fn registered() -> Rows {
    let mut rows = Vec::new();
    structure!(rows, FilesUpdate, "io_uring_files_update", offset = "offset", resv = "resv", fds = "fds");
    structure!(
        rows,
        RsrcRegister,
        "io_uring_rsrc_register",
        count = "nr",
        flags = "flags",
        resv2 = "resv2",
        data = "data",
        tags = "tags"
    );
    structure!(rows, RsrcUpdate, "io_uring_rsrc_update", offset = "offset", resv = "resv", data = "data");
    structure!(
        rows,
        RsrcUpdate2,
        "io_uring_rsrc_update2",
        offset = "offset",
        resv = "resv",
        data = "data",
        tags = "tags",
        count = "nr",
        resv2 = "resv2"
    );
    structure!(
        rows,
        FileIndexRange,
        "io_uring_file_index_range",
        offset = "off",
        count = "len",
        resv = "resv"
    );
    structure!(
        rows,
        CloneBuffers,
        "io_uring_clone_buffers",
        source_fd = "src_fd",
        flags = "flags",
        source_offset = "src_off",
        target_offset = "dst_off",
        count = "nr",
        pad = "pad"
    );
    structure!(
        rows,
        BufReg,
        "io_uring_buf_reg",
        ring_addr = "ring_addr",
        ring_entries = "ring_entries",
        group = "bgid",
        flags = "flags",
        resv = "resv"
    );
    structure!(rows, Buf, "io_uring_buf", addr = "addr", len = "len", id = "bid", resv = "resv");
    structure!(rows, BufStatus, "io_uring_buf_status", group = "buf_group", head = "head", resv = "resv");
    rows.push(("io_uring_buf_ring.tail@".into(), Buf::TAIL as u64));
    rows
}

fn asked() -> Rows {
    let mut rows = Vec::new();
    structure!(
        rows,
        SyncCancel,
        "io_uring_sync_cancel_reg",
        user_data = "addr",
        fd = "fd",
        flags = "flags",
        timeout = "timeout",
        opcode = "opcode",
        pad = "pad",
        pad2 = "pad2"
    );
    structure!(
        rows,
        Probe,
        "io_uring_probe",
        last_op = "last_op",
        ops_len = "ops_len",
        resv = "resv",
        resv2 = "resv2"
    );
    rows.push(("io_uring_probe.ops@".into(), size_of::<Probe>() as u64));
    structure!(
        rows,
        ProbeOp,
        "io_uring_probe_op",
        op = "op",
        resv = "resv",
        flags = "flags",
        resv2 = "resv2"
    );
    structure!(rows, Restriction, "io_uring_restriction", opcode = "opcode", resv = "resv", resv2 = "resv2");
    for member in ["register_op", "sqe_op", "sqe_flags"] {
        rows.push((format!("io_uring_restriction.{member}@"), offset_of!(Restriction, value) as u64));
    }
    structure!(
        rows,
        Napi,
        "io_uring_napi",
        busy_poll_to = "busy_poll_to",
        prefer_busy_poll = "prefer_busy_poll",
        opcode = "opcode",
        pad = "pad",
        op_param = "op_param",
        resv = "resv"
    );
    structure!(rows, ClockRegister, "io_uring_clock_register", clock = "clockid", resv = "__resv");
    rows
}

fn pointed_to() -> Rows {
    let mut rows = Vec::new();
    structure!(rows, OpenHow, "open_how", flags = "flags", mode = "mode", resolve = "resolve");
    structure!(rows, EpollEvent, "epoll_event", events = "events", data = "data");
    structure!(
        rows,
        FutexWaitv,
        "futex_waitv",
        value = "val",
        addr = "uaddr",
        flags = "flags",
        reserved = "__reserved"
    );
    structure!(
        rows,
        MsgHdr,
        "msghdr",
        name = "msg_name",
        name_len = "msg_namelen",
        pieces = "msg_iov",
        piece_count = "msg_iovlen",
        control = "msg_control",
        control_len = "msg_controllen",
        flags = "msg_flags"
    );
    structure!(
        rows,
        RecvMsgOut,
        "io_uring_recvmsg_out",
        name_len = "namelen",
        control_len = "controllen",
        payload_len = "payloadlen",
        flags = "flags"
    );
    // Its fields are private: seen through what it says of itself.
    rows.push(("sizeof iovec".into(), size_of::<IoVec>() as u64));
    let words = |piece: IoVec| {
        // SAFETY: `IoVec` is `repr(C)`, an address and a `usize`, without padding.
        unsafe { std::mem::transmute::<IoVec, [usize; 2]>(piece) }
    };
    let place = |number: usize| {
        let piece = words(IoVec::new(std::ptr::without_provenance_mut(7), 9));
        (piece.iter().position(|word| *word == number).expect("it is in there") as u64 * 8) << 16 | 8
    };
    rows.push(("iovec.iov_base".into(), place(7)));
    rows.push(("iovec.iov_len".into(), place(9)));

    rows.push(("sizeof siginfo_t".into(), size_of::<ChildInfo>() as u64));
    for (member, offset) in [
        ("signo", offset_of!(ChildInfo, signal)),
        ("errno", offset_of!(ChildInfo, errno)),
        ("code", offset_of!(ChildInfo, code)),
        ("pid", offset_of!(ChildInfo, pid)),
        ("uid", offset_of!(ChildInfo, uid)),
        ("status", offset_of!(ChildInfo, status)),
    ] {
        rows.push((format!("siginfo_t.si_{member}@"), offset as u64));
    }
    rows
}

fn stat() -> Rows {
    let mut rows = Vec::new();
    structure!(
        rows,
        Statx,
        "statx",
        mask = "stx_mask",
        blksize = "stx_blksize",
        attributes = "stx_attributes",
        nlink = "stx_nlink",
        uid = "stx_uid",
        gid = "stx_gid",
        mode = "stx_mode",
        ino = "stx_ino",
        size = "stx_size",
        blocks = "stx_blocks",
        attributes_mask = "stx_attributes_mask",
        atime = "stx_atime",
        btime = "stx_btime",
        ctime = "stx_ctime",
        mtime = "stx_mtime",
        rdev_major = "stx_rdev_major",
        rdev_minor = "stx_rdev_minor",
        dev_major = "stx_dev_major",
        dev_minor = "stx_dev_minor",
        mnt_id = "stx_mnt_id",
        dio_mem_align = "stx_dio_mem_align",
        dio_offset_align = "stx_dio_offset_align",
        subvol = "stx_subvol",
        atomic_write_unit_min = "stx_atomic_write_unit_min",
        atomic_write_unit_max = "stx_atomic_write_unit_max",
        atomic_write_segments_max = "stx_atomic_write_segments_max",
        dio_read_offset_align = "stx_dio_read_offset_align",
        atomic_write_unit_max_opt = "stx_atomic_write_unit_max_opt"
    );
    structure!(rows, StatxTimestamp, "statx_timestamp", sec = "tv_sec", nsec = "tv_nsec");
    rows
}

/// Where the members of the entry's unions are that the constructors put arguments into.
fn union_members() -> Rows {
    let flags = offset_of!(Sqe, op_flags);
    let offset = offset_of!(Sqe, offset);
    let addr = offset_of!(Sqe, addr);
    let index = offset_of!(Sqe, file_index);
    let addr3 = offset_of!(Sqe, addr3);
    [
        ("addr2", offset),
        ("cmd_op", offset),
        ("splice_off_in", addr),
        ("level", addr),
        ("optname", addr + 4),
        ("buf_group", offset_of!(Sqe, buf_index)),
        ("splice_fd_in", index),
        ("addr_len", index),
        ("optlen", index),
        ("zcrx_ifq_idx", index),
        ("optval", addr3),
        ("cmd", addr3),
        ("fsync_flags", flags),
        ("poll32_events", flags),
        ("sync_range_flags", flags),
        ("msg_flags", flags),
        ("timeout_flags", flags),
        ("accept_flags", flags),
        ("cancel_flags", flags),
        ("open_flags", flags),
        ("statx_flags", flags),
        ("fadvise_advice", flags),
        ("splice_flags", flags),
        ("rename_flags", flags),
        ("unlink_flags", flags),
        ("hardlink_flags", flags),
        ("xattr_flags", flags),
        ("msg_ring_flags", flags),
        ("uring_cmd_flags", flags),
        ("waitid_flags", flags),
        ("futex_flags", flags),
        ("install_fd_flags", flags),
        ("nop_flags", flags),
        ("pipe_flags", flags),
    ]
    .map(|(member, offset)| (format!("io_uring_sqe.{member}@"), offset as u64))
    .into()
}
