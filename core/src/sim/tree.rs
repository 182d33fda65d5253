//! Names: a tree of directories, and the journal of what a power cut would undo.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::file::{Dir, Inode, Kind, OpenFile};
use super::random::Random;
use crate::errno::{Errno, Result};
use crate::kernel::{OpenFlags, RenameFlags, UnlinkFlags};
use crate::sync::Mutex;

/// One name that is to lead somewhere, or nowhere any more.
#[derive(Debug)]
struct Entry {
    dir: Arc<Inode>,
    name: Vec<u8>,
    inode: Option<Arc<Inode>>,
}

/// The tree, and the changes of names that are not known to be on the disk. They reach it in order, each whole,
/// as in the file systems that keep a journal; flushing a directory takes along whatever came before.
#[derive(Debug)]
pub(super) struct Tree {
    root: Arc<Inode>,
    journal: Vec<Vec<Entry>>,
    inodes: u64,
}

const REGULAR: u16 = 0o100_000;
const DIRECTORY: u16 = 0o040_000;
const PIPE: u16 = 0o010_000;

impl Tree {
    pub(super) fn new() -> Self {
        let kind = Kind::Dir(Mutex::default());
        let root = Arc::new(Inode { number: 1, mode: DIRECTORY | 0o755, kind });
        Self { root, journal: Vec::new(), inodes: 1 }
    }

    pub(super) const fn root(&self) -> &Arc<Inode> {
        &self.root
    }

    /// A new inode, which has no name yet.
    pub(super) fn inode(&mut self, kind: Kind, mode: u32) -> Arc<Inode> {
        let bits = match kind {
            Kind::File(_) => REGULAR,
            Kind::Dir(_) => DIRECTORY,
            Kind::Pipe(_) => PIPE,
        };
        self.inodes += 1;
        let permissions = (mode & 0o7777) as u16;
        Arc::new(Inode { number: self.inodes, mode: bits | permissions, kind })
    }

    fn commit(&mut self, change: Vec<Entry>) {
        for entry in &change {
            let Some(dir) = entry.dir.dir() else { continue };
            set(&mut dir.lock().now, entry);
        }
        self.journal.push(change);
    }

    /// Where a path leads.
    pub(super) fn find(&self, from: &Arc<Inode>, path: &[u8]) -> Result<Arc<Inode>> {
        let (dir, name) = self.parent(from, path)?;
        match name {
            None => Ok(dir),
            Some(name) => {
                let found = names(&dir)?.lock().now.get(name).cloned();
                found.ok_or(Errno::NOENT)
            }
        }
    }

