//! Files, memory and time, by direct calls.

use std::ffi::CStr;

use bareio_core::kernel::{Allocate, MapFlags, OpenFlags, RenameFlags, RwFlags, Seek, UnlinkFlags};
use bareio_core::sim::{Call, Sim};
use bareio_core::{Align, Errno, Fd, IoVec, Kernel};

pub(crate) fn open(sim: &impl Kernel, path: &CStr, flags: OpenFlags) -> Result<Fd, Errno> {
    // SAFETY: the working directory is open.
    unsafe { sim.open_at(Fd::CWD, path, flags, 0o600) }
}

const RW: OpenFlags = OpenFlags(OpenFlags::READ.0 | OpenFlags::WRITE.0 | OpenFlags::CREATE.0);

fn write(sim: &Sim, fd: Fd, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
    // SAFETY: the descriptor is open, and the bytes are borrowed.
    unsafe { sim.write_at(fd, bytes.as_ptr(), bytes.len(), offset) }
}

fn read(sim: &Sim, fd: Fd, len: usize, offset: u64) -> Result<Vec<u8>, Errno> {
    let mut bytes = vec![0; len];
    // SAFETY: the descriptor is open, and the bytes are ours.
    let count = unsafe { sim.read_at(fd, bytes.as_mut_ptr(), len, offset) }?;
    bytes.truncate(count);
    Ok(bytes)
}

fn calm() -> Sim {
    Sim::builder().calm().build()
}

#[test]
fn what_was_written_is_read_and_a_hole_reads_as_zero() {
    let sim = calm();
    let fd = open(&sim, c"a", RW).unwrap();
    assert_eq!(write(&sim, fd, b"hello", 10_000), Ok(5));
    assert_eq!(read(&sim, fd, 9, 9_998).unwrap(), b"\0\0hello");
    assert_eq!(read(&sim, fd, 9, 20_000).unwrap(), b"");
    // SAFETY: the descriptor is open.
    let data = unsafe { sim.seek(fd, 0, Seek::Data) };
    assert_eq!(data, Ok(8192));
    // SAFETY: the descriptor is open.
    let none = unsafe { sim.seek(fd, 10_005, Seek::Data) };
    assert_eq!(none, Err(Errno::NXIO));
}

#[test]
fn offsets_are_signed_and_appending_ignores_them() {
    let sim = calm();
    let fd = open(&sim, c"a", RW).unwrap();
    assert_eq!(write(&sim, fd, b"x", u64::MAX), Err(Errno::INVAL));
    assert_eq!(write(&sim, fd, b"x", 1 << 63), Err(Errno::INVAL));
    assert_eq!(read(&sim, fd, 1, (1 << 63) - 1), Err(Errno::INVAL));
    let log = open(&sim, c"a", OpenFlags::WRITE | OpenFlags::APPEND).unwrap();
    assert_eq!(write(&sim, log, b"ab", 0), Ok(2));
    assert_eq!(write(&sim, log, b"cd", 0), Ok(2));
    assert_eq!(sim.contents("a").unwrap(), b"abcd");
}

#[test]
fn direct_transfers_must_sit_on_the_grid() {
    let sim = Sim::builder().calm().direct(Align::B_512, Align::KIB_4).build();
    let fd = open(&sim, c"a", RW | OpenFlags::DIRECT).unwrap();
    let page = sim.map(8192, MapFlags::NONE).unwrap();
    let at = |address: usize, len, offset| {
        // SAFETY: within two pages of our own.
        unsafe { sim.write_at(fd, page.as_ptr().wrapping_add(address), len, offset) }
    };
    assert_eq!(at(512, 4096, 4096), Ok(4096));
    assert_eq!(at(100, 4096, 0), Err(Errno::INVAL));
    assert_eq!(at(0, 512, 0), Err(Errno::INVAL));
    assert_eq!(at(0, 4096, 512), Err(Errno::INVAL));
    // SAFETY: mapped above.
    unsafe { sim.unmap(page, 8192) }.unwrap();
    let sim = Sim::builder().without_direct().build();
    assert_eq!(open(&sim, c"a", RW | OpenFlags::DIRECT), Err(Errno::INVAL));
}

