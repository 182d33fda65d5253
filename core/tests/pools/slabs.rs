//! Slabs and their buffers.

use std::thread;

use bareio_core::pool::{Borrowed, Exhausted, MapSlabError, PutError, Slab, SlabRefusal, SlotError};
use bareio_core::{Align, Linux};

use crate::{ROUNDS, memory};

#[test]
fn slots_are_equal_disjoint_and_inside_the_whole() {
    let mut memory = memory(24, 40);
    let slab = Slab::new(Borrowed::new(&mut memory), 24, 40, Align::BYTE).unwrap();
    let mut buffers: Vec<_> = (0..40).map(|_| slab.get(0).unwrap()).collect();
    assert_eq!(slab.get(0).unwrap_err(), Exhausted);
    let whole = slab.whole();
    assert_eq!((whole.len(), slab.slot_len(), slab.count()), (24 * 40, 24, 40));
    for (number, buffer) in (0..).zip(&mut buffers) {
        assert_eq!(slab.index_of(buffer.as_ptr()), Ok(buffer.index()));
        assert!(slab.contains(buffer.as_ptr()));
        buffer.fill(number);
    }
    for (number, buffer) in (0..).zip(&buffers) {
        assert!(buffer.iter().all(|&byte| byte == number), "slot {} was written by another", buffer.index());
    }
}

#[test]
fn slots_sit_on_the_grid_and_are_rounded_up_to_it() {
    let mut memory = vec![0_u8; 16 * 1024];
    let skip = memory.as_ptr().align_offset(4096);
    let slab = Slab::new(Borrowed::new(&mut memory[skip..]), 1000, 2, Align::KIB_4).unwrap();
    assert_eq!(slab.slot_len(), 4096);
    let (a, b) = (slab.get(0).unwrap(), slab.get(0).unwrap());
    assert_eq!((a.as_ptr().addr() % 4096, b.as_ptr().addr() % 4096), (0, 0));
}

#[test]
fn foreign_and_tampered_addresses_are_seen() {
    let mut memory = memory(64, 4);
    let slab = Slab::new(Borrowed::new(&mut memory), 64, 4, Align::BYTE).unwrap();
    let start = slab.whole().base().cast_const();
    let at = |offset: isize| start.wrapping_offset(offset);
    assert_eq!(slab.index_of(at(192)), Ok(3));
    assert_eq!(slab.index_of(at(256)), Err(SlotError::Outside { address: at(256).addr() }), "the end");
    assert_eq!(slab.index_of(at(-1)), Err(SlotError::Outside { address: at(-1).addr() }));
    assert_eq!(slab.index_of(at(-64)), Err(SlotError::Outside { address: at(-64).addr() }));
    let within = SlotError::Within { address: at(65).addr(), index: 1, into: 1 };
    assert_eq!(slab.index_of(at(65)), Err(within));
    assert!(slab.contains(at(255)) && !slab.contains(at(256)) && !slab.contains(at(-1)));
}

#[test]
fn a_slab_that_cannot_be_gives_its_memory_back() {
    let mut memory = vec![0_u8; 8192];
    let skip = memory.as_ptr().align_offset(4096);
    let memory = Borrowed::new(&mut memory[skip + 1..]);
    let error = Slab::new(memory, 512, 1, Align::KIB_4).unwrap_err();
    assert!(matches!(error.why, SlabRefusal::Misaligned { .. }), "{error}");
    let error = Slab::new(error.memory, 0, 1, Align::BYTE).unwrap_err();
    assert_eq!(error.why, SlabRefusal::Size { slot_len: 0, count: 1 });
    let error = Slab::new(error.memory, 1, 0, Align::BYTE).unwrap_err();
    assert_eq!(error.why, SlabRefusal::Size { slot_len: 1, count: 0 });
    let error = Slab::new(error.memory, usize::MAX, 2, Align::BYTE).unwrap_err();
    assert_eq!(error.why, SlabRefusal::Size { slot_len: usize::MAX, count: 2 });
    let error = Slab::new(error.memory, isize::MAX as usize, 1 << 31, Align::BYTE).unwrap_err();
    assert!(matches!(error.why, SlabRefusal::Size { .. }), "{error}");
    let error = Slab::new(error.memory, 8192, 1, Align::BYTE).unwrap_err();
    assert!(matches!(error.why, SlabRefusal::TooShort { needed: 8192.., .. }), "{error}");
    assert!(Slab::new(error.memory, 64, 8, Align::BYTE).is_ok());
}

