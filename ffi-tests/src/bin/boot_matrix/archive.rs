//! The initial file system of a kernel: a `cpio` archive of the kind `newc`, which is all that kernels read.

use std::fmt::Write as _;

/// Such an archive, being written.
pub(crate) struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), entries: 0 }
    }

    pub(crate) fn folder(&mut self, name: &str) {
        self.entry(name, 0o040_755, &[]);
    }

    /// A file that can be executed.
    pub(crate) fn program(&mut self, name: &str, contents: &[u8]) {
        self.entry(name, 0o100_755, contents);
    }

    /// The console, which process 1 finds opened as its standard output.
    pub(crate) fn console(&mut self) {
        self.folder("dev");
        self.device("dev/console", 5, 1);
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn device(&mut self, name: &str, major: u32, minor: u32) {
        self.head(name, 0o020_600, 0, [major, minor]);
    }

    fn entry(&mut self, name: &str, mode: u32, contents: &[u8]) {
        self.head(name, mode, contents.len(), [0, 0]);
        self.bytes.extend(contents);
        self.pad();
    }

    /// Thirteen numbers of eight digits each, behind a magic word.
    fn head(&mut self, name: &str, mode: u32, len: usize, device: [u32; 2]) {
        self.entries += 1;
        let (links, times, owner) = (1, 0, [0, 0]);
        let numbers = [
            self.entries,
            mode,
            owner[0],
            owner[1],
            links,
            times,
            u32::try_from(len).expect("a program is small"),
            0,
            0,
            device[0],
            device[1],
            u32::try_from(name.len() + 1).expect("a name is short"),
            0,
        ];
        let mut head = String::from("070701");
        for number in numbers {
            write!(head, "{number:08x}").expect("a String takes everything");
        }
        self.bytes.extend(head.bytes());
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
