//! Ways for threads to read.

mod by_call;
mod one_issuer;
mod scheduler;
mod shards;

use std::time::Duration;

use super::listed;
use crate::case::Contestant;

/// All of them.
pub(super) fn all(slice: Duration) -> Vec<Contestant> {
    vec![
        listed::<shards::Own>("shards", slice),
        listed::<shards::HandedOver>("shards-handed-over", slice),
        listed::<scheduler::One>("one-scheduler", slice),
        listed::<one_issuer::Rings>("rings-of-one-issuer", slice),
        listed::<by_call::Calls>("pread", slice),
    ]
}
