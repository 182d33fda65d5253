//! The index pool against a set.

use std::collections::BTreeSet;

use bareio_core::pool::{Handle, Held, IndexPool};
use proptest::prelude::*;

use crate::lines;

#[derive(Clone, Debug)]
enum Step {
    Get { hint: u32 },
    Put { index: u32 },
    Take { hint: u32 },
    DropHeld { at: usize },
    ToNumber { at: usize },
    Hold { index: u32 },
    HandleGet { handle: usize },
    HandlePut { handle: usize, at: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<u32>().prop_map(|hint| Step::Get { hint }),
        (0..80_u32).prop_map(|index| Step::Put { index }),
        any::<u32>().prop_map(|hint| Step::Take { hint }),
        any::<usize>().prop_map(|at| Step::DropHeld { at }),
        any::<usize>().prop_map(|at| Step::ToNumber { at }),
        (0..80_u32).prop_map(|index| Step::Hold { index }),
        (0..2_usize).prop_map(|handle| Step::HandleGet { handle }),
        (0..2_usize, any::<usize>()).prop_map(|(handle, at)| Step::HandlePut { handle, at }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// One thread's steps, against two sets: what is drawn as a number, and what is held.
    #[test]
    fn the_pool_is_a_set_whatever_the_order(
        capacity in 8..70_u32,
        reserves in [0..4_u32, 0..4_u32],
        steps in prop::collection::vec(step(), 1..if cfg!(miri) { 40 } else { 400 }),
    ) {
        let mut lines = lines(capacity);
        let pool = IndexPool::new(&mut lines, capacity).unwrap();
        let mut handles = reserves.map(|reserve| pool.handle(reserve).unwrap());
        let mut numbers = BTreeSet::new();
        let mut guards: Vec<Held> = Vec::new();
        for step in steps {
            let at_hand: u32 = handles.iter().map(Handle::at_hand).sum();
            let out = u32::try_from(numbers.len() + guards.len()).unwrap();
            let free = capacity - out - at_hand;
            prop_assert_eq!(pool.free(), free);
            match step {
                Step::Get { hint } => if let Ok(index) = pool.get(hint) {
                    prop_assert!(index < capacity && numbers.insert(index));
                    prop_assert!(guards.iter().all(|held| held.index() != index));
                } else {
                    prop_assert_eq!(free, 0);
                },
                Step::Take { hint } => if let Ok(held) = pool.take(hint) {
                    prop_assert!(guards.iter().all(|other| other.index() != held.index()));
                    prop_assert!(!numbers.contains(&held.index()));
                    guards.push(held);
                } else {
                    prop_assert_eq!(free, 0);
                },
                Step::Put { index } => prop_assert_eq!(pool.put(index).is_ok(), numbers.remove(&index)),
                Step::Hold { index } => {
                    let held = pool.hold(index);
                    prop_assert_eq!(held.is_ok(), numbers.remove(&index));
                    guards.extend(held);
                }
                Step::DropHeld { at } if !guards.is_empty() => drop(guards.swap_remove(at % guards.len())),
                Step::ToNumber { at } if !guards.is_empty() => {
                    prop_assert!(numbers.insert(guards.swap_remove(at % guards.len()).into_index()));
                }
                Step::HandleGet { handle } => if let Ok(held) = handles[handle].get() {
                    prop_assert!(guards.iter().all(|other| other.index() != held.index()));
                    prop_assert!(!numbers.contains(&held.index()));
                    guards.push(held);
                } else {
                    prop_assert_eq!((free, handles[handle].at_hand()), (0, 0));
                },
                Step::HandlePut { handle, at } if !guards.is_empty() => {
                    let held = guards.swap_remove(at % guards.len());
                    prop_assert!(handles[handle].put(held).is_ok());
                    prop_assert!(handles[handle].at_hand() <= handles[handle].reserve());
                }
                _ => {}
            }
        }
        drop((guards, handles));
        for index in numbers {
            pool.put(index).unwrap();
        }
        prop_assert_eq!((pool.free(), pool.unreserved()), (capacity, capacity));
    }
}
