//! Lines on standard output, put together without the formatting of `core`, which is larger than all the rest.

use bareio_core::{Errno, Fd, IoVec, Kernel, Linux, kernel::RwFlags};

/// A line being put together. What is too long for it is cut.
pub struct Line {
    bytes: [u8; 2048],
    len: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}

impl Line {
    pub const fn new() -> Self {
        Self { bytes: [0; 2048], len: 0 }
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        for byte in text.bytes() {
            // One place is kept for the end of the line.
            if self.len + 1 < self.bytes.len() {
                self.bytes[self.len] = byte;
                self.len += 1;
            }
        }
        self
    }

    pub fn number(&mut self, number: u64) -> &mut Self {
        let mut digits = [0; 20];
        let (mut at, mut rest) = (digits.len(), number);
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.text(core::str::from_utf8(&digits[at..]).unwrap_or_default())
    }

    pub fn hex(&mut self, number: u32) -> &mut Self {
        self.text("0x");
        let first = (number.leading_zeros() / 4).min(7);
        for place in first..8 {
            let digit = number >> (28 - 4 * place) & 0xf;
            self.text(&"0123456789abcdef"[digit as usize..=digit as usize]);
        }
        self
    }

    /// What an operation answered.
    pub fn answer(&mut self, answer: Result<u32, Errno>) -> &mut Self {
        match answer {
            Ok(number) => self.number(u64::from(number)),
            Err(errno) => match errno.name() {
                Some(name) => self.text(name),
                None => self.text("errno ").number(u64::from(errno.number().cast_unsigned())),
            },
        }
    }

    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or("?")
    }

    /// Writes it out, and begins a new one.
    pub fn say(&mut self) {
        self.bytes[self.len] = b'\n';
        let line = [IoVec::of(&self.bytes[..=self.len])];
        // SAFETY: standard output is open, or the call says that it is not; the bytes are ours.
        let _ = unsafe { Linux.write_vectored(Fd(1), &line, u64::MAX, RwFlags::NONE) };
        self.len = 0;
    }
}
