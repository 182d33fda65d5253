//! Every constructor puts each of its arguments where the kernel reads it, and leaves every other byte zero.
//!
//! The places are those of `struct io_uring_sqe` in `linux/io_uring.h`, written down a second time, by hand.

#[path = "encoding/table.rs"]
mod table;

use bareio_core::Fd;
use bareio_core::abi::{AcceptFlags, Opcode, RecvFlags, SendFlags, Sqe, SqeFlags};
use bareio_core::{kernel::RwFlags, sqe};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Arguments for any constructor.
#[derive(Debug, Clone)]
struct Args {
    /// Descriptors.
    fds: [i32; 2],
    /// Addresses.
    addresses: [u64; 3],
    /// 64-bit numbers.
    longs: [u64; 2],
    /// 32-bit numbers and sets of bits.
    words: [u32; 3],
    /// 16-bit numbers.
    halves: [u16; 3],
    /// A slot of registered files: its index is a `u32`, but no table is nearly so large.
    index: u32,
    /// What every entry may carry.
    user_data: u64,
    personality: u16,
}

impl Args {
    fn fd(&self) -> Fd {
        Fd(self.fds[0])
    }

    fn fd2(&self) -> Fd {
        Fd(self.fds[1])
    }

    /// One of the addresses, of nothing.
    #[expect(clippy::cast_possible_truncation, reason = "addresses are 64 bits wide here")]
    fn ptr<T>(&self, number: usize) -> *mut T {
        core::ptr::without_provenance_mut(self.addresses[number] as usize)
    }
}

fn args() -> impl Strategy<Value = Args> {
    let fields = (
        any::<[i32; 2]>(),
        any::<[u64; 3]>(),
        any::<[u64; 2]>(),
        any::<[u32; 3]>(),
        any::<[u16; 3]>(),
        0..u32::MAX - 2,
        any::<u64>(),
        any::<u16>(),
    );
    fields.prop_map(|(fds, addresses, longs, words, halves, index, user_data, personality)| Args {
        fds,
        addresses,
        longs,
        words,
        halves,
        index,
        user_data,
        personality,
    })
}

/// What is expected in a place.
#[derive(Clone, Copy)]
enum Value {
    Fd,
    Fd2,
    Address(usize),
    Long(usize),
    Word(usize),
    /// A word, and a bit that the constructor sets.
    WordWith(usize, u32),
    Half(usize),
    /// The slot's index, counted from 1.
    Slot,
    Index,
    Is(u64),
}

impl Value {
    fn of(self, args: &Args) -> u64 {
        match self {
            Self::Fd => args.fds[0].cast_unsigned().into(),
            Self::Fd2 => args.fds[1].cast_unsigned().into(),
            Self::Address(number) => args.addresses[number],
            Self::Long(number) => args.longs[number],
            Self::Word(number) => args.words[number].into(),
            Self::WordWith(number, bit) => (args.words[number] | bit).into(),
            Self::Half(number) => args.halves[number].into(),
            Self::Slot => u64::from(args.index) + 1,
            Self::Index => args.index.into(),
            Self::Is(value) => value,
        }
    }
}

/// Where something is in an entry, and how many bytes it has.
type Place = (usize, usize);

/// A constructor's name, a call of it, its opcode, and what is to be where. The rest is zero.
type Row = (&'static str, fn(&Args) -> Sqe, u8, &'static [(Place, Value)]);

const OPCODE: Place = (0, 1);
const USER_DATA: Place = (32, 8);
const PERSONALITY: Place = (42, 2);

/// Takes the number in a place out of the entry: what is left there is zero.
fn take(entry: &mut [u8; 64], (at, width): Place) -> u64 {
    let mut number = [0; 8];
    let low = if cfg!(target_endian = "little") { 0..width } else { 8 - width..8 };
    number[low].copy_from_slice(&entry[at..at + width]);
    entry[at..at + width].fill(0);
    u64::from_ne_bytes(number)
}

fn bytes(entry: Sqe) -> [u8; 64] {
    // SAFETY: `Sqe` is `repr(C)`, 64 bytes without padding, all of them plain integers.
    unsafe { core::mem::transmute::<Sqe, [u8; 64]>(entry) }
}

proptest! {
    #[test]
    fn every_argument_is_where_the_kernel_reads_it(args in args()) {
        for (name, make, opcode, fields) in table::ROWS {
            let mut entry = bytes(make(&args).user_data(args.user_data).personality(args.personality));
            prop_assert_eq!(take(&mut entry, OPCODE), u64::from(*opcode), "the opcode of {}", name);
            prop_assert_eq!(take(&mut entry, USER_DATA), args.user_data, "the user data of {}", name);
            prop_assert_eq!(take(&mut entry, PERSONALITY), u64::from(args.personality), "{}", name);
            for &(place, value) in *fields {
                let found = take(&mut entry, place);
                prop_assert_eq!(found, value.of(&args), "{} bytes at {} of {}", place.1, place.0, name);
            }
            prop_assert_eq!(entry, [0; 64], "{} writes where nothing belongs", name);
        }
    }

    #[test]
    fn what_is_added_to_an_entry_keeps_what_was_there(args in args()) {
        let [group, how, priority] = args.halves;
        let entry = sqe::read(args.fd(), args.ptr(0), args.words[0], args.longs[0]);
        let flags = SqeFlags::IO_LINK | SqeFlags::BUFFER_SELECT | SqeFlags::FIXED_FILE;
        let added = entry
            .flags(SqeFlags::IO_LINK)
            .buffer_group(group)
            .fixed_file()
            .priority(priority)
            .rw_flags(RwFlags(args.words[1]));
        prop_assert_eq!(
            added,
            Sqe { flags, buf_index: group, ioprio: priority, op_flags: args.words[1], ..entry }
        );

        let multishot = sqe::recv_multishot(args.fd(), group, bareio_core::abi::MsgFlags::NONE);
        prop_assert_eq!(multishot.recv_flags(RecvFlags(how)).ioprio, how | RecvFlags::MULTISHOT.bits());
        let bundle = sqe::send_bundle(args.fd(), 0, group, bareio_core::abi::MsgFlags::NONE);
        prop_assert_eq!(bundle.send_flags(SendFlags(how)).ioprio, how | SendFlags::BUNDLE.bits());
        let none = bareio_core::abi::SocketFlags::NONE;
        let accept = sqe::accept_multishot(args.fd(), args.ptr(0), args.ptr(1), none);
        prop_assert_eq!(
            accept.accept_flags(AcceptFlags(how)).ioprio,
            how | AcceptFlags::MULTISHOT.bits()
        );
    }
}

#[test]
fn every_opcode_has_a_constructor() {
    let made: BTreeSet<u8> = table::ROWS.iter().map(|(_, _, opcode, _)| *opcode).collect();
    let named: BTreeSet<u8> = Opcode::ALL.iter().map(|opcode| opcode.0).collect();
    assert_eq!(made, named);
}
