//! Which module may lean on which: the crates' modules lie on floors, and look down only.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{self, File};

/// Folder, module, floor. A module without a line of its own lies where its parent lies.
const FLOORS: &[(&str, &str, u8)] = &[
    ("core", "errno", 0),
    ("core", "align", 0),
    ("core", "iovec", 0),
    ("core", "abi", 0),
    ("core", "sqe", 1),
    ("core", "sync", 0),
    ("core", "pool::tier", 0),
    ("core", "kernel", 1),
    ("core", "pool::index", 1),
    ("core", "ring::half", 1),
    ("core", "ring::doorbell", 1),
    ("core", "op", 2),
    ("core", "lock", 2),
    ("core", "map", 2),
    ("core", "buf", 2),
    ("core", "pool::slab", 2),
    ("core", "pool", 3),
    ("core", "ring", 3),
    ("core", "scope", 3),
    ("core", "ticket", 3),
    ("core", "sim", 3),
    ("safe", "native", 4),
    ("safe", "direct", 4),
    ("safe", "fd", 4),
    ("safe", "buf", 4),
    ("safe", "pool", 4),
    ("safe", "host", 4),
    ("safe", "error", 4),
    ("safe", "probe", 5),
    ("safe", "scope", 5),
    ("safe", "writer", 5),
    ("safe", "file", 5),
    ("safe", "fs", 6),
    ("safe", "batch", 6),
    ("safe", "sched", 6),
    ("safe", "wal", 7),
];

/// One module leaning on another, both as the table has them.
type Edge<'a> = (&'a str, &'a str);

#[test]
fn every_module_has_a_floor() {
    for folder in ["core", "safe"] {
        for file in sources(folder) {
            let module = module(&file.path);
            assert!(
                module.is_empty() || noun(folder, &module).is_some(),
                "{} lies on no floor: give `{module}` a line in FLOORS, as low as what it uses allows",
                file.path,
            );
        }
    }
}

#[test]
fn modules_lean_on_lower_floors_only() {
    for folder in ["core", "safe"] {
        for ((from, to), place) in edges(folder, &sources(folder)) {
            assert!(
                floor(folder, from) >= floor(folder, to),
                "{place}: `{from}` lies on floor {:?} and uses `{to}` on floor {:?}; move what both need below both",
                floor(folder, from),
                floor(folder, to),
            );
        }
    }
}

#[test]
fn no_modules_lean_on_each_other() {
    for folder in ["core", "safe"] {
        let edges = edges(folder, &sources(folder));
        for (from, to) in edges.keys() {
            assert!(
                !reaches(&edges, to, from),
                "`{from}` uses `{to}`, and `{to}` comes back to `{from}`: take what both need into a third",
            );
        }
    }
}

fn sources(folder: &str) -> Vec<&'static File> {
    let src = format!("{folder}/src/");
    tree::rust().filter(|file| file.path.starts_with(&src)).collect()
}

/// The module that a file holds, as a path from the crate: `core/src/ring/half.rs` is `ring::half`, and
/// the crate's root is empty.
fn module(path: &str) -> String {
    let (_, inner) = path.split_once("/src/").expect("only files under src are asked about");
    let inner = inner.strip_suffix(".rs").expect("only Rust files are asked about");
    if inner == "lib" { String::new() } else { inner.replace('/', "::") }
}

/// The line of the table that `module` falls under: itself, or its nearest parent that has one.
fn noun(folder: &str, module: &str) -> Option<&'static str> {
    let mut path = module;
    loop {
        if let Some((_, name, _)) = FLOORS.iter().find(|(place, name, _)| *place == folder && *name == path) {
            return Some(name);
        }
        path = path.rsplit_once("::")?.0;
    }
}

fn floor(folder: &str, noun: &str) -> Option<u8> {
    FLOORS.iter().find(|(place, name, _)| *place == folder && *name == noun).map(|(_, _, floor)| *floor)
}

/// Who leans on whom, and a file that shows it. The crate's root only gathers names and is not in it.
fn edges(folder: &str, files: &[&File]) -> BTreeMap<Edge<'static>, String> {
    let root = files.iter().find(|file| module(&file.path).is_empty());
    let exported = root.map(|file| exports(file.shipped())).unwrap_or_default();
    let mut found = BTreeMap::new();
    for file in files {
        let Some(from) = noun(folder, &module(&file.path)) else { continue };
        for used in uses(&module(&file.path), file.shipped()) {
            let used = exported.get(&used).unwrap_or(&used);
            let to = noun(folder, used).filter(|to| *to != from);
            found.extend(to.map(|to| ((from, to), file.path.clone())));
        }
    }
    found
}

