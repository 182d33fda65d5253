//! Many requests in flight, each buffer on its own way from source to target.

use std::collections::VecDeque;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use bareio::core::map::Granted;
use bareio::core::pool::{Buffer, Slab};
use bareio::core::{Fd, Linux, Mapping};
use bareio::{Align, Errno};
use indicatif::{ProgressBar, ProgressStyle};

use crate::checksum::{Checksum, Pieces};
use crate::engine::{Engine, Request};
use crate::files::{OpenFile, Source, Target};

/// The grid of the buffers' addresses, which serves every disk.
const GRID: Align = Align::KIB_4;

/// What one buffer is used for.
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

/// Where a run reads from and writes to.
#[derive(Clone, Copy)]
struct Route<'f> {
    from: &'f OpenFile,
    /// `None`: it only reads.
    to: Option<&'f OpenFile>,
    align: Align,
}

/// The engine, its buffers, and what was met on the way.
pub(crate) struct Pipeline {
    lanes: Lanes,
    // Behind the engine that uses them: dropped first, it waits for what is in flight.
    buffers: Slab<Mapping<Linux>>,
    granted: Granted,
    chunk: u32,
    /// Pieces that the last copy skipped, because the source had none.
    pub(crate) holes: Vec<Range<u64>>,
}

impl Pipeline {
    /// `depth` buffers of `chunk` bytes.
    pub(crate) fn new(mut engine: Engine, depth: u32, chunk: u32) -> Result<Self> {
        let len = Slab::<Mapping<Linux>>::region_len(chunk as usize, depth, GRID)?;
        let memory = Mapping::new(Linux, len)?;
        let granted = memory.granted();
        let buffers = Slab::new(memory, chunk as usize, depth, GRID).map_err(|error| error.why)?;
        // SAFETY: the buffers are dropped after the engine.
        unsafe { engine.register(buffers.whole()) };
        let work = vec![None; depth as usize];
        Ok(Self { lanes: Lanes { engine, work }, buffers, granted, chunk, holes: Vec::new() })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.lanes.engine
    }

    /// What memory the buffers got, and how many bytes they have.
    pub(crate) fn memory(&self) -> (Granted, usize) {
        (self.granted, self.buffers.whole().len())
    }

    /// Copies all data of `source`; the sum is that of what was read.
    pub(crate) fn copy(&mut self, source: &Source, target: &Target) -> Result<Checksum> {
        let align = source.file.access.align().max(target.file.access.align());
        let data = source.file.data(source.len).context("looking for holes in the source")?;
        self.holes = gaps(&data, source.len);
        self.run(Route { from: &source.file, to: Some(&target.file), align }, &data, source.len, "copying")
    }

    /// Reads all data of `target`, of which `len` bytes count.
    pub(crate) fn read(&mut self, target: &Target, len: u64) -> Result<Checksum> {
        let data = target.file.data(len).context("looking for holes in the copy")?;
        let align = target.file.access.align();
        self.run(Route { from: &target.file, to: None, align }, &data, len, "comparing")
    }

    fn run(
        &mut self,
        route: Route<'_>,
        data: &[Range<u64>],
        len: u64,
        what: &'static str,
    ) -> Result<Checksum> {
        let mut pieces = cut(data, len, route.align, self.chunk)?;
        let bar = progress(pieces.iter().map(|piece| piece.end - piece.start).sum(), what);
        let mut sums = Pieces::default();
        let mut in_flight = 0;
        let mut failed = None;
        loop {
            while failed.is_none() && !pieces.is_empty() {
                let Ok(buffer) = self.buffers.get(0) else { break };
                let piece = pieces.pop_front().context("there is one")?;
                self.lanes.begin(buffer, &piece, route)?;
                in_flight += 1;
            }
            if in_flight == 0 {
                break;
            }
            let (index, answer) = self.lanes.engine.next()?;
            in_flight -= 1;
            // SAFETY: the engine has answered, so the kernel is done with the buffer of this number.
            let buffer = unsafe { self.buffers.hold(index) }?;
            if failed.is_some() {
                continue; // only waiting for the others
            }
            match self.lanes.advance(buffer, answer, route, &mut sums) {
                Ok(0) => in_flight += 1,
                Ok(count) => bar.inc(count),
                Err(error) => failed = Some(error),
            }
        }
        bar.finish_and_clear();
        match failed {
            Some(error) => Err(error),
            None => Ok(sums.sum(len)),
        }
    }
}

/// The engine, and what each buffer in it is used for.
///
/// While the engine has a buffer, it is a mere number: nobody can touch its bytes, and dropping everything
/// would leave it drawn for ever.
struct Lanes {
    engine: Engine,
    work: Vec<Option<Work>>,
}

impl Lanes {
    /// Starts to read `piece`.
    fn begin(&mut self, buffer: Buffer<'_>, piece: &Range<u64>, route: Route<'_>) -> Result<()> {
        let len = u32::try_from(piece.end - piece.start).context("a chunk fits 32 bits")?;
        let work = Work { offset: piece.start, len, done: 0, writing: false };
        self.ask(buffer, work, route.from.fd(), route.align)
    }

    /// Takes an answer, and goes on: with the rest of a short transfer, or from reading to writing. Says how
    /// many bytes the piece had once it is done, which is never 0, and 0 before.
    fn advance(
        &mut self,
        mut buffer: Buffer<'_>,
        answer: Result<u32, Errno>,
        route: Route<'_>,
        sums: &mut Pieces,
    ) -> Result<u64> {
        let mut work = self.work[buffer.index() as usize].take().context("an answer for nothing")?;
        let way = if work.writing { "writing" } else { "reading" };
        let place = work.offset + u64::from(work.done);
        match answer {
            Ok(0) => bail!("{way} at byte {place} moved nothing; was the source cut meanwhile?"),
            Ok(count) => work.done = (work.done + count).min(work.len),
            Err(Errno::AGAIN) => {}
            Err(errno) => return Err(errno).with_context(|| format!("{way} at byte {place}")),
        }
        if work.done < work.len {
            // A short transfer under direct I/O goes on from the last whole block.
            work.done = u32::try_from(route.align.floor(u64::from(work.done))).context("within a chunk")?;
            let fd = if work.writing { route.to.unwrap_or(route.from).fd() } else { route.from.fd() };
            self.ask(buffer, work, fd, route.align)?;
            return Ok(0);
        }
        let len = work.len as usize;
        if !work.writing {
            sums.add(work.offset, &buffer[..len]);
            if let Some(to) = route.to {
                // The last block is written whole, and cut off at the end.
                buffer[len..route.align.ceil_len(len)?].fill(0);
                self.ask(buffer, Work { done: 0, writing: true, ..work }, to.fd(), route.align)?;
                return Ok(0);
            }
        }
        Ok(u64::from(work.len))
    }

    /// Hands what is left of `work` to the engine, in whole blocks.
    fn ask(&mut self, mut buffer: Buffer<'_>, work: Work, fd: Fd, align: Align) -> Result<()> {
        let left = align.ceil_len((work.len - work.done) as usize)?;
        let address = buffer[work.done as usize..][..left].as_mut_ptr();
        let index = buffer.into_index();
        self.work[index as usize] = Some(work);
        let request = Request {
            index,
            write: work.writing,
            fd,
            address,
            len: u32::try_from(left).context("a chunk fits 32 bits")?,
            offset: work.offset + u64::from(work.done),
        };
        // SAFETY: the bytes are within the buffer, which is a mere number until its answer has come; the files
        // outlive the loop that waits for all answers, and the engine, dropped before the buffers, waits too.
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
