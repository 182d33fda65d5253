//! A ring, a pool and a file, and nothing else: how small a program over `bareio-core` is.
#![no_std]
#![no_main]

use bareio_boot::{Line, host};
use bareio_core::kernel::OpenFlags;
use bareio_core::pool::{Borrowed, Slab};
use bareio_core::ring::Builder;
use bareio_core::scope::Slot;
use bareio_core::{Align, BorrowedFd, Fd, Kernel, Linux};

#[unsafe(no_mangle)]
extern "C" fn bareio_main() -> ! {
    let well = run().is_some();
    Line::new().text(if well { "PASS" } else { "FAIL" }).say();
    host::end(well)
}

/// Writes through a ring, from a buffer of a pool, flushes, and reads back into another.
fn run() -> Option<()> {
    let mut memory = [0; 4096];
    let slab = Slab::new(Borrowed::new(&mut memory), 512, 2, Align::BYTE).ok()?;
    let (mut ours, mut back) = (slab.get(0).ok()?, slab.get(0).ok()?);
    ours.fill(0xa5);

    let mut ring = Builder::new(4).build(Linux).ok()?;
    let flags = OpenFlags::READ | OpenFlags::WRITE | OpenFlags::TEMPORARY;
    let named = OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE;
    // SAFETY: the working directory is always there.
    let file = unsafe { Linux.open_at(Fd::CWD, c".", flags, 0o600) }
        // SAFETY: as above. Not every file system has files without a name.
        .or_else(|_| unsafe { Linux.open_at(Fd::CWD, c"least", named, 0o600) })
        .ok()?;
    // SAFETY: opened just now, and never closed.
    let file = unsafe { BorrowedFd::borrow_raw(file) };
    let mut slots = [const { Slot::new() }; 2];
    ring.scope(&mut slots, |s| {
        let write = s.write(file, &ours, 0).ok()?;
        let written = s.wait(write).0;
        let flush = s.sync_data(file).ok()?;
        let flushed = s.wait(flush).0;
        let read = s.read(file, &mut back, 0).ok()?;
        let read = s.wait(read).0;
        (written == Ok(512) && flushed == Ok(0) && read == Ok(512)).then_some(())
    })?;
    (*ours == *back).then_some(())
}
