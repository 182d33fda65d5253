//! The core's bits as the library takes them.

use bareio_core::abi::AdviseMemory;
use bareio_core::kernel::{MapFlags, OpenFlags, Seek};
use rustix::fs::{OFlags, SeekFrom};

use crate::native;

/// Whether the call that maps populates, if asked to.
pub(super) const MAP_POPULATES: bool = cfg!(all(target_os = "linux", not(miri)));

/// Whether there are huge pages to be asked for.
const HAS_HUGE_PAGES: bool = MAP_POPULATES;

/// `None`: there is no such memory.
pub(super) fn map(flags: MapFlags) -> Option<rustix::mm::MapFlags> {
    use rustix::mm::MapFlags as Host;

    if flags.contains(MapFlags::HUGE) && !HAS_HUGE_PAGES {
        return None;
    }
    let kind = Host::PRIVATE;
    // Miri maps no other memory than this.
    #[cfg(all(target_os = "linux", not(miri)))]
    let kind = [
        (MapFlags::POPULATE, Host::POPULATE),
        (MapFlags::HUGE, Host::HUGETLB | Host::HUGE_2MB),
        (MapFlags::NORESERVE, Host::NORESERVE),
    ]
    .into_iter()
    .filter(|(flag, _)| flags.contains(*flag))
    .fold(kind, |kind, (_, bit)| kind | bit);
    Some(kind)
}

/// `None`: the host does not know the advice.
pub(super) fn advise_memory(advice: AdviseMemory) -> Option<rustix::mm::Advice> {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        use rustix::mm::Advice;
        match advice {
            AdviseMemory::DONTFORK => Some(Advice::LinuxDontFork),
            AdviseMemory::HUGEPAGE => Some(Advice::LinuxHugepage),
            AdviseMemory::WIPEONFORK => Some(Advice::LinuxWipeOnFork),
            AdviseMemory::POPULATE_WRITE => Some(Advice::LinuxPopulateWrite),
            AdviseMemory::DONTNEED => Some(Advice::LinuxDontNeed),
            _ => None,
        }
    }
    #[cfg(any(not(target_os = "linux"), miri))]
    {
        let _ = advice;
        None
    }
}

/// Each flag beside the access mode, and its bits.
fn table() -> [(OpenFlags, OFlags); 9] {
    [
        (OpenFlags::CREATE, OFlags::CREATE),
        (OpenFlags::EXCLUSIVE, OFlags::EXCL),
        (OpenFlags::TRUNCATE, OFlags::TRUNC),
        (OpenFlags::APPEND, OFlags::APPEND),
        (OpenFlags::DATA_SYNC, native::open_data_sync()),
        (OpenFlags::SYNC, OFlags::SYNC),
        (OpenFlags::DIRECTORY, OFlags::DIRECTORY),
        (OpenFlags::NONBLOCK, OFlags::NONBLOCK),
        (OpenFlags::NOFOLLOW, OFlags::NOFOLLOW),
    ]
}

/// `None`: the host cannot open a file like that.
pub(super) fn open(flags: OpenFlags) -> Option<OFlags> {
    let access = match (flags.contains(OpenFlags::READ), flags.contains(OpenFlags::WRITE)) {
        (_, false) => OFlags::RDONLY,
        (false, true) => OFlags::WRONLY,
        (true, true) => OFlags::RDWR,
    };
    let mut bits = table()
        .into_iter()
        .filter(|(flag, _)| flags.contains(*flag))
        .fold(access | OFlags::CLOEXEC, |bits, (_, bit)| bits | bit);
    if flags.contains(OpenFlags::DIRECT) {
        bits |= native::OPEN_DIRECT;
    }
    if flags.contains(OpenFlags::TEMPORARY) {
        bits |= native::open_temporary()?;
    }
    Some(bits)
}

/// What the descriptor's own bits say.
pub(super) fn opened(bits: OFlags) -> OpenFlags {
    let access = match bits & OFlags::ACCMODE {
        OFlags::RDONLY => OpenFlags::READ,
        OFlags::WRONLY => OpenFlags::WRITE,
        _ => OpenFlags::READ | OpenFlags::WRITE,
    };
    let mut flags = table()
        .into_iter()
        .filter(|(_, bit)| !bit.is_empty() && bits.contains(*bit))
        .fold(access, |flags, (flag, _)| flags | flag);
    if native::is_direct(bits) {
        flags |= OpenFlags::DIRECT;
    }
    if native::open_temporary().is_some_and(|bit| bits.contains(bit)) {
        flags |= OpenFlags::TEMPORARY;
    }
    flags
}

/// `None`: it makes no sense, or the host cannot tell data from holes.
pub(super) fn seek(offset: u64, from: Seek) -> Option<SeekFrom> {
    let signed = offset.cast_signed();
    Some(match from {
        Seek::Start if signed < 0 => return None,
        Seek::Start => SeekFrom::Start(offset),
        Seek::Current => SeekFrom::Current(signed),
        Seek::End => SeekFrom::End(signed),
        #[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
        Seek::Data => SeekFrom::Data(offset),
        #[cfg(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple"))]
        Seek::Hole => SeekFrom::Hole(offset),
        #[cfg(not(any(target_os = "linux", target_os = "freebsd", target_vendor = "apple")))]
        Seek::Data | Seek::Hole => return None,
    })
}

#[cfg(target_os = "linux")]
pub(super) fn read_write(flags: bareio_core::kernel::RwFlags) -> rustix::io::ReadWriteFlags {
    rustix::io::ReadWriteFlags::from_bits_retain(flags.0)
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(super) fn rename(flags: bareio_core::kernel::RenameFlags) -> rustix::fs::RenameFlags {
    use bareio_core::kernel::RenameFlags;
    use rustix::fs::RenameFlags as Host;

    [(RenameFlags::NOREPLACE, Host::NOREPLACE), (RenameFlags::EXCHANGE, Host::EXCHANGE)]
        .into_iter()
        .filter(|(flag, _)| flags.contains(*flag))
        .fold(Host::empty(), |bits, (_, bit)| bits | bit)
}
