//! Rules that the source keeps, each a claim about the whole repository.
//!
//! A rule here is one that no compiler and no linter checks, and that a hurried change would break unseen. What
//! fails says where, and what to do instead.
#![cfg(not(miri))] // reads the repository, which Miri rightly hides

mod documents;
mod floors;
mod tree;

use tree::File;

/// The one file for loom and for atomics.
const SYNC: &str = "core/src/sync.rs";
/// The one file that executes a system call.
const LINUX: &str = "core/src/kernel/linux.rs";

#[test]
fn loom_is_named_in_one_file() {
    let places = found(&["core/src/", "safe/src/"], &[SYNC], |code| has_word(code, "loom"));
    assert!(places.is_empty(), "{places:?}: take atomics and cells from `crate::sync`, which knows of loom");
}

#[test]
fn atomics_are_named_in_one_file() {
    let places = found(&["core/src/"], &[SYNC], |code| {
        code.contains("core::sync::atomic") || code.contains("std::sync::atomic")
    });
    assert!(places.is_empty(), "{places:?}: take atomics from `crate::sync`, or loom does not see them");
}

#[test]
fn system_calls_are_executed_in_one_file() {
    let places = found(&["core/src/", "safe/src/"], &[LINUX], |code| {
        code.contains("syscall!")
            || code.contains("syscall(")
            || has_word(code, "asm!")
            || has_word(code, "sc") && code.contains("sc::")
    });
    assert!(places.is_empty(), "{places:?}: make it a method of `Kernel` and execute it in {LINUX}");
}

#[test]
fn no_file_is_longer_than_500_lines() {
    for File { path, text, .. } in tree::rust() {
        let count = text.lines().count();
        assert!(count <= 500, "{path} has {count} lines: it is two things; give each a file of its own");
    }
}

#[test]
fn every_forwarding_kernel_forwards_every_method() {
    let methods = tree::rust().find_map(|file| Some(methods(block(&file.code, "unsafe trait Kernel")?)));
    let methods = methods.expect("some file defines `unsafe trait Kernel`");
    assert!(methods.len() > 20, "`Kernel` was read as {methods:?}: mend this test's reader");

    let mut checked = Vec::new();
    for file in tree::rust().filter(|file| file.path.contains("/src/")) {
        for head in forwarders(file.shipped()) {
            let body = block(&file.code, head).expect("an impl has a body");
            let defined = self::methods(body);
            let forgotten: Vec<_> = methods.iter().filter(|method| !defined.contains(method)).collect();
            assert!(
                forgotten.is_empty(),
                "{}: `{head}` does not define {forgotten:?}: it would answer NOSYS where the kernel behind it can",
                file.path,
            );
            checked.push(head);
        }
    }
    assert!(checked.len() > 1, "only {checked:?} was found to forward: mend this test's reader");
}

#[test]
fn nothing_is_left_unfinished() {
    for word in ["todo!", "unimplemented!", "dbg!"] {
        let places = found(&[""], &[], |code| has_word(code, word));
        assert!(places.is_empty(), "{places:?}: {word} is left over: finish it, or leave it out");
    }
}

#[test]
fn no_lint_is_switched_off_without_a_reason() {
    let places = found(&[""], &[], |code| code.contains("#[allow(") || code.contains("#![allow("));
    assert!(
        places.is_empty(),
        "{places:?}: write `#[expect(lint, reason = \"…\")]`, which goes when its cause goes"
    );
    let places = found(&[""], &[], |code| code.contains("deny(warnings"));
    assert!(
        places.is_empty(),
        "{places:?}: warnings are denied on the command line, not for a later compiler"
    );
}

#[test]
fn every_unsafe_block_is_argued_for() {
    for file in tree::rust() {
        let lines: Vec<&str> = file.text.lines().collect();
        for (at, line) in file.code.lines().enumerate() {
            let unsafe_here = ["unsafe {", "unsafe impl"].iter().any(|start| line.contains(start));
            let above = &lines[at.saturating_sub(10)..=at];
            assert!(
                !unsafe_here || above.iter().any(|line| line.contains("SAFETY:")),
                "{}: nothing above says `// SAFETY:`, which fact makes this sound, and whence it is known",
                file.place(at),
            );
        }
    }
}

#[test]
fn unsafe_code_of_the_safe_crate_is_listed_with_its_reason() {
    let files = tree::files();
    let users: Vec<&File> = files
        .iter()
        .filter(|file| file.path.starts_with("safe/src/"))
        .filter(|file| ["unsafe {", "unsafe impl", "unsafe fn"].iter().any(|form| file.code.contains(form)))
        .collect();
    let list = files.iter().find(|file| file.path == "ARCHITECTURE.md").expect("it is there");
    for File { path, .. } in users {
        assert!(
            list.text.contains(path),
            "{path} has unsafe code: list it in ARCHITECTURE.md, with the reason"
        );
    }
}

