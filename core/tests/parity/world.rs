//! A directory, some odd files and some memory, made alike for each way, so that what is left can be compared.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::{FromRawFd, OwnedFd};

use bareio_core::abi::{FileSlot, Statx};
use bareio_core::op::{Chain, Op, Target};
use bareio_core::{Errno, Fd, IoVec};

use crate::act::{Act, Memory, NAMES, On};
use crate::common::Scratch;
use crate::files::{fd, sealed};
use crate::way::Way;

/// How many bytes the fixed buffer has.
pub(crate) const FIXED: usize = 4096;

pub(crate) struct World {
    // First, so that it goes before the memory that it uses.
    way: Way,
    scratch: Scratch,
    dir: File,
    plain: File,
    append: File,
    read_only: File,
    sealed: File,
    full: File,
    fixed: Vec<u8>,
    /// What the operations of one chain name: bytes, lists of pieces, answers.
    bytes: Vec<Vec<u8>>,
    pieces: Vec<Vec<IoVec>>,
    stats: Vec<Vec<Statx>>,
}

/// Bytes that print as runs.
#[derive(PartialEq, Eq)]
pub(crate) struct Bytes(Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.0.chunk_by(|left, right| left == right).map(|run| (run[0], run.len()));
        f.debug_map().entries(runs.take(20)).finish()
    }
}

/// What can be seen of a world from outside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    results: Vec<Vec<Result<u32, Errno>>>,
    /// What was read, and what was told of files.
    memory: Vec<Vec<Bytes>>,
    told: Vec<Vec<(u64, u16, u32)>>,
    /// Every name, with its contents; `None` for a directory.
    names: BTreeMap<String, Option<Bytes>>,
    sealed: Bytes,
    fixed: Bytes,
    positions: [u64; 4],
}

impl World {
    pub(crate) fn new(name: &str, mut way: Way) -> Self {
        let scratch = Scratch::new(name);
        let begin: Vec<u8> = (0..5000_u32).map(|index| (index % 251) as u8).collect();
        std::fs::write(scratch.path("f0"), &begin).unwrap();
        std::fs::write(scratch.path("f1"), b"short").unwrap();
        let sealed = sealed(6000);
        let mut fixed = vec![0xF1; FIXED];
        way.register(&mut fixed);
        Self {
            way,
            dir: File::open(scratch.path("")).unwrap(),
            plain: File::options().read(true).write(true).open(scratch.path("f0")).unwrap(),
            append: File::options().append(true).open(scratch.path("f0")).unwrap(),
            read_only: File::open(scratch.path("f1")).unwrap(),
            full: File::options().read(true).write(true).open("/dev/full").unwrap(),
            scratch,
            sealed,
            fixed,
            bytes: Vec::new(),
            pieces: Vec::new(),
            stats: Vec::new(),
        }
    }

    fn target(&self, on: On) -> Target {
        Target::Fd(match on {
            On::Plain => fd(&self.plain),
            On::Append => fd(&self.append),
            On::ReadOnly => fd(&self.read_only),
            On::Sealed => fd(&self.sealed),
            On::Dir => fd(&self.dir),
            On::Full => fd(&self.full),
            On::Closed => Fd(-1),
            On::Slot(slot) => return Target::Slot(slot),
        })
    }

    /// `len` bytes of memory of our own, all `byte`, until the chain is done.
    fn bytes(&mut self, len: usize, byte: u8) -> *mut u8 {
        self.bytes.push(vec![byte; len]);
        self.bytes.last_mut().expect("just pushed").as_mut_ptr()
    }

    /// Memory for one transfer, in pieces.
    fn pieces(&mut self, lens: &[usize], byte: u8) -> *const [IoVec] {
        let pieces = lens.iter().map(|&len| IoVec::new(self.bytes(len, byte), len)).collect();
        self.pieces.push(pieces);
        core::ptr::from_ref(self.pieces.last().expect("just pushed").as_slice())
    }

