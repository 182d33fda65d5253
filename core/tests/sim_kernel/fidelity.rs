//! The same scripts on this kernel and on Linux, and the same answers.
//!
//! What a script notes down may depend on the rules only, never on speed or order.

use std::ffi::CString;
use std::fmt::Debug;
use std::io::{PipeReader, PipeWriter};
use std::os::fd::AsRawFd;
use std::time::Duration;

use bareio_core::abi::{
    EnterFlags, Opcode, Params, Register, SetupFlags, SqFlags, Sqe, SqeFlags, SyncCancel, Timespec,
};
use bareio_core::kernel::{Allocate, OpenFlags, RenameFlags, RwFlags, Seek, UnlinkFlags};
use bareio_core::sim::Sim;
use bareio_core::{Errno, Fd, IoVec, Kernel, Linux, sqe};

use super::rig::Rig;

const RW: OpenFlags = OpenFlags(OpenFlags::READ.0 | OpenFlags::WRITE.0 | OpenFlags::CREATE.0);
const LINK: SqeFlags = SqeFlags::IO_LINK;
const HARD: SqeFlags = SqeFlags::IO_HARDLINK;

/// A kernel, a directory to work in, and what it needs from outside.
trait World {
    type Kernel: Kernel + Clone;
    fn kernel(&self) -> Self::Kernel;
    /// An empty directory.
    fn dir(&self) -> Fd;
    /// The two ends of a pipe.
    fn pipe(&self) -> (Fd, Fd);
}

impl World for Sim {
    type Kernel = Self;
    fn kernel(&self) -> Self {
        self.clone()
    }
    fn dir(&self) -> Fd {
        Fd::CWD
    }
    fn pipe(&self) -> (Fd, Fd) {
        self.pipe().unwrap()
    }
}

/// Linux, with a directory that goes away.
struct Real {
    dir: std::fs::File,
    path: std::path::PathBuf,
    pipes: std::cell::RefCell<Vec<(PipeReader, PipeWriter)>>,
}

