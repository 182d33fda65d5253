use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ptr::NonNull;

use linux_raw_sys::io_uring as sys;

use super::builder::Builder;
use super::fault::Faults;
use super::file::Inode;
use super::memory::Memory;
use super::random::Random;
use super::request::NEVER;
use super::ring::{Region, Ring};
use super::table::{Descriptor, Table};
use super::tree::Tree;
use crate::abi::{Features, Opcode};
use crate::errno::{Errno, Result};
use crate::kernel::Fd;

/// Everything that the kernel knows, behind one lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: Builder,
    pub(super) random: Random,
    pub(super) faults: Faults,
    /// Simulated time, in nanoseconds.
    pub(super) clock: u64,
    pub(super) memory: Memory,
    pub(super) tree: Tree,
    pub(super) table: Table,
    /// Rings that are open, and closed ones that are still mapped or have operations in flight.
    pub(super) rings: Vec<Ring>,
    pub(super) next_ring: u64,
    /// How many operations were started.
    pub(super) started: u32,
    /// Ring descriptors registered by threads: thread, index, ring.
    pub(super) ring_fds: Vec<(u64, u32, u64)>,
    pub(super) violations: Vec<String>,
    /// A hash of everything that happened.
    pub(super) digest: u64,
}

impl State {
    pub(super) fn new(config: Builder) -> Self {
        let tree = Tree::new();
        Self::with_tree(config, tree)
    }

    pub(super) fn with_tree(config: Builder, tree: Tree) -> Self {
        Self {
            random: Random::new(config.seed),
            faults: Faults::new(config.plans.clone()),
            clock: 1_000_000_000,
            memory: Memory::new(config.page, config.memory, config.huge_pages),
            tree,
            table: Table::new(config.descriptors),
            rings: Vec::new(),
            next_ring: 0,
            started: 0,
            ring_fds: Vec::new(),
            violations: Vec::new(),
            digest: config.seed,
            config,
        }
    }

    /// The caller has done what the contract of [`Kernel`](crate::Kernel) forbids.
    ///
    /// # Panics
    ///
    /// Unless violations are only to be counted.
    pub(super) fn violation(&mut self, what: &str) {
        let text = format!("sim (seed {}): {what}", self.config.seed);
        self.violations.push(text.clone());
        assert!(self.config.count_violations, "{text}");
    }

