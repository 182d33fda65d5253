//! Twelve sizes.

use bareio_core::Align;
use bareio_core::pool::{Borrowed, Exhausted, Slab, Tier, TierError, Tiers};

use crate::memory;

#[test]
fn the_smallest_tier_that_fits_and_has_one_free_serves() {
    let (mut small, mut large) = (memory(512, 1), memory(8192, 1));
    let mut tiers = Tiers::new();
    assert_eq!(tiers.get(0).unwrap_err(), TierError::Missing { tier: Tier::Pico });
    let slab = Slab::new(Borrowed::new(&mut small), 512, 1, Align::BYTE).unwrap();
    let wrong = tiers.set(Tier::Small, slab).unwrap_err();
    assert_eq!(wrong.to_string(), "slots of 512 bytes are not of tier small, whose buffers have 2048");
    tiers.set(Tier::Micro, wrong.slab).unwrap();
    let slab = Slab::new(Borrowed::new(&mut large), 8192, 1, Align::BYTE).unwrap();
    assert!(tiers.set(Tier::Medium, slab).unwrap().is_none());

    let first = tiers.get(0).unwrap();
    let second = tiers.get(512).unwrap();
    assert_eq!((first.len(), second.len()), (512, 8192), "the small one is taken, so a larger one serves");
    assert_eq!(tiers.get(1).unwrap_err(), TierError::Exhausted(Exhausted));
    assert_eq!(tiers.get(8193).unwrap_err(), TierError::Missing { tier: Tier::Big });
    assert!(matches!(tiers.get(usize::MAX), Err(TierError::TooLong(_))));
}
