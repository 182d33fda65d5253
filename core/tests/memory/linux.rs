//! What only a real kernel shows: which pages are there, of which size, and what a guard does.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use bareio_core::abi::AdviseMemory;
use bareio_core::map::{Backing, MapOptions, Residency};
use bareio_core::{Align, AllocError, Errno, Kernel, Linux, Mapping};

use crate::heap::MIB_2;
use crate::ledger::{Call, Ledger};

/// How many pages of `memory` are there, as `/proc/self/pagemap` tells anybody.
fn resident(memory: &Mapping<impl Kernel>) -> usize {
    let page = Linux.page_len().unwrap();
    let mut map = fs::File::open("/proc/self/pagemap").unwrap();
    map.seek(SeekFrom::Start((memory.as_ptr().addr().get() / page * 8) as u64)).unwrap();
    let mut entries = vec![0; memory.len() / page * 8];
    map.read_exact(&mut entries).unwrap();
    entries.chunks_exact(8).filter(|entry| entry[7] & 0x80 != 0).count()
}

/// Bytes of `memory` on transparent huge pages. Guards keep its neighbours out of the count.
fn on_huge_pages(memory: &Mapping<impl Kernel>) -> usize {
    assert!(memory.options() == memory.options().guarded(true));
    let start = format!("{:x}-", memory.as_ptr().addr());
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let ours = maps.lines().skip_while(|line| !line.starts_with(&start));
    let line = ours.skip(1).find_map(|line| line.strip_prefix("AnonHugePages:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// The signal of a touch where there is no access.
const SIGSEGV: i32 = 11;

/// Whether this is an emulator: its `/proc` tells of the emulator's memory, and it cannot start itself again.
fn is_emulated() -> bool {
    let emulated = std::env::var_os("BAREIO_EXPECT_NO_URING").is_some();
    if emulated {
        eprintln!("skipped: under an emulator, `/proc` does not tell of the program's own memory");
    }
    emulated
}

/// Whether the system makes huge pages of 2 MiB for those who ask.
fn transparent_is_on() -> bool {
    let read = |name| fs::read_to_string(format!("/sys/kernel/mm/transparent_hugepage/{name}"));
    read("enabled").is_ok_and(|enabled| !enabled.contains("[never]"))
        && read("hpage_pmd_size").is_ok_and(|size| size.trim() == "2097152")
}

#[test]
fn residency_is_what_was_granted() {
    if is_emulated() {
        return;
    }
    let page = Linux.page_len().unwrap();
    for (residency, expected) in [
        (Residency::Lazy, 0),
        (Residency::Populated, 100),
        (Residency::Transparent, 100),
        (Residency::HugePreferred, 100),
    ] {
        let options = MapOptions::new().residency(residency).guarded(true);
        let mut memory = Mapping::with_options(Linux, 100 * page, options).unwrap();
        assert_eq!(resident(&memory), expected, "{residency:?}");
        memory.grow(200 * page).unwrap();
        // Copied pages are there, whatever was asked for.
        let expected = if residency == Residency::Lazy { 100 } else { 2 * expected };
        assert_eq!(resident(&memory), expected, "{residency:?}, grown");
    }
    let mut memory =
        Mapping::with_options(Linux, page, MapOptions::new().residency(Residency::Populated)).unwrap();
    memory.grow(100 * page).unwrap();
    assert_eq!(resident(&memory), 100, "grown by the kernel");
}

#[test]
fn pages_are_there_also_where_the_kernel_cannot_populate() {
    if is_emulated() {
        return;
    }
    let old = |call| (call == Call::Advise(AdviseMemory::POPULATE_WRITE)).then_some(Errno::INVAL);
    let ledger = Ledger::new(Linux, old);
    for residency in [Residency::Populated, Residency::Transparent] {
        let options = MapOptions::new().residency(residency);
        let memory = Mapping::with_options(&ledger, MIB_2 + 1, options).unwrap();
        assert_eq!(resident(&memory) * Linux.page_len().unwrap(), memory.len(), "{residency:?}");
    }
}

#[test]
fn transparent_huge_pages_are_there_where_the_system_has_them() {
    if is_emulated() {
        return;
    }
    if !transparent_is_on() {
        eprintln!("skipped: transparent huge pages are off");
        return;
    }
    let options = MapOptions::new().residency(Residency::Transparent).guarded(true);
    let memory = Mapping::with_options(Linux, 3 * MIB_2, options).unwrap();
    assert_eq!((memory.granted().backing, memory.granted().page), (Backing::Transparent, Align::MIB_2));
    // A system short of whole huge pages may give fewer; one that gives none has not been asked.
    assert!(on_huge_pages(&memory) > 0);
    assert_eq!(resident(&memory) * Linux.page_len().unwrap(), memory.len());
}

#[test]
fn collapsing_makes_certain() {
    if is_emulated() {
        return;
    }
    let options = MapOptions::new().residency(Residency::Populated).guarded(true).align(Align::MIB_2);
    let mut memory = Mapping::with_options(Linux, MIB_2, options).unwrap();
    memory.as_mut_slice()[MIB_2 - 1] = 7;
    match memory.collapse() {
        Ok(()) => assert_eq!(on_huge_pages(&memory), MIB_2),
        Err(errno) => eprintln!("skipped: cannot collapse here: {errno}"),
    }
    assert_eq!(memory.as_slice()[MIB_2 - 1], 7);
    let mut short = Mapping::new(Linux, 4096).unwrap();
    assert_eq!(short.collapse(), Err(Errno::INVAL));
}

/// Not a test of its own: what the next one runs in a child process. `OVERRUN` says where to write.
#[test]
fn writes_where_it_is_told_to() {
    let Ok(place) = std::env::var("OVERRUN") else { return };
    let memory = Mapping::with_options(Linux, MIB_2, MapOptions::new().guarded(true)).unwrap();
    let at = match place.as_str() {
        "before" => memory.as_ptr().as_ptr().wrapping_sub(1),
        "behind" => memory.as_ptr().as_ptr().wrapping_add(memory.len()),
        _ => memory.as_ptr().as_ptr().wrapping_add(memory.len() - 1),
    };
    // SAFETY: within the mapping, or on a guard page, where it ends the process.
    unsafe { at.write_volatile(1) };
}

#[test]
fn a_guard_page_stops_whoever_runs_over_either_end() {
    if is_emulated() {
        return;
    }
    for (place, signal) in [("inside", None), ("before", Some(SIGSEGV)), ("behind", Some(SIGSEGV))] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "linux::writes_where_it_is_told_to"]).env("OVERRUN", place);
        let status = child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.signal(), signal, "{place}: {status}");
        assert_eq!(status.success(), signal.is_none(), "{place}: {status}");
    }
}

#[test]
fn more_than_the_address_space_is_refused_by_the_kernel_with_its_reason() {
    let options = MapOptions::new().residency(Residency::Lazy);
    let error = Mapping::with_options(Linux, 1 << 62, options).unwrap_err();
    assert!(matches!(error, AllocError::Refused { errno: Errno::NOMEM, .. }), "{error}");
}
