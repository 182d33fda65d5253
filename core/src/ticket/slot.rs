use core::mem::MaybeUninit;

use super::operation::Operation;
use super::waker::WakerCell;
use crate::errno::{Errno, Result};
use crate::sync::{AtomicI32, AtomicU32, IS_LOOM, UnsafeCell, const_unless_loom};

/// How many machine words an operation may have. One that is larger does not compile; box it.
pub(super) const WORDS: usize = 18;

/// Room for an operation in flight: three cache lines, two of which most operations fill.
///
/// ```text
/// word     generation (29 bits) | state (3 bits)       res      next free
/// waker    who waits                                   kill     how to dispose of what is inside
/// inside   the operation: its buffer and the owner of its file, up to eighteen machine words
/// ```
#[derive(Debug)]
#[repr(align(64))]
pub struct Slot {
    /// Generation and [`State`].
    pub(super) word: AtomicU32,
    /// The result, once it is done.
    pub(super) res: AtomicI32,
    /// The next free slot, while it is free.
    pub(super) next: AtomicU32,
    pub(super) waker: WakerCell,
    /// Disposes of what is inside, given the result. Set while something is.
    kill: UnsafeCell<Option<Kill>>,
    inside: UnsafeCell<Inside>,
}

type Inside = MaybeUninit<[usize; WORDS]>;
type Kill = unsafe fn(*mut Inside, i32);

// SAFETY: what is inside moves from thread to thread as the state says, and every operation is `Send`: the
// submitter owns it before IN FLIGHT, the kernel while it lasts, and then whoever takes it out of DONE or
// ORPHAN by an exchange that only one can win.
unsafe impl Sync for Slot {}
// SAFETY: as above.
unsafe impl Send for Slot {}

/// What a slot is doing: the low bits of its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum State {
    /// Nothing.
    Free = 0,
    /// The kernel has it, or is about to.
    InFlight = 1,
    /// The kernel has it, and nobody wants the result.
    Orphan = 2,
    /// The kernel is done; the ticket may take what is inside.
    Done = 3,
    /// The kernel has it, and its ring was given up: nobody will ever get what is inside.
    Lost = 4,
}

/// Where the generation begins in the word.
const SHIFT: u32 = 3;

impl State {
    /// The last generation before they begin again.
    pub(super) const MOST: u32 = u32::MAX >> SHIFT;

    pub(super) const fn word(self, generation: u32) -> u32 {
        generation << SHIFT | self as u32
    }

    pub(super) const fn of(word: u32) -> Self {
        match word & ((1 << SHIFT) - 1) {
            0 => Self::Free,
            1 => Self::InFlight,
            2 => Self::Orphan,
            3 => Self::Done,
            _ => Self::Lost,
        }
    }

    pub(super) const fn generation(word: u32) -> u32 {
        word >> SHIFT
    }
}

impl Slot {
    const_unless_loom! {
        /// A free one.
        pub const fn new() -> Self {
            Self {
                word: AtomicU32::new(0),
                res: AtomicI32::new(0),
                next: AtomicU32::new(0),
                waker: WakerCell::new(),
                kill: UnsafeCell::new(None),
                inside: UnsafeCell::new(MaybeUninit::uninit()),
            }
        }
    }

    /// Moves an operation in, and has it make something there.
    ///
    /// # Safety
    ///
    /// The slot is free, and the caller's.
    pub(super) unsafe fn put<O: Operation, R>(&self, operation: O, make: impl FnOnce(&mut O) -> R) -> R {
        const {
            assert!(
                size_of::<O>() <= size_of::<Inside>(),
                "an operation is too large for a slot: box its buffer"
            );
            assert!(
                align_of::<O>() <= align_of::<Inside>(),
                "an operation is aligned too coarsely for a slot"
            );
        }
        self.kill.with_mut(|kill| {
            // SAFETY: the slot is the caller's.
            unsafe { *kill = Some(kill_inside::<O>) };
        });
        self.inside.with_mut(|inside| {
            let inside = inside.cast::<O>();
            // SAFETY: large enough and aligned, as asserted above; the slot is the caller's.
            unsafe { inside.write(operation) };
            // SAFETY: just written. What `make` takes an address of is reached through this place.
            make(unsafe { &mut *inside })
        })
    }

    /// Moves the operation out.
    ///
    /// # Safety
    ///
    /// An `O` is inside, the kernel is done with it or never had it, and the caller is the one to have it.
    pub(super) unsafe fn take<O: Operation>(&self) -> O {
        self.inside.with_mut(|inside| {
            // SAFETY: an `O`, by the caller's word, moved out once.
            unsafe { inside.cast::<O>().read() }
        })
    }

    /// Disposes of the operation.
    ///
    /// # Safety
    ///
    /// As [`take`](Self::take), for whatever is inside.
    pub(super) unsafe fn kill(&self, res: i32) {
        let kill = self.kill.with_mut(|kill| {
            // SAFETY: the slot is the caller's.
            unsafe { (*kill).take() }
        });
        if let Some(kill) = kill {
            self.inside.with_mut(|inside| {
                // SAFETY: the function that was stored with what is inside.
                unsafe { kill(inside, res) };
            });
        }
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

/// # Safety
///
/// An `O` is inside, and the caller's to dispose of.
unsafe fn kill_inside<O: Operation>(inside: *mut Inside, res: i32) {
    // SAFETY: by the caller's word; moved out once.
    let operation = unsafe { inside.cast::<O>().read() };
    operation.dispose(result(res));
}

/// The result that a completion carries.
pub(super) fn result(res: i32) -> Result<u32> {
    Errno::check_res(res)
}

const _: () = assert!(size_of::<Slot>() <= 192 || IS_LOOM, "a slot is three cache lines");
