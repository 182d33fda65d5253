//! Operations that own what they use, in slots that were there before: no allocation, not even to cancel.
//!
//! ```text
//!           submit                    last completion               taken, or dropped
//!  FREE ───────────────► IN FLIGHT ──────────────────────► DONE ───────────────────────► FREE
//!                            │                                                             ▲
//!                            │ ticket dropped                last completion: disposed of  │
//!                            └───────────────────► ORPHAN ─────────────────────────────────┘
//! ```
//!
//! A buffer, and the owner of the file, move into a slot *first*; the kernel's pointer is taken there, *second*. The [`Ticket`] is a
//! name for the slot and nothing more: waiting, polling and cancelling go through it, and what it named comes
//! back with the result. Dropped early, it makes the slot an orphan, whose contents the reaper disposes of at the last
//! completion, a descriptor that the operation opened included. Forgotten, it leaks its slot. Nothing rests on a destructor.
//!
//! [`Driver`] is a ring and its slots, for one thread. Its tickets are futures that any executor can poll: whoever
//! calls [`Driver::turn`] completes them, on this thread or another.
//!
//! ```no_run
//! use bareio_core::ticket::{Driver, Read, Slot, StaticBuf, Table};
//! use bareio_core::{BorrowedFd, Linux, ring::Builder};
//! # fn open() -> BorrowedFd<'static> { unimplemented!() }
//! # fn buffer() -> StaticBuf { unimplemented!() }
//!
//! let mut slots = [const { Slot::new() }; 8];
//! let mut table = Table::new(&mut slots);
//! let mut driver = Driver::new(Builder::new(8).build(Linux)?, &mut table);
//! let ticket = driver.submit(Read::new(open(), buffer(), 0)).map_err(|refused| refused.error)?;
//! let (count, buffer) = driver.wait(ticket).map_err(|unfinished| unfinished.why).unwrap();
//! # let _ = (count, buffer);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod driver;
mod operation;
mod slot;
mod stable;
mod table;
mod waker;

pub use driver::{Closing, Driver, Refused, Unfinished, Why};
pub use operation::{Open, Operation, Read, Sync, Write};
pub use slot::Slot;
pub use stable::{OwnedFile, StableBuf, StableBufMut, StaticBuf};
pub use table::{Claimer, Id, Lost, Pending, Reaper, Table, Ticket};
pub use waker::WakerCell;
