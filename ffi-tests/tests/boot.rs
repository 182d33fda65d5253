//! Programs without a standard library, a libc and an allocator, built and run as ordinary processes. The boot matrix
//! runs the larger of them as process 1.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use bareio_core::Linux;
use bareio_core::ring::Builder;
use bareio_ffi_tests::skip;

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
    let output = Command::new(PROGRAMS.join(name)).current_dir(&scratch).output().expect("it was built");
    let _ = std::fs::remove_dir_all(scratch);
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// User-mode emulation builds for the host, and this host's programs are not for the emulated processor.
fn is_emulated() -> bool {
    let emulated = env::var_os("BAREIO_EXPECT_NO_URING").is_some();
    if emulated {
        eprintln!("skipped: under emulation the script that emulates runs these programs");
    }
    emulated
}

#[test]
fn the_least_program_writes_through_a_ring_and_is_a_few_pages() {
    if is_emulated() {
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
    if is_emulated() {
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
    if is_emulated() {
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
