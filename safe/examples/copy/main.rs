//! Copies a file by direct I/O, through a ring and buffers of our own.
//!
//! ```text
//! cargo run --release --example copy -- SRC DST
//! cargo run --release --example copy               # makes 256 MiB in a temporary directory, and copies that
//! ```
//!
//! Many reads and writes are in flight at once, from one piece of memory that is registered with the ring. Holes
//! stay holes, the length is exact, and what was written is read again and compared. Where io_uring is
//! refused, the same copy is done by plain calls through the same [`Kernel`](bareio::core::Kernel).

mod checksum;
mod engine;
mod files;
mod pipeline;
mod report;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use engine::Engine;
use files::{Source, Target};
use pipeline::Pipeline;
use report::Report;

/// Copies a file by direct I/O through io_uring, or by plain calls where it is refused.
#[derive(Debug, Parser)]
struct Arguments {
    /// The file to copy; without it, 256 MiB are made in a temporary directory and copied there.
    #[arg(requires = "target")]
    source: Option<PathBuf>,
    /// The file to write; it is replaced, whole, when all is well.
    target: Option<PathBuf>,
    /// Reads and writes in flight at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    depth: u32,
    /// The length of each, in KiB.
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(4..=65536))]
    chunk_kib: u32,
    /// Does not use io_uring.
    #[arg(long)]
    no_ring: bool,
    /// Does not go past the page cache.
    #[arg(long)]
    buffered: bool,
    /// Does not read the copy again to compare it.
    #[arg(long)]
    no_verify: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(report) => {
            // Whoever closed the pipe does not want to read it.
            let _ = write!(std::io::stdout(), "{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            // One line, from what was tried to why it failed.
            eprintln!("copy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report> {
    if let (Some(source), Some(target)) = (&arguments.source, &arguments.target) {
        return copy(source, target, arguments);
    }
    let directory = tempfile::tempdir().context("making a temporary directory")?;
    let source = directory.path().join("source");
    files::make_sample(&source)?;
    println!("made 256 MiB with a hole of 32 MiB in {}", directory.path().display());
    copy(&source, &directory.path().join("copy"), arguments)
}

fn copy(source: &Path, target: &Path, arguments: &Arguments) -> Result<Report> {
    let source = Source::open(source, !arguments.buffered)?;
    let target = Target::create(target, &source, !arguments.buffered)?;
    let engine = Engine::new(arguments.depth, arguments.no_ring);
    let mut pipeline = Pipeline::new(engine, arguments.depth, arguments.chunk_kib << 10)?;

    let begin = std::time::Instant::now();
    let written =
        pipeline.copy(&source, &target).with_context(|| format!("copying to {}", target.shown()))?;
    target.finish(source.len)?;
    let elapsed = begin.elapsed();

    let verified = if arguments.no_verify {
        None
    } else {
        let read_again = pipeline.read(&target, source.len).context("reading the copy again")?;
        anyhow::ensure!(
            read_again == written,
            "the copy differs: crc32c {written} was read, {read_again} is on the target; nothing was replaced"
        );
        Some(written)
    };
    let report = Report::new(&source, &target, &pipeline, elapsed, verified);
    target.keep()?;
    Ok(report)
}
