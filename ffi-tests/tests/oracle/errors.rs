//! Errors: the same call fails in the same way for us as for libc, and is called by the same name.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

use bareio_core::kernel::{Allocate, OpenFlags, RenameFlags, RwFlags, Seek, UnlinkFlags};
use bareio_core::op::Op;
use bareio_core::{Errno, Fd, IoVec, Kernel, Linux};

use crate::libc::{
    answer, bareio_libc_allocate, bareio_libc_close, bareio_libc_ioctl, bareio_libc_mkdir, bareio_libc_open,
    bareio_libc_read, bareio_libc_readv, bareio_libc_rename, bareio_libc_seek, bareio_libc_sync,
    bareio_libc_truncate, bareio_libc_unlink, bareio_libc_write, error_name, names_errors,
};
use crate::ring;

#[test]
fn every_error_number_has_libcs_name() {
    if !names_errors() {
        return bareio_ffi_tests::skip(
            "this libc does not tell the names of error numbers (glibc 2.32 does)",
        );
    }
    let mut compared = 0;
    for number in 1..=4095 {
        let ours = Errno::new(number.try_into().expect("positive")).expect("in range").name();
        // The kernel's own, which libc does not know, come after the last.
        assert_eq!(ours, error_name(number), "errno {number}");
        compared += u32::from(ours.is_some());
    }
    eprintln!("{compared} names are the same, and no other number has one");
    assert!(compared >= 130, "only {compared} have a name");
}

/// What both say to one call, and by a ring if it has that operation.
struct Case {
    what: &'static str,
    ours: Result<u64, Errno>,
    theirs: Result<u64, Errno>,
    ring: Option<Result<u64, Errno>>,
}

/// A folder with a few odd things in it.
struct Odd {
    folder: tempfile::TempDir,
    dir: File,
    file: File,
    pipe: [File; 2],
    null: File,
    full: File,
}

impl Odd {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder can be written to");
        std::fs::write(folder.path().join("file"), b"0123456789").expect("it can be written to");
        std::fs::create_dir(folder.path().join("dir")).expect("it can be made");
        std::fs::write(folder.path().join("dir/inner"), b"").expect("it can be written to");
        std::os::unix::fs::symlink("loop", folder.path().join("loop")).expect("it can be made");
        let (from, to) = std::io::pipe().expect("a pipe");
        let pipe = [File::from(std::os::fd::OwnedFd::from(from)), File::from(std::os::fd::OwnedFd::from(to))];
        let open =
            |path: &str| File::options().read(true).write(true).open(path).expect("every Linux has it");
        Self {
            dir: File::open(folder.path()).expect("made just now"),
            file: File::open(folder.path().join("file")).expect("made just now"),
            pipe,
            null: open("/dev/null"),
            full: open("/dev/full"),
            folder,
        }
    }

    fn at(&self) -> i32 {
        self.dir.as_raw_fd()
    }
}

/// By the ring, where there is one.
fn by_ring(op: Op) -> Option<Result<u64, Errno>> {
    let mut ring = ring()?;
    // SAFETY: everything that a case names stays until it is waited for.
    unsafe { ring.push(op.encode()) }.expect("room");
    ring.submit_and_wait(1).expect("it is submitted");
    Some(ring.pop().expect("waited for").result().map(u64::from))
}

fn open(odd: &Odd, what: &'static str, path: &CStr, flags: OpenFlags) -> Case {
    let dir = Fd(odd.at());
    let bits = i32::try_from(flags.linux()).expect("few bits");
    // SAFETY: the folder is open, and the path ends in a nul byte.
    let ours = unsafe { Linux.open_at(dir, path, flags, 0o600) }.map(|fd| u64::from(fd.0.unsigned_abs()));
    // SAFETY: as above.
    let theirs = answer(unsafe { bareio_libc_open(odd.at(), path.as_ptr(), bits, 0o600) });
    let ring = Op::open_at(dir, path, flags, 0o600).ok().and_then(by_ring);
    Case { what, ours, theirs, ring }
}

fn read(what: &'static str, fd: i32, memory: *mut u8, at: u64) -> Case {
    let ring = Op::read(Fd(fd), memory, 10, at).ok().and_then(by_ring);
    Case { ring, ..read_by_calls(what, fd, memory, at) }
}

