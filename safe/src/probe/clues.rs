//! Settings and limits of the system that decide about rings.

use std::fs;

use bareio_core::Errno;
use bareio_core::ring::Reason;

use crate::error::{Error, ErrorKind, Why};

/// Settings and limits that decide about rings, as far as this system tells them. On other systems than Linux it tells
/// none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Clues {
    /// The sysctl `kernel.io_uring_disabled`: 0 allows rings, 1 only to the group of `kernel.io_uring_group` and to whoever has
    /// `CAP_SYS_ADMIN`, 2 to nobody. Linux 6.6.
    pub io_uring_disabled: Option<u32>,
    /// Whether this process runs under a filter of system calls (seccomp), as in most containers.
    pub is_filtered: Option<bool>,
    /// Whether `SELinux` enforces its policy.
    pub selinux_enforces: Option<bool>,
    /// How much memory may be locked, in bytes: `RLIMIT_MEMLOCK`.
    pub locked_memory: Option<Limit>,
    /// How many descriptors may be open: `RLIMIT_NOFILE`.
    pub descriptors: Option<Limit>,
    release: Option<(u32, u32)>,
    system: String,
}

/// A limit of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What applies now; `None`: no limit.
    pub soft: Option<u64>,
    /// Up to what it may be raised; `None`: no limit.
    pub hard: Option<u64>,
}

impl Clues {
    pub(super) fn collect() -> Self {
        #[cfg(unix)]
        let (system, release) = system();
        #[cfg(not(unix))]
        let (system, release) = (format!("{} {}", std::env::consts::OS, std::env::consts::ARCH), None);
        Self {
            io_uring_disabled: read("/proc/sys/kernel/io_uring_disabled").and_then(|text| text.parse().ok()),
            is_filtered: read("/proc/self/status").and_then(|status| {
                let mode = status.lines().find_map(|line| line.strip_prefix("Seccomp:"))?.trim().to_owned();
                Some(mode != "0")
            }),
            selinux_enforces: read("/sys/fs/selinux/enforce").map(|enforce| enforce == "1"),
            #[cfg(target_os = "linux")]
            locked_memory: Some(limit(rustix::process::Resource::Memlock)),
            #[cfg(not(target_os = "linux"))]
            locked_memory: None,
            #[cfg(unix)]
            descriptors: Some(limit(rustix::process::Resource::Nofile)),
            #[cfg(not(unix))]
            descriptors: None,
            release,
            system,
        }
    }

    pub(super) fn system(&self) -> String {
        self.system.clone()
    }

    /// What to change after `error`, the likeliest first.
    pub(super) fn remedies(&self, error: &Error) -> Vec<String> {
        let mut remedies = Vec::new();
        let ErrorKind::Unsupported { why, .. } = error.kind() else { return remedies };
        match why.errno() {
            Some(Errno::PERM) => self.forbidden(&mut remedies),
            Some(Errno::NOSYS) => match self.release {
                Some(release) if release < (5, 1) => {
                    remedies.push(format!("use a kernel from 5.1 on; this is {}", self.system));
                }
                _ if self.is_filtered == Some(true) => self.forbidden(&mut remedies),
                Some(_) => remedies.push(
                    "the kernel is new enough: it was built without CONFIG_IO_URING, or an emulator stands before it"
                        .into(),
                ),
                None => {}
            },
            Some(Errno::NOMEM) => {
                // From 5.12 on, rings are not counted there.
                let is_counted = self.release.is_none_or(|release| release < (5, 12));
                if let Some(Limit { soft: Some(soft), hard }) = self.locked_memory.filter(|_| is_counted) {
                    let hard = hard.map_or("no limit".into(), |hard| format!("{hard} bytes"));
                    remedies.push(format!(
                        "raise RLIMIT_MEMLOCK, now {soft} bytes, up to {hard} (ulimit -l, LimitMEMLOCK= of systemd)"
                    ));
                }
            }
            Some(Errno::MFILE) => {
                if let Some(Limit { soft: Some(soft), .. }) = self.descriptors {
                    remedies.push(format!("raise RLIMIT_NOFILE, now {soft}, or close descriptors"));
                }
            }
            _ => {}
        }
        if remedies.is_empty() {
            remedies.push(match why {
                Why::Setup(error) => error.reason().remedy().to_owned(),
                Why::Errno(errno) if errno == Errno::PERM => Reason::Forbidden.remedy().to_owned(),
                _ => "see io_uring_setup(2)".to_owned(),
            });
        }
        remedies
    }

