use bareio_core::abi::AdviseMemory;
use bareio_core::kernel::MapFlags;
use bareio_core::map::{Backing, MapOptions, Residency};
use bareio_core::{Align, AllocError, Errno, Kernel, Mapping};

use crate::heap::{Heap, Huge, MIB_2};
use crate::ledger::{Call, Ledger};
use crate::{is_zero, kernels, none, page_len};

const LAZY: MapOptions = MapOptions::new().residency(Residency::Lazy);

/// As on a system that has reserved no huge pages.
fn no_reserve(call: Call) -> Option<Errno> {
    (call == Call::Map(MapFlags::HUGE)).then_some(Errno::NOMEM)
}

#[test]
fn every_option_gives_zeroed_memory_on_its_boundary_and_gives_all_of_it_back() {
    let residencies =
        [Residency::Lazy, Residency::Populated, Residency::Transparent, Residency::HugePreferred];
    let grids = [Align::MIB_2, Align::BYTE, Align::KIB_4, Align::new(1 << 16).unwrap()];
    let grids = if cfg!(miri) { &grids[..1] } else { &grids[..] };
    for ledger in kernels(no_reserve) {
        let page = page_len(&ledger);
        for residency in residencies {
            for &align in grids {
                for (guarded, len) in [(false, 1), (true, page), (false, MIB_2), (true, MIB_2 + 1)] {
                    let options = MapOptions::new().residency(residency).align(align).guarded(guarded);
                    let case = format!("{options:?} {len}");
                    let mut memory = Mapping::with_options(&ledger, len, options).unwrap();
                    let granted = memory.granted();
                    assert_eq!(memory.len(), len.next_multiple_of(page), "{case}");
                    let address = memory.as_ptr().addr().get();
                    assert_eq!(address % align.max(granted.page).len(), 0, "{case}");
                    assert!(is_zero(memory.as_slice()), "{case}");
                    memory.as_mut_slice().fill(1);
                    assert_eq!(granted.resident, residency != Residency::Lazy, "{case}");
                    // Whatever was mapped to reach the boundary is given back, but the guards.
                    let guards = if guarded { 2 * page } else { 0 };
                    assert_eq!(ledger.live(), memory.len() + guards, "{case}");
                    drop(memory);
                    assert_eq!(ledger.live(), 0, "{case}");
                }
            }
        }
    }
}

#[test]
fn lengths_that_make_no_sense_are_typed_errors_and_nothing_is_mapped() {
    for ledger in kernels(none) {
        assert_eq!(Mapping::new(&ledger, 0).unwrap_err(), AllocError::Zero);
        let aligned = LAZY.align(Align::new(1 << 31).unwrap()).guarded(true);
        let beyond = isize::MAX as usize;
        for (len, options) in [(usize::MAX, LAZY), (beyond, LAZY), (beyond - (1 << 31), aligned)] {
            let error = Mapping::with_options(&ledger, len, options).unwrap_err();
            assert_eq!(error, AllocError::TooLong { len });
        }
        assert!(ledger.calls().iter().all(|call| *call == Call::PageLen));
    }
}

#[test]
fn below_2_mib_there_is_nothing_to_gain_and_huge_pages_are_not_asked_for() {
    for ledger in kernels(none) {
        let memory = Mapping::new(&ledger, MIB_2 - page_len(&ledger)).unwrap();
        assert_eq!(memory.granted().backing, Backing::Small);
        assert_eq!(memory.granted().page.len(), page_len(&ledger));
        assert_eq!(ledger.count(Call::Map(MapFlags::HUGE)), 0);
        assert_eq!(ledger.count(Call::Advise(AdviseMemory::HUGEPAGE)), 0);
    }
}