impl Real {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bareio-sim-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self { dir: std::fs::File::open(&path).unwrap(), path, pipes: std::cell::RefCell::default() }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

impl World for Real {
    type Kernel = Linux;
    fn kernel(&self) -> Linux {
        Linux
    }
    fn dir(&self) -> Fd {
        Fd(self.dir.as_raw_fd())
    }
    fn pipe(&self) -> (Fd, Fd) {
        let (reader, writer) = std::io::pipe().unwrap();
        let fds = (Fd(reader.as_raw_fd()), Fd(writer.as_raw_fd()));
        self.pipes.borrow_mut().push((reader, writer));
        fds
    }
}

/// What a script notes down.
#[derive(Default, PartialEq, Eq)]
struct Facts(Vec<(&'static str, String)>);

impl Facts {
    fn note(&mut self, what: &'static str, value: impl Debug) {
        self.0.push((what, format!("{value:?}")));
    }
}

/// Runs a script on both, this kernel with many seeds.
fn compare(name: &str, on_sim: impl Fn(&Sim, &mut Facts), on_linux: impl Fn(&Real, &mut Facts)) {
    let sim = |seed| {
        let sim = Sim::builder().seed(seed).short_transfers(0).build();
        let mut facts = Facts::default();
        on_sim(&sim, &mut facts);
        assert_eq!(sim.violations(), [""; 0], "seed {seed}");
        facts
    };
    let first = sim(0);
    assert!(!first.0.is_empty());
    for seed in 1..if cfg!(miri) { 2 } else { 100 } {
        assert!(sim(seed) == first, "{name}: what seed {seed} does is not what seed 0 does");
    }
    if cfg!(miri) || Rig::new(Linux, 1, SetupFlags::SINGLE_ISSUER).is_err() {
        println!("{name}: no rings here to compare with");
        return;
    }
    let mut linux = Facts::default();
    on_linux(&Real::new(name), &mut linux);
    for (ours, theirs) in first.0.iter().zip(&linux.0) {
        assert_eq!(ours, theirs, "{name}: ours differs from Linux's");
    }
    assert_eq!(first.0.len(), linux.0.len());
}

/// A test that runs `script` on both.
macro_rules! same_on_linux {
    ($($(#[$meta:meta])* $test:ident = $script:ident;)*) => {
        $($(#[$meta])* #[test]
        fn $test() {
            compare(stringify!($script), $script, $script);
        })*
    };
}

same_on_linux! {
    links_break_and_hold_as_on_linux = links;
    refused_entries_stop_what_they_stop_on_linux = refused;
    asking_for_more_than_there_is_does_not_wait_as_on_linux = short_submit;
    cancelling_finds_what_it_finds_on_linux = cancelling;
    limits_on_time_end_what_they_end_on_linux = limits;
    completions_overflow_as_on_linux = overflow;
    drains_wait_for_what_they_wait_for_on_linux = drains;
    fixed_buffers_and_slots_answer_as_on_linux = registered;
    set_up_refuses_what_linux_refuses = setups;
    entering_refuses_what_linux_refuses = entering;
    transfers_by_a_ring_answer_as_on_linux = transfers;
    names_by_a_ring_answer_as_on_linux = names;
    direct_calls_answer_as_on_linux = calls;
}

fn ring<W: World>(world: &W, flags: SetupFlags) -> Rig<W::Kernel> {
    Rig::new(world.kernel(), 8, flags).unwrap()
}

fn file<W: World>(world: &W, name: &str, flags: OpenFlags) -> Result<Fd, Errno> {
    let name = CString::new(name).unwrap();
    // SAFETY: the directory is open.
    unsafe { world.kernel().open_at(world.dir(), &name, flags, 0o600) }
}

fn entry(opcode: Opcode, user_data: u64) -> Sqe {
    Sqe { opcode, fd: -1, user_data, ..Sqe::default() }
}

fn address<T>(of: &T) -> u64 {
    std::ptr::from_ref(of).expose_provenance() as u64
}

fn timeout(time: &Timespec, user_data: u64) -> Sqe {
    Sqe { addr: address(time), len: 1, ..entry(Opcode::TIMEOUT, user_data) }
}

const SHORT: Timespec = Timespec { sec: 0, nsec: 2_000_000 };
const LONG: Timespec = Timespec { sec: 3600, nsec: 0 };

fn links<W: World>(world: &W, facts: &mut Facts) {
    let mut rig = ring(world, SetupFlags::NONE);
    for (what, flag) in [("soft, failed", LINK), ("hard, failed", HARD)] {
        rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(flag));
        rig.push(sqe::nop().user_data(2).flags(flag));
        rig.push(sqe::nop().user_data(3));
        facts.note(what, rig.results(3));
    }
    rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(HARD));
    rig.push(sqe::sync_all(Fd(9999)).user_data(2).flags(LINK));
    rig.push(sqe::nop().user_data(3).flags(HARD));
    rig.push(sqe::nop().user_data(4));
    facts.note("mixed", rig.results(4));
    let fd = file(world, "short", RW).unwrap();
    let mut bytes = vec![7; 100];
    facts.note("written", rig.one(sqe::write(fd, bytes.as_ptr(), 100, 0)));
    bytes.resize(4096, 0);
    for (what, flag) in [("soft, short", LINK), ("hard, short", HARD)] {
        rig.push(sqe::read(fd, bytes.as_mut_ptr(), 4096, 0).user_data(1).flags(flag));
        rig.push(sqe::nop().user_data(2));
        facts.note(what, rig.results(2));
    }
    rig.push(sqe::read(fd, bytes.as_mut_ptr(), 4096, 1 << 40).user_data(1).flags(LINK));
    rig.push(sqe::nop().user_data(2));
    facts.note("soft, nothing at the end", rig.results(2));
    // A chain ends where the submission does.
    rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(LINK));
    rig.submit(0);
    rig.push(sqe::nop().user_data(2));
    facts.note("split", rig.results(2));
    // No completion on success; and silence behind a failure that wanted none.
    let quiet = LINK | SqeFlags::CQE_SKIP_SUCCESS;
    rig.push(sqe::nop().user_data(1).flags(quiet));
    rig.push(sqe::nop().user_data(2));
    facts.note("quiet success", rig.results(1));
    rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(quiet));
    rig.push(sqe::nop().user_data(2));
    rig.push(sqe::nop().user_data(3));
    facts.note("quiet failure", rig.results(2));
    rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(LINK));
    rig.push(sqe::nop().user_data(2).flags(SqeFlags::CQE_SKIP_SUCCESS));
    facts.note("a quiet one behind a failure", rig.results(2));
}

fn refused<W: World>(world: &W, facts: &mut Facts) {
    for (what, flags) in [("stops", SetupFlags::NONE), ("goes on", SetupFlags::SUBMIT_ALL)] {
        let mut rig = ring(world, flags);
        rig.push(sqe::nop().user_data(1));
        rig.push(entry(Opcode(250), 2));
        rig.push(sqe::nop().user_data(3));
        let taken = loop {
            match rig.enter(3, 0, EnterFlags::NONE) {
                Ok(taken @ 1..) => break taken,
                Ok(0) | Err(_) => {}
                Ok(_) => unreachable!(),
            }
        };
        // A short submission may take fewer than Linux does; what matters is that the third stays behind.
        let stopped = taken < 3 && flags == SetupFlags::NONE;
        facts.note(what, (stopped, rig.results(3)));
        // In the middle of a chain it takes the whole chain with it, and does not stop at all.
        rig.push(sqe::nop().user_data(1).flags(HARD));
        rig.push(entry(Opcode(250), 2).flags(HARD));
        rig.push(sqe::nop().user_data(3));
        facts.note("chain", rig.results(3));
    }
    let mut rig = ring(world, SetupFlags::NONE);
    facts.note("unknown flag", rig.one(Sqe { flags: SqeFlags(0x80), ..sqe::nop() }));
    facts.note("personality", rig.one(Sqe { personality: 7, ..sqe::nop() }));
    facts.note("fsync flags", rig.one(Sqe { op_flags: 2, ..sqe::sync_all(Fd(0)) }));
    facts.note("timeout of two", rig.one(Sqe { len: 2, ..timeout(&SHORT, 1) }));
    facts.note("timeout of nothing", rig.one(timeout(&Timespec { sec: -1, nsec: 0 }, 1)));
    let limit = Sqe { opcode: Opcode::LINK_TIMEOUT, ..timeout(&LONG, 1) };
    facts.note("limit of nothing", rig.one(limit));
    facts.note("slot that is not there", rig.one(sqe::sync_all(Fd(3)).fixed_file()));
}

fn short_submit<W: World>(world: &W, facts: &mut Facts) {
    let mut rig = ring(world, SetupFlags::NONE);
    rig.push(timeout(&LONG, 1));
    let taken = loop {
        match rig.enter(2, 1, EnterFlags::GETEVENTS) {
            Ok(0) | Err(Errno::INTR | Errno::AGAIN | Errno::BUSY) => {}
            other => break other,
        }
    };
    facts.note("asked for two, had one", (taken, rig.cq.refresh()));
    rig.push(sqe::cancel(1, 0).user_data(2));
    facts.note("cancelled", rig.results(2));
}

fn cancelling<W: World>(world: &W, facts: &mut Facts) {
    let (reader, writer) = world.pipe();
    let mut rig = ring(world, SetupFlags::NONE);
    let mut bytes = [[0_u8; 8]; 4];
    let any = bytes.as_mut_ptr();
    let read = |index: usize| {
        let to = any.wrapping_add(index).cast();
        sqe::read(reader, to, 8, u64::MAX).user_data(index as u64)
    };
    rig.push(read(1));
    rig.submit(0);
    rig.push(sqe::cancel(99, 0).user_data(90));
    facts.note("nothing", rig.results(1));
    rig.push(sqe::cancel(1, 0).user_data(91));
    facts.note("by user data", rig.results(2));
    for index in 1..4 {
        rig.push(read(index));
    }
    rig.submit(0);
    rig.push(sqe::cancel(0, sqe::CANCEL_ANY).user_data(92));
    facts.note("any", rig.results(4));
    rig.push(read(1));
    rig.push(read(2).user_data(1));
    rig.push(read(3));
    rig.submit(0);
    rig.push(sqe::cancel(1, sqe::CANCEL_ALL).user_data(93));
    facts.note("all of one user data", rig.results(3));
    let by_fd = 1 << 1;
    rig.push(Sqe { fd: reader.0, ..sqe::cancel(0, by_fd).user_data(94) });
    facts.note("by descriptor", rig.results(2));
    rig.push(sqe::cancel(0, 1 << 20).user_data(95));
    facts.note("unknown flag", rig.results(1));
    // The rest of its chain goes with it.
    rig.push(read(1).flags(LINK));
    rig.push(sqe::nop().user_data(2));
    rig.submit(0);
    rig.push(sqe::cancel(2, 0).user_data(96));
    facts.note("not started yet", rig.results(1));
    rig.push(sqe::cancel(1, 0).user_data(97));
    facts.note("with its chain", rig.results(3));
    // At once, by register.
    let mut what = SyncCancel {
        user_data: 1,
        fd: -1,
        flags: 0,
        timeout: Timespec { sec: -1, nsec: -1 },
        opcode: 0,
        pad: [0; 7],
        pad2: [0; 3],
    };
    facts.note("sync, nothing", rig.register(Register::SYNC_CANCEL, &raw mut what, 1));
    rig.push(read(1));
    rig.push(read(2));
    rig.submit(0);
    facts.note("sync, one", rig.register(Register::SYNC_CANCEL, &raw mut what, 1));
    facts.note("sync, its completion", rig.results(1));
    what.flags = sqe::CANCEL_ANY;
    facts.note("sync, any", rig.register(Register::SYNC_CANCEL, &raw mut what, 1));
    facts.note("sync, the other's completion", rig.results(1));
    facts.note("sync, any of none", rig.register(Register::SYNC_CANCEL, &raw mut what, 1));
    rig.push(timeout(&LONG, 5));
    rig.submit(0);
    rig.push(sqe::cancel(5, 0).user_data(98));
    facts.note("a timeout", rig.results(2));
    // What is written later ends a read that waits.
    rig.push(read(1));
    rig.submit(0);
    rig.push(sqe::write(writer, b"abc".as_ptr(), 3, u64::MAX).user_data(2));
    facts.note("written to", rig.results(2));
    facts.note("the bytes", &bytes[1][..3]);
}

fn limits<W: World>(world: &W, facts: &mut Facts) {
    let (reader, _writer) = world.pipe();
    let mut rig = ring(world, SetupFlags::NONE);
    let mut bytes = [0_u8; 8];
    let read = sqe::read(reader, bytes.as_mut_ptr(), 8, u64::MAX).user_data(1);
    let limit = |time: &Timespec| Sqe { opcode: Opcode::LINK_TIMEOUT, ..timeout(time, 2) };
    for (what, flag) in [("soft", LINK), ("hard", HARD)] {
        rig.push(read.flags(flag));
        rig.push(limit(&SHORT).flags(LINK));
        rig.push(sqe::nop().user_data(3));
        facts.note(what, rig.results(3));
    }
    rig.push(sqe::nop().user_data(1).flags(LINK));
    rig.push(limit(&LONG).flags(LINK));
    rig.push(sqe::nop().user_data(3));
    facts.note("in time", rig.results(3));
    rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(LINK));
    rig.push(limit(&LONG).flags(LINK));
    rig.push(sqe::nop().user_data(3));
    facts.note("failed in time", rig.results(3));
    rig.push(timeout(&SHORT, 1).flags(LINK));
    rig.push(sqe::nop().user_data(2));
    facts.note("a timeout breaks a chain", rig.results(2));
    rig.push(Sqe { op_flags: 1 << 5, ..timeout(&SHORT, 1) }.flags(LINK));
    rig.push(sqe::nop().user_data(2));
    facts.note("unless told not to", rig.results(2));
    rig.push(Sqe { offset: 2, ..timeout(&LONG, 1) });
    rig.submit(0);
    rig.push(sqe::nop().user_data(2));
    rig.push(sqe::nop().user_data(3));
    facts.note("after two completions", rig.results(3));
    rig.push(timeout(&LONG, 1));
    rig.submit(0);
    rig.push(Sqe { addr: 7, ..entry(Opcode::TIMEOUT_REMOVE, 2) });
    facts.note("another's", rig.results(1));
    rig.push(Sqe { addr: 1, ..entry(Opcode::TIMEOUT_REMOVE, 2) });
    facts.note("removed", rig.results(2));
    rig.push(timeout(&LONG, 1));
    rig.submit(0);
    let sooner = Sqe { addr: 1, offset: address(&SHORT), op_flags: 2, ..entry(Opcode::TIMEOUT_REMOVE, 2) };
    rig.push(sooner);
    facts.note("changed", rig.results(2));
}

