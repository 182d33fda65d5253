//! What was checked, and what of it was wrong.

use bareio_core::Errno;

use crate::voice::Line;

/// What an operation answers, by a ring or by calls.
pub(crate) type Answer = Result<u32, Errno>;

/// Counts of what was checked. What is wrong is said at once.
pub(crate) struct Tally {
    checks: u32,
    wrong: u32,
    /// What is being checked: a way, and a place.
    pub(crate) what: [&'static str; 2],
}

impl Tally {
    pub(crate) const fn new() -> Self {
        Self { checks: 0, wrong: 0, what: [""; 2] }
    }

    pub(crate) const fn checks(&self) -> u32 {
        self.checks
    }

    pub(crate) const fn wrong(&self) -> u32 {
        self.wrong
    }

    /// Counts one check, and returns how it came out.
    pub(crate) fn check(&mut self, claim: &str, holds: bool) -> bool {
        self.checks += 1;
        if !holds {
            self.wrong += 1;
            self.head(claim).say();
        }
        holds
    }

    /// Checks what came of an operation.
    pub(crate) fn expect(&mut self, claim: &str, answer: Answer, expected: Answer) -> bool {
        self.checks += 1;
        if answer == expected {
            return true;
        }
        self.wrong += 1;
        self.head(claim).text(": ").answer(answer).text(" instead of ").answer(expected).say();
        false
    }

    fn head(&self, claim: &str) -> Line {
        let mut line = Line::new();
        line.text("wrong: ").text(self.what[0]).text(", ").text(self.what[1]).text(": ").text(claim);
        line
    }
}
