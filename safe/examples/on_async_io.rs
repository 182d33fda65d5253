//! Files on async-io, the reactor of smol, without a thread of their own.
//!
//! `cargo run --example on_async_io`

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use async_io::Async;
use bareio::sched::{Drive, Readiness, Scheduler};
use bareio::{File, Result};

/// Reaps whenever there is something to reap, until `work` is done.
async fn turn_until<T>(readiness: Readiness, work: impl Future<Output = T>) -> std::io::Result<T> {
    let ring = Async::new_nonblocking(readiness)?;
    let mut work = pin!(work);
    loop {
        let mut ready = pin!(ring.readable());
        let done = std::future::poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(Some(output))),
            Poll::Pending => ready.as_mut().poll(context).map(|answer| answer.map(|()| None)),
        });
        if let Some(output) = done.await? {
            return Ok(output);
        }
        ring.get_ref().scheduler().turn(None)?;
    }
}

async fn work(scheduler: &Scheduler, path: std::path::PathBuf) -> Result<usize> {
    let file = scheduler.file(File::create(path)?);
    let mut written = 0;
    for at in 0..64 {
        written += file.write_all_at(vec![b'x'; 4096], at * 4096).await?.0;
    }
    file.sync_data().await?;
    Ok(written)
}

pub(crate) fn main() -> anyhow::Result<()> {
    let scheduler = Scheduler::builder().drive(Drive::Caller).build()?;
    let folder = tempfile::tempdir()?;
    let work = work(&scheduler, folder.path().join("data"));
    let written = async_io::block_on(async {
        match scheduler.readiness() {
            Some(readiness) => turn_until(readiness, work).await?,
            // By calls there is nothing to wait for.
            None => work.await,
        }
        .map_err(std::io::Error::from)
    })?;
    assert_eq!(written, 64 * 4096);
    println!("{written} bytes by {}", scheduler.running());
    Ok(())
}
