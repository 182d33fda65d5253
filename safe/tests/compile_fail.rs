//! Misuse that does not compile: a program each in `compile_fail/`, and beside it what the compiler says of it.
//! What is found only when code is made of a program, the example at
//! [`Driver::submit_linked`](bareio::core::ticket::Driver::submit_linked) has.
//!
//! Compilers word things differently, so it is the pinned one whose words are kept. `TRYBUILD=overwrite` writes them down
//! anew.

use std::path::Path;
use std::process::Command;

/// As many as there are at least: a pattern that matches no file would pass.
const LEAST: usize = 25;

#[test]
fn misuse_does_not_compile() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail");
    let is_program = |path: &Path| path.extension().is_some_and(|extension| extension == "rs");
    let entries = std::fs::read_dir(folder).unwrap();
    let count = entries.filter(|entry| is_program(&entry.as_ref().unwrap().path())).count();
    assert!(count >= LEAST, "there are {count} programs, and should be {LEAST} at least");
    if can_be_tried(count) {
        trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
    }
}

/// Whether `count` programs can be tried. If not, says so; with `BAREIO_REQUIRE_ALL` set, that is a failure.
fn can_be_tried(count: usize) -> bool {
    let Err(reason) = is_pinned() else { return true };
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    let may_skip = std::env::var_os("BAREIO_REQUIRE_ALL").is_none();
    assert!(may_skip, "{name}: {count} programs may not be skipped: {reason}");
    eprintln!("skipped {name}, {count} programs: {reason}");
    false
}

/// Whether the compiler that tests are made with is the one whose words are kept, and can be asked for more.
fn is_pinned() -> Result<(), String> {
    let toolchain = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rust-toolchain.toml");
    // A package that was published has none.
    let pinned =
        std::fs::read_to_string(toolchain).map_err(|error| format!("no compiler is pinned: {error}"))?;
    let pinned = pinned.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    let said = Command::new("rustc").arg("-vV").output().map_err(|error| format!("no compiler: {error}"))?;
    let said = String::from_utf8_lossy(&said.stdout);
    let field = |name| said.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown").trim();
    let (release, host) = (field("release:"), field("host:"));
    if release != pinned {
        return Err(format!("the compiler is {release}, and the words are those of {pinned}"));
    }
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    if (arch, os) != ("x86_64", "linux") || !host.starts_with("x86_64-unknown-linux") {
        return Err(format!("the words are those for x86_64 and linux, not for {arch} and {os} on {host}"));
    }
    Ok(())
}
