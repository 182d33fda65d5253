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

mod acquire;
mod backoff;
mod buffer;
mod counted;
mod error;
mod handle;
mod index;
mod items;
mod line;
mod mapped;
mod park;
mod region;
mod slab;
mod tier;
mod tiers;
mod traits;
mod waiters;
mod watch;

pub use acquire::{Acquire, AcquireError, Closed};
pub use backoff::{Backoff, Pause};
pub use buffer::{Buffer, SlabHandle};
pub use counted::{Shared, Weak};
pub use error::{CapacityError, Exhausted, PutError, ReserveError};
pub use handle::{Foreign, Handle, Held, MAX_RESERVE};
pub use index::IndexPool;
pub use items::{Item, ItemHandle, ItemPool};
pub use line::{Line, Lines};
pub use mapped::MapSlabError;
pub use region::{Borrowed, Region};
pub use slab::{Slab, SlabError, SlabRefusal, SlotError};
pub use tier::{Tier, TooLong};
pub use tiers::{TierError, Tiers, WrongTier};
pub use traits::{Indexed, Pool};
