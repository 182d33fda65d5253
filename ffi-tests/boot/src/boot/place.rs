//! Where the script runs: on a disk if there is one, on a file system on it, and on a file in memory.

use core::ffi::CStr;
use core::time::Duration;

use bareio_boot::{Line, host};
use bareio_core::kernel::OpenFlags;
use bareio_core::sync::AtomicU32;
use bareio_core::{BorrowedFd, Errno, Fd, Kernel, Linux};

use crate::script::Place;

/// What a machine of its own has; see [`find`].
pub(crate) struct Places {
    list: [Option<Place>; 3],
}

impl Places {
    pub(crate) const fn list(&self) -> &[Option<Place>] {
        &self.list
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Place> {
        self.list.iter().filter_map(|place| *place)
    }

    /// A place of this name.
    pub(crate) fn named(&self, name: &str) -> Option<Place> {
        self.iter().find(|place| place.name == name)
    }
}

/// Where the disk's file system ends, and the script's part of it begins.
const BEHIND_FILE_SYSTEM: u64 = 24 << 20;

const BOTH: OpenFlags = OpenFlags::READ.with(OpenFlags::WRITE);

/// Opens something for as long as the program runs.
fn open(path: &CStr, flags: OpenFlags) -> Result<BorrowedFd<'static>, Errno> {
    // SAFETY: the working directory is always there.
    let file = unsafe { Linux.open_at(Fd::CWD, path, flags, 0o600) }?;
    // SAFETY: opened just now, and never closed.
    Ok(unsafe { BorrowedFd::borrow_raw(file) })
}

/// Makes the place ready, on a machine of its own: devices, and the modules that the initial file system brought.
pub(crate) fn prepare() {
    // SAFETY: the working directory is always there. Each is there afterwards, or what follows says that it is not.
    let _ = unsafe { Linux.make_dir_at(Fd::CWD, c"/dev", 0o700) };
    let _ = host::mount(c"none", c"/dev", c"devtmpfs");
    let modules = [c"/modules/0", c"/modules/1", c"/modules/2", c"/modules/3", c"/modules/4", c"/modules/5"];
    // In the order in which they need each other; the first that is not there is the end.
    for module in modules {
        if let Err(errno) = host::load_module(module)
            && errno != Errno::NOENT
        {
            Line::new().text("a module cannot be loaded: ").answer(Err(errno)).say();
        }
    }
}

/// Every place that there is. Disks show late, so a machine of its own is given a moment for one.
pub(crate) fn find(first: bool) -> Places {
    let file = |name, file| Place { name, file, base: 0, ends: true };
    if !first {
        let kept = open(c".", BOTH | OpenFlags::TEMPORARY).map(|opened| file("cached", opened));
        let direct = BOTH | OpenFlags::TEMPORARY | OpenFlags::DIRECT;
        let direct = open(c".", direct).map(|opened| file("direct", opened));
        return Places { list: [kept.ok(), direct.ok(), None] };
    }
    let kept = open(c"/in-memory", BOTH | OpenFlags::CREATE).map(|opened| file("memory", opened));
    let (mut disk, mut mounted) = (None, None);
    if let Some((name, opened)) = wait_for_disk() {
        disk = Some(Place { name, file: opened, base: BEHIND_FILE_SYSTEM, ends: false });
        mounted = mount(name).map(|opened| file("ext4", opened));
    }
    Places { list: [kept.ok(), disk, mounted] }
}

fn wait_for_disk() -> Option<(&'static str, BorrowedFd<'static>)> {
    let word = AtomicU32::new(0);
    for _ in 0..50 {
        for (name, path) in [("nvme", c"/dev/nvme0n1"), ("virtio", c"/dev/vda")] {
            if let Ok(opened) = open(path, BOTH | OpenFlags::DIRECT) {
                return Some((name, opened));
            }
        }
        let _ = Linux.wait(&word, 0, Some(Duration::from_millis(50)));
    }
    None
}

/// A file for direct I/O on the disk's file system, where the kernel knows that.
fn mount(disk: &str) -> Option<BorrowedFd<'static>> {
    // SAFETY: the working directory is always there.
    let _ = unsafe { Linux.make_dir_at(Fd::CWD, c"/mnt", 0o700) };
    let device = if disk == "nvme" { c"/dev/nvme0n1" } else { c"/dev/vda" };
    host::mount(device, c"/mnt", c"ext4").ok()?;
    open(c"/mnt/file", BOTH | OpenFlags::CREATE | OpenFlags::DIRECT).ok()
}