fn overflow<W: World>(world: &W, facts: &mut Facts) {
    let params = Params { flags: SetupFlags::CQSIZE, cq_entries: 4, ..Params::default() };
    let mut rig = Rig::with(world.kernel(), 4, params).unwrap();
    for round in 0..3 {
        for index in 0..4 {
            rig.push(sqe::nop().user_data(4 * round + index));
        }
        rig.submit(0);
        // What takes longer here has to come to its end before the queue can be full.
        while round == 0 && rig.cq.refresh() < 4 {
            rig.submit(4);
        }
    }
    let mut tries = 0;
    while !rig.flags().contains(SqFlags::CQ_OVERFLOW) && tries < 1000 {
        rig.kernel.yield_now().unwrap();
        tries += 1;
    }
    facts.note("the flag", rig.flags().contains(SqFlags::CQ_OVERFLOW));
    facts.note("all there", rig.results(12));
    facts.note("none lost", rig.dropped_completions());
    facts.note("the flag afterwards", rig.flags().contains(SqFlags::CQ_OVERFLOW));
}

fn drains<W: World>(world: &W, facts: &mut Facts) {
    let mut rig = ring(world, SetupFlags::NONE);
    let order = |rig: &mut Rig<W::Kernel>, count| -> Vec<u64> {
        rig.run(count).iter().map(|cqe| cqe.user_data).collect()
    };
    let quiet = 1 << 5;
    rig.push(Sqe { op_flags: quiet, ..timeout(&SHORT, 1) });
    rig.push(sqe::nop().user_data(2).flags(SqeFlags::IO_DRAIN));
    facts.note("waits", order(&mut rig, 2));
    rig.push(Sqe { op_flags: quiet, ..timeout(&SHORT, 1) }.flags(SqeFlags::IO_DRAIN));
    rig.push(sqe::nop().user_data(2));
    facts.note("and is waited for", order(&mut rig, 2));
    rig.push(sqe::nop().user_data(3));
    rig.push(Sqe { op_flags: quiet, ..timeout(&SHORT, 1) }.flags(SqeFlags::IO_DRAIN));
    rig.push(sqe::nop().user_data(2).flags(SqeFlags::IO_DRAIN));
    facts.note("one after the other", order(&mut rig, 3));
}

