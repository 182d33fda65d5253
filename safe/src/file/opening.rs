//! Opening a file, and what is asked of it then, once.

use std::ffi::CStr;
use std::path::Path;

use bareio_core::abi::Statx;
use bareio_core::kernel::OpenFlags;
use bareio_core::op::Positions;
use bareio_core::{Align, Errno, Kernel};

use super::descriptor::Descriptor;
use super::path::terminated;
use super::{AtomicWrites, Direct, File, Granted, Grid, OpenOptions, Sync, names};
use crate::error::{Error, ErrorKind, Result, Why};

/// What a file is asked for.
const MASK: u32 = Statx::BASIC_STATS | Statx::DIOALIGN | Statx::DIO_READ_ALIGN | Statx::WRITE_ATOMIC;

/// What is known of a file from its opening on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) positions: Positions,
    pub(crate) granted: Granted,
    pub(crate) grid: Grid,
    /// Whether the kernel told the grid.
    pub(crate) told: bool,
    pub(crate) sync: Sync,
    pub(crate) is_block_device: bool,
    /// What space is given back in.
    pub(crate) block: Align,
    pub(crate) atomic: Option<AtomicWrites>,
}

/// Opens `path` as `options` say.
pub(super) fn open<K: Kernel + Clone>(kernel: K, path: &Path, options: &OpenOptions) -> Result<File<K>> {
    if options.flags.contains(OpenFlags::TRUNCATE) && !options.flags.contains(OpenFlags::WRITE) {
        // Linux leaves open what this does.
        return Err(Error::os("open", Errno::INVAL));
    }
    terminated(path, |name| match options.direct {
        Direct::Off => {
            let file = Descriptor::open(kernel, name, options.flags, options.mode)?;
            buffered(file, name, options.flags, Why::Because("as asked"))
        }
        _ => open_direct(&kernel, name, options),
    })
}

/// Opens a file past the page cache, if it can be.
fn open_direct<K: Kernel + Clone>(kernel: &K, name: &CStr, options: &OpenOptions) -> Result<File<K>> {
    let open = |flags| Descriptor::open(kernel.clone(), name, flags, options.mode);
    // Emptied only when it is known that it is to be used.
    let flags = options.flags.without(OpenFlags::TRUNCATE);
    let exclusive = OpenFlags::CREATE.with(OpenFlags::EXCLUSIVE);
    // Some file systems make the file before they refuse direct I/O. So what must be new is made without; then a
    // refusal can be told from a file that was there.
    let made = if flags.contains(OpenFlags::EXCLUSIVE) { Some(open(flags)?) } else { None };
    let again = if made.is_some() { flags.without(exclusive) } else { flags };
    let past = || match open(again | OpenFlags::DIRECT) {
        Ok(direct) if made.as_ref().is_some_and(|made| !is_same(&direct, made)) => {
            Ok(Err(Why::Errno(Errno::STALE)))
        }
        Ok(direct) => {
            let (grid, stat) = match direct_grid(&direct)? {
                Ok(told) => told,
                Err(refusal) => return Ok(Err(refusal)),
            };
            empty(&direct, options)?;
            let facts = facts(&direct, flags, Granted::Direct, grid, &stat)?;
            Ok(Ok(File::new(direct, facts)))
        }
        Err(error) => Ok(Err(Why::Errno(refusal(error)?))),
    };
    let refusal = match past() {
        Ok(Ok(file)) => return Ok(file),
        Ok(Err(refusal)) if options.direct != Direct::Required => refusal,
        failed => {
            // Whoever is told that it could not be opened looks for no file.
            if let Some(made) = made {
                names::remove(kernel, name, &made);
            }
            let refused = |why| Error::unsupported("direct I/O", why).during("open");
            return failed.and_then(|refusal| refusal.map_err(refused));
        }
    };
    let file = match made {
        Some(made) => made,
        None => open(flags)?,
    };
    empty(&file, options)?;
    buffered(file, name, flags, refusal)
}

/// Empties the file, if that was asked for.
fn empty<K: Kernel>(file: &Descriptor<K>, options: &OpenOptions) -> Result<()> {
    if options.flags.contains(OpenFlags::TRUNCATE) { file.truncate(0) } else { Ok(()) }
}

/// The number of an error that says that the file system cannot do direct I/O; any other is passed on.
fn refusal(error: Error) -> Result<Errno> {
    match error.errno() {
        Some(errno @ (Errno::INVAL | Errno::OPNOTSUPP)) => Ok(errno),
        _ => Err(error),
    }
}

