//! Operations before they know their world: what proptest makes up.

use std::ffi::CStr;

use bareio_core::kernel::{AdviseFile, Allocate, OpenFlags, RenameFlags, RwFlags, SyncRange, UnlinkFlags};
use bareio_core::op::Offset;
use proptest::prelude::*;

use crate::way::SLOTS;
use crate::world::FIXED;

/// The names that files and directories have.
pub(crate) const NAMES: [&CStr; 4] = [c"f0", c"f1", c"f2", c"f3"];

/// Which file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum On {
    Plain,
    Append,
    ReadOnly,
    Sealed,
    Dir,
    Full,
    Closed,
    Slot(u32),
}

/// Which memory, and how much of it.
#[derive(Clone, Debug)]
pub(crate) enum Memory {
    Plain(usize),
    Fixed(usize),
    Pieces(Vec<usize>),
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    Nop,
    Read { on: On, memory: Memory, at: Offset },
    Write { on: On, memory: Memory, at: Offset, byte: u8, flags: RwFlags },
    SyncAll { on: On },
    SyncData { on: On },
    SyncRange { on: On, offset: u64, len: u32, how: SyncRange },
    Allocate { on: On, how: Allocate, offset: u64, len: u64 },
    Truncate { on: On, len: u64 },
    Advise { on: On, offset: u64, len: u64, advice: AdviseFile },
    Open { name: usize, flags: OpenFlags, slot: Option<u32> },
    Close { slot: u32 },
    Stat { name: usize },
    Rename { from: usize, to: usize, flags: RenameFlags },
    Unlink { name: usize, flags: UnlinkFlags },
    MakeDir { name: usize },
}

/// A slot, sometimes the first that is none.
fn slot() -> impl Strategy<Value = u32> + Clone {
    0..=u32::try_from(SLOTS).unwrap()
}

fn on() -> impl Strategy<Value = On> + Clone {
    prop_oneof![
        6 => Just(On::Plain),
        3 => Just(On::Sealed),
        5 => slot().prop_map(On::Slot),
        1 => Just(On::Append),
        1 => Just(On::ReadOnly),
        1 => Just(On::Dir),
        1 => Just(On::Full),
        1 => Just(On::Closed),
    ]
}

fn memory() -> impl Strategy<Value = Memory> {
    prop_oneof![
        4 => (0..9000_usize).prop_map(Memory::Plain),
        2 => (0..=FIXED).prop_map(Memory::Fixed),
        2 => prop::collection::vec(prop_oneof![Just(0), 1..5000_usize], 0..5).prop_map(Memory::Pieces),
    ]
}

fn at() -> impl Strategy<Value = Offset> {
    prop_oneof![
        5 => (0..8000_u64).prop_map(Offset::At),
        3 => Just(Offset::Current),
        1 => Just(Offset::At(1 << 40)),
    ]
}

fn rw_flags() -> impl Strategy<Value = RwFlags> {
    prop_oneof![8 => Just(RwFlags::NONE), 1 => Just(RwFlags::DATA_SYNC), 1 => Just(RwFlags::APPEND)]
}

fn transfers() -> impl Strategy<Value = Act> {
    prop_oneof![
        (on(), memory(), at()).prop_map(|(on, memory, at)| Act::Read { on, memory, at }),
        (on(), memory(), at(), any::<u8>(), rw_flags()).prop_map(|(on, memory, at, byte, flags)| {
            // A device that takes no flags refuses them to a call, and in a ring never sees them.
            let flags = if matches!(on, On::Full) { RwFlags::NONE } else { flags };
            Act::Write { on, memory, at: sensible(on, at), byte, flags }
        }),
    ]
}

/// A write far behind the end would make a file that takes long to compare; and a short one at the current position
/// leaves the position to chance, in a ring.
fn sensible(on: On, at: Offset) -> Offset {
    match (on, at) {
        (_, Offset::At(far)) if far > 1 << 20 => Offset::At(9000),
        (On::Sealed, Offset::Current) => Offset::At(0),
        _ => at,
    }
}

fn spaces() -> impl Strategy<Value = Act> {
    let how = prop::sample::select(vec![
        Allocate::NONE,
        Allocate::KEEP_SIZE,
        Allocate::PUNCH_HOLE | Allocate::KEEP_SIZE,
        Allocate::ZERO_RANGE,
        Allocate::PUNCH_HOLE, // wrong without KEEP_SIZE
    ]);
    let range = prop::sample::select(vec![
        SyncRange::WRITE,
        SyncRange::WAIT_BEFORE | SyncRange::WRITE | SyncRange::WAIT_AFTER,
        SyncRange(64), // no such flag
    ]);
    let advice = prop::sample::select(vec![AdviseFile::Random, AdviseFile::WillNeed, AdviseFile::DontNeed]);
    prop_oneof![
        1 => on().prop_map(|on| Act::SyncAll { on }),
        2 => on().prop_map(|on| Act::SyncData { on }),
        1 => (on(), 0..9000_u64, 0..9000_u32, range)
            .prop_map(|(on, offset, len, how)| Act::SyncRange { on, offset, len, how }),
        3 => (on(), how, 0..9000_u64, 0..9000_u64)
            .prop_map(|(on, how, offset, len)| Act::Allocate { on, how, offset, len }),
        2 => (on(), 0..12_000_u64).prop_map(|(on, len)| Act::Truncate { on, len }),
        1 => (on(), 0..9000_u64, prop_oneof![0..9000_u64, Just(1 << 40)], advice)
            .prop_map(|(on, offset, len, advice)| Act::Advise { on, offset, len, advice }),
    ]
}

fn names() -> impl Strategy<Value = Act> {
    const READ_WRITE: OpenFlags = OpenFlags::READ.with(OpenFlags::WRITE);
    let name = || 0..NAMES.len();
    let flags = prop::sample::select(vec![
        OpenFlags::READ,
        OpenFlags::WRITE,
        READ_WRITE,
        READ_WRITE | OpenFlags::CREATE,
        READ_WRITE | OpenFlags::CREATE | OpenFlags::EXCLUSIVE,
        READ_WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE,
        READ_WRITE | OpenFlags::APPEND | OpenFlags::DATA_SYNC,
        OpenFlags::READ | OpenFlags::DIRECTORY,
    ]);
    let rename = prop::sample::select(vec![RenameFlags::NONE, RenameFlags::NOREPLACE, RenameFlags::EXCHANGE]);
    let unlink = prop::sample::select(vec![UnlinkFlags::NONE, UnlinkFlags::REMOVE_DIR]);
    prop_oneof![
        6 => (name(), flags, prop::option::weighted(0.8, slot()))
            .prop_map(|(name, flags, slot)| Act::Open { name, flags, slot }),
        2 => slot().prop_map(|slot| Act::Close { slot }),
        1 => name().prop_map(|name| Act::Stat { name }),
        1 => (name(), name(), rename).prop_map(|(from, to, flags)| Act::Rename { from, to, flags }),
        1 => (name(), unlink).prop_map(|(name, flags)| Act::Unlink { name, flags }),
        1 => name().prop_map(|name| Act::MakeDir { name }),
    ]
}

/// Any act, with whether a soft link is behind it.
pub(crate) fn acts() -> impl Strategy<Value = (Act, bool)> {
    let act = prop_oneof![6 => transfers(), 3 => spaces(), 4 => names(), 1 => Just(Act::Nop)];
    (act, prop::bool::weighted(0.4))
}