#[test]
fn a_buffer_through_a_handle_is_the_one_just_put_and_zero_wipes_it() {
    let mut memory = memory(32, 8);
    let slab = Slab::new(Borrowed::new(&mut memory), 32, 8, Align::BYTE).unwrap();
    let mut handle = slab.handle(4).unwrap();
    let mut buffer = handle.get().unwrap();
    buffer[0] = 9;
    let index = buffer.index();
    handle.put(buffer).unwrap();
    let mut buffer = handle.get().unwrap();
    assert_eq!((buffer.index(), buffer[0]), (index, 9), "what was written stays until it is wiped");
    buffer.zero();
    assert!(buffer.iter().all(|&byte| byte == 0));
    assert_eq!((slab.free(), slab.unreserved()), (4, 4));
}

#[test]
fn a_buffer_passes_through_a_number() {
    let mut memory = memory(32, 2);
    let slab = Slab::new(Borrowed::new(&mut memory), 32, 2, Align::BYTE).unwrap();
    let mut buffer = slab.get(1).unwrap();
    buffer[31] = 5;
    let index = buffer.into_index();
    // SAFETY: the buffer became this number just above, and nothing else touches it.
    let buffer = unsafe { slab.hold(index) }.unwrap();
    assert_eq!(buffer[31], 5);
    // SAFETY: refused, because it is a buffer already.
    assert_eq!(unsafe { slab.hold(index) }.unwrap_err(), PutError::Held { index });
}

#[test]
fn a_slab_moves_with_its_memory_and_gives_it_back() {
    let mut memory = memory(16, 3);
    let slab = Slab::new(Borrowed::new(&mut memory), 16, 3, Align::BYTE).unwrap();
    let moved = Box::new(slab);
    moved.get(2).unwrap()[0] = 77;
    let memory = (*moved).into_memory();
    let again = Slab::new(memory, 16, 3, Align::BYTE).unwrap();
    assert_eq!(again.get(2).unwrap()[0], 77);
}

#[test]
fn buffers_cross_threads_and_come_back() {
    let mut memory = memory(64, 16);
    let slab = Slab::new(Borrowed::new(&mut memory), 64, 16, Align::BYTE).unwrap();
    thread::scope(|scope| {
        for thread in 0..4_u8 {
            let slab = &slab;
            scope.spawn(move || {
                let mut handle = slab.handle(2).unwrap();
                for round in 0..ROUNDS / 10 {
                    let mut buffer = handle.get().unwrap();
                    buffer.fill(thread);
                    assert!(buffer.iter().all(|&byte| byte == thread), "two owners in round {round}");
                    if round % 3 == 0 { drop(buffer) } else { handle.put(buffer).unwrap() }
                }
            });
        }
    });
    assert_eq!((slab.free(), slab.unreserved()), (16, 16));
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_mapped_slab_has_aligned_slots_and_leaves_its_lines_out_of_the_whole() {
    let slab = Slab::map(Linux, 5000, 100, Align::KIB_4).unwrap();
    assert_eq!((slab.slot_len(), slab.whole().len()), (8192, 819_200));
    assert!(slab.granted().resident);
    let mut buffers: Vec<_> = (0..100).map(|at| slab.get(at).unwrap()).collect();
    for buffer in &mut buffers {
        assert_eq!(buffer.as_ptr().addr() % 4096, 0);
        buffer.fill(0xff);
    }
    drop(buffers);
    assert_eq!(slab.free(), 100, "buffers filled to the brim leave the pool's own state alone");
    let error = Slab::map(Linux, usize::MAX, 2, Align::KIB_4).unwrap_err();
    assert!(matches!(error, MapSlabError::Refused(SlabRefusal::Size { .. })), "{error}");
}