#[test]
fn the_ladder_goes_from_reserved_to_transparent_to_small_and_says_where_it_stopped() {
    let no_thp = |call| match call {
        Call::Advise(AdviseMemory::HUGEPAGE) => Some(Errno::INVAL),
        _ => no_reserve(call),
    };
    for ledger in kernels(no_reserve) {
        assert_eq!(Mapping::new(&ledger, MIB_2).unwrap().granted().backing, Backing::Transparent);
    }
    for ledger in kernels(no_thp) {
        assert_eq!(Mapping::new(&ledger, MIB_2).unwrap().granted().backing, Backing::Small);
        assert_eq!(ledger.live(), 0);
    }
    let ledger = Ledger::new(Heap::new(Huge::Aligned), none);
    assert_eq!(Mapping::new(&ledger, MIB_2).unwrap().granted().backing, Backing::Huge);
    // An odd length would waste most of a reserved page, and so would guards.
    assert_eq!(Mapping::new(&ledger, MIB_2 + 1).unwrap().granted().backing, Backing::Transparent);
    let guarded = MapOptions::new().guarded(true);
    let memory = Mapping::with_options(&ledger, MIB_2, guarded).unwrap();
    assert_eq!(memory.granted().backing, Backing::Transparent);
    drop(memory);
    assert_eq!(ledger.live(), 0);
}

#[test]
fn reserved_huge_pages_that_are_required_are_had_or_the_error_says_how() {
    let required = MapOptions::new().residency(Residency::HugeRequired);
    for ledger in kernels(no_reserve) {
        let error = Mapping::with_options(&ledger, 5, required).unwrap_err();
        assert_eq!(error.errno(), Some(Errno::NOMEM));
        assert_eq!(
            error.to_string(),
            "cannot map, on reserved huge pages, 5 bytes: ENOMEM: out of memory, or over the limit of locked \
             memory; raise vm.nr_hugepages by one for each 2 MiB, or prefer huge pages instead of requiring them"
        );
    }
    let ledger = Ledger::new(Heap::new(Huge::Aligned), none);
    let memory = Mapping::with_options(&ledger, 5, required.guarded(true)).unwrap();
    assert_eq!((memory.len(), memory.granted().backing), (MIB_2, Backing::Huge));
    drop(memory);
    assert_eq!(ledger.live(), 0);
}

#[test]
fn small_pages_given_for_huge_ones_are_not_taken_for_huge() {
    let ledger = Ledger::new(Heap::new(Huge::Ignored), none);
    assert_eq!(Mapping::new(&ledger, MIB_2).unwrap().granted().backing, Backing::Transparent);
    let required = MapOptions::new().residency(Residency::HugeRequired);
    let error = Mapping::with_options(&ledger, MIB_2, required).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::INVAL));
    assert_eq!(ledger.live(), 0);
}

#[test]
fn taken_apart_and_put_together_it_is_the_same_and_unmapped_once() {
    for ledger in kernels(none) {
        let options = LAZY.guarded(true);
        let mut memory = Mapping::with_options(&ledger, 10_000, options).unwrap();
        memory.as_mut_slice()[9_999] = 7;
        let (kernel, raw) = memory.into_raw();
        assert_eq!((raw.len, raw.options), (10_000_usize.next_multiple_of(page_len(&ledger)), options));
        assert!(ledger.live() > raw.len, "taking it apart unmapped it");
        // SAFETY: taken apart just now.
        let memory = unsafe { Mapping::from_raw(kernel, raw) };
        assert_eq!(memory.as_slice()[9_999], 7);
        drop(memory);
        assert_eq!(ledger.live(), 0);
    }
}

#[test]
fn leaked_memory_stays() {
    for ledger in kernels(none) {
        let memory = Mapping::with_options(&ledger, 1, LAZY).unwrap();
        let raw = memory.as_ptr();
        let bytes = memory.leak();
        bytes[0] = 7;
        assert_eq!(ledger.live(), bytes.len());
        let len = bytes.len();
        // SAFETY: a whole mapping, and the slice is not used again. Only so that Miri sees no leak.
        unsafe { ledger.unmap(raw, len) }.unwrap();
    }
}

#[test]
fn a_mapping_goes_to_another_thread_with_its_kernel() {
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    for ledger in kernels(none) {
        let mut memory = Mapping::new(&ledger, 1).unwrap();
        is_send_and_sync(&memory);
        std::thread::scope(|scope| {
            scope.spawn(move || memory.as_mut_slice()[0] = 1);
        });
        assert_eq!(ledger.live(), 0);
    }
}
