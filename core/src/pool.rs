//! Bounded pools: of indexes, of buffers, of anything.
//!
//! All of them are an [`IndexPool`] with something attached to each index. It hands an index to one owner at
//! a time, is lock-free, and takes its memory from the caller.
//!
//! | | gives out | over |
//! |---|---|---|
//! | [`IndexPool`] | numbers below its capacity | lines that the caller lends it |
//! | [`ItemPool`] | values of any type | slots that the caller lends it |
//! | [`Slab`] | buffers of one size | a region of memory |
//! | [`Tiers`] | buffers of twelve sizes | a slab for each |
//!
//! None of them waits unless it is asked to, by `acquire` for a thread and `acquire_async` for a future. [`Pool`]
//! is what they have in common.

pub(crate) mod index;
mod items;
mod slab;
mod tier;
mod tiers;
mod traits;

pub use index::{
    Acquire, AcquireError, Backoff, CapacityError, Closed, Exhausted, Foreign, Handle, Held, IndexPool, Line,
    Lines, MAX_RESERVE, Pause, PutError, ReserveError,
};
pub use items::{Item, ItemHandle, ItemPool};
pub use slab::{
    Borrowed, Buffer, MapSlabError, Region, Shared, Slab, SlabError, SlabHandle, SlabRefusal, SlotError, Weak,
};
pub use tier::{Tier, TooLong};
pub use tiers::{TierError, Tiers, WrongTier};
pub use traits::{Indexed, Pool};
