//! Offsets, files without them, and numbers at their limits: refused before the kernel is asked.

use std::io::{IoSlice, IoSliceMut, Write};

use bareio::core::op::{OpError, Positions};
use bareio::file::{Direct, File, OpenOptions};
use bareio::{Errno, ErrorKind};

use crate::rig::{Folder, both, on_sim, sim};

const MAX: u64 = i64::MAX.unsigned_abs();

#[test]
fn an_offset_above_the_largest_is_refused_and_never_the_current_position() {
    let sim = sim();
    let file = on_sim(&sim, b"0123456789", Direct::Off);
    let wrong = |offset| ErrorKind::Operation(OpError::Offset { offset });
    for offset in [MAX + 1, u64::MAX] {
        let kinds = [
            file.read_at(&mut [0; 4], offset).unwrap_err(),
            file.write_at(&[0; 4], offset).unwrap_err(),
            file.read_exact_at(&mut [0; 4], offset).unwrap_err(),
            file.write_all_at(&[0; 4], offset).unwrap_err(),
            file.read_vectored_at(&mut [IoSliceMut::new(&mut [0; 4])], offset).unwrap_err(),
            file.write_vectored_at(&[IoSlice::new(&[0; 4])], offset).unwrap_err(),
            file.write_durable_at(&[0; 4], offset).unwrap_err(),
            file.read_into(vec![0; 4], offset).unwrap_err().error,
            file.write_from(vec![0; 4], offset).unwrap_err().error,
        ];
        assert_eq!(kinds.map(|error| error.kind()), [wrong(offset); 9]);
    }
    let range = ErrorKind::Operation(OpError::Range { offset: MAX, len: 4 });
    assert_eq!(file.read_at(&mut [0; 4], MAX).unwrap_err().kind(), range);
    assert_eq!(file.write_at(&[0; 4], MAX).unwrap_err().kind(), range);
    let len = ErrorKind::Operation(OpError::Range { offset: 0, len: MAX + 1 });
    assert_eq!(file.truncate(MAX + 1).unwrap_err().kind(), len);
    assert_eq!(file.preallocate(MAX + 1).unwrap_err().kind(), len);
    assert_eq!(sim.names(), [""; 0], "the kernel is not asked");
    assert_eq!(sim.kernel.contents("file").unwrap(), b"0123456789");
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn positioned_operations_on_a_pipe_are_refused() {
    let (reader, writer) = std::io::pipe().unwrap();
    let (reader, writer) = (File::from_fd(reader).unwrap(), File::from_fd(writer).unwrap());
    assert_eq!((reader.positions(), writer.positions()), (Positions::None, Positions::None));
    let stream = ErrorKind::Operation(OpError::Stream);
    assert_eq!(reader.read_at(&mut [0; 1], 0).unwrap_err().kind(), stream);
    assert_eq!(reader.read_exact_at(&mut [0; 1], 0).unwrap_err().kind(), stream);
    assert_eq!(reader.read_unaligned_at(&mut [0; 1], 0).unwrap_err().kind(), stream);
    assert_eq!(reader.read_vectored_at(&mut [IoSliceMut::new(&mut [0; 1])], 0).unwrap_err().kind(), stream);
    assert_eq!(writer.write_at(b"x", 0).unwrap_err().kind(), stream);
    assert_eq!(writer.write_unaligned_at(b"x", 0).unwrap_err().kind(), stream);
    assert_eq!(writer.write_durable_at(b"x", 0).unwrap_err().kind(), stream);
    assert_eq!(writer.write_from(vec![1], 0).unwrap_err().error.kind(), stream);
    assert_eq!(reader.copy_range(0, &writer, 0, 1).unwrap_err().kind(), stream);
    // Of no bytes, all is well everywhere.
    assert_eq!(writer.write_at(b"", 0), Ok(0));
    // It cannot be flushed, and nothing is lost by that.
    assert_eq!(writer.sync_data().unwrap_err().errno(), Some(Errno::INVAL));
    assert_eq!(writer.poisoned(), None);
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn positioned_writes_to_a_file_opened_to_append_are_refused() {
    let folder = Folder::new();
    let path = folder.join("file");
    std::fs::write(&path, "0123456789").unwrap();
    let append = ErrorKind::Operation(OpError::Append);
    let of_std = std::fs::File::options().read(true).append(true).open(&path).unwrap();
    let files =
        [OpenOptions::new().read(true).append(true).open(&path).unwrap(), File::from_fd(of_std).unwrap()];
    for file in files {
        assert_eq!(file.positions(), Positions::ReadsOnly);
        assert_eq!(file.write_at(b"x", 2).unwrap_err().kind(), append);
        assert_eq!(file.write_vectored_at(&[IoSlice::new(b"x")], 2).unwrap_err().kind(), append);
        assert_eq!(file.write_durable_at(b"x", 2).unwrap_err().kind(), append);
        assert_eq!(file.write_unaligned_at(b"x", 2).unwrap_err().kind(), append);
        let mut bytes = [0; 2];
        file.read_exact_at(&mut bytes, 2).unwrap();
        assert_eq!(&bytes, b"23");
        assert_eq!(File::open(&path).unwrap().copy_range(0, &file, 0, 4).unwrap_err().kind(), append);
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"0123456789");
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_device_that_is_full_says_so() {
    if !std::path::Path::new("/dev/full").exists() {
        return crate::rig::skip("there is no /dev/full");
    }
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    assert_eq!(full.write_all_at(b"x", 0).unwrap_err().errno(), Some(Errno::NOSPC));
    let error = std::io::Error::from(full.write_at(b"x", 0).unwrap_err());
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert!(error.raw_os_error().is_some());
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_limit_on_the_size_of_files_cuts_a_write_and_then_refuses_it() {
    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
        fn signal(signal: i32, handler: usize) -> usize;
        fn setrlimit(resource: i32, limit: *const [u64; 2]) -> i32;
    }
    const SIGXFSZ: i32 = 25;
    const SIG_IGN: usize = 1;
    const RLIMIT_FSIZE: i32 = 1;
    let folder = Folder::new();
    let path = folder.join("file");
    // Opened before, so that the child allocates next to nothing.
    let file = File::create(&path).unwrap();
    // SAFETY: the child only makes system calls, by way of code that takes no lock of another thread's, and ends by `_exit`.
    let child = unsafe { fork() };
    if child == 0 {
        // SAFETY: a signal of this process is ignored.
        unsafe { signal(SIGXFSZ, SIG_IGN) };
        // SAFETY: the limits are valid for the call.
        unsafe { setrlimit(RLIMIT_FSIZE, &[1000, 1000]) };
        let bytes = [7; 1500];
        let short = file.write_at(&bytes, 0) == Ok(1000);
        let whole = file.write_all_at(&bytes, 0).is_err_and(|error| error.errno() == Some(Errno::FBIG));
        let healthy = file.write_durable_at(&bytes, 0).is_err() && file.poisoned().is_none();
        // SAFETY: ends the child.
        unsafe { _exit(i32::from(!(short && whole && healthy))) };
    }
    let mut status = 0;
    // SAFETY: `status` is valid for the call.
    assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child saw something else");
    assert_eq!(std::fs::read(&path).unwrap(), [7; 1000]);
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn what_is_no_file_says_so_by_its_number() {
    let folder = Folder::new();
    assert!(File::open(folder.join("none")).unwrap_err().is_not_found());
    let directory = both().open(folder.path()).unwrap_err();
    assert_eq!(directory.errno(), Some(Errno::ISDIR));
    assert_eq!(directory.call(), Some("open"));
    let nul = File::open("with\0nul").unwrap_err();
    assert_eq!(nul.errno(), Some(Errno::INVAL));
    let empty = File::open("").unwrap_err();
    assert_eq!(empty.kind(), ErrorKind::Operation(OpError::EmptyPath));
    let long = "x/".repeat(3000);
    let long = File::open(long).unwrap_err();
    assert!(matches!(long.kind(), ErrorKind::Operation(OpError::LongPath { .. })));
    // Longer than what goes by way of the stack, and still a path.
    let deep = folder.join(&["d"; 150].join("/"));
    bareio::fs::mkdir(&deep).unwrap();
    bareio::fs::write_file(deep.join("file"), b"deep", Direct::Off).unwrap();
    assert_eq!(bareio::fs::size(deep.join("file")).unwrap(), 4);

    let read_only = File::open(deep.join("file")).unwrap();
    assert_eq!(read_only.write_at(b"x", 0).unwrap_err().errno(), Some(Errno::BADF));
    std::io::stderr().flush().unwrap();
}
