//! Operations that own what they use, on kernels in memory that are late, short, old or broken.
#![cfg(all(feature = "sim", not(loom)))]

#[path = "common/sim.rs"]
mod common;

use std::sync::atomic::AtomicPtr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bareio_core::kernel::OpenFlags;
use bareio_core::ring::{Builder, Limit, RingError, leaked};
use bareio_core::sim::{Call, Census, Sim};
use bareio_core::ticket::{
    Driver, Lost, Open, OwnedFile, Read, Slot, StableBuf, StableBufMut, Sync, Table, Ticket, Why, Write,
};
use bareio_core::{Align, AlignedBuf, Errno, Fd};
use common::{Random, SEEDS, close, kernels, open, pattern};

/// Memory of the kernel's, which notices if it is given back in use. In a box, since it carries its kernel.
#[derive(Debug)]
struct Buf(Box<AlignedBuf<Sim>>);

impl Buf {
    fn new(sim: &Sim, bytes: &[u8]) -> Self {
        let mut buf = AlignedBuf::new(sim.clone(), bytes.len(), Align::B_512).unwrap();
        buf.extend_from_slice(bytes).unwrap();
        Self(Box::new(buf))
    }

    fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }
}

// SAFETY: its bytes are mapped, and not in the box.
unsafe impl StableBuf for Buf {
    fn bytes(&self) -> (*const u8, usize) {
        self.0.bytes()
    }
}

// SAFETY: as above.
unsafe impl StableBufMut for Buf {
    fn room(&mut self) -> (*mut u8, usize) {
        self.0.room()
    }

    unsafe fn set_filled(&mut self, len: usize) {
        // SAFETY: the caller's word.
        unsafe { self.0.set_filled(len) };
    }
}

/// Closed when its last owner goes.
#[derive(Clone)]
struct File(Arc<(Sim, Fd)>);

impl File {
    fn new(sim: &Sim, fd: Fd) -> Self {
        Self(Arc::new((sim.clone(), fd)))
    }

