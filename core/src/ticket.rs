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
//! # // SAFETY: standard input is open for as long as the program runs.
//! # fn open() -> BorrowedFd<'static> { unsafe { BorrowedFd::borrow_raw(bareio_core::Fd(0)) } }
//! # fn buffer() -> StaticBuf { StaticBuf::from(Box::leak(vec![0; 512].into_boxed_slice())) }
//!
//! let mut slots = [const { Slot::new() }; 8];
//! let mut table = Table::new(&mut slots);
//! let mut driver = Driver::new(Builder::new(8).build(Linux)?, &mut table);
//! let ticket = driver.submit(Read::new(open(), buffer(), 0)).map_err(|refused| refused.error)?;
//! let (count, buffer) = driver.wait(ticket).map_err(|unfinished| unfinished.why).unwrap();
//! # let _ = (count, buffer);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! What an operation uses is its own, or there for ever: nothing that is borrowed can be given to one (for that, there is
//! [`scope`](crate::scope)).
//!
//! ```compile_fail,E0597
//! # use bareio_core::{BorrowedFd, Linux, ticket::{Driver, StaticBuf, Write}};
//! # fn example(driver: &mut Driver<'_, Linux>, file: BorrowedFd<'static>) {
//! let mut bytes = [0_u8; 512];
//! let ticket = driver.submit(Write::new(file, StaticBuf::from(&mut bytes[..]), 0));
//! # }
//! ```
//!
//! ```compile_fail,E0521
//! # use bareio_core::{BorrowedFd, Linux, ticket::{Driver, Sync}};
//! # fn example(driver: &mut Driver<'_, Linux>, file: BorrowedFd<'_>) {
//! let ticket = driver.submit(Sync::all(file));
//! # }
//! ```
//!
//! A ticket does not outlive its table:
//!
//! ```compile_fail,E0597
//! # use bareio_core::{BorrowedFd, Linux, ring::Ring, ticket::{Driver, Slot, Sync, Table}};
//! # fn example(ring: Ring<Linux>, file: BorrowedFd<'static>) {
//! let mut slots = [const { Slot::new() }; 8];
//! let ticket = {
//!     let mut table = Table::new(&mut slots);
//!     let mut driver = Driver::new(ring, &mut table);
//!     driver.submit(Sync::all(file))
//! };
//! # drop(ticket);
//! # }
//! ```
//!
//! Nor does the table get another driver while there are tickets:
//!
//! ```compile_fail,E0499
//! # use bareio_core::{BorrowedFd, Linux, ring::Ring, ticket::{Driver, Sync, Table}};
//! # fn example(one: Ring<Linux>, other: Ring<Linux>, table: &mut Table<'_>, file: BorrowedFd<'static>) {
//! let mut driver = Driver::new(one, table);
//! let ticket = driver.submit(Sync::all(file));
//! drop(driver);
//! let driver = Driver::new(other, table);
//! # drop(ticket);
//! # }
//! ```
//!
//! A driver stays on its thread, as its ring does:
//!
//! ```compile_fail,E0277
//! # use bareio_core::{Linux, ticket::Driver};
//! # fn example(mut driver: Driver<'static, Linux>) {
//! std::thread::spawn(move || driver.turn(0).is_ok());
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # use bareio_core::{Linux, ring::Ring};
//! # fn example(mut ring: Ring<Linux>) {
//! std::thread::spawn(move || ring.submit().is_ok());
//! # }
//! ```
//!
//! Tickets go anywhere:
//!
//! ```
//! # use bareio_core::{BorrowedFd, ticket::{Pending, Read, StaticBuf, Ticket}};
//! fn can_be_sent<T: Send>() {}
//! can_be_sent::<Ticket<'static, Read<BorrowedFd<'static>, StaticBuf>>>();
//! can_be_sent::<Pending<'static, Read<BorrowedFd<'static>, StaticBuf>>>();
//! ```

mod driver;
mod operation;
mod outcome;
pub mod shared;
mod slot;
mod stable;
mod table;
mod waker;

pub use driver::{Closing, Driver, Refused, Unfinished, Why};
pub use operation::{Open, Operation, Read, Sync, Write};
pub use outcome::{Lost, Pending, Ticket};
pub use slot::Slot;
pub use stable::{OwnedFile, StableBuf, StableBufMut, StaticBuf};
pub use table::{Claimer, Id, Reaper, Table};
pub use waker::WakerCell;
