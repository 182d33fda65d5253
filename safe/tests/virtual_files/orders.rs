//! Orders of completion that nobody wishes for, drawn by seeds.

use std::collections::HashMap;

use bareio::core::sim::Sim;
use bareio::sched::{Chain, ChainTicket, Drive, Scheduler, Ticket, VirtualFile};

use crate::common::{Disk, kernels, options};

const SEEDS: u64 = if cfg!(miri) { 1 } else { 150 };
const STEPS: usize = if cfg!(miri) { 30 } else { 120 };

/// Numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed ^ mixed >> 31) >> 33).unwrap() % end
    }
}

/// Something that was submitted, and for which slots.
enum Pending {
    One(Ticket<Vec<u8>, Sim>),
    Chain(Box<ChainTicket<Vec<u8>, Sim>>),
}

struct Script {
    way: String,
    sim: Sim,
    scheduler: Scheduler<Sim>,
    random: Random,
    /// The last file of each slot, and which number its bytes are.
    files: HashMap<u32, (VirtualFile<Sim>, u8)>,
    pending: Vec<(Vec<u32>, Pending)>,
    /// Files by number.
    count: u8,
}

impl Script {
    fn step(&mut self) {
        let slot = u32::try_from(self.random.below(3)).unwrap();
        match self.random.below(12) {
            0 | 1 => self.open(slot),
            2 => self.drain(slot),
            3 => self.close(slot),
            4 => self.collect(),
            5 => self.chain(slot),
            6 => self.cancel(),
            7 => {
                // Nobody waits for it any more.
                if !self.pending.is_empty() {
                    let at = self.random.below(self.pending.len());
                    drop(self.pending.swap_remove(at));
                }
            }
            _ => self.write(slot),
        }
    }

    fn open(&mut self, slot: u32) {
        let file = self.scheduler.files().claim_at(slot).unwrap();
        let number = self.count;
        let path = match self.random.below(4) {
            0 => "no such folder/data".to_owned(),
            _ => number.to_string(),
        };
        let mut chain = Chain::new(file.open(&path, &options()).in_chain());
        if self.random.below(2) == 0 {
            chain = chain.link(file.reserve(0, 256).in_chain()).link(file.write(vec![number; 8], 0));
        }
        if let Ok(ticket) = self.scheduler.submit_chain(chain) {
            self.count += 1;
            // What the last one's handle is still used for reaches its own file, or none.
            if self.random.below(2) == 0 {
                self.write(slot);
            }
            self.files.insert(slot, (file, number));
            self.pending.push((vec![slot], Pending::Chain(Box::new(ticket))));
        }
    }

    fn write(&mut self, slot: u32) {
        let Some((file, number)) = self.files.get(&slot) else { return };
        let at = 8 * self.random.below(30) as u64;
        if let Ok(ticket) = self.scheduler.submit(file.write(vec![*number; 8], at)) {
            self.pending.push((vec![slot], Pending::One(ticket)));
        }
    }

    /// A chain on two files, soft or hard, which a drain or a close ends or not.
    fn chain(&mut self, slot: u32) {
        let other = (slot + 1) % 3;
        let (Some((one, first)), Some((two, second))) = (self.files.get(&slot), self.files.get(&other))
        else {
            return;
        };
        let chain = Chain::new(one.write(vec![*first; 8], 0));
        let next = two.write(vec![*second; 8], 8);
        let chain = if self.random.below(2) == 0 { chain.link(next) } else { chain.hard_link(next) };
        let chain = match self.random.below(3) {
            0 => chain.hard_link(one.drain().in_chain()),
            1 => chain.link(two.close().in_chain()),
            _ => chain,
        };
        if let Ok(ticket) = self.scheduler.submit_chain(chain) {
            self.pending.push((vec![slot, other], Pending::Chain(Box::new(ticket))));
        }
    }

    /// When it has ended, so has all that was submitted before.
    fn drain(&mut self, slot: u32) {
        let Some((file, _)) = self.files.get(&slot) else { return };
        let Ok(drain) = self.scheduler.submit(file.drain()) else { return };
        drain.wait().unwrap();
        self.all_are_done(slot, "a drain");
    }

    fn close(&mut self, slot: u32) {
        let Some((file, _)) = self.files.get(&slot) else { return };
        let Ok(close) = self.scheduler.submit(file.close()) else { return };
        assert!(self.scheduler.submit(file.drain()).is_err(), "{}: behind a close", self.way);
        if self.random.below(4) == 0 {
            let _ = close.cancel();
        } else {
            let _ = close.wait(); // an open that failed has left nothing to close
            self.all_are_done(slot, "a close");
        }
    }

    fn all_are_done(&self, slot: u32, what: &str) {
        for (slots, pending) in &self.pending {
            let is_done = match pending {
                Pending::One(ticket) => ticket.is_done(),
                // Of a chain, what is on this file.
                Pending::Chain(_) => true,
            };
            assert!(is_done || !slots.contains(&slot), "{}: {what} overtook a write", self.way);
        }
    }

    fn collect(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let at = self.random.below(self.pending.len());
        match self.pending.swap_remove(at).1 {
            Pending::One(ticket) => drop(ticket.wait()),
            Pending::Chain(ticket) => drop(ticket.wait()),
        }
    }

    fn cancel(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let at = self.random.below(self.pending.len());
        match self.pending.swap_remove(at).1 {
            Pending::One(ticket) => drop(ticket.cancel()),
            Pending::Chain(ticket) => drop(ticket.cancel()),
        }
    }
}

/// Late, short, failing and in any order: everything ends, nothing overtakes a barrier, and no file gets a byte that is
/// another's.
#[test]
fn barriers_hold_whatever_the_order() {
    for seed in 0..SEEDS {
        for (kernel, sim) in kernels(|sim| sim.seed(seed)) {
            let way = format!("{kernel}, seed {seed}");
            let scheduler: Scheduler<Sim> = Scheduler::builder()
                .depth(16)
                .tickets(256)
                .files(3)
                .drive(Drive::Caller)
                .with_kernel(sim.clone())
                .unwrap();
            let random = Random(seed);
            let (files, pending) = (HashMap::new(), Vec::new());
            let mut script = Script { way, sim, scheduler, random, files, pending, count: 1 };
            for _ in 0..STEPS {
                script.step();
            }
            let Script { way, sim, scheduler, files, pending, count, .. } = script;
            // Or they are dropped.
            for (_, pending) in pending {
                if seed % 2 == 0 {
                    match pending {
                        Pending::One(ticket) => drop(ticket.wait()),
                        Pending::Chain(ticket) => drop(ticket.wait()),
                    }
                }
            }
            drop(files);
            scheduler.close(std::time::Duration::from_secs(5)).unwrap();
            let statistics = scheduler.statistics();
            assert_eq!((statistics.in_flight, statistics.unknown), (0, 0), "{way}");
            drop(scheduler);
            assert_eq!(sim.census().descriptors, 0, "{way}: all is closed");
            assert_eq!(sim.violations(), [""; 0], "{way}");
            for number in 1..count {
                let Some(contents) = Disk::contents(&sim, &number.to_string()) else { continue };
                let is_own = contents.iter().all(|byte| *byte == number || *byte == 0);
                assert!(is_own, "{way}: file {number} has bytes of another: {contents:?}");
            }
        }
    }
}
