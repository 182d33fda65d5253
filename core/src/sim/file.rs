//! What names lead to, and what descriptors stand for.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use super::content::Content;
use crate::kernel::OpenFlags;
use crate::sync::Mutex;

/// The names in a directory.
pub(super) type Names = BTreeMap<Vec<u8>, Arc<Inode>>;

/// A file, a directory or a pipe. The locks within are only ever taken under the kernel's own, so nobody waits.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) number: u64,
    pub(super) mode: u16,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    File(Mutex<Content>),
    Dir(Mutex<Dir>),
    Pipe(Mutex<Pipe>),
}

/// A directory: what its names are, and what they would be after a power cut.
#[derive(Debug, Default)]
pub(super) struct Dir {
    pub(super) now: Names,
    pub(super) disk: Names,
}

/// How many bytes a pipe holds.
const PIPE: usize = 65536;

#[derive(Debug, Default)]
pub(super) struct Pipe {
    pub(super) bytes: VecDeque<u8>,
    pub(super) readers: Weak<()>,
    pub(super) writers: Weak<()>,
}

impl Pipe {
    pub(super) fn room(&self) -> usize {
        PIPE - self.bytes.len()
    }
}

impl Inode {
    pub(super) fn content(&self) -> Option<&Mutex<Content>> {
        match &self.kind {
            Kind::File(content) => Some(content),
            _ => None,
        }
    }

    pub(super) fn dir(&self) -> Option<&Mutex<Dir>> {
        match &self.kind {
            Kind::Dir(dir) => Some(dir),
            _ => None,
        }
    }

    pub(super) fn pipe(&self) -> Option<&Mutex<Pipe>> {
        match &self.kind {
            Kind::Pipe(pipe) => Some(pipe),
            _ => None,
        }
    }
}

/// What a descriptor, a registered slot or an operation in flight holds: an inode as it was opened.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) inode: Arc<Inode>,
    pub(super) flags: OpenFlags,
    pub(super) position: Mutex<u64>,
    /// Held by an end of a pipe, so that the other end can tell when the last one is gone.
    _end: Option<Arc<()>>,
}

impl OpenFile {
    pub(super) const fn new(inode: Arc<Inode>, flags: OpenFlags) -> Self {
        Self { inode, flags, position: Mutex::new(0), _end: None }
    }

    /// An end of a pipe, which keeps `end` alive.
    pub(super) const fn of_pipe(inode: Arc<Inode>, flags: OpenFlags, end: Arc<()>) -> Self {
        Self { inode, flags, position: Mutex::new(0), _end: Some(end) }
    }

    pub(super) const fn reads(&self) -> bool {
        self.flags.contains(OpenFlags::READ)
    }

    pub(super) const fn writes(&self) -> bool {
        self.flags.contains(OpenFlags::WRITE)
    }
}
