//! Every structure, field and number that goes to the kernel is what the C compiler sees in its headers.

#[cfg(c_layout)]
#[path = "layout/constants.rs"]
mod constants;
#[cfg(c_layout)]
#[path = "layout/structs.rs"]
mod structs;

#[cfg(not(c_layout))]
#[test]
fn layout_and_constants_are_those_of_the_headers() {
    bareio_ffi_tests::skip_uncompiled(env!("BAREIO_C_LAYOUT"));
}

#[cfg(c_layout)]
#[test]
fn layout_and_constants_are_those_of_the_headers() {
    use std::collections::BTreeMap;

    let mut ours = BTreeMap::new();
    for (name, value) in structs::rows().into_iter().chain(constants::rows()) {
        let before = ours.insert(name.clone(), value);
        assert_eq!(before, None, "{name} is listed twice");
    }

    let (mut compared, mut newer, mut wrong) = (0, Vec::new(), Vec::new());
    for (name, theirs) in c::rows() {
        match (ours.remove(&name), theirs) {
            (None, _) => wrong.push(format!("{name} is in c/ only")),
            (Some(_), None) => newer.push(name),
            (Some(ours), Some(theirs)) if ours == theirs => compared += 1,
            (Some(ours), Some(theirs)) => {
                wrong.push(format!("{name} is {theirs:#x} in C, {ours:#x} in Rust"));
            }
        }
    }
    wrong.extend(ours.keys().map(|name| format!("{name} is in Rust only")));

    let (major, minor) = c::headers();
    eprintln!(
        "headers of Linux {major}.{minor}: {compared} compared, {} newer than the headers: {}",
        newer.len(),
        newer.join(", ")
    );
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), compared + wrong.len(), wrong.join("\n"));
    assert!(compared > 400, "{compared} rows are too few: even Linux 5.10 has more");
}

/// The C side: `c/layout.c`.
#[cfg(c_layout)]
mod c {
    use bareio_ffi_tests as _; // brings the compiled C along
    use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong};

    #[repr(C)]
    struct Row {
        name: *const c_char,
        known: c_int,
        value: c_ulonglong,
    }

    unsafe extern "C" {
        fn bareio_layout(count: *mut usize) -> *const Row;
        safe fn bareio_headers() -> c_uint;
    }

    /// The names, with their values where the headers are new enough.
    pub(super) fn rows() -> Vec<(String, Option<u64>)> {
        let mut count = 0;
        // SAFETY: it writes the number of rows to `count` and returns its table.
        let rows = unsafe { bareio_layout(&raw mut count) };
        // SAFETY: the table is `static const` and has `count` rows.
        let rows = unsafe { std::slice::from_raw_parts(rows, count) };
        rows.iter()
            .map(|row| {
                // SAFETY: every name is a string literal.
                let name = unsafe { CStr::from_ptr(row.name) };
                let name = name.to_str().expect("names are ASCII").to_owned();
                (name, (row.known != 0).then_some(row.value))
            })
            .collect()
    }

    /// The kernel release of the headers: major and minor.
    pub(super) fn headers() -> (u32, u32) {
        let code = bareio_headers();
        (code >> 16, code >> 8 & 0xff)
    }
}
