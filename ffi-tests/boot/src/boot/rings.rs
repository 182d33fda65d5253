//! What rings, pools, scopes and tickets promise beside what operations answer.

use core::time::Duration;

use bareio_core::abi::{SetupFlags, TimeoutFlags, Timespec};
use bareio_core::map::Mapping;
use bareio_core::pool::Slab;
use bareio_core::ring::{Builder, Limit, Ring, Step};
use bareio_core::scope;
use bareio_core::ticket::{self, Driver, Read, StaticBuf, Table};
use bareio_core::{BorrowedFd, Errno, Kernel, sqe};

use crate::script::Place;
use crate::tally::Tally;
use crate::way::Way;

/// How long a wait is that nothing ends.
const MOMENT: Duration = Duration::from_millis(20);

/// A pool gives each buffer once, and gets it back.
pub(crate) fn pools<K: Kernel>(slab: &Slab<Mapping<K>>, tally: &mut Tally) {
    tally.what = ["pool", "memory"];
    let all = [0; 4].map(|hint| slab.get(hint).ok());
    let addresses = all.each_ref().map(|buffer| buffer.as_ref().map(|buffer| buffer.as_ptr().addr()));
    tally.check("every buffer can be drawn", all.iter().all(Option::is_some));
    tally.check("a fifth of four cannot", slab.get(0).is_err());
    for (index, address) in addresses.iter().enumerate() {
        tally.check("no buffer is drawn twice", !addresses[..index].contains(address));
        tally.check("a buffer is on the grid", address.is_some_and(|address| address % 4096 == 0));
    }
    drop(all);
    tally.check("all come back", slab.free() == slab.count());
    // SAFETY: no buffer of that number was given away as one.
    tally.check("an index that nobody gave is refused", unsafe { slab.hold(99) }.is_err());
}

/// Registers the slab's buffers with the ring, as the script's only fixed buffer.
pub(crate) fn prepare<K: Kernel>(
    mut ring: Ring<K>,
    slab: &Slab<Mapping<K>>,
    tally: &mut Tally,
) -> Option<Way<K>> {
    tally.what = ["ring", "buffers"];
    // SAFETY: the slab outlives the ring.
    let registered = unsafe { ring.register_buffers(&[slab.whole()]) };
    tally.check("a fixed buffer can be registered", registered.is_ok());
    registered.ok().map(|()| Way::Ring(ring))
}

/// Waits, scopes, tickets, endings, and how the kernel was asked.
pub(crate) fn run<K>(kernel: K, places: &[Option<Place>], version: (u16, u16), tally: &mut Tally)
where
    K: Kernel + Copy + Send + 'static,
{
    tally.what = ["ring", "itself"];
    let Ok(mut ring) = Builder::new(8).patience(MOMENT).build(kernel) else { return };
    let none = Builder::new(0).build(kernel).map_err(|error| error.step).err();
    tally.check("a ring of no entries is refused unasked", none == Some(Step::Options));
    best(&ring, version, tally);

    let before = kernel.now();
    let there = ring.submit_and_wait_within(1, Limit::timeout(MOMENT));
    let waited = kernel.now().ok().zip(before.ok()).map(|(after, before)| after.saturating_sub(before));
    tally.check("a wait for nothing finds nothing", there == Ok(0));
    tally.check("a wait for nothing lasts", waited.is_some_and(|waited| waited >= MOMENT));

    for place in places.iter().flatten() {
        scoped(&mut ring, place.file, place.base, tally);
    }
    tickets(kernel, places, tally);

    // An operation that ends in an hour: what ends a ring must end it.
    let hour = Timespec { sec: 3600, nsec: 0 };
    // SAFETY: the time is read when the entry is submitted, or stays until the ring is gone.
    let pushed =
        unsafe { ring.push(sqe::timeout(&raw const hour, 0, TimeoutFlags::NONE).user_data(1 << 63)) };
    tally.check("a timeout can be pushed", pushed.is_ok() && ring.submit().is_ok());
    tally.check("it is in flight", ring.in_flight() == 1);
    if version < (5, 19) {
        let cancelled = ring.cancel(1 << 63).and_then(|()| ring.submit());
        tally.check("it can be cancelled by name", cancelled.is_ok());
    }
    tally.check("a ring with something in flight can be closed", ring.close(Duration::from_secs(5)).is_ok());
}

/// The builder takes the best that the release has.
fn best<K: Kernel>(ring: &Ring<K>, version: (u16, u16), tally: &mut Tally) {
    let table = [
        ((5, 18), SetupFlags::SUBMIT_ALL),
        ((6, 1), SetupFlags::SINGLE_ISSUER.with(SetupFlags::DEFER_TASKRUN)),
        ((6, 6), SetupFlags::NO_SQARRAY),
    ];
    for (since, flags) in table {
        tally.check("the ring has what its release has", ring.setup().contains(flags) == (version >= since));
    }
    let registered = ring.is_registered() == (version >= (5, 18));
    tally.check("the ring is registered where that can be", registered);
}

/// Borrowed memory: two reads at once.
fn scoped<K: Kernel + Copy>(ring: &mut Ring<K>, file: BorrowedFd<'_>, base: u64, tally: &mut Tally) {
    let Ok(mut memory) = Mapping::new(*ring.kernel(), 8192) else { return };
    // A mapping is of whole pages, which may be larger.
    let (front, back) = memory.as_mut_slice()[..8192].split_at_mut(4096);
    let mut slots = [const { scope::Slot::new() }; 2];
    let both = ring.scope(&mut slots, |s| {
        let first = s.read(file, front, base).ok()?;
        let second = s.read(file, back, base + 512).ok()?;
        let (second, first) = (s.wait(second).0, s.wait(first).0);
        Some([first, second])
    });
    for answer in both.unwrap_or([Err(Errno::RESTART); 2]) {
        tally.expect("a scope reads twice at once", answer, Ok(4096));
    }
    let follows = front[512..] == back[..4096 - 512];
    tally.check("the two overlap as they should", follows);
}

/// Owned memory: a read whose ticket is waited for, and one whose ticket is dropped.
fn tickets<K>(kernel: K, places: &[Option<Place>], tally: &mut Tally)
where
    K: Kernel + Copy + Send + 'static,
{
    let Some(place) = places.iter().flatten().next() else { return };
    let Ok(ring) = Builder::new(4).build(kernel) else { return };
    let mut slots = [const { ticket::Slot::new() }; 2];
    let mut table = Table::new(&mut slots);
    let mut driver = Driver::new(ring, &mut table);
    let buffer =
        || Mapping::new(kernel, 4096).ok().map(|mapping| StaticBuf::from(&mut mapping.leak()[..4096]));
    let (Some(kept), Some(dropped)) = (buffer(), buffer()) else { return };
    let first = driver.submit(Read::new(place.file, dropped, place.base));
    tally.check("a read can be submitted", first.is_ok());
    drop(first);
    let answer = driver
        .submit(Read::new(place.file, kept, place.base))
        .ok()
        .and_then(|ticket| driver.wait(ticket).ok())
        .map(|(count, _)| count);
    tally.expect("a ticket brings the count", answer.unwrap_or(Err(Errno::RESTART)), Ok(4096));
    tally.check("a driver can be closed", driver.close(Duration::from_secs(5)).is_ok());
}