#[test]
fn names_follow_the_rules_of_openat_renameat_and_unlinkat() {
    let sim = calm();
    // SAFETY: the working directory is open.
    let mkdir = |path: &CStr| unsafe { sim.make_dir_at(Fd::CWD, path, 0o700) };
    // SAFETY: likewise.
    let rename = |from: &CStr, to: &CStr, flags| unsafe { sim.rename_at(Fd::CWD, from, Fd::CWD, to, flags) };
    // SAFETY: likewise.
    let unlink = |path: &CStr, flags| unsafe { sim.unlink_at(Fd::CWD, path, flags) };
    assert_eq!(open(&sim, c"d/a", RW), Err(Errno::NOENT));
    assert_eq!(mkdir(c"d"), Ok(()));
    assert_eq!(mkdir(c"d"), Err(Errno::EXIST));
    open(&sim, c"d/a", RW).unwrap();
    assert_eq!(open(&sim, c"d/a", RW | OpenFlags::EXCLUSIVE), Err(Errno::EXIST));
    assert_eq!(open(&sim, c"d/a/b", RW), Err(Errno::NOTDIR));
    assert_eq!(open(&sim, c"d", OpenFlags::WRITE), Err(Errno::ISDIR));
    assert_eq!(open(&sim, c"d/a", OpenFlags::READ | OpenFlags::DIRECTORY), Err(Errno::NOTDIR));
    assert_eq!(unlink(c"d", UnlinkFlags::REMOVE_DIR), Err(Errno::NOTEMPTY));
    assert_eq!(unlink(c"d", UnlinkFlags::NONE), Err(Errno::ISDIR));
    assert_eq!(rename(c"d", c"d/e", RenameFlags::NONE), Err(Errno::INVAL));
    assert_eq!(rename(c"d/a", c"b", RenameFlags::NONE), Ok(()));
    open(&sim, c"c", RW).unwrap();
    assert_eq!(rename(c"b", c"c", RenameFlags::NOREPLACE), Err(Errno::EXIST));
    sim.put("b", b"bee").unwrap();
    assert_eq!(rename(c"b", c"c", RenameFlags::EXCHANGE), Ok(()));
    assert_eq!(sim.contents("c").unwrap(), b"bee");
    assert_eq!(unlink(c"d", UnlinkFlags::REMOVE_DIR), Ok(()));
    let unnamed = open(&sim, c".", OpenFlags::WRITE | OpenFlags::TEMPORARY).unwrap();
    assert_eq!(write(&sim, unnamed, b"x", 0), Ok(1));
}

#[test]
fn space_is_reserved_punched_and_runs_out() {
    let sim = Sim::builder().calm().space(5 * 4096).build();
    let fd = open(&sim, c"a", RW).unwrap();
    // SAFETY: the descriptor is open.
    let allocate = |how, offset, len| unsafe { sim.allocate(fd, how, offset, len) };
    assert_eq!(allocate(Allocate::NONE, 0, 4 * 4096), Ok(()));
    assert_eq!(sim.contents("a").unwrap().len(), 4 * 4096);
    assert_eq!(allocate(Allocate::PUNCH_HOLE, 0, 4096), Err(Errno::OPNOTSUPP));
    assert_eq!(write(&sim, fd, &[7; 4 * 4096], 4 * 4096), Ok(4096));
    assert_eq!(write(&sim, fd, &[7; 4096], 5 * 4096), Err(Errno::NOSPC));
    assert_eq!(allocate(Allocate::PUNCH_HOLE | Allocate::KEEP_SIZE, 0, 2 * 4096), Ok(()));
    assert_eq!(write(&sim, fd, &[7; 4 * 4096], 5 * 4096), Ok(2 * 4096));
    assert_eq!(allocate(Allocate::NONE, 0, 0), Err(Errno::INVAL));
}

#[test]
fn only_what_a_flush_covers_survives_every_crash() {
    const LEN: usize = if cfg!(miri) { 1024 } else { 4096 };
    let sim = calm();
    sim.put("a", b"").unwrap();
    let fd = open(&sim, c"a", RW).unwrap();
    write(&sim, fd, &[1; LEN], 0).unwrap();
    // SAFETY: the descriptor is open.
    unsafe { sim.sync_data(fd) }.unwrap();
    write(&sim, fd, &[2; LEN], 0).unwrap();
    let states: Vec<_> = (0..64).map(|seed| sim.crash(seed).contents("a").unwrap()).collect();
    assert!(states.iter().all(|bytes| bytes.len() == LEN));
    assert!(states.contains(&vec![1; LEN]), "never dropped");
    assert!(states.contains(&vec![2; LEN]), "never kept");
    // Compared by slices: Miri takes its time over every byte that a loop looks at.
    let whole = |sector: &[u8]| sector == [1; 512] || sector == [2; 512];
    assert!(states.iter().all(|bytes| bytes.chunks(512).all(whole)), "torn within a sector");
    assert!(states.iter().any(|bytes| bytes[..512] != bytes[512..1024]), "never torn");
    assert_eq!(sim.contents("a").unwrap(), [2; LEN], "the kernel itself goes on");
}