fn registered<W: World>(world: &W, facts: &mut Facts) {
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

fn setups<W: World>(world: &W, facts: &mut Facts) {
    let kernel = world.kernel();
    let mut attempt = |what, entries, flags: SetupFlags, cq_entries| {
        let mut params = Params { flags, cq_entries, ..Params::default() };
        let answer = kernel.io_uring_setup(entries, &mut params);
        if let Ok(fd) = answer {
            // SAFETY: just made, and used by nobody.
            let _ = unsafe { kernel.close(fd) };
        }
        facts.note(what, answer.map(|_| (params.sq_entries, params.cq_entries)));
    };
    let with = |flags: &[SetupFlags]| flags.iter().fold(SetupFlags::NONE, |all, flag| all | *flag);
    attempt("none", 0, SetupFlags::NONE, 0);
    attempt("rounded up", 5, SetupFlags::NONE, 0);
    attempt("too many", 32769, SetupFlags::NONE, 0);
    attempt("cut", 40000, SetupFlags::CLAMP, 0);
    attempt("small completion queue", 8, SetupFlags::CQSIZE, 4);
    attempt("no completion queue", 8, SetupFlags::CQSIZE, 0);
    attempt("its size", 8, SetupFlags::CQSIZE, 100);
    attempt("unknown flag", 8, SetupFlags(1 << 30), 0);
    attempt("flag without work", 8, SetupFlags::TASKRUN_FLAG, 0);
    attempt("deferred for all", 8, SetupFlags::DEFER_TASKRUN, 0);
    attempt("bound without polling", 8, SetupFlags::SQ_AFF, 0);
    let deferred = with(&[SetupFlags::SINGLE_ISSUER, SetupFlags::DEFER_TASKRUN, SetupFlags::TASKRUN_FLAG]);
    attempt("deferred", 8, deferred, 0);
    attempt("polled and deferred", 8, deferred | SetupFlags::SQPOLL, 0);
    attempt("no array", 8, SetupFlags::NO_SQARRAY, 0);
}

fn entering<W: World>(world: &W, facts: &mut Facts) {
    let retry = |mut call: Box<dyn FnMut() -> Result<u32, Errno> + '_>| loop {
        match call() {
            Err(Errno::INTR | Errno::AGAIN | Errno::BUSY) => {}
            other => return other,
        }
    };
    let mut rig = ring(world, SetupFlags::R_DISABLED);
    facts.note("disabled", retry(Box::new(|| rig.enter(0, 0, EnterFlags::NONE))));
    facts.note("enable", rig.register(Register::ENABLE_RINGS, std::ptr::null_mut::<u8>(), 0));
    facts.note("enabled", retry(Box::new(|| rig.enter(0, 0, EnterFlags::NONE))));
    facts.note("unknown flag", retry(Box::new(|| rig.enter(0, 0, EnterFlags(1 << 20)))));
    let time = SHORT;
    let arg =
        bareio_core::abi::GeteventsArg { timespec: address(&time), sigmask_len: 8, ..Default::default() };
    let at = std::ptr::from_ref(&arg).cast::<u8>();
    let flags = EnterFlags::GETEVENTS | EnterFlags::EXT_ARG;
    let fd = rig.fd;
    let kernel = rig.kernel.clone();
    // SAFETY: the ring is open, nothing is queued but what points to nothing, and `arg` is valid.
    let timed = |submit, len| unsafe { kernel.io_uring_enter(fd, submit, 1, flags, at, len) };
    facts.note("time runs out", retry(Box::new(|| timed(0, 24))));
    facts.note("a wrong argument", retry(Box::new(|| timed(0, 16))));
    // SAFETY: no ring, which is found out.
    let wrong = |fd| unsafe { kernel.io_uring_enter(fd, 0, 0, EnterFlags::NONE, std::ptr::null(), 0) };
    facts.note("not open", retry(Box::new(|| wrong(Fd(9999)))));
    let plain = file(world, "plain", RW).unwrap();
    facts.note("not a ring", retry(Box::new(|| wrong(plain))));
    rig.push(sqe::nop());
    rig.sq.publish();
    facts.note("none asked for", retry(Box::new(|| rig.enter(0, 0, EnterFlags::GETEVENTS))));
    facts.note("and so none done", rig.cq.refresh());
}

