use core::fmt;
use core::marker::PhantomData;

/// The number of a descriptor.
///
/// Plain data: having one proves nothing about what it names, and so whatever uses it is `unsafe`.
/// [`BorrowedFd`] is the form that proves it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Fd(pub i32);

impl Fd {
    /// The working directory, where a directory is asked for: `AT_FDCWD`.
    pub const CWD: Self = Self(-100);
}

impl fmt::Debug for Fd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fd({})", self.0)
    }
}

/// A descriptor that stays open, and stays the same file, for `'fd`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct BorrowedFd<'fd> {
    fd: Fd,
    open: PhantomData<&'fd ()>,
}

impl BorrowedFd<'_> {
    /// Takes the caller's word for it.
    ///
    /// # Safety
    ///
    /// `fd` is open, is the caller's to lend, and is not closed before `'fd` ends.
    pub const unsafe fn borrow_raw(fd: Fd) -> Self {
        Self { fd, open: PhantomData }
    }

    /// Its number.
    pub const fn fd(self) -> Fd {
        self.fd
    }
}

impl fmt::Debug for BorrowedFd<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BorrowedFd({})", self.fd.0)
    }
}
