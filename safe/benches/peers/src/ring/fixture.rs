//! What every ring is given: a cached file, a buffer, and a table of what is in flight.

use std::fs::File;
use std::io::{Read, Seek, Write};

use rustix::fs::fstatfs;

/// Bytes of one read.
pub(super) const READ_LEN: u32 = 4096;
/// Reads in flight at most, and slots of the table.
pub(super) const SLOTS: u32 = 32;

/// What `f_type` says of tmpfs; `statfs(2)`.
const TMPFS: u64 = 0x0102_1994;

/// A file of [`SLOTS`] blocks in the page cache, and where they are read to.
pub(super) struct Fixture {
    pub(super) file: File,
    /// A vector and not a slice: while the kernel writes there, nothing claims to own those bytes alone.
    pub(super) buffer: Vec<u8>,
    pub(super) table: Table,
}

impl Fixture {
    pub(super) fn new() -> Result<Self, String> {
        let buffer = vec![0; (READ_LEN * SLOTS) as usize];
        let file = file().map_err(|error| format!("no file to read from: {error}"))?;
        let kind = fstatfs(&file).map_err(|error| error.to_string())?.f_type;
        if u64::try_from(kind) == Ok(TMPFS) {
            static ONCE: std::sync::Once = std::sync::Once::new();
            ONCE.call_once(|| {
                eprintln!(
                    "NOTE: the file is on tmpfs, where io_uring hands reads to worker threads; set TMPDIR"
                );
            });
        }
        Ok(Self { file, buffer, table: Table::new() })
    }

    /// Where slot `index` is read to.
    #[inline(always)]
    pub(super) fn address(buffer: *mut u8, index: u32) -> *mut u8 {
        buffer.wrapping_add((index * READ_LEN) as usize)
    }
}

/// A file that was just written, and read once, so that it is in the page cache.
fn file() -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    let mut content = vec![1; (READ_LEN * SLOTS) as usize];
    file.write_all(&content)?;
    file.sync_all()?;
    file.rewind()?;
    file.read_exact(&mut content)?;
    Ok(file)
}

/// What is in flight, as a scheduler would keep it: the `user_data` that each slot expects next, which is the slot's
/// index and, in the upper half, its generation.
pub(super) struct Table {
    pub(super) slots: [u64; SLOTS as usize],
    /// How many completions were not for what their slot holds, or short.
    pub(super) wrong: u64,
}

impl Table {
    fn new() -> Self {
        Self { slots: std::array::from_fn(|index| index as u64), wrong: 0 }
    }

    /// The `user_data` of a read in slot `index`.
    #[inline(always)]
    pub(super) fn start(&self, index: u32) -> u64 {
        self.slots[(index % SLOTS) as usize]
    }

    /// Looks up what completed, checks it, and frees its slot.
    #[inline(always)]
    pub(super) fn finish(&mut self, user_data: u64, result: i32) {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is the slot")]
        let slot = &mut self.slots[(user_data as u32 % SLOTS) as usize];
        if *slot != user_data || result != READ_LEN.cast_signed() {
            self.wrong += 1;
        }
        *slot = slot.wrapping_add(1 << 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completion_that_comes_twice_is_wrong_the_second_time() {
        let mut table = Table::new();
        let user_data = table.start(3);
        table.finish(user_data, 4096);
        assert_eq!(table.wrong, 0);
        table.finish(user_data, 4096);
        assert_eq!(table.wrong, 1);
    }

    #[test]
    fn a_short_read_is_wrong() {
        let mut table = Table::new();
        let user_data = table.start(0);
        table.finish(user_data, 4095);
        assert_eq!(table.wrong, 1);
    }
}