fn is_same<K: Kernel>(one: &Descriptor<K>, other: &Descriptor<K>) -> bool {
    match (one.stat(Statx::BASIC_STATS), other.stat(Statx::BASIC_STATS)) {
        (Ok(one), Ok(other)) => one.is_same_file(&other),
        _ => false,
    }
}

/// What is known of a file that was opened elsewhere.
pub(super) fn adopt<K: Kernel + Clone>(file: &Descriptor<K>) -> Result<Facts> {
    let flags = match file.flags() {
        Ok(flags) => flags,
        // A host that cannot tell says at the transfer what is not allowed.
        Err(Errno::NOSYS) => OpenFlags::READ | OpenFlags::WRITE,
        Err(errno) => return Err(Error::os("fcntl", errno)),
    };
    let (granted, grid) = if flags.contains(OpenFlags::DIRECT) {
        match direct_grid(file)? {
            Ok((grid, _)) => (Granted::Direct, grid),
            Err(why) => (Granted::Buffered(why), Grid::ANY),
        }
    } else {
        (Granted::Buffered(Why::Because("it was opened so")), Grid::ANY)
    };
    facts(file, flags, granted, grid, &stat(file)?)
}

fn buffered<K: Kernel + Clone>(
    file: Descriptor<K>,
    name: &CStr,
    flags: OpenFlags,
    why: Why,
) -> Result<File<K>> {
    let granted = Granted::Buffered(why);
    match stat(&file).and_then(|stat| facts(&file, flags, granted, Grid::ANY, &stat)) {
        Ok(facts) => Ok(File::new(file, facts)),
        Err(error) => {
            if flags.contains(OpenFlags::EXCLUSIVE) {
                names::remove(file.kernel(), name, &file);
            }
            Err(error)
        }
    }
}

/// What is known of the file; nothing, where the host cannot tell.
fn stat<K: Kernel>(file: &Descriptor<K>) -> Result<Statx> {
    match file.stat(MASK) {
        Ok(stat) => Ok(stat),
        Err(Errno::NOSYS) => Ok(Statx::default()),
        Err(errno) => Err(Error::os("statx", errno)),
    }
}

fn facts<K: Kernel>(
    file: &Descriptor<K>,
    flags: OpenFlags,
    granted: Granted,
    grid: Grid,
    stat: &Statx,
) -> Result<Facts> {
    let positions = if stat.is_regular() || stat.is_block_device() {
        // These keep to offsets, so two calls are saved.
        if flags.contains(OpenFlags::APPEND) { Positions::ReadsOnly } else { Positions::Kept }
    } else {
        match file.positions() {
            Ok(positions) => positions,
            // A host that cannot tell says so at the transfer itself.
            Err(Errno::NOSYS) if flags.contains(OpenFlags::APPEND) => Positions::ReadsOnly,
            Err(Errno::NOSYS) => Positions::Kept,
            Err(errno) => return Err(Error::os("lseek", errno)),
        }
    };
    let sync = if flags.contains(OpenFlags::SYNC) {
        Sync::All
    } else if flags.contains(OpenFlags::DATA_SYNC) {
        Sync::Data
    } else {
        Sync::None
    };
    let atomic = if stat.mask & Statx::WRITE_ATOMIC == 0 {
        None
    } else {
        AtomicWrites::told(
            stat.atomic_write_unit_min,
            stat.atomic_write_unit_max,
            stat.atomic_write_unit_max_opt,
            stat.atomic_write_segments_max,
        )
    };
    // A network file system names what it likes to transfer, which may be a megabyte.
    let block = Align::new(u64::from(stat.blksize)).filter(|block| block.bytes() <= 65_536);
    let block = block.unwrap_or(Align::KIB_4).max(grid.offset);
    let told = stat.mask & Statx::DIOALIGN != 0;
    Ok(Facts { positions, granted, grid, told, sync, is_block_device: stat.is_block_device(), block, atomic })
}

/// What direct I/O on this file needs, or why it cannot be done. Errors are those of finding out.
fn direct_grid<K: Kernel>(file: &Descriptor<K>) -> Result<std::result::Result<(Grid, Statx), Why>> {
    let stat = stat(file)?;
    match Grid::told(file.kernel(), file.lend(), &stat) {
        Ok(grid) => Ok(Ok((grid, stat))),
        Err(error) => match error.kind() {
            ErrorKind::Unsupported { why, .. } => Ok(Err(why)),
            _ => Err(error),
        },
    }
}
