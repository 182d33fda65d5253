//! Files on tokio, without a thread of their own: the runtime's reactor waits for the ring.
//!
//! `cargo run --example on_tokio`

use std::rc::Rc;

use bareio::sched::{Drive, Readiness, Scheduler};
use bareio::{File, Result};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::LocalSet;

/// Reaps whenever there is something to reap.
async fn turn(readiness: Readiness) -> std::io::Result<()> {
    // SAFETY: it names the same open descriptor until it is dropped, for it holds the scheduler.
    let ring = unsafe { AsyncFd::register_with_interest(readiness, Interest::READABLE) }?;
    loop {
        let mut ready = ring.readable().await?;
        // Cleared first: what completes from here on makes it ready again.
        ready.clear_ready();
        ring.get_ref().scheduler().turn(None)?;
    }
}

async fn work(scheduler: Scheduler, path: std::path::PathBuf) -> Result<usize> {
    let file = Rc::new(scheduler.file(File::create(path)?));
    let write = |at: u64| {
        let file = file.clone();
        async move { file.write_all_at(vec![b'x'; 4096], at * 4096).await }
    };
    let tasks: Vec<_> = (0..64).map(|at| tokio::task::spawn_local(write(at))).collect();
    let mut written = 0;
    for task in tasks {
        written += task.await.expect("no task panics")?.0;
    }
    file.sync_data().await?;
    Ok(written)
}

pub(crate) fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let scheduler = Scheduler::builder().drive(Drive::Caller).build()?;
    let folder = tempfile::tempdir()?;
    let written = LocalSet::new().block_on(&runtime, async {
        // By calls there is nothing to wait for.
        if let Some(readiness) = scheduler.readiness() {
            tokio::task::spawn_local(turn(readiness));
        }
        work(scheduler.clone(), folder.path().join("data")).await
    })?;
    assert_eq!(written, 64 * 4096);
    println!("{written} bytes by {}", scheduler.running());
    println!("{}", scheduler.statistics());
    Ok(())
}
