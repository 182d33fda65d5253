//! The one line that a writer says.
#![cfg(all(unix, feature = "log"))]

use std::io::IoSlice;
use std::sync::Mutex;

use bareio::writer::{Strategy, Writer, write_vectored};

struct Collecting(Mutex<Vec<String>>);

impl log::Log for Collecting {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(format!("{} {}: {}", record.level(), record.target(), record.args()));
    }

    fn flush(&self) {}
}

static LINES: Collecting = Collecting(Mutex::new(Vec::new()));

#[test]
fn a_writer_says_one_line_when_it_is_made_and_nothing_after_that() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let file = tempfile::tempfile().unwrap();
    let writer = Writer::options().depth(32).build().unwrap();
    for _ in 0..10 {
        writer.write_vectored(&file, &[IoSlice::new(b"a"), IoSlice::new(b"b")]).unwrap();
    }
    assert!(writer.write_vectored(&file, &vec![IoSlice::new(b""); 2000]).is_err());
    writer.close();
    drop(writer);
    // The shared one says its own, once.
    for _ in 0..10 {
        write_vectored(&file, &[IoSlice::new(b"c")]).unwrap();
    }
    assert!(Writer::options().depth(3).build().is_err());
    let ring = Writer::options().strategy(Strategy::IoUring).build().is_ok();
    let got = LINES.0.lock().unwrap();
    let line = |depth| {
        format!("INFO bareio::writer: vectored writer: strategy writev (asked for auto), ring depth {depth}")
    };
    assert_eq!(got[..2], [line(32), line(16)]);
    assert_eq!(got.len(), 2 + usize::from(ring));
}
