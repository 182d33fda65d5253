//! Operations on files and names.

use super::args::Args;
use super::newer::{Case, made};
use super::shim;
use bareio_core::abi::{AdviseMemory, AtFlags, FileSlot, XattrFlags};
use bareio_core::kernel::{AdviseFile, Allocate, OpenFlags, RenameFlags, RwFlags, SyncRange, UnlinkFlags};
use bareio_core::sqe;

pub(super) const CASES: &[Case] = &[
    ("read", |a, e| {
        let (fd, buf, len, at) = (a.fd(), a.ptr(), a.u32(), a.u64());
        made(sqe::read(fd, buf, len, at), shim::bareio_read(e, fd.0, buf, len, at))
    }),
    ("write", |a, e| {
        let (fd, buf, len, at) = (a.fd(), a.ptr(), a.u32(), a.u64());
        made(sqe::write(fd, buf, len, at), shim::bareio_write(e, fd.0, buf, len, at))
    }),
    ("read_fixed", |a, e| {
        let (fd, buf, len, at, index) = (a.fd(), a.ptr(), a.u32(), a.u64(), a.u16());
        let known = shim::bareio_read_fixed(e, fd.0, buf, len, at, index.into());
        made(sqe::read_fixed(fd, buf, len, at, index), known)
    }),
    ("write_fixed", |a, e| {
        let (fd, buf, len, at, index) = (a.fd(), a.ptr(), a.u32(), a.u64(), a.u16());
        let known = shim::bareio_write_fixed(e, fd.0, buf, len, at, index.into());
        made(sqe::write_fixed(fd, buf, len, at, index), known)
    }),
    ("read_vectored", |a, e| {
        let (fd, pieces, count, at) = (a.fd(), a.ptr(), a.u32(), a.u64());
        made(sqe::read_vectored(fd, pieces, count, at), shim::bareio_readv(e, fd.0, pieces, count, at))
    }),
    ("write_vectored", |a, e| {
        let (fd, pieces, count, at) = (a.fd(), a.ptr(), a.u32(), a.u64());
        made(sqe::write_vectored(fd, pieces, count, at), shim::bareio_writev(e, fd.0, pieces, count, at))
    }),
    ("read_vectored with rw_flags", |a, e| {
        let (fd, pieces, count, at, flags) = (a.fd(), a.ptr(), a.u32(), a.u64(), a.index());
        let known = shim::bareio_readv2(e, fd.0, pieces, count, at, flags.cast_signed());
        made(sqe::read_vectored(fd, pieces, count, at).rw_flags(RwFlags(flags)), known)
    }),
    ("write_vectored with rw_flags", |a, e| {
        let (fd, pieces, count, at, flags) = (a.fd(), a.ptr(), a.u32(), a.u64(), a.index());
        let known = shim::bareio_writev2(e, fd.0, pieces, count, at, flags.cast_signed());
        made(sqe::write_vectored(fd, pieces, count, at).rw_flags(RwFlags(flags)), known)
    }),
    ("sync_all", |a, e| {
        let fd = a.fd();
        made(sqe::sync_all(fd), shim::bareio_sync_all(e, fd.0))
    }),
    ("sync_data", |a, e| {
        let fd = a.fd();
        made(sqe::sync_data(fd), shim::bareio_sync_data(e, fd.0))
    }),
    ("sync_range", |a, e| {
        let (fd, at, len, how) = (a.fd(), a.u64(), a.u32(), a.u32());
        let known = shim::bareio_sync_range(e, fd.0, len, at, how.cast_signed());
        made(sqe::sync_range(fd, at, len, SyncRange(how)), known)
    }),
    ("allocate", |a, e| {
        let (fd, at, len, how) = (a.fd(), a.u64(), a.u64(), a.u32());
        let known = shim::bareio_allocate(e, fd.0, how.cast_signed(), at, len);
        made(sqe::allocate(fd, Allocate(how), at, len), known)
    }),
    ("advise_file", |a, e| {
        let (fd, at, len, advice) = (a.fd(), a.u64(), a.u32(), advice(a));
        let known = shim::bareio_advise_file(e, fd.0, at, len, advice as i32);
        made(sqe::advise_file(fd, at, len, advice), known)
    }),
    ("advise_memory", |a, e| {
        let (addr, len, advice) = (a.ptr(), a.u32(), a.index());
        let known = shim::bareio_advise_memory(e, addr, len, advice.cast_signed());
        made(sqe::advise_memory(addr, len, AdviseMemory(advice)), known)
    }),
    ("provide_buffers", |a, e| {
        let (addr, len, count, group, first) = (a.ptr(), a.index(), a.u16(), a.u16(), a.u16());
        let known = shim::bareio_provide_buffers(
            e,
            addr,
            len.cast_signed(),
            count.into(),
            group.into(),
            first.into(),
        );
        made(sqe::provide_buffers(addr, len, count, group, first), known)
    }),
    ("remove_buffers", |a, e| {
        let (count, group) = (a.u16(), a.u16());
        made(sqe::remove_buffers(count, group), shim::bareio_remove_buffers(e, count.into(), group.into()))
    }),
    ("update_files", |a, e| {
        let (files, count, first) = (a.ptr(), a.u32(), a.index());
        let known = shim::bareio_files_update(e, files, count, first.cast_signed());
        made(sqe::update_files(files, count, first), known)
    }),
    ("install_files", |a, e| {
        let (files, count) = (a.ptr(), a.u32());
        // `IORING_FILE_INDEX_ALLOC` as that function's `int`.
        made(sqe::install_files(files, count), shim::bareio_files_update(e, files, count, -1))
    }),
    ("open_at", |a, e| {
        let (dir, path, flags, mode) = (a.fd(), a.ptr(), a.below(1 << 13), a.u32());
        let known = shim::bareio_open(e, dir.0, path, flags, mode);
        made(sqe::open_at(dir, path, OpenFlags(flags), mode), known)
    }),
    ("open_at_direct", |a, e| {
        let (dir, path, flags, mode, index) = (a.fd(), a.ptr(), a.below(1 << 13), a.u32(), a.index());
        let known = shim::bareio_open_direct(e, dir.0, path, flags, mode, index);
        made(sqe::open_at_direct(dir, path, OpenFlags(flags), mode, FileSlot::at(index)), known)
    }),
    ("open_at_how", |a, e| {
        let (dir, path, how) = (a.fd(), a.ptr(), a.ptr());
        made(sqe::open_at_how(dir, path, how), shim::bareio_open_how(e, dir.0, path, how))
    }),
    ("open_at_how_direct", |a, e| {
        let (dir, path, how, index) = (a.fd(), a.ptr(), a.ptr(), a.index());
        let known = shim::bareio_open_how_direct(e, dir.0, path, how, index);
        made(sqe::open_at_how_direct(dir, path, how, FileSlot::at(index)), known)
    }),
    ("close", |a, e| {
        let fd = a.fd();
        made(sqe::close(fd), shim::bareio_close(e, fd.0))
    }),
    ("close_direct", |a, e| {
        let index = a.index();
        made(sqe::close_direct(FileSlot::at(index)), shim::bareio_close_direct(e, index))
    }),
    ("stat", |a, e| {
        let (dir, path, flags, mask, stat) = (a.fd(), a.ptr(), a.u32(), a.u32(), a.ptr());
        let known = shim::bareio_stat(e, dir.0, path, flags.cast_signed(), mask, stat);
        made(sqe::stat(dir, path, AtFlags(flags), mask, stat), known)
    }),
    ("rename_at", |a, e| {
        let (from_dir, from, to_dir, to, flags) = (a.fd(), a.ptr(), a.fd(), a.ptr(), a.u32());
        let known = shim::bareio_rename(e, from_dir.0, from, to_dir.0, to, flags);
        made(sqe::rename_at(from_dir, from, to_dir, to, RenameFlags(flags)), known)
    }),
    ("link_at", |a, e| {
        let (from_dir, from, to_dir, to, flags) = (a.fd(), a.ptr(), a.fd(), a.ptr(), a.u32());
        let known = shim::bareio_link(e, from_dir.0, from, to_dir.0, to, flags.cast_signed());
        made(sqe::link_at(from_dir, from, to_dir, to, AtFlags(flags)), known)
    }),
    ("unlink_at", |a, e| {
        let (dir, path, flags) = (a.fd(), a.ptr(), a.u32());
        let known = shim::bareio_unlink(e, dir.0, path, flags.cast_signed());
        made(sqe::unlink_at(dir, path, UnlinkFlags(flags)), known)
    }),
    ("make_dir_at", |a, e| {
        let (dir, path, mode) = (a.fd(), a.ptr(), a.u32());
        made(sqe::make_dir_at(dir, path, mode), shim::bareio_make_dir(e, dir.0, path, mode))
    }),
    ("symlink_at", |a, e| {
        let (target, dir, path) = (a.ptr(), a.fd(), a.ptr());
        made(sqe::symlink_at(target, dir, path), shim::bareio_symlink(e, target, dir.0, path))
    }),
    ("xattr", |a, e| {
        let (fd, name, value, len) = (a.fd(), a.ptr(), a.ptr(), a.u32());
        made(sqe::xattr(fd, name, value, len), shim::bareio_fgetxattr(e, fd.0, name, value, len))
    }),
    ("xattr_of_path", |a, e| {
        let (path, name, value, len) = (a.ptr(), a.ptr(), a.ptr(), a.u32());
        let known = shim::bareio_getxattr(e, path, name, value, len);
        made(sqe::xattr_of_path(path, name, value, len), known)
    }),
    ("set_xattr", |a, e| {
        let (fd, name, value, len, flags) = (a.fd(), a.ptr(), a.ptr(), a.u32(), a.u32());
        let known = shim::bareio_fsetxattr(e, fd.0, name, value, len, flags.cast_signed());
        made(sqe::set_xattr(fd, name, value, len, XattrFlags(flags)), known)
    }),
    ("set_xattr_of_path", |a, e| {
        let (path, name, value, len, flags) = (a.ptr(), a.ptr(), a.ptr(), a.u32(), a.u32());
        let known = shim::bareio_setxattr(e, path, name, value, len, flags.cast_signed());
        made(sqe::set_xattr_of_path(path, name, value, len, XattrFlags(flags)), known)
    }),
];

/// Any advice.
pub(super) fn advice(args: &mut Args) -> AdviseFile {
    [
        AdviseFile::Normal,
        AdviseFile::Random,
        AdviseFile::Sequential,
        AdviseFile::WillNeed,
        AdviseFile::DontNeed,
        AdviseFile::NoReuse,
    ][args.below(6) as usize]
}
