//! Whatever numbers an operation is asked for with, what is made of them is what the kernel takes, or an error.
#![no_main]

use arbitrary::Arbitrary;
use bareio_core::abi::{Opcode, Sqe, SqeFlags};
use bareio_core::iovec::MAX_RW_LEN;
use bareio_core::op::{Offset, Op, Target};
use bareio_core::{Fd, IoVec};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Numbers {
    fd: i32,
    slot: Option<u32>,
    address: usize,
    len: usize,
    offset: Option<u64>,
    pieces: Vec<(usize, usize)>,
}

fn check(entry: Sqe, numbers: &Numbers) {
    if entry.opcode == Opcode::NOP {
        return; // a transfer of nothing
    }
    assert!(
        entry.offset <= i64::MAX.unsigned_abs() || (entry.offset == u64::MAX && numbers.offset.is_none())
    );
    assert_eq!(entry.flags.contains(SqeFlags::FIXED_FILE), numbers.slot.is_some());
    if numbers.slot.is_none() {
        assert_eq!(entry.fd, numbers.fd);
    }
    assert_eq!(entry.pad, 0);
}

fuzz_target!(|numbers: Numbers| {
    let target = numbers.slot.map_or(Target::Fd(Fd(numbers.fd)), Target::Slot);
    let offset = numbers.offset.map_or(Offset::Current, Offset::At);
    let address = std::ptr::without_provenance_mut::<u8>(numbers.address);
    for op in
        [Op::read(target, address, numbers.len, offset), Op::write(target, address, numbers.len, offset)]
    {
        let Ok(op) = op else { continue };
        let entry = op.encode();
        check(entry, &numbers);
        assert!(entry.len as usize <= MAX_RW_LEN && entry.len as usize <= numbers.len);
    }
    let pieces: Vec<IoVec> = numbers
        .pieces
        .iter()
        .map(|(base, len)| IoVec::new(std::ptr::without_provenance_mut(*base), *len))
        .collect();
    if let Ok(op) = Op::write_vectored(target, &pieces, offset) {
        let entry = op.encode();
        check(entry, &numbers);
        assert!(entry.len <= 1024);
    }
});