#[test]
fn a_name_survives_only_with_its_directory() {
    let sim = calm();
    let fd = open(&sim, c"a", RW).unwrap();
    write(&sim, fd, b"x", 0).unwrap();
    // SAFETY: the descriptor is open.
    unsafe { sim.sync_all(fd) }.unwrap();
    assert!((0..64).any(|seed| sim.crash(seed).contents("a").is_none()));
    let dir = open(&sim, c".", OpenFlags::READ | OpenFlags::DIRECTORY).unwrap();
    // SAFETY: the descriptor is open.
    unsafe { sim.sync_all(dir) }.unwrap();
    assert!((0..64).all(|seed| sim.crash(seed).contents("a").as_deref() == Some(b"x")));
}

#[test]
fn after_a_failed_flush_the_next_one_says_nothing() {
    let sim = Sim::builder().calm().fail_nth(Call::Sync, 1, Errno::IO).build();
    sim.put("a", b"old").unwrap();
    let fd = open(&sim, c"a", RW).unwrap();
    write(&sim, fd, b"new", 0).unwrap();
    // SAFETY: the descriptor is open.
    let sync = || unsafe { sim.sync_data(fd) };
    assert_eq!(sync(), Err(Errno::IO));
    assert_eq!(sync(), Ok(()));
    assert_eq!(sim.contents("a").unwrap(), b"new");
    let lost = |seed| {
        let sim = Sim::builder().seed(seed).calm().fail_nth(Call::Sync, 1, Errno::IO).build();
        sim.put("a", b"old").unwrap();
        let fd = open(&sim, c"a", RW).unwrap();
        write(&sim, fd, b"new", 0).unwrap();
        // SAFETY: the descriptor is open.
        let _ = unsafe { sim.sync_data(fd) };
        // SAFETY: the descriptor is open.
        let _ = unsafe { sim.sync_data(fd) };
        sim.crash(0).contents("a").unwrap() == b"old"
    };
    assert!((0..32).any(lost), "the write that a flush failed to cover survived every time");
}

#[test]
fn transfers_are_cut_short_and_never_to_nothing() {
    let sim = Sim::builder().seed(3).short_transfers(2).build();
    let fd = open(&sim, c"a", RW).unwrap();
    let counts: Vec<_> = (0..32).map(|_| write(&sim, fd, &[1; 100], 0).unwrap()).collect();
    assert!(counts.iter().all(|count| (1..=100).contains(count)));
    assert!(counts.contains(&100) && counts.iter().any(|count| *count < 100));
}

#[test]
fn memory_is_zeroed_aligned_counted_and_limited() {
    let sim = Sim::builder().page_len(16384).memory(1 << 20).build();
    let page = sim.page_len().unwrap();
    assert_eq!(page, 16384);
    let at = sim.map(3 * page, MapFlags::NONE).unwrap();
    assert_eq!(at.as_ptr().addr() % page, 0);
    // SAFETY: just mapped.
    let bytes = unsafe { std::slice::from_raw_parts_mut(at.as_ptr(), 3 * page) };
    assert!(bytes.iter().all(|byte| *byte == 0));
    bytes.fill(9);
    assert_eq!(sim.map(1 << 20, MapFlags::NONE), Err(Errno::NOMEM));
    assert_eq!(sim.map(1, MapFlags::HUGE), Err(Errno::NOMEM));
    assert_eq!(sim.map(0, MapFlags::NONE), Err(Errno::INVAL));
    // SAFETY: a whole mapping, not used any more.
    let grown = unsafe { sim.remap(at, 3 * page, 4 * page) }.unwrap();
    assert_ne!(at, grown);
    // SAFETY: within the mapping.
    let at = |offset| unsafe { grown.add(offset) };
    // SAFETY: within the mapping.
    assert_eq!(unsafe { at(3 * page - 1).read() }, 9);
    // SAFETY: the middle pages, not used any more.
    unsafe { sim.unmap(at(page), 2 * page) }.unwrap();
    assert_eq!(sim.census().mappings, 1);
    // SAFETY: the first page.
    unsafe { sim.unmap(grown, page) }.unwrap();
    // SAFETY: the last page.
    unsafe { sim.unmap(at(3 * page), page) }.unwrap();
    assert_eq!(sim.census().mappings, 0);
}