fn read_by_calls(what: &'static str, fd: i32, memory: *mut u8, at: u64) -> Case {
    // SAFETY: ten bytes of ours, or none that the kernel can write to, as it then says.
    let ours = unsafe { Linux.read_at(Fd(fd), memory, 10, at) }.map(|count| count as u64);
    let signed = at.cast_signed();
    // SAFETY: as above.
    let theirs = answer(unsafe { bareio_libc_read(fd, memory, 10, signed) });
    Case { what, ours, theirs, ring: None }
}

fn write(what: &'static str, fd: i32, at: u64) -> Case {
    let bytes = [1; 10];
    // SAFETY: ten bytes of ours.
    let ours = unsafe { Linux.write_at(Fd(fd), bytes.as_ptr(), 10, at) }.map(|count| count as u64);
    // SAFETY: as above.
    let theirs = answer(unsafe { bareio_libc_write(fd, bytes.as_ptr(), 10, at.cast_signed()) });
    let ring = Op::write(Fd(fd), bytes.as_ptr(), 10, at).ok().and_then(by_ring);
    Case { what, ours, theirs, ring }
}

fn done(answer: Result<(), Errno>) -> Result<u64, Errno> {
    answer.map(|()| 0)
}

#[test]
fn what_fails_for_libc_fails_for_us_by_the_same_number() {
    let odd = Odd::new();
    let long = CString::new(vec![b'x'; 300]).expect("no nul byte");
    let (read_only, both) = (OpenFlags::READ, OpenFlags::READ | OpenFlags::WRITE);
    let mut memory = [0; 10];
    let buf = memory.as_mut_ptr();
    let nowhere = core::ptr::without_provenance_mut(8);
    let (file, dir) = (odd.file.as_raw_fd(), odd.at());
    let mut cases = vec![
        open(&odd, "a name that is not there", c"absent", read_only),
        open(&odd, "a name below a file", c"file/below", read_only),
        open(&odd, "a name that is there", c"file", both | OpenFlags::CREATE | OpenFlags::EXCLUSIVE),
        open(&odd, "a directory, for writing", c"dir", both),
        open(&odd, "a file, as a directory", c"file", read_only | OpenFlags::DIRECTORY),
        open(&odd, "a link to itself", c"loop", read_only),
        open(&odd, "a link that is not to be followed", c"loop", read_only | OpenFlags::NOFOLLOW),
        open(&odd, "a name of 300 letters", &long, read_only),
        read("no descriptor", 9999, buf, 0),
        read("a directory", dir, buf, 0),
        read("memory that is not there", file, nowhere, 0),
        write("a descriptor for reading", file, 0),
        write("a full device", odd.full.as_raw_fd(), 0),
    ];
    // A ring passes over the position of a pipe, and waits for bytes.
    cases.push(read_by_calls("the position of a pipe", odd.pipe[0].as_raw_fd(), buf, 0));
    cases.extend(others(&odd, file, dir));

    let mut met = BTreeSet::new();
    for Case { what, ours, theirs, ring } in cases {
        assert!(theirs.is_err(), "{what}: libc was to fail, and says {theirs:?}");
        assert_eq!(ours, theirs, "{what}: ours, and libc's");
        if let Some(ring) = ring {
            assert_eq!(ring, theirs, "{what}: a ring's, and libc's");
        }
        met.extend(theirs.map_err(Errno::number).err());
    }
    eprintln!("{} different errors, each the same to libc", met.len());
    assert!(met.len() >= 14, "only {met:?}");
    drop((odd.null, odd.folder));
}

