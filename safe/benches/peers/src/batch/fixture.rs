//! A file, blocks of memory, and where each is to go next.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use bareio::{Align, AlignedBuf, Native};
use tempfile::NamedTempFile;

use super::Shape;

/// Bytes of one operation.
pub(super) const BLOCK_LEN: usize = 4096;
/// Bytes of a file that is read and written directly, and of one that is not.
const DIRECT_LEN: usize = 64 << 20;
const BUFFERED_LEN: usize = 8 << 20;

pub(super) struct Fixture {
    pub(super) file: File,
    pub(super) memory: AlignedBuf<Native>,
    /// One for each block of the memory.
    pub(super) offsets: Vec<u64>,
    blocks: u64,
    random: fastrand::Rng,
    /// Removes the file when it goes.
    _name: NamedTempFile,
}

impl Fixture {
    pub(super) fn new(Shape { is_direct, count, .. }: Shape) -> Result<Self, String> {
        let len = if is_direct { DIRECT_LEN } else { BUFFERED_LEN };
        let name = written(len).map_err(|error| format!("no file: {error}"))?;
        let flags = if is_direct { libc::O_DIRECT } else { 0 };
        let open = File::options().read(true).write(true).custom_flags(flags).open(name.path());
        let file =
            open.map_err(|error| format!("no such file here, set TMPDIR to another file system: {error}"))?;
        let memory = AlignedBuf::new(bareio::host::NATIVE, count * BLOCK_LEN, Align::KIB_4);
        let mut memory = memory.map_err(|error| error.to_string())?;
        memory.extend_from_slice(&vec![1; count * BLOCK_LEN]).map_err(|error| error.to_string())?;
        let blocks = (len / BLOCK_LEN) as u64;
        let random = fastrand::Rng::with_seed(7);
        let mut fixture = Self { file, memory, offsets: vec![0; count], blocks, random, _name: name };
        fixture.draw();
        Ok(fixture)
    }

    /// Draws where each block goes next.
    pub(super) fn draw(&mut self) {
        for offset in &mut self.offsets {
            *offset = self.random.u64(..self.blocks) * BLOCK_LEN as u64;
        }
    }
}

/// A file that was written and flushed.
fn written(len: usize) -> std::io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    let piece = vec![1; 1 << 20];
    for _ in 0..len / piece.len() {
        file.write_all(&piece)?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}
