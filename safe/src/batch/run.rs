//! How a batch is carried out.
//!
//! ```text
//!   check all ──► until every operation has ended:
//!                   of each chain, plan the front that a ring keeps in order
//!                   one call for all of them, or as many as the ring is small
//!                   note each answer: ended; cut short, to be gone on with; or not begun, because of what was before it
//! ```
//!
//! By plain calls it is the same with one operation at a time.

use std::ops::Range;

use bareio_core::op::Then;
use bareio_core::ring::RingError;
use bareio_core::{Errno, Kernel};

use super::lent::Manner;
use super::operation::{Kind, Operation};
use super::way::{Lending, Way};
use super::{Backend, Batcher};
use crate::error::{Error, ErrorKind, Result, Why};
use crate::file::durable;

impl<K: Kernel> Lending<'_, K> {
    /// Carries out what is in the list, once.
    pub(super) fn run(mut self) -> Result<()> {
        if std::mem::replace(&mut self.batcher().list.has_run, true) {
            return Ok(());
        }
        self.batcher().knows_nowait = None;
        self.check();
        if let Some(error) = self.lowest_error() {
            return Err(error);
        }
        while self.plan() {
            let carried = self.carry_out();
            self.note();
            if let Err(error) = carried {
                self.without_ring(error)?;
            }
        }
        self.distrust();
        self.lowest_error().map_or(Ok(()), Err)
    }

    fn operations(&mut self) -> &mut Vec<Operation> {
        &mut self.batcher().list.operations
    }

    fn lowest_error(&mut self) -> Option<Error> {
        let failed = (0..).zip(self.operations()).find(|(_, operation)| operation.has_failed())?;
        Some(failed.1.error()?.at(failed.0))
    }

    /// The chain that begins with this operation.
    fn chain(&mut self, first: usize) -> Range<usize> {
        let rest = &self.operations()[first..];
        let links = rest.iter().take_while(|operation| operation.then.is_some()).count();
        first..(first + links + 1).min(first + rest.len())
    }

    /// Ends every operation that cannot be right. Files of which nothing is known are asked, each once if its operations
    /// follow each other.
    fn check(&mut self) {
        let mut before = None;
        for index in 0..self.operations().len() {
            let operation = &self.operations()[index];
            if operation.has_ended() {
                continue;
            }
            if operation.manner.is_none() && operation.is_transfer() && !operation.is_nothing() {
                let file = operation.file;
                let manner: Result<Manner> = match before {
                    Some((asked, manner)) if asked == file => Ok(manner),
                    _ => self.ask(index),
                };
                let operation = &mut self.operations()[index];
                match manner {
                    Ok(manner) => {
                        before = Some((file, manner));
                        operation.manner = Some(manner);
                    }
                    Err(error) => operation.end(Err(error)),
                }
            }
            let list = &mut self.batcher().list;
            if let Err(error) = list.operations[index].check(&list.pieces) {
                list.operations[index].end(Err(error));
            }
        }
        self.check_chains();
    }

    fn check_chains(&mut self) {
        let most = self.batcher().longest;
        let mut chain = 0..0;
        while chain.end < self.operations().len() {
            chain = self.chain(chain.end);
            if chain.len() > most {
                let error = ErrorKind::OutOfRange {
                    what: "chain length",
                    value: chain.len() as u64,
                    least: 1,
                    most: most as u64,
                    power_of_two: false,
                };
                let first = &mut self.operations()[chain.start];
                if !first.has_ended() {
                    first.end(Err(error.into()));
                }
            }
        }
    }

    /// Plans what the ring is to do next, and has done what goes by calls. Returns whether anything is planned.
    fn plan(&mut self) -> bool {
        loop {
            self.batcher().plan.clear();
            let mut chain = 0..0;
            while chain.end < self.operations().len() {
                chain = self.chain(chain.end);
                self.plan_chain(chain.clone());
            }
            let Batcher { plan, .. } = self.batcher();
            match (plan.links.len(), plan.spans.first()) {
                (0, _) => return false,
                // A ring would take one call as well, and more time.
                (1, Some(&span)) => {
                    self.perform(span.first_operation);
                    self.after(span.first_operation);
                }
                _ => return true,
            }
        }
    }

    fn plan_chain(&mut self, chain: Range<usize>) {
        for index in chain.clone() {
            while !self.operations()[index].has_ended() {
                let is_alone = chain.len() == 1;
                if self.is_poisoned(index) {
                    // `after` says so.
                } else if self.goes_by_call(index) {
                    self.perform(index);
                } else if is_alone && self.may_hit_cache(index) {
                    self.read_cached(index);
                    if self.operations()[index].by_ring {
                        continue;
                    }
                } else {
                    let Batcher { plan, list, .. } = self.batcher();
                    if plan.add(index, &mut list.operations[index..chain.end], &list.pieces) {
                        return;
                    }
                }
                self.after(index);
            }
        }
    }

    fn goes_by_call(&mut self, index: usize) -> bool {
        let Batcher { way, backend, list, .. } = self.batcher();
        let operation = &list.operations[index];
        let is_alone = operation.then.is_none() && (index == 0 || list.operations[index - 1].then.is_none());
        // A ring hands a buffered write to a worker thread of the kernel, which takes many times as long as the write.
        let is_quick = is_alone && operation.kind == Kind::Write && operation.is_buffered();
        matches!(way, Way::Calls)
            || operation.by_call
            || operation.is_nothing()
            || (*backend == Backend::Auto && is_quick)
    }

    /// Reads by a call, or notes that it goes by the ring: the first read of a file finds out. A file that knows reads
    /// without waiting is read by the ring at once where it is cached, and beside others where it is not; of one that knows
    /// none, a tmpfs's for example, a worker thread of the kernel would read, which takes many times as long.
    fn read_cached(&mut self, index: usize) {
        let file = self.operations()[index].file;
        match self.batcher().knows_nowait {
            Some((asked, true)) if asked == file => self.operations()[index].by_ring = true,
            Some((asked, false)) if asked == file => self.perform(index),
            _ => {
                let knows = self.try_perform(index);
                self.batcher().knows_nowait = Some((file, knows));
            }
        }
    }

    /// Whether a read may find all that it wants in the page cache.
    fn may_hit_cache(&mut self, index: usize) -> bool {
        let Batcher { backend, list, .. } = self.batcher();
        let operation = &list.operations[index];
        *backend == Backend::Auto
            && operation.kind == Kind::Read
            && operation.is_buffered()
            && !operation.by_ring
    }

    /// Whether an operation that is to be durable cannot be any more.
    fn is_poisoned(&mut self, index: usize) -> bool {
        self.operations()[index].flushes() && self.poison(index).is_some_and(|poison| poison.get().is_some())
    }

    /// Takes note of the ring's answers.
    fn note(&mut self) {
        for at in 0..self.batcher().plan.spans.len() {
            let span = self.batcher().plan.spans[at];
            for (link, index) in span.links().zip(span.first_operation..) {
                let Batcher { plan, list, .. } = self.batcher();
                let operation = &mut list.operations[index];
                match plan.answers[link] {
                    None => break,
                    // Not begun: what is before it has not ended yet, or has failed. If nothing is before it, the kernel
                    // has given up a chain for a reason of its own.
                    Some(Err(Errno::CANCELED)) => {
                        operation.by_call = link == span.links().start;
                        break;
                    }
                    // Of the operation, or of the ring, which does not know it or has taken half a chain: a call tells.
                    Some(Err(Errno::INVAL)) => {
                        operation.by_call = true;
                        break;
                    }
                    Some(answer) => {
                        operation.settle(plan.links[link].op.transfer_len().unwrap_or(0), answer);
                    }
                }
                // What is behind a failure has been cancelled by the same, or ran because it was to.
                if !self.after(index) {
                    break;
                }
            }
        }
    }

    /// What follows from the end of an operation: a failed flush poisons its file, and a failure cancels what is linked
    /// behind it. Returns whether it has ended.
    fn after(&mut self, index: usize) -> bool {
        let operation = &self.operations()[index];
        if operation.flushes() {
            self.after_flush(index);
        }
        let operation = &self.operations()[index];
        if operation.has_failed() && operation.then == Some(Then::Soft) {
            self.cancel_behind(index);
        }
        self.operations()[index].has_ended()
    }

    fn after_flush(&mut self, index: usize) {
        let operation = &self.operations()[index];
        let error = operation.error();
        let lost = error.and_then(|error| error.errno()).filter(|&errno| operation.may_have_lost(errno));
        let Some(poison) = self.poison(index) else { return };
        if let Some(errno) = lost {
            poison.set(errno);
        }
        if let (None, Some(errno)) = (error, poison.get()) {
            let operation = &mut self.operations()[index];
            operation.end(Err(Error::new(ErrorKind::Poisoned(errno)).during(operation.call())));
        }
    }

    fn cancel_behind(&mut self, index: usize) {
        let end = self.chain(index).end;
        for operation in &mut self.operations()[index + 1..end] {
            if !operation.has_ended() {
                operation.end(Err(Error::os(operation.call(), Errno::CANCELED)));
            }
        }
    }

    /// Calls nothing durable that was flushed beside a flush of the same file that failed: the kernel tells one of them only.
    fn distrust(&mut self) {
        for index in 0..self.operations().len() {
            let operation = &self.operations()[index];
            if !operation.flushes() || operation.has_failed() {
                continue;
            }
            let (file, call) = (operation.file, operation.call());
            let noted = self.poison(index).and_then(durable::Poison::get);
            let beside = || {
                let mut failed =
                    self.operations().iter().filter(|other| other.file == file && other.flushes());
                failed.find_map(|other| other.error()?.errno().filter(|&errno| other.may_have_lost(errno)))
            };
            if let Some(errno) = noted.or_else(beside) {
                self.operations()[index].end(Err(Error::new(ErrorKind::Poisoned(errno)).during(call)));
            }
        }
    }

    /// The ring can no longer be entered: goes on by calls if that is allowed.
    fn without_ring(&mut self, error: RingError) -> Result<()> {
        let batcher = self.batcher();
        match error {
            RingError::Kernel(errno) if batcher.backend == Backend::Auto => {
                batcher.way = Way::Calls;
                batcher.why = Some(Why::Errno(errno));
                Ok(())
            }
            error => Err(error.into()),
        }
    }
}
