//! What the tests share: every claim is tried in every way in which operations are carried out.

use std::path::PathBuf;
use std::time::Duration;

use bareio::core::Errno;
use bareio::core::sim::{Builder as SimBuilder, Sim, Threads};
use bareio::file::OpenOptions;
use bareio::sched::{Base, Drive, Kept, Scheduler, VirtualFile};

/// How many seeds each claim is tried with on the kernel in memory.
pub(crate) const SEEDS: u64 = if cfg!(miri) { 1 } else { 20 };

/// Where the files of a test are.
pub(crate) trait Disk {
    fn path(&self, name: &str) -> PathBuf;
    fn contents(&self, name: &str) -> Option<Vec<u8>>;
    fn put(&self, name: &str, bytes: &[u8]);
}

impl Disk for Sim {
    fn path(&self, name: &str) -> PathBuf {
        name.into()
    }

    fn contents(&self, name: &str) -> Option<Vec<u8>> {
        Self::contents(self, name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        Self::put(self, name, bytes).unwrap();
    }
}

/// A folder of this host.
#[cfg(all(unix, not(miri)))]
pub(crate) struct Folder(tempfile::TempDir);

#[cfg(all(unix, not(miri)))]
impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

#[cfg(all(unix, not(miri)))]
impl Disk for Folder {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn contents(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.0.path().join(name)).ok()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join(name), bytes).unwrap();
    }
}

fn id() -> u64 {
    thread_local!(static ID: u8 = const { 0 });
    ID.with(|id| std::ptr::from_ref(id).addr() as u64)
}

pub(crate) fn threads() -> Threads {
    Threads { yield_now: std::thread::yield_now, id }
}

/// Kernels in memory with registered files, with rings that cannot have them, and without rings.
pub(crate) fn kernels(change: impl Fn(SimBuilder) -> SimBuilder) -> Vec<(&'static str, Sim)> {
    let build = |builder: SimBuilder| change(builder.threads(threads())).build();
    vec![
        ("6.18", build(Sim::like_6_18())),
        ("5.10", build(Sim::like_5_10())),
        ("nothing registered", build(Sim::like_6_18().without_register(Errno::PERM))),
        ("no rings", build(Sim::like_6_18().without_rings(Errno::NOSYS))),
    ]
}

/// Tries a claim with four slots on kernels in memory that are never short. Nothing is left open.
pub(crate) fn in_memory(claim: fn(&str, &Scheduler<Sim>, &dyn Disk)) {
    for seed in 0..SEEDS {
        for (kernel, sim) in kernels(|sim| sim.calm().seed(seed)) {
            let way = format!("{kernel}, seed {seed}");
            let scheduler =
                Scheduler::builder().files(4).drive(Drive::Caller).with_kernel(sim.clone()).unwrap();
            assert_eq!(scheduler.files().kept() == Kept::Registered, kernel == "6.18", "{way}");
            claim(&way, &scheduler, &sim);
            scheduler.close(Duration::from_secs(5)).unwrap();
            let statistics = scheduler.statistics();
            assert_eq!((statistics.in_flight, statistics.unknown), (0, 0), "{way}");
            drop(scheduler);
            assert_eq!(sim.violations(), [""; 0], "{way}");
            assert_eq!(sim.census().descriptors, 0, "{way}: all is closed");
        }
    }
}

/// Tries a claim with four slots in every way of this host.
#[cfg(all(unix, not(miri)))]
pub(crate) fn on_host(claim: fn(&str, &Scheduler, &dyn Disk)) {
    for (way, scheduler) in crate::host::all(|builder| builder.files(4)) {
        let disk = Folder::new();
        claim(way, &scheduler, &disk);
    }
}

#[cfg(not(all(unix, not(miri))))]
pub(crate) fn on_host(_: fn(&str, &Scheduler, &dyn Disk)) {}

/// Tries a claim that is generic over kernels in all of these ways.
macro_rules! everywhere {
    ($claim:ident) => {{
        crate::common::in_memory($claim::<bareio::core::sim::Sim>);
        crate::common::on_host($claim::<bareio::Native>);
    }};
}
pub(crate) use everywhere;

/// To read and write, made if it is not there.
pub(crate) fn options() -> OpenOptions {
    OpenOptions::new().read(true).write(true).create(true)
}

/// A file that is open.
pub(crate) fn opened<K: Base>(scheduler: &Scheduler<K>, disk: &dyn Disk, name: &str) -> VirtualFile<K> {
    let file = scheduler.files().claim().unwrap();
    scheduler.run(file.open(disk.path(name), &options())).unwrap();
    file
}
