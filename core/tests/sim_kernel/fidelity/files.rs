//! Scripts about files: registrations, transfers, names, direct calls.

use super::*;

pub(super) fn registered<W: World>(world: &W, facts: &mut Facts) {
    let mut rig = ring(world, SetupFlags::NONE);
    let fd = file(world, "fixed", RW).unwrap();
    let mut memory = vec![3_u8; 8192];
    let base = memory.as_mut_ptr();
    base.expose_provenance();
    let mut pieces = [IoVec::new(base, 4096)];
    facts.note("no buffers", rig.one(sqe::read_fixed(fd, base, 8, 0, 0)));
    facts.note(
        "none to unregister",
        rig.register(Register::UNREGISTER_BUFFERS, std::ptr::null_mut::<u8>(), 0),
    );
    facts.note("of nothing", rig.register(Register::BUFFERS, pieces.as_mut_ptr(), 0));
    facts.note("buffers", rig.register(Register::BUFFERS, pieces.as_mut_ptr(), 1));
    facts.note("again", rig.register(Register::BUFFERS, pieces.as_mut_ptr(), 1));
    facts.note("write", rig.one(sqe::write_fixed(fd, base, 4096, 0, 0)));
    facts.note("read", rig.one(sqe::read_fixed(fd, base.wrapping_add(4000), 96, 0, 0)));
    facts.note("over the end", rig.one(sqe::read_fixed(fd, base.wrapping_add(4000), 97, 0, 0)));
    facts.note("wrong index", rig.one(sqe::read_fixed(fd, base, 8, 0, 1)));
    facts.note("unregister", rig.register(Register::UNREGISTER_BUFFERS, std::ptr::null_mut::<u8>(), 0));

    facts.note("no files", rig.one(sqe::sync_all(Fd(0)).fixed_file()));
    let open = |slot| {
        let flags = linux_raw_sys::general::O_RDWR | linux_raw_sys::general::O_CREAT;
        let dir = world.dir().0;
        let path = c"slot".as_ptr().expose_provenance() as u64;
        Sqe { fd: dir, addr: path, len: 0o600, op_flags: flags, file_index: slot, ..entry(Opcode::OPENAT, 0) }
    };
    let close = |slot| Sqe { fd: 0, file_index: slot, ..entry(Opcode::CLOSE, 0) };
    facts.note("no slots", rig.one(open(1)));
    let mut fds = [fd.0, -1, -1, 9999];
    facts.note("a wrong one", rig.register(Register::FILES, fds.as_mut_ptr(), 4));
    facts.note("files", rig.register(Register::FILES, fds.as_mut_ptr(), 3));
    facts.note("again", rig.register(Register::FILES, fds.as_mut_ptr(), 3));
    facts.note("used", rig.one(sqe::sync_all(Fd(0)).fixed_file()));
    facts.note("empty", rig.one(sqe::sync_all(Fd(1)).fixed_file()));
    facts.note("out of range", rig.one(sqe::sync_all(Fd(3)).fixed_file()));
    facts.note("opened into", rig.one(open(2)));
    facts.note("used", rig.one(sqe::sync_all(Fd(1)).fixed_file()));
    facts.note("opened into any", rig.one(open(u32::MAX)));
    facts.note("none left", rig.one(open(u32::MAX)));
    facts.note("out of range", rig.one(open(4)));
    facts.note("closed", rig.one(close(2)));
    facts.note("closed twice", rig.one(close(2)));
    facts.note("closed out of range", rig.one(close(9)));
    facts.note("both", rig.one(Sqe { fd: fd.0, ..close(1) }));
    let update = |fds: &[i32; 4], count, offset| Sqe {
        addr: address(fds),
        len: count,
        offset,
        ..entry(Opcode::FILES_UPDATE, 0)
    };
    let new = [-2, fd.0, -1, 9999];
    facts.note("updated", rig.one(update(&new, 3, 0)));
    facts.note("used", rig.one(sqe::sync_all(Fd(1)).fixed_file()));
    facts.note("emptied", rig.one(sqe::sync_all(Fd(2)).fixed_file()));
    facts.note("out of range", rig.one(update(&new, 4, 0)));
    let wrong = [fd.0, 9999, -1, -1];
    facts.note("one was wrong", rig.one(update(&wrong, 2, 0)));
    facts.note("the first was wrong", rig.one(update(&[9999, 0, 0, 0], 1, 0)));
    facts.note("unregister", rig.register(Register::UNREGISTER_FILES, std::ptr::null_mut::<u8>(), 0));
    facts.note("twice", rig.register(Register::UNREGISTER_FILES, std::ptr::null_mut::<u8>(), 0));
    let mut limits = [0_u32, 0];
    facts.note("workers", rig.register(Register::IOWQ_MAX_WORKERS, limits.as_mut_ptr(), 2));
    facts.note("enable", rig.register(Register::ENABLE_RINGS, std::ptr::null_mut::<u8>(), 0));
}

