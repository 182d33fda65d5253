//! Programs without a standard library, a libc and an allocator, built and run as ordinary processes. The boot matrix
//! runs the larger of them as process 1.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use bareio_core::Linux;
use bareio_core::ring::Builder;
use bareio_ffi_tests::skip;

/// How long a program may run; the longer one takes half a second. One that a ring lets down waits for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where both programs are, built once.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/boot"));
    let target = match env::consts::ARCH {
        "riscv64" => "riscv64gc-unknown-linux-gnu".to_owned(),
        other => format!("{other}-unknown-linux-gnu"),
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--target", &target, "--target-dir"])
        .arg(folder.join("target"))
        .current_dir(&folder)
        // Its own flags stand in its folder, and are taken from there only if no others are given.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .expect("cargo runs this test, so it is there");
    assert!(status.success(), "a program over bareio-core does not link without std, libc and an allocator");
    folder.join("target").join(target).join("release")
});

/// Runs a program in a folder of its own, and returns what it said.
fn run(name: &str) -> (bool, String) {
    let scratch = env::temp_dir().join(format!("bareio-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).expect("the temporary folder can be written to");
    let mut program = Command::new(PROGRAMS.join(name));
    let child = program.current_dir(&scratch).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("it was built");
    let begun = Instant::now();
    while child.try_wait().expect("it is ours").is_none() && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill(); // it has ended, or never does
    let output = child.wait_with_output().expect("it is ours");
    let _ = std::fs::remove_dir_all(scratch);
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether the programs cannot be tried here, which is said.
fn is_skipped() -> bool {
    if env::var_os("BAREIO_EXPECT_NO_URING").is_some() {
        eprintln!("skipped: under emulation the script that emulates runs these programs");
        return true;
    }
    let rustc =
        Command::new("rustc").args(["--print", "target-libdir"]).output().expect("it has built this test");
    let libraries = PathBuf::from(String::from_utf8_lossy(&rustc.stdout).trim());
    let linker = libraries.with_file_name("bin").join("rust-lld");
    if !linker.exists() {
        skip(&format!("{} is not there; install Rust with rustup, which brings it", linker.display()));
        return true;
    }
    false
}

#[test]
fn the_least_program_writes_through_a_ring_and_is_a_few_pages() {
    if is_skipped() {
        return;
    }
    let bytes = std::fs::read(PROGRAMS.join("least")).expect("it was built");
    assert!(bytes.len() <= 20 << 10, "{} bytes are more than 20 KiB", bytes.len());
    if let Err(error) = Builder::new(4).build(Linux) {
        return skip(&error.to_string());
    }
    assert_eq!(run("least"), (true, "PASS\n".to_owned()));
}

#[test]
fn the_conformance_script_passes_on_this_kernel() {
    if is_skipped() {
        return;
    }
    let (well, said) = run("boot");
    let verdict = said.lines().last().unwrap_or_default();
    assert!(well && verdict.starts_with("PASS "), "{said}");
    assert!(verdict.contains("places=cached"), "the script had no file to run on: {verdict}");
    eprintln!("{verdict}");
}

#[test]
fn nothing_is_loaded_beside_the_program() {
    /// Program headers that name an interpreter, and what it is to load.
    const LOADED: [u32; 2] = [2, 3];
    if is_skipped() {
        return;
    }
    for name in ["least", "boot"] {
        let bytes = std::fs::read(PROGRAMS.join(name)).expect("it was built");
        let number = |at: usize, len: usize| {
            bytes[at..at + len].iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
        };
        let (first, size, count) = (number(32, 8), number(54, 2), number(56, 2));
        assert!(bytes.starts_with(b"\x7fELF\x02\x01") && count > 0, "{name} is no program of 64 bits");
        for header in 0..count {
            let kind = u32::try_from(number(first + header * size, 4)).expect("four bytes");
            assert!(
                !LOADED.contains(&kind),
                "{name} wants something loaded: header {header} is of kind {kind}"
            );
        }
    }
}
