//! Somebody else's code, checked by loom against our ring ends.
//!
//! A program that uses `bareio-core` depends on loom under `cfg(loom)`, takes its atomics and cells from
//! [`bareio_core::sync`], and runs its own threads against [`Producer`] and [`Consumer`] as they are. Nothing here
//! comes from the fixture of the other models.
#![cfg(loom)]

use std::ptr::NonNull;

use bareio_core::ring::{Consumer, Full, Layout, Producer};
use bareio_core::sync::{AtomicU32, Ordering, UnsafeCell};
use loom::sync::Arc;
use loom::thread;

/// What a thread that must not block writes down, and another puts to disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Record {
    key: u32,
    value: u32,
}

/// The memory of a journal between two threads.
struct Journal {
    head: AtomicU32,
    tail: AtomicU32,
    records: [UnsafeCell<Record>; 2],
    /// How many records did not fit.
    lost: AtomicU32,
    closed: AtomicU32,
}

// SAFETY: the records are reached by one `Writer` and one `Reader`, through the ring's ends.
unsafe impl Sync for Journal {}

impl Journal {
    fn open() -> (Writer, Reader) {
        let journal = Arc::new(Self {
            head: AtomicU32::new(u32::MAX),
            tail: AtomicU32::new(u32::MAX),
            records: [UnsafeCell::new(Record::default()), UnsafeCell::new(Record::default())],
            lost: AtomicU32::new(0),
            closed: AtomicU32::new(0),
        });
        let layout = Layout {
            head: NonNull::from(&journal.head),
            tail: NonNull::from(&journal.tail),
            slots: NonNull::from(&journal.records).cast(),
            mask: 1,
        };
        // SAFETY: the journal outlives the writer, which holds it, and has one writer only.
        let ring = unsafe { Producer::new(layout) };
        let writer = Writer { ring, journal: journal.clone() };
        // SAFETY: the journal outlives the reader, which holds it, and has one reader only.
        let ring = unsafe { Consumer::new(layout) };
        (writer, Reader { ring, journal })
    }
}

struct Writer {
    ring: Producer<Record>,
    journal: Arc<Journal>,
}

impl Writer {
    /// Never blocks: what does not fit is counted.
    fn write(&mut self, record: Record) {
        match self.ring.push(record) {
            Ok(()) => self.ring.publish(),
            Err(Full) => {
                // Relaxed: the Release of `close` orders it.
                self.journal.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn close(self) {
        // Release: pairs with the Acquire in `Reader::read_to_end`.
        self.journal.closed.store(1, Ordering::Release);
    }
}

struct Reader {
    ring: Consumer<Record>,
    journal: Arc<Journal>,
}

impl Reader {
    /// Every record that fitted, and how many did not.
    fn read_to_end(mut self) -> (Vec<Record>, u32) {
        let mut records = Vec::new();
        loop {
            // Acquire: pairs with the Release in `Writer::close`: nothing is written after we have seen it.
            let closed = self.journal.closed.load(Ordering::Acquire) == 1;
            records.extend(self.ring.batch());
            if closed {
                // Relaxed: ordered by the Acquire above.
                return (records, self.journal.lost.load(Ordering::Relaxed));
            }
            thread::yield_now();
        }
    }
}

#[test]
fn every_record_is_read_or_counted_as_lost() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (mut writer, reader) = Journal::open();
        let reader = thread::spawn(move || reader.read_to_end());
        for key in 0..3 {
            writer.write(Record { key, value: key * key });
        }
        writer.close();
        let (records, lost) = reader.join().unwrap();
        assert_eq!(records.len() + lost as usize, 3);
        assert!(records.is_sorted_by_key(|record| record.key));
        assert!(records.iter().all(|record| record.value == record.key * record.key));
    });
}
