//! The example in C builds with one command, without libc and with it, and does what it says.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Made once: a program that runs cannot be written anew.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let output =
        Command::new("make").args(["-s", "-C", FOLDER, "programs"]).output().expect("make is installed");
    assert!(output.status.success(), "make programs: {}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(FOLDER).join("target/example")
});

#[test]
fn the_example_runs_without_libc_and_with_it() {
    for name in ["freestanding", "hosted", "plusplus"] {
        let scratch = env::temp_dir().join(format!("bareio-capi-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&scratch).expect("the temporary folder can be written to");
        let program = PROGRAMS.join(name);
        let output = Command::new(program).current_dir(&scratch).output().expect("it was made");
        let left = std::fs::read(scratch.join("example.dat"));
        let _ = std::fs::remove_dir_all(scratch);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name} fails: {said}");
        assert_eq!(said, "wrote 4096 bytes, flushed them, and read the same back\n", "{name}");
        // What it wrote is in the file, by somebody else's reading.
        let left = left.expect("it leaves its file");
        assert!(left.len() == 4096 && left.starts_with(b"written without libc"), "{name}");
    }
}

#[test]
fn the_freestanding_example_needs_nothing_else() {
    let bytes = std::fs::read(PROGRAMS.join("freestanding")).expect("it was made");
    let text = String::from_utf8_lossy(&bytes);
    for foreign in ["libc.so", "ld-linux", "GLIBC", "__libc_start_main"] {
        assert!(!text.contains(foreign), "{foreign} is in it");
    }
}
