//! Many requests in flight, each slot of the memory on its own way from source to target.

use std::collections::VecDeque;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use bareio::core::{Fd, Linux, Mapping};
use bareio::{Align, Errno};
use indicatif::{ProgressBar, ProgressStyle};

use crate::checksum::{Checksum, Pieces};
use crate::engine::{Engine, Request};
use crate::files::{OpenFile, Source, Target};

/// What one slot is doing.
#[derive(Clone, Copy)]
struct Work {
    /// Where its piece begins in the file; a multiple of both files' blocks.
    offset: u64,
    /// How many bytes of the file the piece has. The last may be no multiple.
    len: u32,
    /// How many of them are done in this direction.
    done: u32,
    writing: bool,
}

/// The engine, its memory, and what was met on the way.
pub(crate) struct Pipeline {
    // Before the memory that it uses: dropped first, it waits for what is in flight.
    engine: Engine,
    memory: Mapping<Linux>,
    chunk: u32,
    work: Vec<Option<Work>>,
    /// Pieces that the last copy skipped, because the source had none.
    pub(crate) holes: Vec<Range<u64>>,
}

impl Pipeline {
    /// `depth` slots of `chunk` bytes.
    pub(crate) fn new(mut engine: Engine, depth: u32, chunk: u32) -> Result<Self> {
        let memory = Mapping::new(Linux, depth as usize * chunk as usize)?;
        // SAFETY: the memory is dropped after the engine.
        unsafe { engine.register(&memory) };
        Ok(Self { engine, memory, chunk, work: vec![None; depth as usize], holes: Vec::new() })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn memory(&self) -> &Mapping<Linux> {
        &self.memory
    }

    /// Copies all data of `source`; the sum is that of what was read.
    pub(crate) fn copy(&mut self, source: &Source, target: &Target) -> Result<Checksum> {
        let align = source.file.access.align().max(target.file.access.align());
        let data = source.file.data(source.len).context("looking for holes in the source")?;
        self.holes = gaps(&data, source.len);
        self.run(&source.file, Some(&target.file), &data, source.len, align, "copying")
    }

    /// Reads all data of `target`, of which `len` bytes count.
    pub(crate) fn read(&mut self, target: &Target, len: u64) -> Result<Checksum> {
        let data = target.file.data(len).context("looking for holes in the copy")?;
        self.run(&target.file, None, &data, len, target.file.access.align(), "comparing")
    }

    fn run(
        &mut self,
        from: &OpenFile,
        to: Option<&OpenFile>,
        data: &[Range<u64>],
        len: u64,
        align: Align,
        what: &'static str,
    ) -> Result<Checksum> {
        let mut pieces = cut(data, len, align, self.chunk)?;
        let bar = progress(pieces.iter().map(|piece| piece.end - piece.start).sum(), what);
        let mut sums = Pieces::default();
        let mut in_flight = 0;
        for slot in 0..self.work.len() {
            in_flight += usize::from(self.begin(slot, pieces.pop_front(), from, align)?);
        }
        let mut failed = None;
        while in_flight > 0 {
            let (slot, answer) = self.engine.next()?;
            in_flight -= 1;
            if failed.is_some() {
                continue; // only waiting for the others
            }
            match self.advance(slot, answer, from, to, align, len, &mut sums) {
                Ok(None) => in_flight += 1,
                Ok(Some(count)) => {
                    bar.inc(count);
                    in_flight += usize::from(self.begin(slot, pieces.pop_front(), from, align)?);
                }
                Err(error) => failed = Some(error),
            }
        }
        bar.finish_and_clear();
        match failed {
            Some(error) => Err(error),
            None => Ok(sums.sum(len)),
        }
    }

    /// Starts to read `piece`, if there is one, and says whether there is.
    fn begin(
        &mut self,
        slot: usize,
        piece: Option<Range<u64>>,
        from: &OpenFile,
        align: Align,
    ) -> Result<bool> {
        let Some(piece) = piece else { return Ok(false) };
        let len = u32::try_from(piece.end - piece.start).context("a chunk fits 32 bits")?;
        let work = Work { offset: piece.start, len, done: 0, writing: false };
        self.ask(slot, work, from.fd(), align)?;
        Ok(true)
    }

    /// Takes an answer, and goes on: with the rest of a short transfer, or from reading to writing. Says how
    /// many bytes the piece had once it is done.
    #[expect(clippy::too_many_arguments, reason = "it is the body of the loop above")]
    fn advance(
        &mut self,
        slot: usize,
        answer: Result<u32, Errno>,
        from: &OpenFile,
        to: Option<&OpenFile>,
        align: Align,
        len: u64,
        sums: &mut Pieces,
    ) -> Result<Option<u64>> {
        let mut work = self.work[slot].take().context("an answer for nothing")?;
        let way = if work.writing { "writing" } else { "reading" };
        let place = work.offset + u64::from(work.done);
        let count = match answer {
            Ok(count) => count,
            Err(Errno::AGAIN) => 0,
            Err(errno) => return Err(errno).with_context(|| format!("{way} at byte {place}")),
        };
        if answer == Ok(0) {
            bail!("{way} at byte {place} moved nothing; was the source cut meanwhile?");
        }
        work.done = (work.done + count).min(work.len);
        let fd = if work.writing { to.unwrap_or(from).fd() } else { from.fd() };
        if work.done < work.len {
            // A short transfer under direct I/O goes on from the last whole block.
            work.done = u32::try_from(align.floor(u64::from(work.done))).context("shorter than a chunk")?;
            self.ask(slot, work, fd, align)?;
            return Ok(None);
        }
        if !work.writing {
            sums.add(work.offset, &self.slot(slot)[..work.len as usize]);
            if let Some(to) = to {
                debug_assert!(work.offset + u64::from(work.len) <= len, "a piece lies within the file");
                self.pad(slot, work.len, align)?;
                self.ask(slot, Work { done: 0, writing: true, ..work }, to.fd(), align)?;
                return Ok(None);
            }
        }
        Ok(Some(u64::from(work.len)))
    }

    /// Zeroes the slot from `len` to the next whole block, which is written too and cut off at the end.
    fn pad(&mut self, slot: usize, len: u32, align: Align) -> Result<()> {
        let padded = align.ceil_len(len as usize)?;
        self.slot(slot)[len as usize..padded].fill(0);
        Ok(())
    }

    /// The bytes of a slot that the engine has given back. Never those of its neighbours, which the kernel may
    /// be writing.
    fn slot(&mut self, slot: usize) -> &mut [u8] {
        assert!(self.work[slot].is_none(), "slot {slot} is in flight");
        let chunk = self.chunk as usize;
        let first = self.memory.as_ptr().as_ptr().wrapping_add(slot * chunk);
        // SAFETY: within the memory, which was made of that many slots and zeroed by the kernel; this one is not
        // in flight, and `&mut self` keeps everybody else from it.
        unsafe { std::slice::from_raw_parts_mut(first, chunk) }
    }

    /// Hands what is left of `work` to the engine, in whole blocks.
    fn ask(&mut self, slot: usize, work: Work, fd: Fd, align: Align) -> Result<()> {
        let at = slot * self.chunk as usize + work.done as usize;
        let left = align.ceil_len((work.len - work.done) as usize)?;
        let request = Request {
            slot,
            write: work.writing,
            fd,
            address: self.memory.as_ptr().as_ptr().wrapping_add(at),
            len: u32::try_from(left).context("a chunk fits 32 bits")?,
            offset: work.offset + u64::from(work.done),
        };
        self.work[slot] = Some(work);
        // SAFETY: the bytes are within the slot, which is touched again only when its answer has come; the
        // files outlive the loop that waits for all answers, and the engine, dropped before the memory, waits too.
        unsafe { self.engine.submit(request) }
    }
}

/// Cuts `data` into pieces of at most `chunk` bytes that begin on whole blocks. Only the last of the file may
/// end elsewhere.
fn cut(data: &[Range<u64>], len: u64, align: Align, chunk: u32) -> Result<VecDeque<Range<u64>>> {
    let mut pieces = VecDeque::new();
    let mut covered = 0;
    for range in data {
        let range = align.covering(range.clone())?;
        let (mut at, end) = (range.start.max(covered), range.end.min(len));
        covered = covered.max(range.end);
        while at < end {
            let next = end.min(at + u64::from(chunk));
            pieces.push_back(at..next);
            at = next;
        }
    }
    Ok(pieces)
}

/// What lies between `data`.
fn gaps(data: &[Range<u64>], len: u64) -> Vec<Range<u64>> {
    let starts = std::iter::once(0).chain(data.iter().map(|range| range.end));
    let ends = data.iter().map(|range| range.start).chain(std::iter::once(len));
    starts.zip(ends).map(|(start, end)| start..end).filter(|gap| !gap.is_empty()).collect()
}

fn progress(len: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    let bar = ProgressBar::new(len).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_data_once_on_whole_blocks() {
        let data = [100..5000, 6000..7000, 20_000..30_001];
        let pieces = cut(&data, 30_001, Align::KIB_4, 8192).unwrap();
        assert_eq!(pieces, [0..8192, 16_384..24_576, 24_576..30_001]);
        assert_eq!(gaps(&data, 30_001), [0..100, 5000..6000, 7000..20_000]);
    }
}
