//! Everything newer than Linux 5.10, asked for one by one: had from the release on that the documentation names, and
//! refused with an error before.

mod enter;
mod files;
mod operations;
mod register;
mod setup;

use bareio_boot::Line;
use bareio_core::abi::Features;
use bareio_core::ring::{Builder, Ring};
use bareio_core::{Errno, Linux};

use crate::place::Places;
use crate::tally::Tally;

/// What became of asking.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Seen,
    Refused(Errno),
    /// Neither: it was taken, and then not done.
    Odd,
}

impl Found {
    /// Had, if the answer is no error, or one of those that only a kernel gives that knows what was asked.
    pub(crate) fn of(answer: Result<u32, Errno>, known: &[Errno]) -> Self {
        match answer {
            Ok(_) => Self::Seen,
            Err(errno) if known.contains(&errno) => Self::Seen,
            Err(errno) => Self::Refused(errno),
        }
    }
}

/// What the questions are asked with.
pub(crate) struct Bench<'a> {
    /// A ring without anything newer than 5.10.
    pub(crate) ring: Ring<Linux>,
    pub(crate) places: &'a Places,
}

/// A question.
pub(crate) struct Feature {
    pub(crate) name: &'static str,
    /// The first release that has it.
    pub(crate) since: (u16, u16),
    /// Whether a kernel may be built, or a file system made, without it.
    pub(crate) optional: bool,
    pub(crate) ask: fn(&mut Bench<'_>) -> Found,
}

/// One that every kernel of that release has.
pub(crate) const fn feature(
    name: &'static str,
    since: (u16, u16),
    ask: fn(&mut Bench<'_>) -> Found,
) -> Feature {
    Feature { name, since, optional: false, ask }
}

/// Features that are told by a bit, and asked for in no other way here.
const BITS: [(Features, &str, (u16, u16)); 6] = [
    (Features::NATIVE_WORKERS, "bit:NATIVE_WORKERS", (5, 12)),
    (Features::RSRC_TAGS, "bit:RSRC_TAGS", (5, 13)),
    (Features::CQE_SKIP, "bit:CQE_SKIP", (5, 17)),
    (Features::LINKED_FILE, "bit:LINKED_FILE", (5, 17)),
    (Features::RECVSEND_BUNDLE, "bit:RECVSEND_BUNDLE", (6, 10)),
    (Features::RW_ATTR, "bit:RW_ATTR", (6, 14)),
];

/// What was asked, and how often the answer was one or the other.
pub(crate) struct Census {
    pub(crate) seen: u32,
    pub(crate) refused: u32,
    seen_line: Line,
    refused_line: Line,
    version: (u16, u16),
}

impl Census {
    /// Takes an answer down, and checks it.
    fn take(
        &mut self,
        tally: &mut Tally,
        name: &'static str,
        since: (u16, u16),
        optional: bool,
        found: Found,
    ) {
        let expected = self.version >= since;
        // Since 5.10.162, the long-term release has the io_uring of 5.15, as far as the rest of the kernel lets it.
        let brought_back = self.version == (5, 10) && since <= (5, 15);
        match found {
            Found::Seen => {
                self.seen += 1;
                self.seen_line.text(" ").text(name).text(if brought_back { "+" } else { "" });
                tally.check(name, expected || brought_back);
            }
            Found::Refused(errno) => {
                self.refused += 1;
                // Marked where it may be so: the boot matrix then does not ask for a kernel that has it.
                self.refused_line.text(" ").text(name).text(if optional { "?" } else { "" });
                // Refused by an error that says 'not here', and no other.
                let says_so = matches!(errno, Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS | Errno::BADF);
                if (expected && !optional) || !says_so {
                    tally.expect(name, Err(errno), Ok(0));
                } else {
                    tally.check(name, true);
                }
            }
            Found::Odd => {
                tally.check(name, false);
            }
        }
    }
}

/// Asks everything.
pub(crate) fn run(places: &Places, version: (u16, u16), tally: &mut Tally) -> Option<Census> {
    tally.what = ["features", "newer than 5.10"];
    let builder = Builder::new(8).no_single_issuer().no_registered_descriptor();
    let ring = builder.build(Linux).ok()?;
    let mut census =
        Census { seen: 0, refused: 0, seen_line: Line::new(), refused_line: Line::new(), version };
    census.seen_line.text("seen");
    census.refused_line.text("refused");
    let bits = ring.features();
    for (bit, name, since) in BITS {
        let found = if bits.contains(bit) { Found::Seen } else { Found::Refused(Errno::NOSYS) };
        census.take(tally, name, since, false, found);
    }
    let mut bench = Bench { ring, places };
    for list in [setup::LIST, enter::LIST, register::LIST, files::LIST] {
        for Feature { name, since, optional, ask } in list {
            census.take(tally, name, *since, *optional, ask(&mut bench));
        }
    }
    for operation in operations::LIST {
        let found = operations::ask(&mut bench, operation.0);
        let name = operation.0.name().unwrap_or("an operation without a name");
        census.take(tally, name, operation.1, operations::is_optional(operation.0), found);
    }
    census.seen_line.say();
    census.refused_line.say();
    Some(census)
}
