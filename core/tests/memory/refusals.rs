use bareio_core::abi::AdviseMemory;
use bareio_core::kernel::MapFlags;
use bareio_core::map::{MapOptions, Residency, Step};
use bareio_core::{Align, AllocError, Errno, Kernel, Mapping};

use crate::heap::{Heap, Huge, MIB_2};
use crate::ledger::{Call, Rule};
use crate::{is_zero, kernels, none, page_len};

#[test]
fn whichever_step_is_refused_nothing_is_left_behind() {
    let options = [
        MapOptions::new(),
        MapOptions::new().guarded(true).align(Align::MIB_2),
        MapOptions::new().residency(Residency::Populated).guarded(true),
        MapOptions::new().residency(Residency::Lazy).guarded(true),
    ];
    for ledger in kernels(none) {
        for options in options {
            let mut refusals = 0;
            for step in 0.. {
                ledger.refuse_after(step, Errno::NOMEM);
                let made = Mapping::with_options(&ledger, MIB_2, options);
                let refused = ledger.refused();
                refusals += usize::from(made.is_err());
                // A refusal that a fallback has made good is no error; then the memory is whole.
                if let Ok(mut memory) = made {
                    memory.as_mut_slice().fill(1);
                }
                assert_eq!(ledger.live(), 0, "{options:?}, step {step}");
                if !refused {
                    break;
                }
            }
            assert!(refusals > 0, "{options:?}: no step could be refused");
        }
    }
}

#[test]
fn the_error_names_the_step_and_the_number() {
    let cases: [(Rule, Step, &str); 4] = [
        (|call| (call == Call::PageLen).then_some(Errno::NOSYS), Step::PageLen, "learn the page size"),
        (|call| matches!(call, Call::Map(_)).then_some(Errno::NOMEM), Step::Map, "vm.overcommit_memory"),
        (|call| (call == Call::Guard).then_some(Errno::NOSYS), Step::Guard, "this host does not do that"),
        (
            |call| (call == Call::Advise(AdviseMemory::POPULATE_WRITE)).then_some(Errno::NOMEM),
            Step::Populate,
            "memory limit of the control group",
        ),
    ];
    for (rule, expected, part) in cases {
        for ledger in kernels(rule) {
            let guarded = MapOptions::new().guarded(true);
            let error = Mapping::with_options(&ledger, 4242, guarded).unwrap_err();
            assert!(matches!(error, AllocError::Refused { len: 4242, step, .. } if step == expected));
            let text = error.to_string();
            assert!(text.contains(part) && text.contains("4242 bytes"), "{text}");
        }
    }
}

#[test]
fn surplus_that_the_kernel_does_not_take_back_goes_with_the_rest() {
    for ledger in kernels(none) {
        for (guarded, kept) in [(false, 1), (false, 2), (true, 1), (true, 2)] {
            ledger.keep(kept);
            let options = MapOptions::new().residency(Residency::Lazy).align(Align::MIB_2).guarded(guarded);
            let mut memory = Mapping::with_options(&ledger, MIB_2, options).unwrap();
            ledger.keep(0);
            let fences = if guarded { 2 * page_len(&ledger) } else { 0 };
            assert!(ledger.live() > memory.len() + fences, "nothing was kept");
            memory.as_mut_slice().fill(1);
            memory.grow(MIB_2 + 1).unwrap();
            assert_eq!(memory.as_slice()[MIB_2 - 1], 1);
            assert_eq!(ledger.live(), memory.len() + fences);
            drop(memory);
            assert_eq!(ledger.live(), 0);
        }
    }
}

#[test]
fn a_kernel_without_advice_has_its_pages_touched() {
    let rules: [Rule; 2] = [
        |call| matches!(call, Call::Advise(_)).then_some(Errno::INVAL),
        |call| matches!(call, Call::Advise(_)).then_some(Errno::NOSYS),
    ];
    for ledger in rules.into_iter().flat_map(kernels) {
        let memory = Mapping::new(&ledger, 100_000).unwrap();
        assert!(memory.granted().resident && is_zero(memory.as_slice()));
    }
}

#[test]
fn populating_that_a_signal_interrupts_is_asked_for_again() {
    for ledger in kernels(none) {
        ledger.refuse_after(2, Errno::INTR);
        drop(Mapping::new(&ledger, 1).unwrap());
        assert!(ledger.refused());
        assert_eq!(ledger.count(Call::Advise(AdviseMemory::POPULATE_WRITE)), 2);
    }
}

#[test]
fn a_host_that_only_maps_is_enough() {
    /// Forwards two calls and has no others.
    struct Bare(Heap);
    // SAFETY: what is implemented is forwarded.
    unsafe impl Kernel for Bare {
        fn page_len(&self) -> Result<usize, Errno> {
            self.0.page_len()
        }
        fn map(&self, len: usize, flags: MapFlags) -> Result<std::ptr::NonNull<u8>, Errno> {
            self.0.map(len, flags)
        }
        unsafe fn unmap(&self, at: std::ptr::NonNull<u8>, len: usize) -> Result<(), Errno> {
            // SAFETY: the caller keeps the contract of this same method.
            unsafe { self.0.unmap(at, len) }
        }
    }
    let mut memory = Mapping::new(Bare(Heap::new(Huge::None)), 2 * MIB_2).unwrap();
    memory.as_mut_slice()[5] = 5;
    memory.grow(3 * MIB_2).unwrap();
    assert_eq!((memory.as_slice()[5], memory.len()), (5, 3 * MIB_2));
}
