use core::fmt;

/// A slot of registered files into which an operation puts the file that it makes.
///
/// Entries carry the index counted from 1, so that 0 means a plain descriptor; this is that number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileSlot(u32);

impl FileSlot {
    /// Whichever is free: the kernel picks, and the completion tells which. 5.19.
    pub const ALLOC: Self = Self(u32::MAX);

    /// The slot `index`, counted from 0. 5.15. What was in it is replaced.
    ///
    /// No table is so large that an index above 2³² − 3 could be in it; such an index is lowered to that, and
    /// the kernel refuses it, where it would otherwise be taken for [`ALLOC`](Self::ALLOC) or for no slot.
    pub const fn at(index: u32) -> Self {
        const LAST: u32 = u32::MAX - 2;
        Self(if index > LAST { LAST } else { index } + 1)
    }

    /// Its index, counted from 0; `None` for [`ALLOC`](Self::ALLOC).
    pub const fn index(self) -> Option<u32> {
        if self.0 == Self::ALLOC.0 { None } else { Some(self.0 - 1) }
    }

    /// As an entry carries it, in `file_index`.
    pub const fn encoded(self) -> u32 {
        self.0
    }
}

// The header has −1, cast to `unsigned` where it is used.
const _: () = assert!(FileSlot::ALLOC.0 == linux_raw_sys::io_uring::IORING_FILE_INDEX_ALLOC.cast_unsigned());

impl fmt::Debug for FileSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index() {
            None => f.write_str("FileSlot::ALLOC"),
            Some(index) => write!(f, "FileSlot({index})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_index_is_taken_for_no_slot_or_for_any_slot() {
        assert_eq!(FileSlot::at(0).encoded(), 1);
        assert_eq!(FileSlot::at(7).encoded(), 8);
        for index in [u32::MAX - 3, u32::MAX - 2, u32::MAX - 1, u32::MAX] {
            let encoded = FileSlot::at(index).encoded();
            assert!(encoded != 0 && encoded != FileSlot::ALLOC.encoded(), "{index}");
        }
    }
}
