//! Every constructor of an entry writes, byte for byte, what liburing writes.
//!
//! Where the installed liburing lacks an operation, the expectation is written out from the kernel's own reading of
//! the entry (`io_uring_enter(2)`, `linux/io_uring.h`); where it has it, both must hold.

#[cfg(c_encodings)]
#[path = "encodings/args.rs"]
mod args;
#[cfg(c_encodings)]
#[path = "encodings/files.rs"]
mod files;
#[cfg(c_encodings)]
#[path = "encodings/net.rs"]
mod net;
#[cfg(c_encodings)]
#[path = "encodings/newer.rs"]
mod newer;
#[cfg(c_encodings)]
#[path = "encodings/others.rs"]
mod others;
#[cfg(c_encodings)]
#[path = "encodings/raw.rs"]
mod raw;
#[cfg(c_encodings)]
#[path = "encodings/shim.rs"]
mod shim;

#[cfg(not(c_encodings))]
#[test]
fn entries_are_those_of_liburing() {
    bareio_ffi_tests::skip_uncompiled(env!("BAREIO_C_ENCODINGS"));
}

/// How often each constructor is called, with other arguments each time.
#[cfg(c_encodings)]
const ROUNDS: u64 = 256;

#[cfg(c_encodings)]
#[test]
fn entries_are_those_of_liburing() {
    use args::Args;
    use bareio_core::abi::{Opcode, SqeFlags};
    use raw::Raw;
    use std::collections::BTreeSet;

    let mut opcodes = BTreeSet::new();
    let (mut compared, mut documented, mut wrong) = (0, Vec::new(), Vec::new());
    for (name, make) in files::CASES.iter().chain(others::CASES).chain(net::CASES).chain(newer::CASES) {
        let mut known = false;
        for round in 0..ROUNDS {
            let mut args = Args::new(round);
            let mut theirs = Raw::ZERO;
            let made = make(&mut args, &mut theirs);
            let (user_data, flags) = (args.u64(), SqeFlags(args.u32().to_ne_bytes()[0] & 0x1f));
            opcodes.insert(made.ours.opcode);

            known = made.known;
            let expected = if known { Some(theirs) } else { made.documented };
            let Some(expected) = expected else {
                wrong.push(format!("{name}: liburing lacks it, and no documentation is given"));
                break;
            };
            // What every entry may carry, set on both sides.
            let ours = Raw::of(made.ours.user_data(user_data).flags(flags));
            let mut theirs = expected;
            shim::bareio_data(&mut theirs, user_data);
            let flags = theirs.flags() | flags;
            shim::bareio_flags(&mut theirs, flags.bits().into());
            if ours != theirs {
                wrong.push(format!("{name}, round {round}:\n  ours   {ours:?}\n  theirs {theirs:?}"));
                break;
            }
            if let Some(documented) = made.documented.filter(|documented| *documented != expected) {
                wrong.push(format!("{name}: liburing {expected:?}\n  the kernel's {documented:?}"));
                break;
            }
        }
        if known { compared += 1 } else { documented.push(*name) }
    }

    let release = match shim::bareio_liburing() {
        0 => "2.3 or older".to_owned(),
        release => format!("{}.{}", release / 100, release % 100),
    };
    eprintln!(
        "liburing {release}: {compared} constructors compared byte for byte, {ROUNDS} times each; {} that it has not \
         compared with the kernel's documentation: {}",
        documented.len(),
        documented.join(", ")
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<_> = Opcode::ALL.iter().filter(|opcode| !opcodes.contains(opcode)).collect();
    assert!(missing.is_empty(), "no constructor makes {missing:?}");
    assert!(compared >= 69, "{compared} are too few: liburing 2.3 has 69");
}

/// A constructor that no case calls would be compared with nothing.
#[cfg(c_encodings)]
#[test]
fn every_constructor_is_compared() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src");
    let mut files = vec![format!("{sources}/sqe.rs")];
    for entry in std::fs::read_dir(format!("{sources}/sqe")).expect("core is beside us") {
        files.push(entry.expect("its directory can be listed").path().to_str().expect("UTF-8").to_owned());
    }
    let mut constructors = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("what was listed can be read");
        // Constructors begin their line; methods are indented.
        constructors.extend(text.lines().filter_map(|line| {
            let line = line.strip_prefix("pub fn ").or_else(|| line.strip_prefix("pub const fn "))?;
            Some(line.split('(').next()?.to_owned())
        }));
    }
    assert!(constructors.len() > 80, "{} constructors found: the search is broken", constructors.len());

    let cases = || files::CASES.iter().chain(others::CASES).chain(net::CASES).chain(newer::CASES);
    constructors.retain(|name| !cases().any(|(case, _)| case.split(' ').next() == Some(name)));
    assert!(constructors.is_empty(), "no case calls {constructors:?}");
}