fn reaches(edges: &BTreeMap<Edge<'_>, String>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for (_, next) in edges.keys().filter(|(start, _)| *start == at) {
            if *next == to {
                return true;
            }
            open.extend(seen.insert(next).then_some(next));
        }
    }
    false
}

/// What the crate's root hands on under a name of its own: `Errno` is `errno::Errno`.
fn exports(code: &str) -> BTreeMap<String, String> {
    let lines = code.split("pub use ").skip(1).filter_map(|line| line.split(';').next());
    let paths = lines.flat_map(|line| expand(line.trim_start_matches("crate::")));
    paths.filter_map(|path| Some((path.rsplit_once("::")?.1.to_owned(), path))).collect()
}

/// Every path of this crate that `code`, in `module`, names, from the crate's root on.
fn uses(module: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    // `pub(in crate::…)` says who may look in, not what is used.
    for (at, _) in code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with("pub(in ")) {
        found.extend(expand(&code[at + "crate::".len()..]));
    }
    // Of `super::super::`, the last counts; what stands before it goes further up.
    for (at, _) in code.match_indices("super::") {
        let (mut before, below) = (&code[..at], &code[at + "super::".len()..]);
        let mut parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
        while let Some(rest) = before.strip_suffix("super::") {
            parent = parent.rsplit_once("::").map_or("", |(parent, _)| parent);
            before = rest;
        }
        let below = Some(below).filter(|below| !below.starts_with("super::"));
        found.extend(below.into_iter().flat_map(expand).map(|path| join(parent, &path)));
    }
    found
}

fn join(parent: &str, path: &str) -> String {
    if parent.is_empty() { path.to_owned() } else { format!("{parent}::{path}") }
}

/// The paths that the use-tree at the head of `text` stands for: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(text: &str) -> Vec<String> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let head = text[..end].trim_end_matches(':');
    if !text[end..].starts_with('{') {
        return vec![head.to_owned()];
    }
    let branches = split(&text[end + 1..]);
    branches.into_iter().flat_map(expand).map(|path| join(head, &path)).collect()
}

/// The branches of a use-tree, from behind its opening brace to the closing one.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut branches) = (0_u32, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                branches.extend(Some(text[start..at].trim()).filter(|branch| !branch.is_empty()));
                start = at + 1;
                if letter == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    branches
}

#[test]
fn a_use_tree_is_read_branch_by_branch() {
    let code = "use crate::a::{B, c::{self, D}, e};\nlet x = crate::f::G::new();\nuse super::H;";
    let paths = uses("j::k", code);
    for path in ["a::B", "a::c::self", "a::c::D", "a::e", "f::G::new", "j::H"] {
        assert!(paths.iter().any(|found| found == path), "{path} is missing from {paths:?}");
    }
    assert_eq!(uses("j::k::l", "super::super::m"), ["j::m"]);
    assert_eq!(uses("j", "super::m"), ["m"]);
    assert!(uses("j::k", "pub(in crate::j) fn f() {}").is_empty());
}

#[test]
fn a_name_handed_on_by_the_root_counts_as_its_module() {
    let lib = File::new("core/src/lib.rs", "pub use ring::{Ring, half::Full};");
    let low = File::new("core/src/errno.rs", "use crate::Ring;");
    let edges = edges("core", &[&lib, &low]);
    assert_eq!(edges.keys().collect::<Vec<_>>(), [&("errno", "ring")]);
}

#[test]
fn a_cycle_is_found_across_three_modules() {
    let file = |name: &str, text| File::new(&format!("core/src/{name}.rs"), text);
    let files = [
        file("scope", "use crate::ticket::T;"),
        file("ticket", "use crate::ring::R;"),
        file("ring", "use crate::scope::S;"),
    ];
    let edges = edges("core", &files.each_ref());
    assert!(reaches(&edges, "ticket", "scope"));
    assert!(!reaches(&edges, "ticket", "sim"));
}