    /// Adds something that happened to the digest.
    pub(super) const fn note(&mut self, what: u64) {
        self.digest = (self.digest ^ what).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17);
    }

    /// A number for the calling thread.
    pub(super) fn thread(&self) -> u64 {
        self.config.threads.map_or(0, |threads| (threads.id)())
    }

    /// The directory from which a path is seen.
    pub(super) fn dir(&self, dir: Fd, path: &[u8]) -> Result<Arc<Inode>> {
        if dir == Fd::CWD || path.first() == Some(&b'/') {
            return Ok(self.tree.root().clone());
        }
        Ok(self.table.file(dir)?.inode.clone())
    }

    /// Complains if an operation in flight uses some of this memory.
    pub(super) fn check_unused(&mut self, at: NonNull<u8>, len: usize, what: &str) {
        let start = at.as_ptr().addr();
        let end = start.saturating_add(len);
        let user = self.rings.iter().find_map(|ring| ring.uses(start, end));
        if let Some(user_data) = user {
            self.violation(&format!(
                "memory at {start:#x} was {what} while the operation with user data {user_data:#x} uses it"
            ));
        }
    }

    /// Closes a descriptor.
    pub(super) fn close(&mut self, fd: Fd) -> Result<()> {
        match self.table.remove(fd) {
            Ok(Descriptor::File(file)) => {
                drop(file);
                self.stir();
            }
            Ok(Descriptor::Ring(_)) => self.sweep(),
            Err(errno) => {
                self.violation(&format!("{fd:?} was closed, and is not open"));
                return Err(errno);
            }
        }
        Ok(())
    }

    /// Looks after rings to which nothing leads any more. What they have in flight goes on, as on Linux, where
    /// closing returns long before; what would never end is cancelled, some time later.
    pub(super) fn sweep(&mut self) {
        for index in 0..self.rings.len() {
            let id = self.rings[index].id;
            if !self.rings[index].open
                || self.table.has_ring(id)
                || self.ring_fds.iter().any(|(.., ring)| *ring == id)
            {
                continue;
            }
            self.rings[index].open = false;
            let until = self.clock + self.random.below(1_000_000);
            for active in &mut self.rings[index].active {
                if active.due == NEVER || active.request.is(Opcode::TIMEOUT) {
                    active.verdict = Some(Errno::CANCELED);
                    active.due = until;
                }
            }
        }
        self.rings.retain(|ring| !ring.is_gone());
    }

    /// Maps part of a ring.
    pub(super) fn map_ring(&mut self, ring: Fd, offset: u64, len: usize) -> Result<NonNull<u8>> {
        let single = self.features().contains(Features::SINGLE_MMAP);
        let ring = self.ring(ring, false).map_err(|errno| match errno {
            Errno::OPNOTSUPP => Errno::NODEV,
            other => other,
        })?;
        let regions = &mut self.rings[ring].regions;
        let last = regions.len() - 1;
        let index = match u32::try_from(offset) {
            Ok(sys::IORING_OFF_SQ_RING) => 0,
            Ok(sys::IORING_OFF_CQ_RING) if single => 0,
            Ok(sys::IORING_OFF_CQ_RING) => 1,
            Ok(sys::IORING_OFF_SQES) => last,
            _ => return Err(Errno::INVAL),
        };
        let region = &mut regions[index];
        if len == 0 || len > region.layout.size() {
            return Err(Errno::INVAL);
        }
        region.mapped += 1;
        Ok(region.base)
    }

    /// Unmaps part of a ring, if it is that.
    fn unmap_ring(&mut self, at: NonNull<u8>, len: usize) -> Option<Result<()>> {
        let regions = self.rings.iter_mut().flat_map(|ring| &mut ring.regions);
        let within = |region: &&mut Region| {
            let start = region.base.as_ptr().addr();
            (start..start + region.layout.size()).contains(&at.as_ptr().addr())
        };
        let mut regions = regions.filter(within);
        let region = regions.next()?;
        if region.base != at || region.mapped == 0 || len > region.layout.size() {
            self.violation(&format!(
                "{len} bytes at {at:p} were unmapped, which is part of a ring and no mapping of it"
            ));
            return Some(Err(Errno::INVAL));
        }
        region.mapped -= 1;
        self.sweep();
        Some(Ok(()))
    }

    pub(super) fn unmap(&mut self, at: NonNull<u8>, len: usize) -> Result<()> {
        if let Some(result) = self.unmap_ring(at, len) {
            return result;
        }
        if let Err(errno) = self.memory.check(at, len) {
            self.violation(&format!("{len} bytes at {at:p} were unmapped, and are no mapping's"));
            return Err(errno);
        }
        self.check_unused(at, len, "unmapped");
        if !self.memory.unmap(at, len)? {
            self.violation(&format!("guard pages within {len} bytes at {at:p} were written to"));
        }
        Ok(())
    }

    /// Whether this is within a ring that is mapped.
    pub(super) fn is_ring_memory(&self, at: NonNull<u8>, len: usize) -> bool {
        let (start, end) = (at.as_ptr().addr(), at.as_ptr().addr().saturating_add(len));
        self.rings.iter().flat_map(|ring| &ring.regions).any(|region| {
            let base = region.base.as_ptr().addr();
            region.mapped > 0 && base <= start && end <= base + region.layout.size()
        })
    }

    /// How many mappings of rings there are.
    pub(super) fn ring_mappings(&self) -> usize {
        self.rings.iter().flat_map(|ring| &ring.regions).map(|region| region.mapped).sum()
    }
}
