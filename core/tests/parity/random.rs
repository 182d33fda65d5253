//! Random chains leave the same world behind, whichever way they went.

use proptest::prelude::*;

use crate::act::acts;
use crate::way::Way;
use crate::world::World;

/// As many cases as `PROPTEST_CASES` says; otherwise fewer than usual, because many of them wait for a disk.
fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { ProptestConfig { cases: 96, ..config } }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_ring_and_calls_agree_in_results_and_in_what_they_leave(
        chains in prop::collection::vec(prop::collection::vec(acts(), 1..=8), 1..=3)
    ) {
        let Some(ring) = Way::ring() else { return Ok(()) };
        let by_ring = World::new("parity_ring", ring).live(&chains);
        let by_calls = World::new("parity_calls", Way::calls()).live(&chains);
        prop_assert_eq!(by_ring, by_calls);
    }
}