    fn owners(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

// SAFETY: open for as long as one of its owners lives.
unsafe impl OwnedFile for File {
    fn fd(&self) -> Fd {
        self.0.1
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if self.owners() == 1 {
            close(&self.0.0, self.0.1);
        }
    }
}

/// A ticket, and what must come of it.
enum Waiting<'t> {
    Read { ticket: Ticket<'t, Read<File, Buf>>, offset: u64 },
    Write { ticket: Ticket<'t, Write<File, Buf>>, bytes: Vec<u8> },
    Flush(Ticket<'t, Sync<File>>),
    Open(Ticket<'t, Open<Sim>>),
}

const LEN: usize = 3000;
const SLOTS: usize = 6;

/// A script of what a program may do, and what it must see.
struct Script<'t> {
    sim: Sim,
    driver: Driver<'t, Sim>,
    random: Random,
    source: File,
    target: File,
    waiting: Vec<Waiting<'t>>,
    forgotten: usize,
    /// It is 5.1.
    is_ancient: bool,
}

impl<'t> Script<'t> {
    fn submit(&mut self) {
        let (kind, offset, len) = (self.random.below(5), self.random.below(LEN), 1 + self.random.below(600));
        let refused = match kind {
            0 | 1 => {
                let read = Read::new(self.source.clone(), Buf::new(&self.sim, &vec![0; len]), offset as u64);
                self.driver
                    .submit(read)
                    .map(|ticket| {
                        self.waiting.push(Waiting::Read { ticket, offset: offset as u64 });
                    })
                    .map_err(|refused| refused.error)
            }
            2 => {
                let bytes = vec![u8::try_from(len % 256).unwrap(); len];
                let write = Write::new(self.target.clone(), Buf::new(&self.sim, &bytes), offset as u64);
                self.driver
                    .submit(write)
                    .map(|ticket| {
                        self.waiting.push(Waiting::Write { ticket, bytes });
                    })
                    .map_err(|refused| refused.error)
            }
            3 => {
                let flush = self.driver.submit(Sync::data(self.target.clone()));
                flush.map(|ticket| self.waiting.push(Waiting::Flush(ticket))).map_err(|refused| refused.error)
            }
            _ => {
                let open = Open::new(self.sim.clone(), c"opened", OpenFlags::READ | OpenFlags::CREATE, 0o600);
                let open = self.driver.submit(open);
                open.map(|ticket| self.waiting.push(Waiting::Open(ticket))).map_err(|refused| refused.error)
            }
        };
        assert!(matches!(refused, Ok(()) | Err(RingError::Full)), "{refused:?}");
    }

    fn check_read(&self, offset: u64, output: (Result<u32, Errno>, Buf)) {
        let (count, buf) = output;
        match count {
            Ok(count) => {
                let there = LEN - usize::try_from(offset).unwrap();
                assert!((1..=there).contains(&(count as usize)));
                assert_eq!(buf.as_slice(), pattern(offset, count as usize), "seed {}", self.sim.seed());
            }
            Err(errno) => self.check_refusal(errno),
        }
    }

    /// Reads and writes without vectors are of 5.6, as are opens.
    fn check_refusal(&self, errno: Errno) {
        assert!(errno == Errno::CANCELED || errno == Errno::INVAL && self.is_ancient, "{errno}");
    }

    fn wait(&mut self, waiting: Waiting<'t>) {
        match waiting {
            Waiting::Read { ticket, offset } => {
                let output = self.driver.wait(ticket).unwrap();
                self.check_read(offset, output);
            }
            Waiting::Write { ticket, bytes } => {
                let (count, buf) = self.driver.wait(ticket).unwrap();
                assert_eq!(buf.as_slice(), bytes);
                match count {
                    Ok(count) => assert!((1..=bytes.len()).contains(&(count as usize))),
                    Err(errno) => self.check_refusal(errno),
                }
            }
            Waiting::Flush(ticket) => {
                assert!(matches!(self.driver.wait(ticket).unwrap(), Ok(()) | Err(Errno::CANCELED)));
            }
            Waiting::Open(ticket) => match self.driver.wait(ticket).unwrap() {
                Ok(fd) => close(&self.sim, fd),
                Err(errno) => self.check_refusal(errno),
            },
        }
    }

    fn cancel(&mut self, at: usize) {
        let cancelled = match &self.waiting[at] {
            Waiting::Read { ticket, .. } => self.driver.cancel(ticket),
            Waiting::Write { ticket, .. } => self.driver.cancel(ticket),
            Waiting::Flush(ticket) => self.driver.cancel(ticket),
            Waiting::Open(ticket) => self.driver.cancel(ticket),
        };
        assert!(matches!(cancelled, Ok(()) | Err(RingError::Full)));
    }

    fn step(&mut self) {
        let at = self.random.below(self.waiting.len().max(1));
        match (self.random.below(10), self.waiting.is_empty()) {
            (0..=3, _) | (4..=9, true) => self.submit(),
            (4, _) => {
                let _ = self.driver.turn(0).unwrap();
            }
            (5, _) => {
                let limit = Limit::timeout(Duration::from_micros(20));
                let _ = self.driver.turn_within(1, limit).unwrap();
            }
            (6 | 7, _) => {
                let waiting = self.waiting.swap_remove(at);
                self.wait(waiting);
            }
            (8, _) => drop(self.waiting.swap_remove(at)),
            _ if self.forgotten == 0 && self.random.below(8) == 0 => {
                // Its slot, its buffer, its file and what it opens are leaked, no more.
                std::mem::forget(self.waiting.swap_remove(at));
                self.forgotten += 1;
            }
            _ => self.cancel(at),
        }
    }
}

#[test]
fn whatever_a_program_does_each_ticket_tells_the_truth_and_nothing_is_left() {
    for seed in 0..SEEDS {
        for (index, kernel) in kernels(seed).into_iter().enumerate() {
            let sim = kernel.build();
            sim.put("source", &pattern(0, LEN)).unwrap();
            let (source, target) = (open(&sim, c"source"), open(&sim, c"target"));
            let (source, target) = (File::new(&sim, source), File::new(&sim, target));
            let mut table = Table::new(kept_slots(SLOTS));
            let driver = Driver::new(Builder::new(4).build(sim.clone()).unwrap(), &mut table);
            let random = Random(seed ^ (index as u64) << 32);
            let (waiting, forgotten) = (Vec::new(), 0);
            let mut script = Script {
                sim: sim.clone(),
                driver,
                random,
                source,
                target,
                waiting,
                forgotten,
                is_ancient: index == 0,
            };
            for _ in 0..if cfg!(miri) { 25 } else { 80 } {
                script.step();
            }
            assert_eq!(script.driver.unknown(), 0);
            let Script { driver, waiting, forgotten, source, target, .. } = script;
            driver.close(Duration::from_secs(5)).unwrap();
            for waiting in waiting {
                if let Waiting::Read { ticket, offset, .. } = waiting {
                    let (count, buf) = ticket.take().unwrap().unwrap();
                    if let Ok(count) = count {
                        let first = buf.as_slice().first().copied();
                        assert!(count == 0 || first == pattern(offset, 1).first().copied(), "seed {seed}");
                    }
                }
            }
            if forgotten == 0 {
                drop((source, target));
                assert_eq!(sim.census(), Census::default(), "seed {seed}, kernel {index}");
            }
            assert_eq!(sim.census().in_flight, 0);
            assert!(sim.violations().is_empty());
        }
    }
}

/// Slots that are found again however much is forgotten, so that Miri takes what they hold for kept, and nothing else.
fn kept_slots(count: usize) -> &'static mut [Slot] {
    static KEPT: Mutex<Vec<AtomicPtr<Slot>>> = Mutex::new(Vec::new());
    let slots: Box<[Slot]> = (0..count).map(|_| Slot::new()).collect();
    let slots: *mut [Slot] = Box::into_raw(slots);
    KEPT.lock().unwrap().push(AtomicPtr::new(slots.cast()));
    // SAFETY: just allocated, never freed, and this is the only use.
    unsafe { &mut *slots }
}

/// A read that never ends by itself.
fn endless(sim: &Sim, reader: &File) -> Read<File, Buf> {
    Read::new(reader.clone(), Buf::new(sim, &[0; 64]), 0)
}

#[test]
fn a_table_serves_one_driver_after_another() {
    let sim = Sim::new(1);
    let file = File::new(&sim, open(&sim, c"file"));
    let mut slots = [const { Slot::new() }; 3];
    let mut table = Table::new(&mut slots);
    for _ in 0..4 {
        let mut driver = Driver::new(Builder::new(4).build(sim.clone()).unwrap(), &mut table);
        let tickets = [(); 3].map(|()| driver.submit(Sync::all(file.clone())).unwrap());
        for ticket in tickets {
            assert_eq!(driver.wait(ticket).unwrap(), Ok(()));
        }
    }
    drop(file);
    assert_eq!(sim.census(), Census::default());
}

/// The kernel of the first still has the buffer when the second is done with everything of its own.
#[test]
fn what_a_forgotten_driver_has_in_flight_is_left_alone_by_the_next() {
    let sim = Sim::builder().calm().build();
    let (reader, writer) = sim.pipe().unwrap();
    let reader = File::new(&sim, reader);
    let mut table = Table::new(kept_slots(2));
    let mut first = Driver::new(Builder::new(4).build(sim.clone()).unwrap(), &mut table);
    drop(first.submit(endless(&sim, &reader)).unwrap());
    first.turn(0).unwrap();
    std::mem::forget(first);
    let before = sim.census();
    let second = Driver::new(Builder::new(4).build(sim.clone()).unwrap(), &mut table);
    second.close(Duration::from_secs(1)).unwrap();
    assert_eq!((sim.census(), before.in_flight), (before, 1), "the buffer is given back in use");
    assert_eq!(reader.owners(), 2);
    close(&sim, writer);
}

#[test]
fn a_ring_that_breaks_for_good_keeps_what_the_kernel_has_and_says_so() {
    for seed in 0..SEEDS {
        let broken = Sim::builder().seed(seed).calm().fail_from(Call::Enter, 3, Errno::PERM).build();
        let (reader, writer) = broken.pipe().unwrap();
        let reader = File::new(&broken, reader);
        let mut table = Table::new(kept_slots(4));
        let ring = Builder::new(4).patience(Duration::from_millis(20)).build(broken.clone()).unwrap();
        let mut driver = Driver::new(ring, &mut table);
        let (kept, dropped) = (
            driver.submit(endless(&broken, &reader)).unwrap(),
            driver.submit(endless(&broken, &reader)).unwrap(),
        );
        driver.turn(0).unwrap();
        drop(dropped);
        let unfinished = driver.wait(kept).unwrap_err();
        assert_eq!(unfinished.why, Why::Ring(RingError::Kernel(Errno::PERM)));
        let kept = unfinished.ticket.unwrap();
        let staged = driver.submit(endless(&broken, &reader)).unwrap();
        let closing = driver.close(Duration::from_millis(20)).unwrap_err();
        assert_eq!(closing.in_flight, 2);
        let before = leaked();
        drop(closing);
        assert!(leaked() > before);
        assert!(matches!(kept.take(), Ok(Err(Lost))), "seed {seed}");
        // Its buffer is the only one that may go.
        drop(staged);
        assert!(broken.census().mappings >= 2, "the kernel may still write there");
        assert_eq!(broken.census().in_flight, 2);
        assert!(broken.violations().is_empty());
        close(&broken, writer);
    }
}

#[test]
fn a_descriptor_closed_and_opened_anew_is_never_written_to() {
    for seed in 0..SEEDS {
        // Those that write without vectors.
        for kernel in kernels(seed).into_iter().skip(1) {
            let sim = kernel.build();
            let file = File::new(&sim, open(&sim, c"mine"));
            let mut slots = [const { Slot::new() }; 2];
            let mut table = Table::new(&mut slots);
            let mut driver = Driver::new(Builder::new(4).build(sim.clone()).unwrap(), &mut table);
            let ticket = driver.submit(Write::new(file.clone(), Buf::new(&sim, &[7; 16]), 0)).unwrap();
            // Ours goes while the entry is only staged; the operation holds the descriptor.
            drop(file);
            let other = open(&sim, c"other");
            let (count, _) = driver.wait(ticket).unwrap();
            assert!(count.unwrap() > 0);
            assert_eq!(sim.contents("other").unwrap(), b"", "seed {seed}");
            drop(driver);
            close(&sim, other);
            assert_eq!(sim.census(), Census::default());
        }
    }
}

#[test]
fn what_never_ends_is_cancelled_by_name_where_the_kernel_cancels_no_other_way() {
    for seed in 0..SEEDS {
        let sim = Sim::like_5_10().seed(seed).build();
        let (reader, writer) = sim.pipe().unwrap();
        let before = leaked();
        let mut slots = [const { Slot::new() }; SLOTS];
        let mut table = Table::new(&mut slots);
        let ring = Builder::new(4).patience(Duration::from_secs(1)).build(sim.clone()).unwrap();
        let mut driver = Driver::new(ring, &mut table);
        let file = File::new(&sim, reader);
        let mut tickets = Vec::new();
        for _ in 0..4 {
            match driver.submit(Read::new(file.clone(), Buf::new(&sim, &[0; 64]), 0)) {
                Ok(ticket) => tickets.push(ticket),
                Err(refused) => assert_eq!(refused.error, RingError::Full, "seed {seed}"),
            }
            while driver.turn(0).is_err() {}
        }
        assert!(!tickets.is_empty());
        driver.close(Duration::from_secs(1)).unwrap_or_else(|closing| panic!("seed {seed}: {closing}"));
        for ticket in tickets {
            let (result, _) = ticket.take().unwrap().unwrap();
            assert!(matches!(result, Err(Errno::CANCELED | Errno::SPIPE)), "seed {seed}: {result:?}");
        }
        drop(file);
        close(&sim, writer);
        assert_eq!(leaked(), before, "seed {seed}");
    }
}
