//! Whatever completions say, an operation ends once: by its ticket or by the reaper, and not before its own last completion.
#![no_main]

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arbitrary::Arbitrary;
use bareio_core::abi::{Cqe, CqeFlags, Sqe};
use bareio_core::ticket::{Operation, Slot, Table, Ticket};
use bareio_core::{Errno, sqe};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Step {
    Insert,
    /// Completes what is in flight, the `nth`.
    Complete {
        nth: u8,
        res: i32,
        more: bool,
    },
    /// Completes whatever this names, which is nothing unless it is in flight by chance.
    Forge {
        user_data: u64,
        res: i32,
    },
    Drop {
        nth: u8,
    },
    Take {
        nth: u8,
    },
    Forget {
        nth: u8,
    },
}

/// Counts its own end.
struct Counts(Arc<AtomicU32>, Box<u64>);

impl Drop for Counts {
    fn drop(&mut self) {
        assert_eq!(*self.1, 7);
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: its entry names nothing.
unsafe impl Operation for Counts {
    type Output = Result<u32, Errno>;

    fn entry(&mut self) -> Result<Sqe, Errno> {
        Ok(sqe::nop())
    }

    fn finish(self, result: Result<u32, Errno>) -> Self::Output {
        result
    }
}

fn pick<T>(list: &mut Vec<T>, nth: u8) -> Option<T> {
    if list.is_empty() { None } else { Some(list.swap_remove(usize::from(nth) % list.len())) }
}

fuzz_target!(|steps: Vec<Step>| {
    let mut slots = [const { Slot::new() }; 4];
    let mut table = Table::new(&mut slots);
    let (mut claimer, mut reaper) = table.split();
    let ended = Arc::new(AtomicU32::new(0));
    let mut tickets: Vec<Ticket<'_, Counts>> = Vec::new();
    let mut in_flight: Vec<u64> = Vec::new();
    let (inserted, forgotten) = (Cell::new(0_u32), Cell::new(0_u32));
    for step in steps {
        match step {
            Step::Insert => {
                if let Ok((ticket, entry)) = claimer.insert(Counts(ended.clone(), Box::new(7))) {
                    inserted.set(inserted.get() + 1);
                    in_flight.push(entry.user_data);
                    tickets.push(ticket);
                } else {
                    // Refused, it was given back and dropped.
                    ended.fetch_sub(1, Ordering::Relaxed);
                }
            }
            Step::Complete { nth, res, more } => {
                let Some(user_data) = pick(&mut in_flight, nth) else { continue };
                let flags = if more { CqeFlags::MORE } else { CqeFlags::NONE };
                // SAFETY: no kernel has it.
                assert!(unsafe { reaper.complete(Cqe { user_data, res, flags }) });
                if more {
                    in_flight.push(user_data);
                }
            }
            Step::Forge { user_data, res } => {
                let known: HashSet<u64> = in_flight.iter().copied().collect();
                if !known.contains(&user_data) {
                    // SAFETY: no kernel has anything.
                    assert!(!unsafe { reaper.complete(Cqe { user_data, res, flags: CqeFlags::NONE }) });
                }
            }
            Step::Drop { nth } => drop(pick(&mut tickets, nth)),
            Step::Take { nth } => {
                let Some(ticket) = pick(&mut tickets, nth) else { continue };
                let is_in_flight = in_flight.contains(&ticket.id().user_data());
                match ticket.take() {
                    Ok(_) => assert!(!is_in_flight, "taken from under the kernel"),
                    Err(ticket) => {
                        assert!(is_in_flight);
                        tickets.push(ticket);
                    }
                }
            }
            Step::Forget { nth } => {
                if let Some(ticket) = pick(&mut tickets, nth) {
                    std::mem::forget(ticket);
                    forgotten.set(forgotten.get() + 1);
                }
            }
        }
        let alive = inserted.get() - ended.load(Ordering::Relaxed);
        assert!(alive as usize >= in_flight.len(), "something ended that was in flight");
    }
    for user_data in in_flight {
        // SAFETY: no kernel has it.
        unsafe { reaper.complete(Cqe { user_data, res: 0, flags: CqeFlags::NONE }) };
    }
    drop(tickets);
    let ended = ended.load(Ordering::Relaxed);
    assert!(ended <= inserted.get(), "something ended twice");
    assert!(ended + forgotten.get() >= inserted.get(), "something never ended");
});
