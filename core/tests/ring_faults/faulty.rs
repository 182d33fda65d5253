//! Linux, with faults.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr::NonNull;
use std::time::Duration;

use bareio_core::abi::{AdviseMemory, EnterFlags, Features, Params, Register, SetupFlags};
use bareio_core::errno::Result;
use bareio_core::kernel::MapFlags;
use bareio_core::sync::AtomicU32;
use bareio_core::{Errno, Fd, Kernel, Linux};

/// How one `enter` goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It does nothing, and says this.
    Refuses(Errno),
    /// It takes at most so many entries, and then does not wait.
    Takes(u32),
    /// It panics, as one written in Rust might.
    Panics,
}

/// What was asked of the kernel, in order, as far as the tests care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Setup,
    Map,
    Unmap,
    Enter { submit: u32, want: u32, flags: EnterFlags },
    Register(Register),
    Close,
}

/// Linux, with faults.
#[derive(Debug, Default)]
pub(crate) struct Faulty {
    /// Set-up flags that it does not know.
    pub(crate) unknown: SetupFlags,
    /// Features that it does not have.
    pub(crate) missing: Features,
    /// It knows nothing that is registered.
    pub(crate) registers_nothing: bool,
    /// What happens to the next calls of `enter`.
    pub(crate) faults: RefCell<VecDeque<Fault>>,
    /// What happens to all others.
    pub(crate) always: Cell<Option<Fault>>,
    /// How many calls that make a ring succeed before one fails.
    pub(crate) fails_after: Cell<Option<u32>>,
    pub(crate) calls: RefCell<Vec<Call>>,
    /// Where its last ring counts lost completions: within the ring's first mapping, and in memory.
    pub(crate) overflow: Cell<(usize, usize)>,
}

impl Faulty {
    pub(crate) fn with_faults(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self { faults: RefCell::new(faults.into_iter().collect()), ..Self::default() }
    }

    fn note(&self, call: Call) {
        self.calls.borrow_mut().push(call);
    }

    /// Whether this step of a set-up fails: one only.
    fn step(&self) -> Result<()> {
        match self.fails_after.get() {
            Some(0) => {
                self.fails_after.set(None);
                Err(Errno::NFILE)
            }
            Some(left) => {
                self.fails_after.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Counts a completion as lost.
    pub(crate) fn lose_a_completion(&self) {
        let (offset, base) = self.overflow.get();
        let word = std::ptr::with_exposed_provenance_mut::<u32>(base + offset);
        // SAFETY: the ring is mapped, and the kernel loses none.
        unsafe { AtomicU32::from_ptr(word) }.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    pub(crate) fn count(&self, matches: impl Fn(&Call) -> bool) -> usize {
        self.calls.borrow().iter().filter(|call| matches(call)).count()
    }

    /// Every call of `enter`: entries to take, completions to wait for.
    pub(crate) fn enters(&self) -> Vec<(u32, u32)> {
        let calls = self.calls.borrow();
        calls
            .iter()
            .filter_map(|call| match call {
                Call::Enter { submit, want, .. } => Some((*submit, *want)),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn assert_nothing_is_left(&self, case: &str) {
        let maps = (self.count(|call| *call == Call::Map), self.count(|call| *call == Call::Unmap));
        assert_eq!(maps.0, maps.1, "{case}: mapped and unmapped");
        let fds = (self.count(|call| *call == Call::Setup), self.count(|call| *call == Call::Close));
        assert_eq!(fds.0, fds.1, "{case}: opened and closed");
    }
}

// SAFETY: what is not refused is carried out by `Linux`, which keeps the contract.
unsafe impl Kernel for Faulty {
    fn io_uring_setup(&self, entries: u32, params: &mut Params) -> Result<Fd> {
        self.step()?;
        if params.flags.intersects(self.unknown) {
            return Err(Errno::INVAL);
        }
        let fd = Linux.io_uring_setup(entries, params)?;
        params.features = params.features.without(self.missing);
        self.overflow.set((params.cq_off.overflow as usize, 0));
        self.note(Call::Setup);
        Ok(fd)
    }

    unsafe fn io_uring_enter(
        &self,
        ring: Fd,
        submit: u32,
        want: u32,
        flags: EnterFlags,
        arg: *const u8,
        arg_len: usize,
    ) -> Result<u32> {
        self.note(Call::Enter { submit, want, flags });
        match self.faults.borrow_mut().pop_front().or(self.always.get()) {
            Some(Fault::Refuses(errno)) => Err(errno),
            Some(Fault::Panics) => panic!("on purpose"),
            Some(Fault::Takes(most)) => {
                let (submit, flags) =
                    (submit.min(most), flags.without(EnterFlags::GETEVENTS).without(EnterFlags::EXT_ARG));
                // SAFETY: as the caller's call, less the wait.
                unsafe { Linux.io_uring_enter(ring, submit, 0, flags, std::ptr::null(), 0) }
            }
            // SAFETY: the caller's word.
            None => unsafe { Linux.io_uring_enter(ring, submit, want, flags, arg, arg_len) },
        }
    }

    unsafe fn io_uring_register(&self, ring: Fd, what: Register, arg: *mut u8, count: u32) -> Result<u32> {
        self.step()?;
        if self.registers_nothing {
            return Err(Errno::INVAL);
        }
        self.note(Call::Register(what));
        // SAFETY: the caller's word.
        unsafe { Linux.io_uring_register(ring, what, arg, count) }
    }

    fn page_len(&self) -> Result<usize> {
        self.step()?;
        Linux.page_len()
    }

    fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>> {
        self.step()?;
        let at = Linux.map(len, flags)?;
        self.note(Call::Map);
        Ok(at)
    }

    unsafe fn map_ring(&self, ring: Fd, offset: u64, len: usize) -> Result<NonNull<u8>> {
        self.step()?;
        // SAFETY: the caller's word.
        let at = unsafe { Linux.map_ring(ring, offset, len) }?;
        self.note(Call::Map);
        if offset == 0 {
            self.overflow.set((self.overflow.get().0, at.as_ptr().expose_provenance()));
        }
        Ok(at)
    }

    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Result<()> {
        self.note(Call::Unmap);
        // SAFETY: the caller's word.
        unsafe { Linux.unmap(at, len) }
    }

    unsafe fn advise(&self, at: NonNull<u8>, len: usize, advice: AdviseMemory) -> Result<()> {
        self.step()?;
        // SAFETY: the caller's word.
        unsafe { Linux.advise(at, len, advice) }
    }

    unsafe fn close(&self, fd: Fd) -> Result<()> {
        self.note(Call::Close);
        // SAFETY: the caller's word.
        unsafe { Linux.close(fd) }
    }

    fn now(&self) -> Result<Duration> {
        Linux.now()
    }

    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Result<()> {
        Linux.wait(word, expected, timeout)
    }

    fn wake(&self, word: &AtomicU32, count: u32) -> Result<u32> {
        Linux.wake(word, count)
    }

    fn yield_now(&self) -> Result<()> {
        Linux.yield_now()
    }

    fn process_id(&self) -> Result<u32> {
        Linux.process_id()
    }
}