pub(super) fn transfers<W: World>(world: &W, facts: &mut Facts) {
    let mut rig = ring(world, SetupFlags::NONE);
    let fd = file(world, "data", RW).unwrap();
    let read_only = file(world, "data", OpenFlags::READ).unwrap();
    let append = file(world, "data", OpenFlags::WRITE | OpenFlags::APPEND).unwrap();
    let dir = file(world, ".", OpenFlags::READ | OpenFlags::DIRECTORY).unwrap();
    let (reader, writer) = world.pipe();
    let mut bytes = [0_u8; 64];
    let to = (&raw mut bytes).cast::<u8>();
    facts.note("write", rig.one(sqe::write(fd, b"hello".as_ptr(), 5, 10)));
    facts.note("read", rig.one(sqe::read(fd, to, 64, 0)));
    facts.note("nothing", rig.one(sqe::read(fd, to, 0, 0)));
    facts.note("behind the end", rig.one(sqe::read(fd, to, 64, 1 << 40)));
    facts.note("negative", rig.one(sqe::read(fd, to, 64, 1 << 63)));
    facts.note("negative write", rig.one(sqe::write(fd, to, 64, (1 << 63) + 5)));
    facts.note("over the largest", rig.one(sqe::write(fd, to, 64, (1 << 63) - 1)));
    facts.note("not for writing", rig.one(sqe::write(read_only, to, 1, 0)));
    facts.note("not for reading", rig.one(sqe::read(append, to, 1, 0)));
    facts.note("a directory", rig.one(sqe::read(dir, to, 1, 0)));
    facts.note("appended", rig.one(sqe::write(append, b"!".as_ptr(), 1, 0)));
    facts.note("at the position", rig.one(sqe::write(fd, b"HE".as_ptr(), 2, u64::MAX)));
    facts.note("and on", rig.one(sqe::write(fd, b"LL".as_ptr(), 2, u64::MAX)));
    facts.note("all of it", (rig.one(sqe::read(fd, to, 64, 0)), &bytes[..16]));
    let pieces = [IoVec::new(to, 3), IoVec::EMPTY, IoVec::new(to.wrapping_add(8), 5)];
    facts.note("vectored", rig.one(sqe::read_vectored(fd, pieces.as_ptr(), 3, 0)));
    facts.note("no pieces", rig.one(sqe::read_vectored(fd, pieces.as_ptr(), 0, 0)));
    let many = vec![IoVec::EMPTY; 1025];
    facts.note("too many pieces", rig.one(sqe::read_vectored(fd, many.as_ptr(), 1025, 0)));
    facts.note("unknown flag", rig.one(Sqe { op_flags: 1 << 30, ..sqe::read(fd, to, 1, 0) }));
    facts.note("durable", rig.one(Sqe { op_flags: RwFlags::DATA_SYNC.0, ..sqe::write(fd, to, 1, 0) }));
    facts.note("null", rig.one(sqe::read(fd, std::ptr::null_mut(), 8, 0)));
    facts.note("pipe", rig.one(sqe::write(writer, b"abc".as_ptr(), 3, 0)));
    facts.note("pipe, offset or not", rig.one(sqe::read(reader, to, 8, 5)));
    facts.note("flush", rig.one(sqe::sync_all(fd)));
    facts.note("flush data", rig.one(sqe::sync_data(fd)));
    facts.note("flush a pipe", rig.one(sqe::sync_all(reader)));
    facts.note("flush a directory", rig.one(sqe::sync_all(dir)));
    let allocate =
        |mode, offset, len| Sqe { fd: fd.0, offset, addr: len, len: mode, ..entry(Opcode::FALLOCATE, 0) };
    facts.note("allocate", rig.one(allocate(0, 0, 8192)));
    facts.note("punch, growing", rig.one(allocate(Allocate::PUNCH_HOLE.0, 0, 8192)));
    facts.note("punch", rig.one(allocate(3, 0, 4096)));
    facts.note("allocate nothing", rig.one(allocate(0, 0, 0)));
    let truncate = |fd: Fd, len| Sqe { fd: fd.0, offset: len, ..entry(Opcode::FTRUNCATE, 0) };
    facts.note("truncate", rig.one(truncate(fd, 5)));
    facts.note("truncate read-only", rig.one(truncate(read_only, 5)));
    facts.note("truncate to less than nothing", rig.one(truncate(fd, 1 << 63)));
    facts.note("what is left", rig.one(sqe::read(fd, to, 64, 0)));
    let advise = |fd: Fd, advice| Sqe { fd: fd.0, op_flags: advice, ..entry(Opcode::FADVISE, 0) };
    facts.note("advise", rig.one(advise(fd, 1)));
    facts.note("advise nonsense", rig.one(advise(fd, 77)));
    let range = |fd: Fd, how| Sqe { fd: fd.0, op_flags: how, ..entry(Opcode::SYNC_FILE_RANGE, 0) };
    facts.note("range", rig.one(range(fd, 2)));
    facts.note("range nonsense", rig.one(range(fd, 64)));
    facts.note("range of a pipe", rig.one(range(reader, 2)));
    facts.note("injected", rig.one(Sqe { op_flags: 1, len: 77, ..sqe::nop() }));
    facts.note("close", rig.one(Sqe { fd: append.0, ..entry(Opcode::CLOSE, 0) }));
    facts.note("closed", rig.one(sqe::write(append, to, 1, 0)));
    facts.note("close what is closed", rig.one(Sqe { fd: 9999, ..entry(Opcode::CLOSE, 0) }));
    facts.note("close a ring", rig.one(Sqe { fd: rig.fd.0, ..entry(Opcode::CLOSE, 0) }));
}