    fn forbidden(&self, remedies: &mut Vec<String>) {
        match self.io_uring_disabled {
            Some(1) => remedies.push(
                "set the sysctl kernel.io_uring_disabled from 1 to 0, or add this user to the group of kernel.io_uring_group"
                    .into(),
            ),
            Some(2) => remedies.push("set the sysctl kernel.io_uring_disabled from 2 to 0".into()),
            _ => {}
        }
        if self.is_filtered == Some(true) {
            remedies.push(
                "this process runs under a seccomp filter: allow io_uring_setup, io_uring_enter and io_uring_register in the \
                 container's profile (docker run --security-opt seccomp=…)"
                    .into(),
            );
        }
        if self.selinux_enforces == Some(true) {
            remedies.push("SELinux enforces its policy: allow the class io_uring to this domain".into());
        }
    }
}

/// A file of the system's, without the white space at its end.
fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim_end().to_owned())
}

#[cfg(unix)]
fn system() -> (String, Option<(u32, u32)>) {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|number| number.parse().ok());
    let version = numbers.next().zip(numbers.next()).filter(|_| cfg!(target_os = "linux"));
    let text = format!("{} {release} {}", name.sysname().to_string_lossy(), name.machine().to_string_lossy());
    (text, version)
}

#[cfg(unix)]
fn limit(resource: rustix::process::Resource) -> Limit {
    let limit = rustix::process::getrlimit(resource);
    Limit { soft: limit.current, hard: limit.maximum }
}

#[cfg(test)]
mod tests {
    use bareio_core::abi::SetupFlags;
    use bareio_core::ring::{SetupError, Step};

    use super::*;

    fn refused(errno: Errno) -> Error {
        SetupError { step: Step::Setup, errno, setup: SetupFlags::NONE }.into()
    }

    #[test]
    fn what_forbids_rings_is_named_with_its_cure() {
        let clues = Clues { io_uring_disabled: Some(2), is_filtered: Some(false), ..Clues::default() };
        assert_eq!(
            clues.remedies(&refused(Errno::PERM)),
            ["set the sysctl kernel.io_uring_disabled from 2 to 0"]
        );
        let clues = Clues { is_filtered: Some(true), release: Some((6, 1)), ..Clues::default() };
        for errno in [Errno::PERM, Errno::NOSYS] {
            let remedies = clues.remedies(&refused(errno));
            assert!(remedies.len() == 1 && remedies[0].contains("seccomp"), "{errno}: {remedies:?}");
        }
    }

    #[test]
    fn an_old_kernel_is_told_apart_from_a_filter_and_a_limit_comes_with_its_number() {
        let old = Clues { release: Some((4, 19)), system: "Linux 4.19.0".into(), ..Clues::default() };
        assert!(old.remedies(&refused(Errno::NOSYS))[0].contains("4.19"));

        let locked = Some(Limit { soft: Some(65_536), hard: None });
        let poor = Clues { locked_memory: locked, release: Some((5, 10)), ..Clues::default() };
        assert!(poor.remedies(&refused(Errno::NOMEM))[0].contains("65536"));
        // From 5.12 on, rings are not counted there, so it would not help.
        let newer = Clues { release: Some((6, 1)), ..poor };
        assert!(!newer.remedies(&refused(Errno::NOMEM))[0].contains("65536"));
    }

    #[test]
    fn there_is_always_something_to_try() {
        for errno in 1..134 {
            let Some(errno) = Errno::new(errno) else { continue };
            assert!(!Clues::default().remedies(&refused(errno)).is_empty(), "{errno}");
        }
    }
}
