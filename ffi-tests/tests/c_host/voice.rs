//! How the script says what is wrong, where it is part of a test.

use std::fmt::Write as _;

use bareio_core::Errno;

/// A line being put together.
pub(crate) struct Line(String);

impl Line {
    pub(crate) const fn new() -> Self {
        Self(String::new())
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    pub(crate) fn answer(&mut self, answer: Result<u32, Errno>) -> &mut Self {
        write!(self.0, "{answer:?}").expect("a String takes everything");
        self
    }

    pub(crate) fn say(&mut self) {
        eprintln!("{}", self.0);
    }
}