pub(super) fn names<W: World>(world: &W, facts: &mut Facts) {
    let mut rig = ring(world, SetupFlags::NONE);
    let dir = world.dir().0;
    let path = |path: &'static std::ffi::CStr| path.as_ptr().expose_provenance() as u64;
    let mkdir = |at| Sqe { fd: dir, addr: path(at), len: 0o700, ..entry(Opcode::MKDIRAT, 0) };
    let unlink = |at, flags| Sqe { fd: dir, addr: path(at), op_flags: flags, ..entry(Opcode::UNLINKAT, 0) };
    let rename = |from, to, flags| Sqe {
        fd: dir,
        addr: path(from),
        offset: path(to),
        len: dir.cast_unsigned(),
        op_flags: flags,
        ..entry(Opcode::RENAMEAT, 0)
    };
    facts.note("make", rig.one(mkdir(c"d")));
    facts.note("twice", rig.one(mkdir(c"d")));
    facts.note("in nothing", rig.one(mkdir(c"x/y")));
    facts.note("empty name", rig.one(mkdir(c"")));
    let _ = file(world, "d/a", RW).unwrap();
    facts.note("in a file", rig.one(mkdir(c"d/a/b")));
    facts.note("remove", rig.one(unlink(c"d", 0)));
    facts.note("remove full", rig.one(unlink(c"d", UnlinkFlags::REMOVE_DIR.0)));
    facts.note("remove file as directory", rig.one(unlink(c"d/a", UnlinkFlags::REMOVE_DIR.0)));
    facts.note("rename", rig.one(rename(c"d/a", c"b", 0)));
    facts.note("rename nothing", rig.one(rename(c"d/a", c"c", 0)));
    facts.note("not over", rig.one(rename(c"b", c"d", RenameFlags::NOREPLACE.0)));
    facts.note("file over directory", rig.one(rename(c"b", c"d", 0)));
    facts.note("directory over file", rig.one(rename(c"d", c"b", 0)));
    facts.note("into itself", rig.one(rename(c"d", c"d/e", 0)));
    facts.note("exchange", rig.one(rename(c"b", c"d", RenameFlags::EXCHANGE.0)));
    facts.note("now a file", rig.one(unlink(c"d", 0)));
    facts.note("now a directory", rig.one(unlink(c"b", UnlinkFlags::REMOVE_DIR.0)));
    facts.note("nothing left", rig.one(unlink(c"b", 0)));
    let mut stat = bareio_core::abi::Statx::default();
    let fd = file(world, "s", RW).unwrap();
    facts.note("write", rig.one(sqe::write(fd, b"1234567".as_ptr(), 7, 0)));
    let to = (&raw mut stat).expose_provenance() as u64;
    let mask = bareio_core::abi::Statx::BASIC_STATS;
    let statx = |fd: i32, at, flags| Sqe {
        fd,
        addr: path(at),
        len: mask,
        offset: to,
        op_flags: flags,
        ..entry(Opcode::STATX, 0)
    };
    facts.note("stat", rig.one(statx(dir, c"s", 0)));
    facts.note("its size", (stat.size, stat.is_regular(), stat.mode & 0o777, stat.nlink));
    facts.note("stat by descriptor", rig.one(statx(fd.0, c"", linux_raw_sys::general::AT_EMPTY_PATH)));
    facts.note("stat of no name", rig.one(statx(fd.0, c"", 0)));
    facts.note("stat of nothing", rig.one(statx(dir, c"x", 0)));
}

