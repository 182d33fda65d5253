//! What a scheduler allocates once it is made: nothing, for whatever becomes of an operation.
#![cfg(unix)]
#![cfg(not(miri))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bareio::File;
use bareio::sched::{Backend, Drive, Op, Scheduler};

/// The system's, counting.
struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);

thread_local!(static OURS: Cell<bool> = const { Cell::new(false) });

// SAFETY: as the system's; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // The test harness has threads of its own.
        if OURS.with(Cell::get) {
            COUNT.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's word.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's word.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `rounds` of `work` and says how much they have allocated.
fn count(rounds: u32, mut work: impl FnMut()) -> u64 {
    work(); // what is made by the first one
    let before = COUNT.load(Ordering::Relaxed);
    OURS.with(|ours| ours.set(true));
    (0..rounds).for_each(|_| work());
    OURS.with(|ours| ours.set(false));
    COUNT.load(Ordering::Relaxed) - before
}

#[test]
fn operations_allocate_nothing_cancelled_ones_included() {
    for backend in [Backend::IoUring, Backend::Posix] {
        let builder = Scheduler::builder().depth(16).backend(backend).threads(1).drive(Drive::Waiters);
        let Ok(scheduler) = builder.build() else {
            assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "there is no ring");
            eprintln!("skipped for {backend:?}: there is no ring");
            continue;
        };
        let file = tempfile::tempfile().unwrap();
        let file = File::try_from(file).unwrap();
        let mut buf = Some(vec![1_u8; 512]);

        let waited = count(100, || {
            let ticket = scheduler.submit(Op::write(&file, buf.take().unwrap(), 0).durable()).unwrap();
            buf = Some(ticket.wait().unwrap().1);
        });
        assert_eq!(waited, 0, "{backend:?}: waited for");

        let polled = count(100, || {
            let mut ticket = scheduler.submit(Op::write(&file, buf.take().unwrap(), 0).durable()).unwrap();
            let mut context = Context::from_waker(Waker::noop());
            // A thread may have been quicker than we are.
            let outcome = match Pin::new(&mut ticket).poll(&mut context) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => ticket.wait(),
            };
            buf = Some(outcome.unwrap().1);
        });
        assert_eq!(polled, 0, "{backend:?}: polled");

        let dropped = count(100, || {
            drop(scheduler.submit(Op::<(), _>::sync_data(&file)).unwrap());
            while scheduler.statistics().in_flight > 0 {
                let _ = scheduler.turn(Some(Duration::from_millis(1)));
            }
        });
        assert_eq!(dropped, 0, "{backend:?}: dropped");

        let (reader, writer) = std::io::pipe().unwrap();
        let reader = File::from_fd(reader).unwrap();
        if scheduler.running().is_ring() {
            let cancelled = count(100, || {
                let ticket = scheduler.submit(Op::read_current(&reader, buf.take().unwrap())).unwrap();
                buf = ticket.cancel().unwrap_err().buf;
            });
            assert_eq!(cancelled, 0, "{backend:?}: cancelled");
        }
        drop(writer);

        let timed = count(100, || {
            let op = Op::write(&file, buf.take().unwrap(), 0).durable().within(Duration::from_secs(9));
            buf = Some(scheduler.run(op).unwrap().1);
        });
        assert_eq!(timed, 0, "{backend:?}: with a deadline");
    }
}
