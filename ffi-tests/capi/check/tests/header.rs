//! The header that is checked in is the one that the source makes.

use std::env;
use std::fs;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn the_header_is_the_one_that_the_source_makes() {
    let config = cbindgen::Config::from_file(format!("{FOLDER}/cbindgen.toml")).expect("it can be read");
    let bindings = cbindgen::generate_with_config(FOLDER, config).expect("the source can be read");
    let mut made = Vec::new();
    bindings.write(&mut made);
    let made = String::from_utf8(made).expect("C is ASCII here");

    let path = format!("{FOLDER}/include/bareio.h");
    if env::var_os("BAREIO_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &made).expect("the folder can be written to");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(made.lines()).position(|(kept, made)| kept != made);
    assert!(
        kept == made,
        "include/bareio.h is not what the source says, from line {} on; write it anew with BAREIO_BLESS=1",
        differs.unwrap_or(kept.lines().count().min(made.lines().count())) + 1
    );
}

/// What is exported and not declared could be called by nobody; cbindgen leaves out what it does not understand.
#[test]
fn every_function_that_is_exported_is_declared() {
    let header = fs::read_to_string(format!("{FOLDER}/include/bareio.h")).expect("it is there");
    let mut exported = 0;
    for file in fs::read_dir(format!("{FOLDER}/src")).expect("it is there") {
        let text = fs::read_to_string(file.expect("it can be listed").path()).expect("UTF-8");
        for (at, _) in text.match_indices("extern \"C\" fn bareio_") {
            let name = text[at + "extern \"C\" fn ".len()..].split('(').next().unwrap_or_default();
            assert!(header.contains(&format!("{name}(")), "{name} is in no header");
            exported += 1;
        }
    }
    assert!(exported >= 14, "only {exported} functions were found: mend this test's reader");
}
