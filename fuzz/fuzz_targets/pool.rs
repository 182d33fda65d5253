//! An index pool against a set: nothing has two owners, nothing is lost, and what was not drawn is not put back.
#![no_main]

use std::collections::BTreeSet;

use arbitrary::Arbitrary;
use bareio_core::pool::{Handle, Held, IndexPool, Line};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Step {
    Get { hint: u32 },
    Put { index: u32 },
    HandleGet,
    HandlePut { nth: u8 },
    Drop { nth: u8 },
}

#[derive(Arbitrary, Debug)]
struct Script {
    capacity: u8,
    reserve: u8,
    steps: Vec<Step>,
}

fn pick<T>(list: &mut Vec<T>, nth: u8) -> Option<T> {
    if list.is_empty() { None } else { Some(list.swap_remove(usize::from(nth) % list.len())) }
}

fuzz_target!(|script: Script| {
    let capacity = u32::from(script.capacity) + 1;
    let mut lines: Vec<Line> = (0..IndexPool::lines(capacity)).map(|_| Line::new()).collect();
    let pool = IndexPool::new(&mut lines, capacity).expect("as many lines as it takes");
    let mut handle: Option<Handle<'_>> = pool.handle(u32::from(script.reserve) % 33).ok();
    let mut numbers: BTreeSet<u32> = BTreeSet::new();
    let mut guards: Vec<Held<'_>> = Vec::new();
    for step in script.steps {
        match step {
            Step::Get { hint } => {
                if let Ok(index) = pool.get(hint) {
                    assert!(index < capacity);
                    assert!(numbers.insert(index), "{index} has two owners");
                    assert!(guards.iter().all(|held| held.index() != index), "{index} has two owners");
                }
            }
            Step::Put { index } => assert_eq!(pool.put(index).is_ok(), numbers.remove(&index), "{index}"),
            Step::HandleGet => {
                let Some(handle) = &mut handle else { continue };
                if let Ok(held) = handle.get() {
                    assert!(!numbers.contains(&held.index()), "{} has two owners", held.index());
                    guards.push(held);
                }
            }
            Step::HandlePut { nth } => {
                let (Some(handle), Some(held)) = (&mut handle, pick(&mut guards, nth)) else { continue };
                assert!(handle.put(held).is_ok());
            }
            Step::Drop { nth } => drop(pick(&mut guards, nth)),
        }
    }
    drop(guards);
    drop(handle);
    for index in numbers {
        pool.put(index).expect("drawn");
    }
    assert_eq!((pool.free(), pool.unreserved()), (capacity, capacity), "an index is lost");
});
