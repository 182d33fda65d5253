//! The system's own calls, by way of libc: `pwritev` and `pwrite` at an offset that is counted up, `writev` where the file
//! stands.

use std::fs::File;
use std::io::Seek;
use std::os::fd::AsRawFd;

use super::super::{Append, EVENT_LEN};
use crate::case::LeftOut;

/// What one call takes.
const MOST: usize = 1024;

/// A list of `events`, on the stack.
fn fill(list: &mut heapless::Vec<libc::iovec, MOST>, events: &[[u8; EVENT_LEN]]) -> i32 {
    let piece = |event: &[u8; EVENT_LEN]| libc::iovec {
        iov_base: event.as_ptr().cast_mut().cast(),
        iov_len: EVENT_LEN,
    };
    list.extend(events.iter().map(piece));
    i32::try_from(list.len()).expect("at most 1,024")
}

pub(super) struct Pwritev {
    file: File,
    offset: i64,
}

impl Append for Pwritev {
    fn new(file: File) -> Result<Self, LeftOut> {
        Ok(Self { file, offset: 0 })
    }

    fn append(&mut self, events: &[[u8; EVENT_LEN]]) {
        let mut pieces = heapless::Vec::new();
        let count = fill(&mut pieces, events);
        // SAFETY: the list names the events, which are borrowed, and the file is open.
        let written = unsafe { libc::pwritev(self.file.as_raw_fd(), pieces.as_ptr(), count, self.offset) };
        assert_eq!(written.cast_unsigned(), size_of_val(events));
        self.offset += written as i64;
    }

    fn rewind(&mut self) {
        self.file.set_len(0).expect("it is ours");
        self.offset = 0;
    }
}

pub(super) struct Writev(File);

impl Append for Writev {
    fn new(file: File) -> Result<Self, LeftOut> {
        Ok(Self(file))
    }

    fn append(&mut self, events: &[[u8; EVENT_LEN]]) {
        let mut pieces = heapless::Vec::new();
        let count = fill(&mut pieces, events);
        // SAFETY: the list names the events, which are borrowed, and the file is open.
        let written = unsafe { libc::writev(self.0.as_raw_fd(), pieces.as_ptr(), count) };
        assert_eq!(written.cast_unsigned(), size_of_val(events));
    }

    fn rewind(&mut self) {
        self.0.set_len(0).expect("it is ours");
        self.0.rewind().expect("it is a file");
    }
}

/// A call for each event.
pub(super) struct Pwrite {
    file: File,
    offset: i64,
}

impl Append for Pwrite {
    fn new(file: File) -> Result<Self, LeftOut> {
        Ok(Self { file, offset: 0 })
    }

    fn append(&mut self, events: &[[u8; EVENT_LEN]]) {
        for event in events {
            // SAFETY: the event is borrowed, and the file is open.
            let written =
                unsafe { libc::pwrite(self.file.as_raw_fd(), event.as_ptr().cast(), EVENT_LEN, self.offset) };
            assert_eq!(written.cast_unsigned(), EVENT_LEN);
            self.offset += written as i64;
        }
    }

    fn rewind(&mut self) {
        self.file.set_len(0).expect("it is ours");
        self.offset = 0;
    }
}