    /// The directory that holds the last name of a path, and that name; none if the path ends in a directory as
    /// such (`/`, `.`).
    fn parent<'p>(&self, from: &Arc<Inode>, path: &'p [u8]) -> Result<(Arc<Inode>, Option<&'p [u8]>)> {
        if path.is_empty() {
            return Err(Errno::NOENT);
        }
        let mut dir = if path[0] == b'/' { &self.root } else { from }.clone();
        let mut parts =
            path.split(|&byte| byte == b'/').filter(|&part| !part.is_empty() && part != b".").peekable();
        while let Some(part) = parts.next() {
            if part == b".." || part.len() > 255 {
                // There are no links upwards here.
                return Err(if part == b".." { Errno::OPNOTSUPP } else { Errno::NAMETOOLONG });
            }
            if parts.peek().is_none() {
                names(&dir)?;
                return Ok((dir, Some(part)));
            }
            let next = names(&dir)?.lock().now.get(part).cloned();
            dir = next.ok_or(Errno::NOENT)?;
        }
        names(&dir)?;
        Ok((dir, None))
    }

    pub(super) fn open(
        &mut self,
        from: &Arc<Inode>,
        path: &[u8],
        flags: OpenFlags,
        mode: u32,
    ) -> Result<OpenFile> {
        let writes = flags.contains(OpenFlags::WRITE);
        if flags.contains(OpenFlags::TEMPORARY) {
            names(&self.find(from, path)?)?;
            if !writes {
                return Err(Errno::INVAL);
            }
            let inode = self.inode(Kind::File(Mutex::default()), mode);
            return Ok(OpenFile::new(inode, flags));
        }
        let (dir, name) = self.parent(from, path)?;
        let Some(name) = name else {
            return if writes { Err(Errno::ISDIR) } else { Ok(OpenFile::new(dir, flags)) };
        };
        let found = names(&dir)?.lock().now.get(name).cloned();
        let create = flags.contains(OpenFlags::CREATE);
        let inode = match found {
            Some(_) if create && flags.contains(OpenFlags::EXCLUSIVE) => return Err(Errno::EXIST),
            Some(inode) => inode,
            None if !create => return Err(Errno::NOENT),
            None if path.ends_with(b"/") => return Err(Errno::ISDIR),
            None => {
                let inode = self.inode(Kind::File(Mutex::default()), mode);
                self.commit(alloc::vec![Entry { dir, name: name.to_vec(), inode: Some(inode.clone()) }]);
                inode
            }
        };
        match &inode.kind {
            Kind::Dir(_) if writes || create => return Err(Errno::ISDIR),
            Kind::File(_) if flags.contains(OpenFlags::DIRECTORY) => return Err(Errno::NOTDIR),
            Kind::File(content) if flags.contains(OpenFlags::TRUNCATE) && writes => content.lock().set_len(0),
            _ => {}
        }
        Ok(OpenFile::new(inode, flags))
    }

    pub(super) fn unlink(&mut self, from: &Arc<Inode>, path: &[u8], flags: UnlinkFlags) -> Result<()> {
        let (dir, name) = self.parent(from, path)?;
        let name = name.ok_or(Errno::BUSY)?;
        let inode = names(&dir)?.lock().now.get(name).cloned().ok_or(Errno::NOENT)?;
        match (inode.dir(), flags.contains(UnlinkFlags::REMOVE_DIR)) {
            (Some(_), false) => return Err(Errno::ISDIR),
            (None, true) => return Err(Errno::NOTDIR),
            (Some(dir), true) if !dir.lock().now.is_empty() => return Err(Errno::NOTEMPTY),
            _ => {}
        }
        self.commit(alloc::vec![Entry { dir, name: name.to_vec(), inode: None }]);
        Ok(())
    }

    pub(super) fn make_dir(&mut self, from: &Arc<Inode>, path: &[u8], mode: u32) -> Result<()> {
        let (dir, name) = self.parent(from, path)?;
        let name = name.ok_or(Errno::EXIST)?;
        if names(&dir)?.lock().now.contains_key(name) {
            return Err(Errno::EXIST);
        }
        let inode = self.inode(Kind::Dir(Mutex::default()), mode);
        self.commit(alloc::vec![Entry { dir, name: name.to_vec(), inode: Some(inode) }]);
        Ok(())
    }

    pub(super) fn rename(
        &mut self,
        (from_dir, from): (&Arc<Inode>, &[u8]),
        (to_dir, to): (&Arc<Inode>, &[u8]),
        flags: RenameFlags,
    ) -> Result<()> {
        let (from_dir, from) = self.parent(from_dir, from)?;
        let (to_dir, to) = self.parent(to_dir, to)?;
        let (Some(from), Some(to)) = (from, to) else { return Err(Errno::BUSY) };
        let exchange = flags.contains(RenameFlags::EXCHANGE);
        let only_new = flags.contains(RenameFlags::NOREPLACE);
        if exchange && only_new {
            return Err(Errno::INVAL);
        }
        let moved = names(&from_dir)?.lock().now.get(from).cloned().ok_or(Errno::NOENT)?;
        let target = names(&to_dir)?.lock().now.get(to).cloned();
        let replaced = match &target {
            Some(_) if only_new => return Err(Errno::EXIST),
            None if exchange => return Err(Errno::NOENT),
            Some(target) if Arc::ptr_eq(target, &moved) => return Ok(()),
            Some(target) if !exchange => match (moved.dir(), target.dir()) {
                (Some(_), None) => return Err(Errno::NOTDIR),
                (None, Some(_)) => return Err(Errno::ISDIR),
                (Some(_), Some(dir)) if !dir.lock().now.is_empty() => return Err(Errno::NOTEMPTY),
                _ => None,
            },
            other => other.clone(),
        };
        let swallows_itself = is_within(&moved, &to_dir);
        if swallows_itself || replaced.as_ref().is_some_and(|target| is_within(target, &from_dir)) {
            return Err(Errno::INVAL);
        }
        self.commit(alloc::vec![
            Entry { dir: from_dir, name: from.to_vec(), inode: replaced },
            Entry { dir: to_dir, name: to.to_vec(), inode: Some(moved) },
        ]);
        Ok(())
    }

    /// Bytes that all named files take up.
    pub(super) fn allocated(&self) -> u64 {
        fn below(inode: &Inode) -> u64 {
            match &inode.kind {
                Kind::File(content) => content.lock().now().allocated(),
                Kind::Dir(dir) => dir.lock().now.values().map(|inode| below(inode)).sum(),
                Kind::Pipe(_) => 0,
            }
        }
        below(&self.root)
    }

    /// A directory was flushed: its names survive, and so does every change of names before their last.
    pub(super) fn flush(&mut self, dir: &Arc<Inode>) {
        let touches = |change: &Vec<Entry>| change.iter().any(|entry| Arc::ptr_eq(&entry.dir, dir));
        let covered = self.journal.iter().rposition(touches).map_or(0, |last| last + 1);
        for entry in self.journal.drain(..covered).flatten() {
            let Some(dir) = entry.dir.dir() else { continue };
            set(&mut dir.lock().disk, &entry);
        }
    }

    /// Every name survives.
    pub(super) fn flush_all(&mut self) {
        for entry in self.journal.drain(..).flatten() {
            let Some(dir) = entry.dir.dir() else { continue };
            set(&mut dir.lock().disk, &entry);
        }
    }

    /// The tree that a power cut leaves.
    pub(super) fn survivor(&self, random: &mut Random) -> Self {
        let arrived = random.index(self.journal.len() + 1);
        let arrived: Vec<&Entry> = self.journal[..arrived].iter().flatten().collect();
        let mut new = Self::new();
        new.inodes = self.inodes;
        let mut copies = Vec::new();
        let root = new.root.clone();
        rebuild(&self.root, &root, &arrived, &mut copies, random);
        new
    }
}

