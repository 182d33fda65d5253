//! Process 1 of the boot matrix: the conformance script, through a ring and by calls, and everything that is newer than
//! Linux 5.10; then one line, and the machine is switched off. Run anywhere else, it does the same and ends.
//!
//! ```text
//! PASS x86_64 6.12.0 page=4096 ring=0x13101 features=0xffff checks=180 seen=60 refused=12 places=memory,nvme,ext4
//! ```
#![no_std]
#![no_main]

mod features;
mod place;
mod rings;
mod script;
mod tally;
mod voice;
mod way;

use bareio_boot::host;
use bareio_core::pool::Slab;
use bareio_core::ring::{Builder, Reason};
use bareio_core::{Align, Kernel, Linux};

use tally::Tally;
use voice::Line;
use way::Way;

#[unsafe(no_mangle)]
extern "C" fn bareio_main() -> ! {
    let first = host::is_first();
    if first {
        place::prepare();
    }
    let places = place::find(first);
    let release = host::Release::of_this_kernel();
    let mut tally = Tally::new();
    let mut line = Line::new();
    line.text(release.processor()).text(" ").text(release.text());
    line.text(" page=").number(Linux.page_len().unwrap_or(0) as u64);

    let Ok(slab) = Slab::map(Linux, script::SLOT, 4, Align::KIB_4) else {
        Line::new().text("FAIL no memory").say();
        host::end(false);
    };
    rings::pools(&slab, &mut tally);
    let ring = Builder::new(16).build(Linux);
    match &ring {
        Ok(ring) => {
            line.text(" ring=").hex(ring.setup().bits()).text(" features=").hex(ring.features().bits());
        }
        Err(error) => {
            // Without io_uring the calls must do, and the reason must be told; any other failure is one.
            line.text(" ring=none(").answer(Err(error.errno)).text(")");
            let known = matches!(error.reason(), Reason::Missing | Reason::Forbidden);
            tally.check("a ring, or a kernel without", known && !first);
        }
    }
    let ways = [ring.ok().and_then(|ring| rings::prepare(ring, &slab, &mut tally)), Some(Way::Calls(Linux))];
    for mut way in ways.into_iter().flatten() {
        for place in places.iter() {
            script::run(&mut way, place, &slab, &mut tally);
        }
    }
    rings::run(Linux, places.list(), release.version(), &mut tally);
    if let Some(census) = features::run(&places, release.version(), &mut tally) {
        line.text(" seen=")
            .number(u64::from(census.seen))
            .text(" refused=")
            .number(u64::from(census.refused));
    }
    line.text(" checks=").number(u64::from(tally.checks())).text(" places=");
    for (index, place) in places.iter().enumerate() {
        line.text(if index > 0 { "," } else { "" }).text(place.name);
    }
    let well = tally.wrong() == 0;
    // The verdict goes first, and is known last.
    let mut whole = Line::new();
    whole.text(if well { "PASS " } else { "FAIL " }).text(line.as_str());
    if !well {
        whole.text(" wrong=").number(u64::from(tally.wrong()));
    }
    whole.say();
    host::end(well)
}
