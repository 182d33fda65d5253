use bareio_core::map::{Backing, MapOptions, Residency};
use bareio_core::{Align, AllocError, Errno, Mapping};

use crate::heap::MIB_2;
use crate::ledger::{Call, Ledger};
use crate::{is_pattern, is_zero, kernels, none, page_len, pattern};

const SMALL: MapOptions = MapOptions::new().residency(Residency::Populated);

/// Grows a mapping of `len` bytes to `new_len` and checks every byte.
fn grow(ledger: &Ledger, options: MapOptions, len: usize, new_len: usize) {
    let case = format!("{options:?}: {len} to {new_len}");
    let mut memory = Mapping::with_options(ledger, len, options).unwrap();
    let old_len = memory.len();
    memory.as_mut_slice().copy_from_slice(&pattern(old_len));
    memory.grow(new_len).unwrap();
    assert_eq!(memory.len(), new_len.next_multiple_of(page_len(ledger)), "{case}");
    let (old, new) = memory.as_slice().split_at(old_len);
    assert!(is_pattern(old), "{case}: contents lost");
    assert!(is_zero(new), "{case}: not zeroed");
    memory.as_mut_slice().fill(2);
    assert_eq!(memory.as_ptr().addr().get() % memory.granted().page.len(), 0, "{case}: off its boundary");
    drop(memory);
    assert_eq!(ledger.live(), 0, "{case}: something is left");
}

#[test]
fn growing_keeps_the_contents_whichever_way_it_is_done() {
    let ways = [
        SMALL,
        MapOptions::new(),
        SMALL.residency(Residency::Lazy),
        SMALL.guarded(true),
        SMALL.align(Align::new(1 << 16).unwrap()),
        MapOptions::new().guarded(true),
    ];
    for ledger in kernels(none) {
        for options in ways {
            for (len, new_len) in [(1, 5000), (5000, 12_288), (65_536, MIB_2), (MIB_2, MIB_2 + 1)] {
                grow(&ledger, options, len, new_len);
            }
        }
    }
}

#[test]
fn without_remap_growing_copies() {
    let refuse = |call| (call == Call::Remap).then_some(Errno::NOSYS);
    for ledger in kernels(refuse) {
        grow(&ledger, SMALL, 5000, 100_000);
        assert_eq!(ledger.count(Call::Remap), 1);
    }
}

#[test]
fn small_pages_are_moved_by_the_kernel_and_not_copied() {
    for ledger in kernels(none) {
        grow(&ledger, SMALL, 5000, 100_000);
        assert_eq!(ledger.count(Call::Remap), 1);
        assert_eq!(ledger.calls().iter().filter(|call| matches!(call, Call::Map(_))).count(), 1);
    }
}

#[test]
fn growing_works_in_place_and_when_the_place_is_taken() {
    for ledger in kernels(none) {
        let mut stack: Vec<_> =
            (0..3).map(|_| Mapping::with_options(&ledger, 65_536, SMALL).unwrap()).collect();
        // Neighbours lie end to end, so not all of them can grow where they are.
        let mut moved = 0;
        for memory in &mut stack {
            let before = memory.as_ptr();
            memory.as_mut_slice().copy_from_slice(&pattern(65_536));
            memory.grow(8 * 65_536).unwrap();
            moved += usize::from(memory.as_ptr() != before);
            assert!(is_pattern(&memory.as_slice()[..65_536]));
            let before = memory.as_ptr();
            memory.grow(memory.len() + 1).unwrap();
            memory.grow(1).unwrap();
            moved += usize::from(memory.as_ptr() != before);
        }
        assert!(moved > 0);
    }
    let heap = &kernels(none)[0];
    let mut memory = Mapping::with_options(heap, 65_536, SMALL).unwrap();
    let before = memory.as_ptr();
    memory.grow(2 * 65_536).unwrap();
    assert_eq!(memory.as_ptr(), before, "there was room behind it");
}

#[test]
fn what_grows_long_enough_for_huge_pages_gets_them() {
    for ledger in kernels(none) {
        let transparent = MapOptions::new().residency(Residency::Transparent);
        let mut memory = Mapping::with_options(&ledger, 65_536, transparent).unwrap();
        assert_eq!(memory.granted().backing, Backing::Small);
        memory.grow(2 * MIB_2).unwrap();
        assert_eq!(memory.granted().backing, Backing::Transparent);
        assert_eq!(memory.as_ptr().addr().get() % MIB_2, 0);
    }
}

#[test]
fn growth_that_is_refused_at_any_step_leaves_everything_as_it_was() {
    for ledger in kernels(none) {
        for options in [SMALL, SMALL.guarded(true), SMALL.align(Align::MIB_2), MapOptions::new()] {
            let (mut steps, mut refusals) = (0, 0);
            loop {
                let mut memory = Mapping::with_options(&ledger, 65_536, options).unwrap();
                memory.as_mut_slice().copy_from_slice(&pattern(65_536));
                let (len, live) = (memory.len(), ledger.live());
                ledger.refuse_after(steps, Errno::NOMEM);
                let grown = memory.grow(MIB_2);
                let refused = ledger.refused();
                let case = format!("{options:?}, step {steps}: {grown:?}");
                assert!(is_pattern(&memory.as_slice()[..len]), "{case}");
                if let Err(error) = grown {
                    refusals += 1;
                    let AllocError::Refused { len: asked, errno, .. } = error else { panic!("{case}") };
                    assert_eq!((asked, errno), (MIB_2, Errno::NOMEM), "{case}");
                    assert_eq!((memory.len(), ledger.live()), (len, live), "{case}");
                    memory.grow(MIB_2).unwrap();
                }
                drop(memory);
                assert_eq!(ledger.live(), 0, "{case}");
                if !refused {
                    break;
                }
                steps += 1;
            }
            assert!(refusals > 0, "{options:?}: no step could be refused");
        }
    }
}