fn names(dir: &Arc<Inode>) -> Result<&Mutex<Dir>> {
    dir.dir().ok_or(Errno::NOTDIR)
}

fn set(names: &mut super::file::Names, entry: &Entry) {
    match &entry.inode {
        Some(inode) => drop(names.insert(entry.name.clone(), inode.clone())),
        None => drop(names.remove(&entry.name)),
    }
}

/// Whether `dir` is `above` or somewhere below it.
fn is_within(above: &Arc<Inode>, dir: &Arc<Inode>) -> bool {
    if Arc::ptr_eq(above, dir) {
        return true;
    }
    let below: Vec<_> =
        above.dir().map(|names| names.lock().now.values().cloned().collect()).unwrap_or_default();
    below.iter().any(|inode| is_within(inode, dir))
}

/// Copies what survives of the directory `old` into `new`; a file with several names stays one file.
fn rebuild(
    old: &Arc<Inode>,
    new: &Arc<Inode>,
    arrived: &[&Entry],
    copies: &mut Vec<(Arc<Inode>, Arc<Inode>)>,
    random: &mut Random,
) {
    let (Some(old_dir), Some(new_dir)) = (old.dir(), new.dir()) else { return };
    let mut names = old_dir.lock().disk.clone();
    for entry in arrived.iter().filter(|entry| Arc::ptr_eq(&entry.dir, old)) {
        set(&mut names, entry);
    }
    for (name, inode) in names {
        let known = copies.iter().find(|(known, _)| Arc::ptr_eq(known, &inode));
        let copy = if let Some((_, copy)) = known {
            copy.clone()
        } else {
            let kind = match &inode.kind {
                Kind::File(content) => Kind::File(Mutex::new(content.lock().survivor(random))),
                Kind::Dir(_) => Kind::Dir(Mutex::default()),
                Kind::Pipe(_) => continue,
            };
            let copy = Arc::new(Inode { number: inode.number, mode: inode.mode, kind });
            copies.push((inode.clone(), copy.clone()));
            rebuild(&inode, &copy, arrived, copies, random);
            copy
        };
        let mut dir = new_dir.lock();
        dir.now.insert(name.clone(), copy.clone());
        dir.disk.insert(name, copy);
    }
}
