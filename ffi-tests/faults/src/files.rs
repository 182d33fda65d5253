//! The files of one flat directory, in memory.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Number of the directory itself.
pub(crate) const ROOT: u64 = 1;

#[derive(Debug, Default)]
pub(crate) struct Files(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    names: BTreeMap<OsString, u64>,
    /// What was removed stays for as long as the program runs: somebody may have it open.
    contents: BTreeMap<u64, Vec<u8>>,
}

impl Files {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number and length of the file with this name.
    pub(crate) fn find(&self, name: &OsStr) -> Option<(u64, u64)> {
        let state = self.state();
        let ino = *state.names.get(name)?;
        Some((ino, state.contents[&ino].len() as u64))
    }

    pub(crate) fn len(&self, ino: u64) -> Option<u64> {
        self.state().contents.get(&ino).map(|content| content.len() as u64)
    }

    pub(crate) fn create(&self, name: &OsStr) -> u64 {
        let mut state = self.state();
        let ino = state.contents.keys().next_back().map_or(ROOT + 1, |last| last + 1);
        state.contents.insert(ino, Vec::new());
        state.names.insert(name.to_owned(), ino);
        ino
    }

    pub(crate) fn remove(&self, name: &OsStr) -> bool {
        self.state().names.remove(name).is_some()
    }

    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> bool {
        let mut state = self.state();
        let Some(ino) = state.names.remove(from) else { return false };
        state.names.insert(to.to_owned(), ino);
        true
    }

    pub(crate) fn names(&self) -> Vec<(OsString, u64)> {
        self.state().names.iter().map(|(name, ino)| (name.clone(), *ino)).collect()
    }

    pub(crate) fn content(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        let ino = state.names.get(OsStr::new(name))?;
        state.contents.get(ino).cloned()
    }

    pub(crate) fn read(&self, ino: u64, offset: u64, len: usize) -> Vec<u8> {
        let state = self.state();
        let Some(content) = state.contents.get(&ino) else { return Vec::new() };
        let begin = usize::try_from(offset).map_or(content.len(), |offset| offset.min(content.len()));
        content[begin..content.len().min(begin.saturating_add(len))].to_vec()
    }

    pub(crate) fn write(&self, ino: u64, offset: u64, data: &[u8]) {
        self.change(ino, |content| {
            let begin = usize::try_from(offset).expect("tests stay small");
            let end = begin + data.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[begin..end].copy_from_slice(data);
        });
    }

    pub(crate) fn resize(&self, ino: u64, len: u64) {
        self.change(ino, |content| content.resize(usize::try_from(len).expect("tests stay small"), 0));
    }

    /// Makes a file at least so long.
    pub(crate) fn reach(&self, ino: u64, len: u64) {
        if self.len(ino).is_some_and(|now| now < len) {
            self.resize(ino, len);
        }
    }

    fn change(&self, ino: u64, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(content) = self.state().contents.get_mut(&ino) {
            change(content);
        }
    }
}
