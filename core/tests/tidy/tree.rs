//! The repository as text: its files, and what of a Rust file is code.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct File {
    /// Its path from the top, with `/` between the parts.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
    /// The same, with comments, strings and character literals blanked out; lines stay where they are. Empty
    /// unless this is Rust.
    pub(crate) code: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = if is_rust(path) { code(text) } else { String::new() };
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// The code that is not tests: everything before the file's own test module, which comes last.
    pub(crate) fn shipped(&self) -> &str {
        self.code.split("#[cfg(test)]\nmod ").next().unwrap_or_default()
    }

    /// The line with the index `at`, counted from 0, as a reader and an editor name it.
    pub(crate) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, at + 1)
    }
}

/// Every text file of the repository, build output and editors' folders left out.
pub(crate) fn files() -> &'static [File] {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(read);
    &FILES
}

/// The Rust files among them.
pub(crate) fn rust() -> impl Iterator<Item = &'static File> {
    files().iter().filter(|file| is_rust(&file.path))
}

fn read() -> Vec<File> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace");
    let mut found = Vec::new();
    let mut folders = vec![top.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
        for entry in entries {
            let path = entry.expect("a folder that can be opened can be listed").path();
            if !wanted(&path) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push(File::new(&name(top, &path), &text));
            }
        }
    }
    assert!(
        found.len() > 20,
        "only {} files lie under {}: is that the repository?",
        found.len(),
        top.display()
    );
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

fn wanted(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    ![".git", ".idea", ".vscode", "target"].iter().any(|other| name == *other)
}

fn name(top: &Path, path: &Path) -> String {
    let below: PathBuf = path.strip_prefix(top).expect("found below it").into();
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// `text` with comments, strings and character literals blanked out, line for line.
pub(crate) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = comment(rest).or_else(|| string(rest)).or_else(|| character(rest));
        let after_word = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        match skipped {
            // The `r` of `for"` or of `var"` does not open a raw string.
            Some(len) if !(after_word && next.is_alphabetic()) => {
                out.extend(rest[..len].chars().filter(|&c| c == '\n'));
                rest = &rest[len..];
            }
            _ => {
                out.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    out
}

/// The length in bytes of the comment that `text` opens with.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*").then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

/// The length in bytes of the string, raw or not, that `text` opens with.
fn string(text: &str) -> Option<usize> {
    let body = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - body.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = body.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let inner = raw[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", &raw[..hashes]);
        return Some(
            inner.find(&close).map_or(text.len(), |end| prefix + 1 + hashes + 1 + end + close.len()),
        );
    }
    let inner = body.strip_prefix('"')?;
    Some(prefix + 1 + escaped(inner, '"').unwrap_or(inner.len()))
}

/// The length in bytes of the character literal that `text` opens with; `None` for a lifetime.
fn character(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    if first == '\\' {
        return escaped(inner, '\'').map(|end| 1 + end);
    }
    inner[first.len_utf8()..].starts_with('\'').then(|| 1 + first.len_utf8() + 1)
}

/// How many bytes of `text` there are up to and with the first `close` that no backslash stands before.
fn escaped(text: &str, close: char) -> Option<usize> {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            _ if letter == close => return Some(at + close.len_utf8()),
            _ => {}
        }
    }
    None
}

#[test]
fn only_code_is_left_of_a_source_text() {
    let cases = [
        ("a // b\nc", "a \nc"),
        ("a /* b\n */ c", "a \n c"),
        ("f(\"b // \\\" c\"); d", "f(); d"),
        ("f(r#\"b \" c\"#, br\"\\\", d)", "f(, , d)"),
        ("match c { '\"' => '\\'', _ => 'a' }", "match c { => , _ =>  }"),
        ("fn f<'a>(b: &'a str) {}", "fn f<'a>(b: &'a str) {}"),
        ("var\"b\"", "var"),
    ];
    for (text, left) in cases {
        assert_eq!(code(text).replace("{  =>", "{ =>"), left, "of {text}");
    }
}
