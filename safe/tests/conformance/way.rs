//! A way to carry operations out, and where its files are.

use std::path::PathBuf;

use bareio::batch::Lent;
use bareio::core::Kernel;
use bareio::file::OpenOptions;
use bareio::{File, Result};

use crate::step::Step;

/// Where files are, and by which way of the kernel they are reached.
pub(crate) trait Host: Sized {
    type Kernel: Kernel + Clone + 'static;

    /// Which way this is.
    const NAME: &'static str;

    /// How many seeds each claim is tried with; one where nothing is drawn.
    fn seeds() -> u64;

    /// Sets everything up, or says why it cannot be had here.
    fn set_up(seed: u64) -> Result<Self, String>;

    /// With which seed it was set up.
    fn seed(&self) -> u64;

    fn kernel(&self) -> Self::Kernel;

    /// Which backend a batcher is to have.
    fn backend() -> bareio::batch::Backend;

    fn path(&self, name: &str) -> PathBuf;

    fn open(&self, name: &str, options: &OpenOptions) -> Result<File<Self::Kernel>>;

    /// All the bytes of a file.
    fn contents(&self, name: &str) -> Vec<u8>;

    /// A pipe: the end to read from, and the end to write to.
    fn pipe(&self) -> (Lent<'static>, Lent<'static>);

    /// The same, and a file that takes `len` bytes and no more, or why there is none.
    fn limited(seed: u64, len: u64) -> Result<(Self, Limited<Self::Kernel>), String>;

    /// How often the kernel was asked anything, if that can be counted.
    fn asked(&self) -> Option<u64>;

    /// How many changes of a file no flush has covered, if that can be told.
    fn unflushed(&self, name: &str) -> Option<usize>;

    /// Whether nothing is in flight.
    fn is_idle(&self) -> bool;
}

/// A file with little room.
pub(crate) enum Limited<K: Kernel> {
    File(File<K>),
    Lent(Lent<'static>),
}

/// Whoever carries operations out.
pub(crate) trait Way: Sized {
    type Host: Host;

    /// Sets it up on `host`, or says why it cannot be had here.
    fn on(host: Self::Host) -> Result<Self, String>;

    fn host(&self) -> &Self::Host;

    /// Carries the steps out, and notes in each what became of it. The error is that of the lowest index.
    fn run(&mut self, steps: &mut [Step<'_>]) -> Result<()>;

    /// How many operations can be chained.
    fn longest_chain(&self) -> usize;

    /// Carries one step out.
    fn run_one(&mut self, step: Step<'_>) -> Result<Vec<u8>> {
        let mut steps = [step];
        self.run(&mut steps)?;
        let [step] = steps;
        Ok(step.bytes())
    }

    /// A file to be read and written, with these bytes in it.
    fn file(&self, name: &str, bytes: &[u8]) -> File<<Self::Host as Host>::Kernel> {
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(true);
        let file = self.host().open(name, &options).expect("a file");
        file.write_all_at(bytes, 0).expect("room");
        file
    }
}

/// Tries a claim on a way, with each of its seeds.
pub(crate) fn on<W: Way>(claim: fn(&mut W)) {
    for seed in 0..<W::Host as Host>::seeds() {
        match <W::Host as Host>::set_up(seed).and_then(W::on) {
            Ok(mut way) => {
                claim(&mut way);
                assert!(way.host().is_idle(), "seed {seed}: something is still in flight");
            }
            Err(why) => return skip(&format!("{}: {why}", <W::Host as Host>::NAME)),
        }
    }
}

/// Says that a test is skipped, and why; with `BAREIO_REQUIRE_ALL` set, that is a failure.
pub(crate) fn skip(why: &str) {
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "{name} may not be skipped: {why}");
    eprintln!("skipped {name}: {why}");
}

/// `len` bytes, from `offset`, of what tests write.
pub(crate) fn pattern(offset: usize, len: usize) -> Vec<u8> {
    (offset..offset + len).map(|at| u8::try_from(at % 251).expect("below 251")).collect()
}