    /// The operation that `act` asks for in this world.
    fn op(&mut self, act: &Act) -> Op {
        let dir = fd(&self.dir);
        match *act {
            Act::Nop => Op::Nop,
            Act::Read { on, ref memory, at } => {
                let file = self.target(on);
                match *memory {
                    Memory::Plain(len) => Op::read(file, self.bytes(len, 0xEE), len, at),
                    Memory::Fixed(len) => Op::read_fixed(file, self.fixed.as_mut_ptr(), len, at, 0),
                    Memory::Pieces(ref lens) => {
                        // SAFETY: the list stays where it is until the chain is done.
                        Op::read_vectored(file, unsafe { &*self.pieces(lens, 0xEE) }, at)
                    }
                }
                .unwrap()
            }
            Act::Write { on, ref memory, at, byte, flags } => {
                let file = self.target(on);
                match *memory {
                    Memory::Plain(len) => Op::write(file, self.bytes(len, byte), len, at),
                    Memory::Fixed(len) => Op::write_fixed(file, self.fixed.as_mut_ptr(), len, at, 0),
                    Memory::Pieces(ref lens) => {
                        // SAFETY: the list stays where it is until the chain is done.
                        Op::write_vectored(file, unsafe { &*self.pieces(lens, byte) }, at)
                    }
                }
                .unwrap()
                .with_flags(flags)
            }
            Act::SyncAll { on } => Op::sync_all(self.target(on)),
            Act::SyncData { on } => Op::sync_data(self.target(on)),
            Act::SyncRange { on, offset, len, how } => {
                Op::sync_range(self.target(on), offset, len, how).unwrap()
            }
            Act::Allocate { on, how, offset, len } => {
                Op::allocate(self.target(on), how, offset, len).unwrap()
            }
            Act::Truncate { on, len } => Op::truncate(self.target(on), len).unwrap(),
            Act::Advise { on, offset, len, advice } => {
                Op::advise_file(self.target(on), offset, len, advice).unwrap()
            }
            Act::Open { name, flags, slot: None } => Op::open_at(dir, NAMES[name], flags, 0o600).unwrap(),
            Act::Open { name, flags, slot: Some(slot) } => {
                Op::open_at_slot(dir, NAMES[name], flags, 0o600, FileSlot::at(slot)).unwrap()
            }
            Act::Close { slot } => Op::close(Target::Slot(slot)),
            Act::Stat { name } => {
                self.stats.push(vec![Statx::default()]);
                let stat = self.stats.last_mut().expect("just pushed").as_mut_ptr();
                Op::stat(dir, NAMES[name], Statx::BASIC_STATS, stat).unwrap()
            }
            Act::Rename { from, to, flags } => {
                Op::rename_at(dir, NAMES[from], dir, NAMES[to], flags).unwrap()
            }
            Act::Unlink { name, flags } => Op::unlink_at(dir, NAMES[name], flags).unwrap(),
            Act::MakeDir { name } => Op::make_dir_at(dir, NAMES[name], 0o700).unwrap(),
        }
    }

    /// One chain, each act with whether it is linked softly to the next.
    fn chain(&mut self, acts: &[(Act, bool)]) -> Chain<8> {
        let mut chain = Chain::new(self.op(&acts[0].0));
        for pair in acts.windows(2) {
            let next = self.op(&pair[1].0);
            let added = if pair[0].1 { chain.link(next) } else { chain.hard_link(next) };
            added.unwrap();
        }
        chain
    }

    /// Carries chains out, one after the other, and tells what is seen then.
    pub(crate) fn live(mut self, chains: &[Vec<(Act, bool)>]) -> Sight {
        let (mut results, mut memory, mut told) = (Vec::new(), Vec::new(), Vec::new());
        for acts in chains {
            let chain = self.chain(acts);
            // SAFETY: all that is named belongs to this world, which is not touched meanwhile.
            let mut answers = unsafe { self.way.run(chain.links()) };
            for (link, answer) in chain.links().iter().zip(&mut answers) {
                if let (Op::OpenAt { slot: None, .. }, Ok(number)) = (link.op, *answer) {
                    // SAFETY: it was opened just now, and nobody else knows it.
                    drop(unsafe { OwnedFd::from_raw_fd(number.cast_signed()) });
                    *answer = Ok(0); // its number means nothing elsewhere
                }
            }
            results.push(answers);
            self.pieces.clear();
            memory.push(self.bytes.drain(..).map(Bytes).collect());
            told.push(
                self.stats.drain(..).flatten().map(|stat| (stat.size, stat.mode, stat.nlink)).collect(),
            );
        }
        let mut positions = [&self.plain, &self.append, &self.read_only, &self.sealed];
        let positions = positions.each_mut().map(|file| file.stream_position().unwrap());
        let mut sealed = Vec::new();
        self.sealed.seek(SeekFrom::Start(0)).unwrap();
        self.sealed.read_to_end(&mut sealed).unwrap();
        let names = self.names();
        let (sealed, fixed) = (Bytes(sealed), Bytes(self.fixed));
        Sight { results, memory, told, names, sealed, fixed, positions }
    }

    fn names(&self) -> BTreeMap<String, Option<Bytes>> {
        std::fs::read_dir(self.scratch.path(""))
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let contents =
                    entry.file_type().unwrap().is_file().then(|| Bytes(std::fs::read(entry.path()).unwrap()));
                (entry.file_name().into_string().unwrap(), contents)
            })
            .collect()
    }
}