pub(super) fn calls<W: World>(world: &W, facts: &mut Facts) {
    let kernel = world.kernel();
    let fd = file(world, "a", RW).unwrap();
    let mut bytes = [1_u8; 16];
    let to = (&raw mut bytes).cast::<u8>();
    // SAFETY: all descriptors here are open or are found out not to be, and `to` is 16 bytes.
    let read = |fd, len, offset| unsafe { kernel.read_at(fd, to, len, offset) };
    // SAFETY: as above.
    let write = |fd, len, offset| unsafe { kernel.write_at(fd, to, len, offset) };
    facts.note("write", write(fd, 16, 100_000));
    facts.note("read", read(fd, 16, 100_008));
    facts.note("negative", (read(fd, 1, u64::MAX), write(fd, 1, 1 << 63)));
    facts.note("not open", read(Fd(9999), 1, 0));
    facts.note("exclusive", file(world, "a", RW | OpenFlags::EXCLUSIVE));
    facts.note("not there", file(world, "b", OpenFlags::READ));
    facts.note("no directory", file(world, "a", OpenFlags::READ | OpenFlags::DIRECTORY));
    facts.note("a directory", file(world, ".", OpenFlags::WRITE));
    // SAFETY: as above.
    let seek = |offset, from| unsafe { kernel.seek(fd, offset, from) };
    facts.note("end", seek(0, Seek::End));
    facts.note("before the start", seek(u64::MAX, Seek::Start));
    facts.note("back", seek((-16_i64).cast_unsigned(), Seek::Current));
    facts.note("no data", seek(200_000, Seek::Data));
    facts.note("the last hole", seek(100_010, Seek::Hole));
    // SAFETY: as above.
    let allocate = |how, offset, len| unsafe { kernel.allocate(fd, how, offset, len) };
    facts.note("less than nothing", allocate(Allocate::NONE, 1 << 63, 1));
    facts.note("too much", allocate(Allocate::NONE, (1 << 63) - 1, 8));
    facts.note("unknown", allocate(Allocate(1 << 30), 0, 8));
    // SAFETY: as above.
    facts.note("truncate", unsafe { kernel.truncate(fd, 1 << 63) });
    let copy = file(world, "copy", RW).unwrap();
    // SAFETY: as above.
    facts.note("copy", unsafe { kernel.copy_range(fd, 100_000, copy, 0, 4096) });
    // SAFETY: as above.
    facts.note("copy onto itself", unsafe { kernel.copy_range(fd, 100_000, fd, 100_008, 8) });
    facts.note("the copy", read(copy, 16, 0));
    // SAFETY: as above.
    let vectored =
        |pieces: &[IoVec], offset, flags| unsafe { kernel.read_vectored(copy, pieces, offset, flags) };
    facts.note("at the position", vectored(&[IoVec::new(to, 5)], u64::MAX, RwFlags::NONE));
    facts.note("and on", vectored(&[IoVec::new(to, 16)], u64::MAX, RwFlags::NONE));
    facts.note("unknown flag", vectored(&[IoVec::new(to, 5)], 0, RwFlags(1 << 30)));
    facts.note("too many pieces", vectored(&vec![IoVec::EMPTY; 1025], 0, RwFlags::NONE));
    facts.note(
        "over the largest",
        vectored(&[IoVec::new(to, 1), IoVec::new(to, usize::MAX)], 0, RwFlags::NONE),
    );
    let (reader, _writer) = world.pipe();
    facts.note("a pipe has no offsets", read(reader, 1, 0));
    // SAFETY: as above.
    facts.note("nor positions", unsafe { kernel.seek(reader, 0, Seek::Start) });
    // SAFETY: as above.
    facts.note("nor a size", unsafe { kernel.truncate(reader, 0) });
    let before = kernel.now().unwrap();
    let number = bareio_core::sync::AtomicU32::new(5);
    facts.note("changed already", kernel.wait(&number, 4, None));
    kernel.wait(&number, 5, Some(Duration::from_millis(2))).unwrap();
    facts.note("time passes", kernel.now().unwrap() > before);
}