#[test]
fn misuse_is_reported_with_the_seed() {
    let sim = Sim::builder().seed(77).count_violations().build();
    let page = sim.map(4096, MapFlags::NONE).unwrap();
    // SAFETY: a page of our own.
    unsafe { sim.guard(page, 4096) }.unwrap();
    // SAFETY: in memory; that it is guarded is the point.
    unsafe { page.write(1) };
    // SAFETY: a page of our own.
    unsafe { sim.unmap(page, 4096) }.unwrap();
    // SAFETY: unmapped already, which the kernel finds out without touching it.
    assert_eq!(unsafe { sim.unmap(page, 4096) }, Err(Errno::NOMEM));
    // SAFETY: never opened, likewise.
    assert_eq!(unsafe { sim.close(Fd(99)) }, Err(Errno::BADF));
    let found = sim.violations();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|text| text.starts_with("sim (seed 77): ")), "{found:?}");
}

#[test]
#[should_panic(expected = "sim (seed 5): Fd(99) was closed, and is not open")]
fn misuse_panics_unless_it_is_to_be_counted() {
    let sim = Sim::new(5);
    // SAFETY: never opened, which the kernel finds out.
    let _ = unsafe { sim.close(Fd(99)) };
}

#[test]
fn the_nth_call_and_the_nth_operation_fail() {
    let sim =
        Sim::builder().calm().fail_nth(Call::Write, 2, Errno::NOSPC).fail_operation(4, Errno::IO).build();
    let fd = open(&sim, c"a", RW).unwrap(); // the first operation
    assert_eq!(write(&sim, fd, b"x", 0), Ok(1));
    assert_eq!(write(&sim, fd, b"x", 0), Err(Errno::NOSPC));
    assert_eq!(read(&sim, fd, 1, 0), Err(Errno::IO));
    assert_eq!(read(&sim, fd, 1, 0).unwrap(), b"x");
    assert_eq!((sim.calls(Call::Write), sim.operations()), (2, 5));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let sim = Sim::new(seed);
        let fd = open(&sim, c"a", RW).unwrap();
        let counts: Vec<_> = (0..50).map(|_| write(&sim, fd, &[1; 1000], 0).unwrap()).collect();
        (counts, sim.now().unwrap(), sim.digest())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).0, run(2).0);
}

#[test]
fn a_pipe_hands_bytes_over_and_ends_with_its_writers() {
    let sim = calm();
    let (reader, writer) = sim.pipe().unwrap();
    let mut bytes = [0; 8];
    // SAFETY: the descriptor is open, and the bytes are ours.
    let read = |bytes: &mut [u8; 8]| unsafe {
        sim.read_vectored(reader, &[IoVec::of_mut(bytes)], u64::MAX, RwFlags::NOWAIT)
    };
    assert_eq!(read(&mut bytes), Err(Errno::AGAIN));
    // SAFETY: the descriptor is open, and the bytes are static.
    assert_eq!(unsafe { sim.write_vectored(writer, &[IoVec::of(b"abc")], u64::MAX, RwFlags::NONE) }, Ok(3));
    assert_eq!(write(&sim, writer, b"x", 0), Err(Errno::SPIPE));
    assert_eq!(read(&mut bytes), Ok(3));
    assert_eq!(&bytes[..3], b"abc");
    // SAFETY: ours.
    unsafe { sim.close(writer) }.unwrap();
    assert_eq!(read(&mut bytes), Ok(0));
    // SAFETY: ours.
    unsafe { sim.close(reader) }.unwrap();
    assert_eq!(sim.census(), bareio_core::sim::Census::default());
}

#[test]
#[should_panic(expected = "a wait on a word would never end")]
fn a_wait_that_nothing_can_end_says_so() {
    let word = bareio_core::sync::AtomicU32::new(0);
    let _ = Sim::new(0).wait(&word, 0, None);
}
