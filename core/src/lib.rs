//! io_uring rings, aligned memory and lock-free pools for programs that talk to the kernel directly.
//!
//! It needs no standard library, no allocator and no libc. A unikernel, a runtime or a storage engine links it as it
//! is; on Linux it makes its system calls itself, and anywhere else through a trait that you implement.
//!
//! # Layers
//!
//! ```text
//! scope    borrowed memory; waits in its own frame        ┐
//! ticket   owned memory, in slots; futures                ├ safe
//! pool     indexes, buffers and items, lock-free          ┘
//! ring     rings: one thread's, or shared by many         ─ pushing is unsafe, all else is safe
//! op       one file operation as data: to a ring, or by calls
//! sqe, abi entries and structures, byte for byte as the kernel reads them
//! map, buf memory on the pages that you want
//! kernel   the seam: everything that is asked of the outside world
//! ```
//!
//! Take the highest that has what you need. Each is of use by itself, and nothing is reached only from above: a ring can
//! be driven by hand, with entries from [`sqe`], beside memory of your own.
//!
//! - [`scope`]: operations on borrowed buffers. [`Ring::scope`](ring::Ring::scope) returns when the kernel is done with
//!   them, whatever the closure does.
//! - [`ticket`]: operations that own their buffer and file. Tickets can be waited for, polled, cancelled, dropped and
//!   forgotten, and none of that allocates.
//! - [`ring`]: [`Builder`](ring::Builder), [`Ring`](ring::Ring), [`SharedRing`](ring::SharedRing), and the two
//!   [ends](ring::Producer) that they are made of.
//! - [`op`]: [`Op`](op::Op) and [`Chain`](op::Chain), for programs that must also run where there is no ring.
//! - [`pool`]: [`IndexPool`](pool::IndexPool), [`Slab`](pool::Slab), [`Tiers`](pool::Tiers) and
//!   [`ItemPool`](pool::ItemPool).
//! - [`map`], [`buf`]: [`Mapping`] and [`AlignedBuf`]; [`align`] and [`iovec`] are the arithmetic beside them.
//! - [`kernel`]: [`Kernel`], and `Linux`, which implements it by system calls.
//! - [`sqe`], [`abi`], [`errno`]: what is said to the kernel, and what it answers.
//! - [`lock`], [`sync`]: what the above is synchronised by, under loom too.
//! - `sim` (feature `sim`): a kernel in memory to test on.
//!
//! `ARCHITECTURE.md` in the repository follows one read from the call down to the kernel and back, function by function,
//! and argues why scopes and tickets are sound.
//!
//! # Embedding, in five steps
//!
//! 1. **Depend on `bareio-core`.** No feature is needed, and none is on by default.
//! 2. **Implement [`Kernel`]** for a type of yours, with the methods that you have. The others answer
//!    [`NOSYS`](Errno::NOSYS), and what is built on them does without, or says so. (On Linux, [use](Kernel)
//!    `Linux`.)
//! 3. **Get memory**: a [`Mapping`] or an [`AlignedBuf`] needs [`map`](Kernel::map) and
//!    [`page_len`](Kernel::page_len), and gets better pages where [`advise`](Kernel::advise) is there. Pools work on
//!    any memory that you lend them.
//! 4. **Make a ring**, if you have the three calls of io_uring and [`map_ring`](Kernel::map_ring). If not, the error
//!    says so, and [`Op::perform`](op::Op::perform) does the same operations by calls.
//! 5. **Test over `K: Kernel`**: what runs on yours runs on `sim::Sim` too, with late completions, short transfers,
//!    failing calls and power cuts, and under Miri.
//!
//! A machine that has memory, and nothing else yet:
//!
//! ```
//! use core::cell::UnsafeCell;
//! use core::ptr::NonNull;
//!
//! use bareio_core::kernel::MapFlags;
//! use bareio_core::pool::Slab;
//! use bareio_core::ring::{Builder, Reason};
//! use bareio_core::sync::{AtomicUsize, Ordering};
//! use bareio_core::{Align, Errno, Kernel};
//!
//! const PAGE: usize = 4096;
//! const LEN: usize = 64 * PAGE;
//!
//! #[repr(align(4096))]
//! struct Memory(UnsafeCell<[u8; LEN]>);
//! // SAFETY: `Machine::map` alone takes its address, and gives each page to one owner.
//! unsafe impl Sync for Memory {}
//!
//! static MEMORY: Memory = Memory(UnsafeCell::new([0; LEN]));
//! static TAKEN: AtomicUsize = AtomicUsize::new(0);
//!
//! #[derive(Clone, Copy, Debug)]
//! struct Machine;
//!
//! // SAFETY: what `map` returns is within `MEMORY`, aligned to the page, zero, and given out once, for nothing is ever
//! // taken back. Every other method says NOSYS, and does nothing.
//! unsafe impl Kernel for Machine {
//!     fn page_len(&self) -> Result<usize, Errno> {
//!         Ok(PAGE)
//!     }
//!
//!     fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>, Errno> {
//!         if flags.contains(MapFlags::HUGE) {
//!             return Err(Errno::NOMEM); // there are none
//!         }
//!         let len = len.checked_next_multiple_of(PAGE).ok_or(Errno::NOMEM)?;
//!         let enough = |taken: usize| taken.checked_add(len).filter(|end| *end <= LEN);
//!         // Relaxed: the pages are told apart by the number alone, and were never written.
//!         let taken = TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enough);
//!         let offset = taken.map_err(|_| Errno::NOMEM)?;
//!         NonNull::new(MEMORY.0.get().cast::<u8>().wrapping_add(offset)).ok_or(Errno::NOMEM)
//!     }
//! }
//!
//! // Eight buffers for direct I/O, from the machine's own memory.
//! let slab = Slab::map(Machine, PAGE, 8, Align::KIB_4)?;
//! let mut buffer = slab.get(0)?;
//! buffer[..5].copy_from_slice(b"hello");
//! assert!(buffer.as_ptr().addr().is_multiple_of(PAGE));
//!
//! // And no ring: the machine has no io_uring, which is no different from a kernel that has none.
//! let error = Builder::new(8).build(Machine).unwrap_err();
//! assert_eq!(error.reason(), Reason::Missing);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Features
//!
//! - `sim`: the kernel in memory, for tests. It is the one part that uses `alloc`. Off by default.
//!
//! Built with `--cfg loom`, the atomics and cells of [`sync`] are loom's, and with them everything lock-free here.
//!
//! # What is not there
//!
//! An executor; safe operations on sockets; provided buffers and multishot operations, but for their entries and structures;
//! entries of 128 bytes and completions of 32; 32-bit targets. A [`Kernel`] for Linux is there on x86-64, aarch64 and
//! riscv64 only; on other 64-bit targets, bring yours.
#![no_std]

#[cfg(feature = "sim")]
extern crate alloc;

#[cfg(not(target_pointer_width = "64"))]
compile_error!(
    "bareio-core supports 64-bit targets only: file offsets and ring addresses are taken to fit a usize"
);

pub mod abi;
pub mod align;
pub mod buf;
pub mod errno;
pub mod iovec;
pub mod kernel;
pub mod lock;
pub mod map;
pub mod op;
pub mod pool;
pub mod ring;
pub mod scope;
#[cfg(feature = "sim")]
pub mod sim;
pub mod sqe;
pub mod sync;
pub mod ticket;

pub use align::{Align, Misaligned, Overflow, Part};
pub use buf::AlignedBuf;
pub use errno::Errno;
pub use iovec::IoVec;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
pub use kernel::Linux;
pub use kernel::{BorrowedFd, Fd, Kernel};
pub use map::{AllocError, Mapping};
