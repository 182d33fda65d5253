//! Compiles what the tests compare with. It never fails: what is missing becomes a reason, and the tests that need
//! it count as skipped.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=c");
    println!("cargo::rerun-if-env-changed=CC");
    println!("cargo::rerun-if-env-changed=CFLAGS");
    println!("cargo::rustc-check-cfg=cfg(c_layout, c_encodings, c_host, c_oracle)");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("since.h"), since()).expect("OUT_DIR is there to be written to");

    let kernel = Needs {
        probes: &["#include <sys/socket.h>", "#include <linux/version.h>", "#include <linux/io_uring.h>"],
        install: "linux-libc-dev and libc6-dev (Debian), kernel-headers and glibc-devel (Fedora)",
    };
    let liburing = Needs {
        probes: &[
            "#include <liburing.h>",
            // The youngest function of release 2.3 that we call.
            "#include <liburing.h>\nvoid *bareio_youngest = io_uring_prep_sendmsg_zc;",
        ],
        install: "liburing-dev (Debian) or liburing-devel (Fedora), 2.3 or newer",
    };
    say("BAREIO_C_LAYOUT", "c_layout", &compile("layout", &["layout"], &kernel, &out));
    say("BAREIO_C_ENCODINGS", "c_encodings", &compile("encodings", &["encodings"], &liburing, &out));
    // The headers of Debian serve every processor, the library only its own.
    let oracle = if env::var("HOST") == env::var("TARGET") {
        compile("oracle", &["oracle"], &liburing, &out)
    } else {
        Outcome::Missing("the tests are built for another machine, for which there is no liburing".into())
    };
    if matches!(oracle, Outcome::Compiled) {
        // Behind our own library, which needs it.
        println!("cargo::rustc-link-arg-tests=-luring");
    }
    say("BAREIO_C_ORACLE", "c_oracle", &oracle);
    say("BAREIO_C_HOST", "c_host", &compile("host", &["host_whole", "host_least"], &kernel, &out));
}

/// What must compile before a C file of ours can, and what to install where it does not.
struct Needs<'a> {
    probes: &'a [&'a str],
    install: &'a str,
}

/// How far compiling a C file came.
enum Outcome {
    Compiled,
    /// Something is not installed.
    Missing(String),
    /// Everything is there, and the compiler refuses: a mistake of ours, for the tests to report.
    Refused(String),
}

fn compile(library: &str, files: &[&str], needs: &Needs<'_>, out: &Path) -> Outcome {
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return Outcome::Missing("this is not Linux, and the kernel's headers are Linux's".into());
    }
    let probe = out.join("probe.c");
    fs::write(&probe, "int bareio_probe;\n").expect("OUT_DIR is there to be written to");
    if let Err(error) = builder(out).file(&probe).try_compile("bareio_probe") {
        return Outcome::Missing(format!("no C compiler ({}); install gcc or clang", first_line(&error)));
    }
    for text in needs.probes {
        fs::write(&probe, format!("{text}\nint bareio_probe;\n")).expect("OUT_DIR is there to be written to");
        if builder(out).file(&probe).try_compile("bareio_probe").is_err() {
            return Outcome::Missing(format!("`{text}` does not compile; install {}", needs.install));
        }
    }
    match builder(out)
        .files(files.iter().map(|name| format!("c/{name}.c")))
        .cargo_metadata(true)
        .cargo_warnings(true)
        .try_compile(&format!("bareio_{library}"))
    {
        Ok(()) => Outcome::Compiled,
        Err(error) => Outcome::Refused(format!("the compiler refuses c/{library}*.c: {error}")),
    }
}

fn builder(out: &Path) -> cc::Build {
    let mut build = cc::Build::new();
    build.include(out).warnings(false).cargo_metadata(false).cargo_warnings(false);
    build
}

fn first_line(error: &cc::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Tells the tests: a `cfg` if they can run, and in any case an environment variable of one line.
fn say(variable: &str, cfg: &str, outcome: &Outcome) {
    let text = match outcome {
        Outcome::Compiled => {
            println!("cargo::rustc-cfg={cfg}");
            "compiled".to_owned()
        }
        Outcome::Missing(reason) => {
            // A file that is never there: look again at the next build, what is missing may be installed by then.
            println!("cargo::rerun-if-changed=installed-since");
            format!("missing: {reason}")
        }
        Outcome::Refused(reason) => format!("refused: {reason}"),
    };
    println!("cargo::rustc-env={variable}={}", text.replace('\n', " "));
}

/// For each release of the kernel, which of `KNOWN` and `NEWER` a row of `layout.c` is.
fn since() -> String {
    let mut text = String::from("/* Written by build.rs. */\n");
    for (major, minor) in (1..=19).map(|minor| (5, minor)).chain((0..=18).map(|minor| (6, minor))) {
        write!(
            text,
            "#if LINUX_VERSION_CODE >= KERNEL_VERSION({major}, {minor}, 0)\n\
             #define AT_{major}_{minor} KNOWN\n\
             #else\n\
             #define AT_{major}_{minor} NEWER\n\
             #endif\n"
        )
        .expect("a String takes everything");
    }
    text
}
