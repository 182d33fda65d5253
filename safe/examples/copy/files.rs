//! The two files: opened, looked at, and the target put in place only when it is whole.

use std::ffi::CString;
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bareio::core::abi::Statx;
use bareio::core::kernel::{OpenFlags, Seek};
use bareio::core::{Fd, Kernel, Linux};
use bareio::{Align, Errno};

/// Whether a file is read or written past the page cache, and if not, why.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    /// Past it, in multiples of this.
    Direct(Align),
    /// Through it, because of this.
    Buffered(&'static str),
}

impl Access {
    /// What offsets and lengths must be multiples of.
    pub(crate) fn align(self) -> Align {
        match self {
            Self::Direct(align) => align,
            Self::Buffered(_) => Align::BYTE,
        }
    }
}

/// An open file.
pub(crate) struct OpenFile {
    fd: OwnedFd,
    pub(crate) access: Access,
}

impl OpenFile {
    /// Opens `path` past the page cache if `direct` and the file system can, else through it.
    fn open(path: &Path, flags: OpenFlags, direct: bool) -> Result<Self, Errno> {
        let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::INVAL)?;
        let open = |flags| -> Result<OwnedFd, Errno> {
            // SAFETY: the working directory is always there.
            let fd = unsafe { Linux.open_at(Fd::CWD, &name, flags, 0o644) }?;
            // SAFETY: new and ours.
            Ok(unsafe { OwnedFd::from_raw_fd(fd.0) })
        };
        if !direct {
            return Ok(Self { fd: open(flags)?, access: Access::Buffered("as asked") });
        }
        match open(flags | OpenFlags::DIRECT) {
            Ok(fd) => {
                let access = match direct_align(&fd) {
                    Some(align) => Access::Direct(align),
                    None => Access::Buffered("the file system cannot tell what direct I/O needs"),
                };
                match access {
                    Access::Direct(_) => Ok(Self { fd, access }),
                    Access::Buffered(_) => {
                        Ok(Self { fd: open(flags.without(OpenFlags::EXCLUSIVE))?, access })
                    }
                }
            }
            // Some file systems make the file before they refuse.
            Err(Errno::INVAL) => Ok(Self {
                fd: open(flags.without(OpenFlags::EXCLUSIVE))?,
                access: Access::Buffered("the file system cannot do direct I/O"),
            }),
            Err(errno) => Err(errno),
        }
    }

    pub(crate) fn fd(&self) -> Fd {
        Fd(self.fd.as_raw_fd())
    }

    fn stat(&self) -> Result<Statx, Errno> {
        stat(self.fd(), c"")
    }

    /// Where the file has data, at most to `len`; whole if the file system cannot tell.
    pub(crate) fn data(&self, len: u64) -> Result<Vec<Range<u64>>, Errno> {
        let mut ranges = Vec::new();
        let mut at = 0;
        while at < len {
            // SAFETY: open.
            let start = match unsafe { Linux.seek(self.fd(), at, Seek::Data) } {
                Ok(start) => start,
                Err(Errno::NXIO) => break, // a hole to the end
                Err(Errno::INVAL) => return Ok(std::iter::once(at..len).collect()),
                Err(errno) => return Err(errno),
            };
            // SAFETY: open.
            let end = unsafe { Linux.seek(self.fd(), start, Seek::Hole) }?;
            ranges.push(start..end.min(len));
            at = end;
        }
        Ok(ranges)
    }
}

fn stat(dir: Fd, path: &std::ffi::CStr) -> Result<Statx, Errno> {
    let mut stat = Statx::default();
    // SAFETY: `dir` is the working directory, or open.
    unsafe { Linux.stat(dir, path, Statx::BASIC_STATS | Statx::DIOALIGN, &mut stat) }?;
    Ok(stat)
}

/// What direct I/O on the file must be aligned to: offsets, lengths and memory alike.
fn direct_align(fd: &OwnedFd) -> Option<Align> {
    let stat = stat(Fd(fd.as_raw_fd()), c"").ok()?;
    if stat.mask & Statx::DIOALIGN == 0 {
        return Some(Align::KIB_4); // before 6.1; what every disk can
    }
    Align::new(u64::from(stat.dio_offset_align.max(stat.dio_mem_align)))
}

