//! What the documents name is there: tests, models and files.

use crate::tree::{self, File};

#[test]
fn every_test_that_a_document_names_is_there() {
    let functions: Vec<&str> = tree::rust().flat_map(|file| functions(&file.code)).collect();
    for document in documents() {
        for (name, line) in quoted(&document.text).filter(|(word, _)| is_claim(word)) {
            assert!(
                functions.contains(&name),
                "{}:{line} names the test `{name}`, which is nowhere: name the one that took its place",
                document.path,
            );
        }
    }
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let files = tree::files();
    for document in documents() {
        for (word, line) in quoted(&document.text) {
            let path = word.trim_end_matches('/');
            let is_path = has_ending(path, "rs") && !word.contains('*');
            let is_here =
                files.iter().any(|file| file.path == path || file.path.ends_with(&format!("/{path}")));
            assert!(!is_path || is_here, "{}:{line} names `{word}`, which is not there", document.path);
        }
    }
}

fn has_ending(path: &str, ending: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|found| found == ending)
}

/// The pages for readers: those at the top, and those in `docs`.
fn documents() -> impl Iterator<Item = &'static File> {
    let pages = tree::files().iter().filter(|file| has_ending(&file.path, "md"));
    pages.filter(|file| !file.path.contains('/') || file.path.starts_with("docs/"))
}

/// What stands between single backquotes, and on which line.
fn quoted(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.lines()
        .enumerate()
        .flat_map(|(at, line)| line.split('`').skip(1).step_by(2).map(move |word| (word, at + 1)))
}

/// Whether `word` is a test's name: a claim in words, of which there are at least four.
fn is_claim(word: &str) -> bool {
    let is_name = word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    is_name && word.matches('_').count() >= 3
}

/// The names of the functions that `code` defines.
fn functions(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices("fn ").filter_map(|(at, _)| code[at + "fn ".len()..].split(['(', '<']).next())
}

#[test]
fn claims_are_told_from_other_words() {
    assert!(is_claim("a_wait_ends_when_its_time_is_over"));
    assert!(!is_claim("io_uring_setup") && !is_claim("ring::half") && !is_claim("A_B_C_D"));
    let text = "a `b` c\n`d_e` f `g`";
    assert_eq!(quoted(text).collect::<Vec<_>>(), [("b", 1), ("d_e", 2), ("g", 2)]);
}