#[test]
fn no_file_of_a_user_is_mapped() {
    // Another process may truncate a mapped file, and a load from it then kills ours.
    let linux = tree::rust().find(|file| file.path == LINUX).expect("it is there");
    for (at, line) in linux.code.lines().enumerate().filter(|(_, line)| line.contains("MMAP,")) {
        let anonymous = line.contains("usize::MAX, 0)");
        let ring = line.contains("register(ring)");
        assert!(anonymous || ring, "{}: only rings and anonymous memory are mapped", linux.place(at));
    }
    let places = found(&["core/src/", "safe/src/"], &[LINUX], |code| {
        ["mmap(", "MAP_SHARED", "memmap"].iter().any(|form| code.contains(form))
    });
    assert!(
        places.is_empty(),
        "{places:?}: memory comes from `Kernel::map`, and files are read, never mapped"
    );
}

#[test]
fn the_text_speaks_of_no_machine() {
    let folders = ["home", "root", "work", "Users"].map(|name| format!("/{name}/"));
    for File { path, text, .. } in tree::files() {
        for (at, line) in text.lines().enumerate() {
            let folder = folders.iter().find(|folder| {
                line.match_indices(*folder)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric()))
            });
            assert!(folder.is_none(), "{path}:{}: {folder:?} is a folder of one machine: name none", at + 1);
        }
    }
}

#[test]
fn every_document_that_is_named_is_here() {
    let files = tree::files();
    for File { path, text, .. } in files {
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))) {
            let shouted = word.strip_suffix(".md").filter(|stem| !stem.is_empty());
            let shouted = shouted.filter(|stem| stem.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
            let Some(word) = shouted.map(|_| word) else { continue };
            let here = files.iter().any(|file| file.path.rsplit('/').next() == Some(word));
            assert!(here, "{path} names {word}, which no reader of it has");
        }
    }
}

/// Where code under one of `folders`, the files `except` left out, fits: as `path:line`.
fn found(folders: &[&str], except: &[&str], fits: impl Fn(&str) -> bool) -> Vec<String> {
    let asked = tree::rust().filter(|file| folders.iter().any(|folder| file.path.starts_with(folder)));
    let asked = asked.filter(|file| !except.contains(&file.path.as_str()));
    asked
        .flat_map(|file| {
            file.code.lines().enumerate().filter(|(_, line)| fits(line)).map(|(at, _)| file.place(at))
        })
        .collect()
}

/// Whether `code` has `word` on its own, and not as a part of a longer one.
fn has_word(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(part) && !code[at + word.len()..].starts_with(part))
}

/// The heads of the impls of `Kernel` that pass everything on: for a pointer to a kernel, and for Linux.
fn forwarders(code: &str) -> impl Iterator<Item = &str> {
    let heads = code.lines().map(str::trim).filter(|line| line.contains(" Kernel for "));
    heads.filter(|line| {
        let (_, whose) = line.split_once(" Kernel for ").expect("just seen");
        ["&", "Box<", "Rc<", "Arc<", "Linux "].iter().any(|form| whose.contains(form))
    })
}

/// What stands between the braces that follow `head`.
fn block<'a>(code: &'a str, head: &str) -> Option<&'a str> {
    let body = &code[code.find(head)?..];
    let body = &body[body.find('{')?..];
    let mut depth = 0_u32;
    let end = body.find(|letter| {
        depth = match letter {
            '{' => depth + 1,
            '}' => depth - 1,
            _ => depth,
        };
        depth == 0
    })?;
    Some(&body[1..end])
}

/// The names of the functions that are defined in `body`.
fn methods(body: &str) -> Vec<&str> {
    let name = |text| str::split(text, ['(', '<']).next();
    body.lines().filter_map(|line| line.trim().split_once("fn ")).filter_map(|(_, rest)| name(rest)).collect()
}

#[test]
fn a_word_is_not_found_within_another() {
    assert!(has_word("cfg(not(loom))", "loom") && has_word("sc::nr", "sc"));
    assert!(!has_word("heirloom", "loom") && !has_word("misc::nr", "sc") && !has_word("loom_like", "loom"));
}

#[test]
fn the_methods_of_a_block_are_found_and_no_others() {
    let code = "impl A { fn no(); }\nunsafe impl Kernel for B {\n unsafe fn a(x: u8) { if x {} }\n fn b<T>() {}\n}\nfn c() {}";
    assert_eq!(methods(block(code, "Kernel for B").unwrap()), ["a", "b"]);
    assert_eq!(forwarders("unsafe impl Kernel for Fake {}\nunsafe impl Kernel for &K {\n").count(), 1);
}