/// The file that is read.
pub(crate) struct Source {
    pub(crate) file: OpenFile,
    pub(crate) len: u64,
    stat: Statx,
}

impl Source {
    pub(crate) fn open(path: &Path, direct: bool) -> Result<Self> {
        let shown = path.display();
        let file =
            OpenFile::open(path, OpenFlags::READ, direct).with_context(|| format!("opening {shown}"))?;
        let stat = file.stat().with_context(|| format!("looking at {shown}"))?;
        if stat.is_dir() {
            bail!("{shown} is a directory; name a file");
        }
        if !stat.is_regular() {
            bail!("{shown} is not a regular file, and only those are copied");
        }
        Ok(Self { file, len: stat.size, stat })
    }
}

/// The file that is written: under another name until it is whole.
pub(crate) struct Target {
    pub(crate) file: OpenFile,
    path: PathBuf,
    temporary: PathBuf,
}

impl Target {
    pub(crate) fn create(path: &Path, source: &Source, direct: bool) -> Result<Self> {
        let shown = path.display();
        let name = CString::new(path.as_os_str().as_bytes()).context("the target's name has a nul byte")?;
        match stat(Fd::CWD, &name) {
            Ok(stat) if stat.is_dir() => bail!("{shown} is a directory; name the file to write"),
            Ok(stat) if stat.is_same_file(&source.stat) => bail!("{shown} is the source itself"),
            Ok(stat) if !stat.is_regular() => bail!("{shown} is not a regular file; it is not replaced"),
            Ok(_) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno).with_context(|| format!("looking at {shown}")),
        }
        let Some(file_name) = path.file_name() else { bail!("{shown} names no file") };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(file_name);
        hidden.push(format!(".copy-{}", std::process::id()));
        let temporary = path.with_file_name(hidden);
        let flags = OpenFlags::READ | OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        let file = OpenFile::open(&temporary, flags, direct)
            .with_context(|| format!("making a file in the directory of {shown}"))?;
        let target = Self { file, path: path.to_owned(), temporary };
        // Everything that is not written stays a hole.
        // SAFETY: open.
        unsafe { Linux.truncate(target.file.fd(), source.len) }.with_context(|| format!("sizing {shown}"))?;
        Ok(target)
    }

    pub(crate) fn shown(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Cuts what alignment made too long, and flushes the file.
    pub(crate) fn finish(&self, len: u64) -> Result<()> {
        // SAFETY: open.
        unsafe { Linux.truncate(self.file.fd(), len) }.context("setting the target's length")?;
        // SAFETY: open.
        unsafe { Linux.sync_all(self.file.fd()) }.context("flushing the target")
    }

    /// Puts the file in place and flushes the directory.
    pub(crate) fn keep(self) -> Result<()> {
        std::fs::rename(&self.temporary, &self.path)
            .with_context(|| format!("replacing {}", self.shown()))?;
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory).and_then(|directory| directory.sync_all()).context("flushing the directory")
    }
}

impl Drop for Target {
    /// No half file is left behind.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.temporary);
    }
}

/// Writes 256 MiB that are not all alike, with a hole of 32 MiB and an odd length.
pub(crate) fn make_sample(path: &Path) -> Result<()> {
    let mut file = File::create_new(path).context("making the sample")?;
    let mut block = vec![0_u8; 1 << 20];
    let mut state = 1_u64;
    for index in 0..256_u64 {
        if (64..96).contains(&index) {
            continue;
        }
        for word in block.chunks_exact_mut(8) {
            // Numerical Recipes' linear congruential generator: any bytes do.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            word.copy_from_slice(&state.to_le_bytes());
        }
        let len = if index == 255 { block.len() - 333 } else { block.len() };
        std::os::unix::fs::FileExt::write_all_at(&file, &block[..len], index << 20)
            .context("writing the sample")?;
    }
    file.flush().and_then(|()| file.sync_all()).context("writing the sample")
}
