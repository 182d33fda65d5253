//! The same scripts on this kernel and on Linux, and the same answers.
//!
//! What a script notes down may depend on the rules only, never on speed or order.

mod files;
mod rings;

use std::ffi::CString;
use std::fmt::Debug;
use std::io::{PipeReader, PipeWriter};
use std::os::fd::AsRawFd;
use std::time::Duration;

use bareio_core::abi::{
    CancelFlags, EnterFlags, Opcode, Params, Register, SetupFlags, SqFlags, Sqe, SqeFlags, SyncCancel,
    Timespec,
};
use bareio_core::kernel::{Allocate, OpenFlags, RenameFlags, RwFlags, Seek, UnlinkFlags};
use bareio_core::sim::Sim;
use bareio_core::{Errno, Fd, IoVec, Kernel, Linux, sqe};

use super::rig::Rig;
use files::{calls, names, registered, transfers};
use rings::{cancelling, drains, entering, limits, links, overflow, refused, setups, short_submit};

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
