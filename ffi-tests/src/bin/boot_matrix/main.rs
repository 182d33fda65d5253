//! Boots kernels of the last years with `bareio-core` as process 1, and says of each what came of it.
//!
//! ```text
//! cargo run --release -p bareio-ffi-tests --bin boot_matrix             all of them
//! cargo run --release -p bareio-ffi-tests --bin boot_matrix -- 5.10 riscv64    those whose name says so
//! ```
//!
//! The kernels are Debian's, from the mirror that this machine's own apt is set up for, and stay in `target/boot-matrix`.
//! What cannot be had is said, and counts as a failure only where too little is left: see [`Verdict`]. Needs QEMU's
//! `qemu-system-*`, `apt-get`, `dpkg-deb`, `tar` and `mkfs.ext4`.

mod archive;
mod fetch;
mod kernels;
mod machine;
mod program;
mod verdict;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::time::Instant;
use std::{env, thread};

use kernels::{KERNELS, Wanted};
use verdict::{Outcome, Verdict};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let asked: Vec<String> = env::args().skip(1).collect();
    let begun = Instant::now();
    match run(&asked) {
        Ok(verdict) => {
            let holds = verdict.holds(!asked.is_empty());
            println!("{verdict}, in {} s", begun.elapsed().as_secs());
            if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("boot_matrix: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(asked: &[String]) -> Result<Verdict> {
    let chosen: Vec<&Wanted> =
        KERNELS.iter().filter(|wanted| asked.iter().all(|word| wanted.name().contains(word))).collect();
    if chosen.is_empty() {
        return Err(format!("no kernel is called {asked:?}").into());
    }
    let folder = folder();
    let mut programs = BTreeMap::new();
    for wanted in &chosen {
        let processor = wanted.processor;
        if !programs.contains_key(processor.name) {
            programs.insert(processor.name, program::build(processor)?);
        }
    }
    // Two at a time: each keeps one processor busy, and to fetch and unpack is as much work as to boot.
    let (waiting, done) = (Mutex::new(chosen.into_iter()), Mutex::new(Verdict::default()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("no thread panics with it").next();
                    let Some(wanted) = next else { break };
                    let outcome = boot(wanted, &folder, &programs[wanted.processor.name]);
                    println!("{outcome}");
                    done.lock().expect("no thread panics with it").take(wanted, outcome);
                }
            });
        }
    });
    Ok(done.into_inner().expect("no thread panicked"))
}

/// Fetches, boots and reads one.
fn boot(wanted: &Wanted, folder: &Path, program: &Path) -> Outcome {
    let name = wanted.name();
    match fetch::kernel(wanted, &folder.join(&name)) {
        Ok(kernel) => machine::run(wanted, &kernel, program, &folder.join(&name)),
        Err(error) => Outcome::missing(&name, &error.to_string()),
    }
}

/// Where everything is kept: below the build's own folder, wherever that is.
fn folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| top().join("target"), PathBuf::from);
    target.join("boot-matrix")
}

/// The folder of the repository.
fn top() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Runs a program to its end, and fails with what it said.
fn call(command: &mut Command) -> Result<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing").to_owned();
    Err(format!("{name} failed: {line}").into())
}
