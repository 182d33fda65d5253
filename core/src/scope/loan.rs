use core::mem::MaybeUninit;

/// What can be lent to an operation: a slice, or nothing.
///
/// # Safety
///
/// Implemented here only. `from_raw(into_raw(loan))` is `loan`, and `memory` is where its bytes are.
pub unsafe trait Loan: Sized + sealed::Sealed {
    /// Its parts, as plain data.
    type Raw: Copy;

    /// Takes it apart.
    fn into_raw(self) -> Self::Raw;

    /// Puts it together again.
    ///
    /// # Safety
    ///
    /// `raw` came from `into_raw`, nobody else uses the memory, and each is put together once.
    unsafe fn from_raw(raw: Self::Raw) -> Self;

    /// Its address and its length in bytes.
    fn memory(raw: Self::Raw) -> (*mut u8, usize);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for &[u8] {}
    impl Sealed for &mut [u8] {}
    impl Sealed for &mut [core::mem::MaybeUninit<u8>] {}
    impl Sealed for () {}
}

// SAFETY: a slice is its pointer and its length.
unsafe impl Loan for &[u8] {
    type Raw = (*const u8, usize);

    fn into_raw(self) -> Self::Raw {
        (self.as_ptr(), self.len())
    }

    unsafe fn from_raw((first, len): Self::Raw) -> Self {
        // SAFETY: the parts of a slice, by the caller's word.
        unsafe { core::slice::from_raw_parts(first, len) }
    }

    fn memory((first, len): Self::Raw) -> (*mut u8, usize) {
        (first.cast_mut(), len)
    }
}

// SAFETY: a slice is its pointer and its length.
unsafe impl Loan for &mut [u8] {
    type Raw = (*mut u8, usize);

    fn into_raw(self) -> Self::Raw {
        (self.as_mut_ptr(), self.len())
    }

    unsafe fn from_raw((first, len): Self::Raw) -> Self {
        // SAFETY: the parts of an exclusive slice that nobody uses, by the caller's word.
        unsafe { core::slice::from_raw_parts_mut(first, len) }
    }

    fn memory(raw: Self::Raw) -> (*mut u8, usize) {
        raw
    }
}

// SAFETY: a slice is its pointer and its length.
unsafe impl Loan for &mut [MaybeUninit<u8>] {
    type Raw = (*mut MaybeUninit<u8>, usize);

    fn into_raw(self) -> Self::Raw {
        (self.as_mut_ptr(), self.len())
    }

    unsafe fn from_raw((first, len): Self::Raw) -> Self {
        // SAFETY: the parts of an exclusive slice that nobody uses, by the caller's word.
        unsafe { core::slice::from_raw_parts_mut(first, len) }
    }

    fn memory((first, len): Self::Raw) -> (*mut u8, usize) {
        (first.cast(), len)
    }
}

// SAFETY: there is nothing to take apart.
unsafe impl Loan for () {
    type Raw = ();

    fn into_raw(self) {}

    unsafe fn from_raw((): ()) {}

    fn memory((): ()) -> (*mut u8, usize) {
        (core::ptr::null_mut(), 0)
    }
}