/// Calls with arguments of their own.
fn others(odd: &Odd, file: i32, dir: i32) -> Vec<Case> {
    let many = vec![IoVec::EMPTY; 1025];
    let list = many.as_ptr();
    let at = Fd(dir);
    // SAFETY, of every block here: the descriptors are open or none, the paths end in a nul byte, and the list is as long
    // as it is said to be.
    vec![
        Case {
            what: "too many pieces",
            // SAFETY: see above.
            ours: unsafe { Linux.read_vectored(Fd(file), &many, 0, RwFlags::NONE) }.map(|n| n as u64),
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_readv(file, list, 1025, 0) }),
            ring: None,
        },
        Case {
            what: "flushing a pipe",
            // SAFETY: see above.
            ours: done(unsafe { Linux.sync_all(Fd(odd.pipe[1].as_raw_fd())) }),
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_sync(odd.pipe[1].as_raw_fd()) }),
            ring: by_ring(Op::sync_all(Fd(odd.pipe[1].as_raw_fd()))),
        },
        Case {
            what: "cutting a file that is open for reading",
            // SAFETY: see above.
            ours: done(unsafe { Linux.truncate(Fd(file), 1) }),
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_truncate(file, 1) }),
            ring: None,
        },
        Case {
            what: "reserving space of a device",
            // SAFETY: see above.
            ours: done(unsafe { Linux.allocate(Fd(odd.null.as_raw_fd()), Allocate::NONE, 0, 4096) }),
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_allocate(odd.null.as_raw_fd(), 0, 0, 4096) }),
            ring: Op::allocate(Fd(odd.null.as_raw_fd()), Allocate::NONE, 0, 4096).ok().and_then(by_ring),
        },
        Case {
            what: "data behind the end",
            // SAFETY: see above.
            ours: unsafe { Linux.seek(Fd(file), 100, Seek::Data) },
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_seek(file, 100, 3) }),
            ring: None,
        },
        Case {
            what: "a control request that a file does not know",
            // SAFETY: see above; the request takes nothing.
            ours: unsafe { Linux.control(Fd(file), 0x1268, core::ptr::null_mut()) }.map(|n| n as u64),
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_ioctl(file, 0x1268) }),
            ring: None,
        },
        Case {
            what: "a folder that is not empty",
            // SAFETY: see above.
            ours: done(unsafe { Linux.unlink_at(at, c"dir", UnlinkFlags::REMOVE_DIR) }),
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_unlink(dir, c"dir".as_ptr(), 0x200) }),
            ring: None,
        },
        Case {
            what: "a folder, as a file",
            // SAFETY: see above.
            ours: done(unsafe { Linux.unlink_at(at, c"dir", UnlinkFlags::NONE) }),
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_unlink(dir, c"dir".as_ptr(), 0) }),
            ring: None,
        },
        Case {
            what: "a folder that is there",
            // SAFETY: see above.
            ours: done(unsafe { Linux.make_dir_at(at, c"dir", 0o700) }),
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_mkdir(dir, c"dir".as_ptr(), 0o700) }),
            ring: None,
        },
        Case {
            what: "a name that is taken, and is to stay",
            // SAFETY: see above.
            ours: done(unsafe { Linux.rename_at(at, c"file", at, c"dir/inner", RenameFlags::NOREPLACE) }),
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_rename(dir, c"file".as_ptr(), c"dir/inner".as_ptr(), 1) }),
            ring: None,
        },
        Case {
            what: "a folder into itself",
            // SAFETY: see above.
            ours: done(unsafe { Linux.rename_at(at, c"dir", at, c"dir/deeper", RenameFlags::NONE) }),
            // SAFETY: see above.
            theirs: answer(unsafe { bareio_libc_rename(dir, c"dir".as_ptr(), c"dir/deeper".as_ptr(), 0) }),
            ring: None,
        },
        Case {
            what: "closing what is not open",
            // SAFETY: there is no such descriptor.
            ours: done(unsafe { Linux.close(Fd(9999)) }),
            // SAFETY: as above.
            theirs: answer(unsafe { bareio_libc_close(9999) }),
            ring: by_ring(Op::close(Fd(9999))),
        },
    ]
}

#[test]
fn paths_reach_the_kernel_as_libc_passes_them() {
    let folder = tempfile::tempdir().expect("the temporary folder can be written to");
    let name = c"odd name, \xff\xfe and a line\nend";
    let path = folder.path().join(std::ffi::OsStr::from_bytes(name.to_bytes()));
    std::fs::write(&path, b"there").expect("any byte but two may stand in a name");
    let dir = File::open(folder.path()).expect("made just now");
    // SAFETY: the folder is open, and the name ends in a nul byte.
    let opened =
        unsafe { Linux.open_at(Fd(dir.as_raw_fd()), name, OpenFlags::READ, 0) }.expect("it is there");
    // SAFETY: opened just now.
    unsafe { Linux.close(opened) }.expect("it is open");
}