fn transfers<W: World>(world: &W, facts: &mut Facts) {
    let mut rig = ring(world, SetupFlags::NONE);
    let fd = file(world, "data", RW).unwrap();
    let read_only = file(world, "data", OpenFlags::READ).unwrap();
    let append = file(world, "data", OpenFlags::WRITE | OpenFlags::APPEND).unwrap();
    let dir = file(world, ".", OpenFlags::READ | OpenFlags::DIRECTORY).unwrap();
    let (reader, writer) = world.pipe();
    let mut bytes = [0_u8; 64];
    let to = bytes.as_mut_ptr();
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

fn names<W: World>(world: &W, facts: &mut Facts) {
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
    drop(file(world, "d/a", RW).unwrap());
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
    let to = std::ptr::from_mut(&mut stat).expose_provenance() as u64;
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

fn calls<W: World>(world: &W, facts: &mut Facts) {
    let kernel = world.kernel();
    let fd = file(world, "a", RW).unwrap();
    let mut bytes = [1_u8; 16];
    let to = bytes.as_mut_ptr();
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
    let word = bareio_core::sync::AtomicU32::new(5);
    facts.note("changed already", kernel.wait(&word, 4, None));
    kernel.wait(&word, 5, Some(Duration::from_millis(2))).unwrap();
    facts.note("time passes", kernel.now().unwrap() > before);
}
