//! Huge pages out of the system's reserve, on the kernel that the test runs on.
//!
//! By itself in its file, because it changes `vm.nr_hugepages` and puts it back: no other test of this package
//! runs meanwhile.
#![cfg(all(target_os = "linux", not(miri)))]

use std::fs;

use bareio_core::map::{Backing, MapOptions, Residency};
use bareio_core::{Align, Errno, Linux, Mapping};

const MIB_2: usize = 2 << 20;
const RESERVE: &str = "/proc/sys/vm/nr_hugepages";

/// Huge pages reserved for a while.
struct Reserve {
    before: u64,
}

impl Reserve {
    /// Adds `count` to the reserve, or `None` where this may not be done or there is not so much memory.
    fn add(count: u64) -> Option<Self> {
        let before: u64 = fs::read_to_string(RESERVE).ok()?.trim().parse().ok()?;
        let size = fs::read_to_string("/proc/meminfo").ok()?;
        size.lines().find(|line| line.starts_with("Hugepagesize:") && line.ends_with(" 2048 kB"))?;
        fs::write(RESERVE, (before + count).to_string()).ok()?;
        let reserve = Self { before };
        let after: u64 = fs::read_to_string(RESERVE).ok()?.trim().parse().ok()?;
        (after == before + count).then_some(reserve)
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        let _ = fs::write(RESERVE, self.before.to_string());
    }
}

/// Bytes of this process on reserved huge pages.
fn on_reserved_pages() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("HugetlbPages:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[test]
fn reserved_huge_pages_are_taken_grown_and_given_back() {
    let Some(_reserve) = Reserve::add(8) else {
        eprintln!("skipped: huge pages cannot be reserved here; it takes root");
        return;
    };
    let required = MapOptions::new().residency(Residency::HugeRequired);

    let mut memory = match Mapping::with_options(Linux, MIB_2 + 1, required) {
        Err(error) if error.errno() == Some(Errno::INVAL) => {
            eprintln!("skipped: this host does not pass requests for huge pages on, as emulators do");
            return;
        }
        memory => memory.unwrap(),
    };
    assert_eq!((memory.granted().backing, memory.granted().page), (Backing::Huge, Align::MIB_2));
    assert_eq!((memory.len(), on_reserved_pages()), (2 * MIB_2, 2 * MIB_2), "each page is there at once");
    assert_eq!(memory.as_ptr().addr().get() % MIB_2, 0);
    memory.as_mut_slice().fill(7);
    memory.grow(3 * MIB_2).unwrap();
    assert!(memory.as_slice()[..2 * MIB_2].iter().all(|&byte| byte == 7));
    assert!(memory.as_slice()[2 * MIB_2..].iter().all(|&byte| byte == 0));
    assert_eq!((memory.granted().backing, on_reserved_pages()), (Backing::Huge, 3 * MIB_2));
    drop(memory);
    assert_eq!(on_reserved_pages(), 0);

    let guarded = Mapping::with_options(Linux, 1, required.guarded(true)).unwrap();
    assert_eq!(on_reserved_pages(), MIB_2, "guards are reserved, but never there");
    drop(guarded);

    let preferred = Mapping::new(Linux, MIB_2).unwrap();
    assert_eq!((preferred.granted().backing, on_reserved_pages()), (Backing::Huge, MIB_2));
    let too_many = Mapping::with_options(Linux, 1 << 40, required).unwrap_err();
    assert_eq!(too_many.errno(), Some(Errno::NOMEM));
    assert_eq!(on_reserved_pages(), MIB_2);
}
