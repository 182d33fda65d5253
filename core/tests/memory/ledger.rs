//! A kernel that keeps a ledger of another's memory, and refuses calls on demand.

use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Mutex;

use bareio_core::abi::AdviseMemory;
use bareio_core::kernel::MapFlags;
use bareio_core::{Errno, Kernel};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    PageLen,
    Map(MapFlags),
    Remap,
    Unmap,
    Advise(AdviseMemory),
    Guard,
}

/// Which calls are refused always.
pub(crate) type Rule = fn(Call) -> Option<Errno>;

pub(crate) struct Ledger {
    inner: Box<dyn Kernel + Send + Sync>,
    rule: Rule,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    calls: Vec<Call>,
    live: Vec<Range<usize>>,
    /// How many calls are left before one is refused, and how.
    left: Option<(usize, Errno)>,
    /// How many of the next calls that give memory back are refused.
    kept: usize,
}

impl Ledger {
    pub(crate) fn new(inner: impl Kernel + Send + Sync + 'static, rule: Rule) -> Self {
        Self { inner: Box::new(inner), rule, book: Mutex::default() }
    }

    /// Lets `left` calls pass and refuses the next with `errno`. Those that give memory back are passed over.
    pub(crate) fn refuse_after(&self, left: usize, errno: Errno) {
        self.book.lock().unwrap().left = Some((left, errno));
    }

    /// Refuses the next `count` calls that give memory back.
    pub(crate) fn keep(&self, count: usize) {
        self.book.lock().unwrap().kept = count;
    }

    /// Refuses none any more. Whether one was refused.
    pub(crate) fn refused(&self) -> bool {
        self.book.lock().unwrap().left.take().is_none()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.book.lock().unwrap().calls.clone()
    }

    pub(crate) fn count(&self, call: Call) -> usize {
        self.calls().iter().filter(|&&made| made == call).count()
    }

    /// How many bytes are mapped.
    pub(crate) fn live(&self) -> usize {
        self.book.lock().unwrap().live.iter().map(ExactSizeIterator::len).sum()
    }

    fn enter(&self, call: Call) -> Result<(), Errno> {
        let mut book = self.book.lock().unwrap();
        book.calls.push(call);
        let book = &mut *book;
        match (&mut book.left, &mut book.kept) {
            (_, kept @ 1..) if call == Call::Unmap => {
                *kept -= 1;
                return Err(Errno::NOMEM);
            }
            (_, _) if call == Call::Unmap => {}
            (left @ &mut Some((0, errno)), _) => {
                *left = None;
                return Err(errno);
            }
            (Some((left, _)), _) => *left -= 1,
            (None, _) => {}
        }
        (self.rule)(call).map_or(Ok(()), Err)
    }

    fn add(&self, at: NonNull<u8>, len: usize) {
        let start = at.addr().get();
        self.book.lock().unwrap().live.push(start..start + len);
    }

    fn remove(&self, at: NonNull<u8>, len: usize) {
        let (start, end) = (at.addr().get(), at.addr().get() + len);
        let live = &mut self.book.lock().unwrap().live;
        let index = live.iter().position(|range| range.start <= start && end <= range.end);
        let range = live.swap_remove(index.expect("what is given back was never had"));
        live.extend([range.start..start, end..range.end].into_iter().filter(|rest| !rest.is_empty()));
    }

    fn holds(&self, at: NonNull<u8>, len: usize) {
        let (start, end) = (at.addr().get(), at.addr().get() + len);
        let live = &self.book.lock().unwrap().live;
        assert!(live.iter().any(|range| range.start <= start && end <= range.end), "not ours");
    }
}

// SAFETY: whatever is not refused, the inner kernel does.
unsafe impl Kernel for Ledger {
    fn page_len(&self) -> Result<usize, Errno> {
        self.enter(Call::PageLen)?;
        self.inner.page_len()
    }

    fn map(&self, len: usize, flags: MapFlags) -> Result<NonNull<u8>, Errno> {
        self.enter(Call::Map(flags))?;
        let at = self.inner.map(len, flags)?;
        self.add(at, len);
        Ok(at)
    }

    unsafe fn remap(&self, at: NonNull<u8>, len: usize, new_len: usize) -> Result<NonNull<u8>, Errno> {
        self.holds(at, len);
        self.enter(Call::Remap)?;
        // SAFETY: the caller keeps the contract of this same method.
        let moved = unsafe { self.inner.remap(at, len, new_len) }?;
        self.remove(at, len);
        self.add(moved, new_len);
        Ok(moved)
    }

    unsafe fn unmap(&self, at: NonNull<u8>, len: usize) -> Result<(), Errno> {
        self.holds(at, len);
        self.enter(Call::Unmap)?;
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { self.inner.unmap(at, len) }?;
        self.remove(at, len);
        Ok(())
    }

    unsafe fn advise(&self, at: NonNull<u8>, len: usize, advice: AdviseMemory) -> Result<(), Errno> {
        self.holds(at, len);
        self.enter(Call::Advise(advice))?;
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { self.inner.advise(at, len, advice) }
    }

    unsafe fn guard(&self, at: NonNull<u8>, len: usize) -> Result<(), Errno> {
        self.holds(at, len);
        self.enter(Call::Guard)?;
        // SAFETY: the caller keeps the contract of this same method.
        unsafe { self.inner.guard(at, len) }
    }
}
