use alloc::boxed::Box;
use alloc::collections::BTreeMap;

/// Bytes of one page of a file.
pub(super) const PAGE: u64 = 4096;

/// The same, for memory.
const PAGE_LEN: usize = size(PAGE);

/// The bytes of a file, most of which may not be there and read as zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    pages: BTreeMap<u64, Box<[u8; PAGE_LEN]>>,
    len: u64,
}

#[expect(clippy::cast_possible_truncation, reason = "usize is 64 bits wide, as lib.rs demands")]
pub(super) const fn size(len: u64) -> usize {
    len as usize
}

impl Pages {
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Bytes that take up space.
    pub(super) fn allocated(&self) -> u64 {
        self.pages.len() as u64 * PAGE
    }

    /// How many more bytes would take up space if `len` bytes at `offset` were written.
    pub(super) fn missing(&self, offset: u64, len: u64) -> u64 {
        if len == 0 {
            return 0;
        }
        let (first, last) = (offset / PAGE, (offset + len - 1) / PAGE);
        let there = self.pages.range(first..=last).count() as u64;
        (last - first + 1 - there) * PAGE
    }

    /// Shows `see` the bytes from `offset` on, piece by piece, holes as zeros.
    pub(super) fn read(&self, offset: u64, len: u64, mut see: impl FnMut(&[u8])) {
        const ZEROS: [u8; PAGE_LEN] = [0; PAGE_LEN];
        let (mut at, end) = (offset, offset + len);
        while at < end {
            let within = at % PAGE;
            let count = (PAGE - within).min(end - at);
            let page = self.pages.get(&(at / PAGE)).map_or(&ZEROS, |page| &**page);
            see(&page[size(within)..size(within + count)]);
            at += count;
        }
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        let mut rest = bytes;
        let mut at = offset;
        while !rest.is_empty() {
            let within = size(at % PAGE);
            let count = rest.len().min(PAGE_LEN - within);
            let page = self.pages.entry(at / PAGE).or_insert_with(|| Box::new([0; PAGE_LEN]));
            page[within..within + count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            at += count as u64;
        }
        self.len = self.len.max(at);
    }

    /// Makes a range read as zero, giving whole pages back.
    pub(super) fn zero(&mut self, offset: u64, len: u64) {
        let end = offset.saturating_add(len);
        let touched = offset / PAGE..=end.saturating_sub(1) / PAGE;
        let mut whole = alloc::vec::Vec::new();
        for (&index, page) in self.pages.range_mut(touched) {
            let start = offset.saturating_sub(index * PAGE).min(PAGE);
            let stop = (end - index * PAGE).min(PAGE);
            page[size(start)..size(stop)].fill(0);
            if start == 0 && stop == PAGE {
                whole.push(index);
            }
        }
        for index in whole {
            self.pages.remove(&index);
        }
    }

    /// Takes up space for a range without changing what it reads as.
    pub(super) fn reserve(&mut self, offset: u64, len: u64) {
        for index in offset / PAGE..=(offset + len - 1) / PAGE {
            self.pages.entry(index).or_insert_with(|| Box::new([0; PAGE_LEN]));
        }
    }

    pub(super) fn set_len(&mut self, len: u64) {
        if len < self.len {
            let end = self.len.next_multiple_of(PAGE);
            self.zero(len, end - len);
        }
        self.len = len;
    }

    /// The first byte at or after `offset` that is in a page (`data`) or in none, the end counting as a hole.
    pub(super) fn seek(&self, offset: u64, data: bool) -> Option<u64> {
        if offset >= self.len {
            return None;
        }
        let mut at = offset;
        while at < self.len {
            if self.pages.contains_key(&(at / PAGE)) == data {
                return Some(at);
            }
            let next = (at / PAGE + 1) * PAGE;
            at = match self.pages.range(at / PAGE..).next() {
                // Nothing but holes from here on: over all of them at once.
                None if data => return None,
                Some((&index, _)) if data => index * PAGE,
                _ => next,
            };
        }
        (!data).then_some(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn read(pages: &Pages, offset: u64, len: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        pages.read(offset, len, |piece| bytes.extend_from_slice(piece));
        bytes
    }

    #[test]
    fn what_is_cut_off_reads_as_zero_when_the_file_grows_again() {
        let mut pages = Pages::default();
        pages.write(4090, &[7; 12]);
        pages.set_len(4092);
        pages.set_len(9000);
        assert_eq!(read(&pages, 4088, 8), [0, 0, 7, 7, 0, 0, 0, 0]);
        assert_eq!(pages.len(), 9000);
    }

    #[test]
    fn seeking_tells_data_from_holes() {
        let mut pages = Pages::default();
        pages.write(3 * PAGE + 5, b"x");
        pages.set_len(1 << 40);
        assert_eq!(pages.seek(0, true), Some(3 * PAGE));
        assert_eq!(pages.seek(0, false), Some(0));
        assert_eq!(pages.seek(3 * PAGE + 9, false), Some(4 * PAGE));
        assert_eq!(pages.seek(4 * PAGE, true), None);
        assert_eq!(pages.seek(1 << 40, false), None);
    }

    #[test]
    fn zeroing_gives_whole_pages_back_and_keeps_neighbours() {
        let mut pages = Pages::default();
        pages.write(0, &[9; 3 * PAGE_LEN]);
        pages.zero(10, 2 * PAGE);
        assert_eq!(pages.allocated(), 2 * PAGE);
        assert_eq!(read(&pages, 9, 2), [9, 0]);
        assert_eq!(read(&pages, 2 * PAGE + 9, 2), [0, 9]);
    }
}
