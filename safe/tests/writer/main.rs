//! The vectored writer: what it writes, in which order it checks, by what it goes, and what it survives.
#![cfg(unix)]

mod events;
mod faults;
mod threads;

use std::fs::{File, OpenOptions};
use std::io::{IoSlice, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

use bareio::writer::{MAX_PIECES, Strategy, Writer, is_supported, write_vectored};
use bareio::{Errno, ErrorKind};

/// A file that is opened to append.
pub(crate) fn appended(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).read(true).open(path).unwrap()
}

/// A writer of each strategy that is to be had here.
pub(crate) fn writers() -> Vec<Writer> {
    let mut writers =
        vec![Writer::options().strategy(Strategy::Writev).build().unwrap(), Writer::new().unwrap()];
    match Writer::options().strategy(Strategy::IoUring).build() {
        Ok(writer) => writers.push(writer),
        Err(error) => {
            assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "no ring: {error}");
            eprintln!("without a ring: {error}");
        }
    }
    writers
}

fn slices<'a>(pieces: &[&'a [u8]]) -> Vec<IoSlice<'a>> {
    pieces.iter().map(|piece| IoSlice::new(piece)).collect()
}

fn contents(mut file: &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn pieces_are_written_in_order_where_the_descriptor_stands() {
    for writer in writers() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"start ").unwrap();
        let count = writer.write_vectored(&file, &slices(&[b"one ", b"", b"two "])).unwrap();
        assert_eq!((count, writer.write(&file, b"three").unwrap()), (8, 5));
        assert_eq!(file.stream_position().unwrap(), 19);
        assert_eq!(contents(&file), b"start one two three");
    }
}

#[test]
fn a_file_opened_to_append_is_appended_to_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    for (index, writer) in writers().into_iter().enumerate() {
        let mut file = appended(&folder.path().join(index.to_string()));
        file.write_all(b"start ").unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        assert_eq!(writer.write_vectored(&file, &slices(&[b"one ", b"two"])).unwrap(), 7);
        assert_eq!(file.stream_position().unwrap(), 13);
        file.seek(SeekFrom::Start(2)).unwrap();
        assert_eq!(writer.write(&file, b" three").unwrap(), 6);
        assert_eq!(contents(&file), b"start one two three");
    }
}

#[test]
fn checks_come_in_their_order_and_the_kernel_is_asked_last() {
    // Whatever is written to it fails.
    let refusing = File::open("/dev/null").unwrap();
    let many = vec![IoSlice::new(b""); MAX_PIECES + 1];
    for writer in writers() {
        assert_eq!(writer.write_vectored(&refusing, &[]).unwrap(), 0);
        assert_eq!(writer.write(&refusing, b"").unwrap(), 0);
        let error = writer.write_vectored(&refusing, &many).unwrap_err();
        assert_eq!(error.to_string(), "count of pieces 1025 is not from 0 to 1024");
        assert_eq!(writer.write_vectored(&refusing, &many[1..]).unwrap(), 0);
        assert_eq!(writer.write_vectored_split(&refusing, &many).unwrap(), 0);
        writer.write_all_vectored(&refusing, &mut &mut many.clone()[..]).unwrap();
        let error = writer.write_vectored(&refusing, &slices(&[b"x"])).unwrap_err();
        assert_eq!(error.errno(), Some(Errno::BADF));
        writer.close();
        writer.close();
        assert!(writer.is_closed());
        assert!(writer.write_vectored(&refusing, &[]).unwrap_err().is_closed());
        assert!(writer.write_vectored(&refusing, &many).unwrap_err().is_closed());
        assert!(writer.write(&refusing, b"").unwrap_err().is_closed());
        assert!(writer.write_vectored_split(&refusing, &[]).unwrap_err().is_closed());
        assert!(writer.write_all_vectored(&refusing, &mut &mut [][..]).unwrap_err().is_closed());
    }
}

#[test]
fn a_list_of_1024_pieces_is_one_write_and_a_longer_one_is_split() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..3000_u16).map(|number| (number % 251) as u8).collect();
    let pieces: Vec<IoSlice<'_>> = bytes.chunks(1).map(IoSlice::new).collect();
    for (index, writer) in writers().into_iter().enumerate() {
        let file = appended(&folder.path().join(index.to_string()));
        assert_eq!(writer.write_vectored(&file, &pieces[..MAX_PIECES]).unwrap(), MAX_PIECES);
        assert_eq!(writer.write_vectored_split(&file, &pieces[MAX_PIECES..]).unwrap(), 3000 - MAX_PIECES);
        let mut all = pieces.clone();
        let mut rest = &mut all[..];
        writer.write_all_vectored(&file, &mut rest).unwrap();
        assert!(rest.is_empty());
        assert_eq!(contents(&file), [bytes.clone(), bytes.clone()].concat());
    }
}

#[test]
fn the_shared_writer_needs_no_setting_up_and_serves_any_thread() {
    let folder = tempfile::tempdir().unwrap();
    let file = appended(&folder.path().join("log"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(write_vectored(&file, &slices(&[b"ab", b"cd"])).unwrap(), 4);
                }
            });
        }
    });
    assert_eq!(contents(&file), b"abcd".repeat(400));
}

#[test]
fn a_depth_that_is_no_power_of_two_up_to_4096_is_refused_whichever_strategy_runs() {
    for strategy in Strategy::ALL {
        for depth in [0, 3, 12, 4095, 4097, 8192, u32::MAX] {
            let error = Writer::options().strategy(strategy).depth(depth).build().unwrap_err();
            assert_eq!(error.to_string(), format!("ring depth {depth} is not a power of two from 1 to 4096"));
        }
    }
    for depth in [1, 16, 4096] {
        assert_eq!(Writer::options().strategy(Strategy::Writev).depth(depth).build().unwrap().depth(), depth);
    }
    assert_eq!(Writer::new().unwrap().depth(), 16);
}

#[test]
fn the_strategy_is_what_was_negotiated_and_never_auto() {
    for writer in writers() {
        assert_ne!(writer.strategy(), Strategy::Auto);
    }
    assert_eq!(Writer::options().strategy(Strategy::Writev).build().unwrap().strategy(), Strategy::Writev);
    match Writer::options().strategy(Strategy::IoUring).build() {
        Ok(writer) => assert_eq!((writer.strategy(), is_supported()), (Strategy::IoUring, true)),
        Err(error) => assert!(error.is_unsupported() && !is_supported(), "{error}"),
    }
}

#[test]
fn a_descriptor_goes_by_the_ring_only_where_that_cannot_lose_bytes_or_wait() {
    let folder = tempfile::tempdir().unwrap();
    let log = appended(&folder.path().join("log"));
    let positioned = tempfile::tempfile().unwrap();
    let (_reader, pipe) = std::io::pipe().unwrap();
    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    for writer in writers() {
        assert_eq!(writer.strategy_for(&log), writer.strategy());
        assert_eq!(writer.strategy_for(&positioned), Strategy::Writev);
        assert_eq!(writer.strategy_for(&pipe), Strategy::Writev);
        assert_eq!(writer.strategy_for(&socket), Strategy::Writev);
        writer.close();
        assert_eq!(writer.strategy_for(&log), Strategy::Writev);
    }
}

#[test]
fn a_full_pipe_that_must_not_wait_gives_a_short_count_and_then_again() {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    for writer in writers() {
        let (_reader, pipe) = std::io::pipe().unwrap();
        fcntl_setfl(&pipe, fcntl_getfl(&pipe).unwrap() | OFlags::NONBLOCK).unwrap();
        let long = vec![7; 1 << 20];
        let count = writer.write_vectored(&pipe, &slices(&[&long, &long])).unwrap();
        assert!(count > 0 && count < 2 << 20, "{count} bytes");
        let error = writer.write_vectored(&pipe, &slices(&[&long, &long])).unwrap_err();
        assert_eq!((error.errno(), error.is_transient()), (Some(Errno::AGAIN), true));
        // What is left there is what was not written.
        let mut pieces = slices(&[b"", &long]);
        let mut rest = &mut pieces[..];
        assert!(writer.write_all_vectored(&pipe, &mut rest).is_err());
        assert_eq!(rest[0].len(), 1 << 20);
    }
}

/// At the limits of what is copied together, and of what is not, the same bytes come out.
#[test]
fn small_pieces_that_are_copied_together_are_the_same_bytes_in_the_same_order() {
    let bytes: Vec<u8> = (0..40_000_u32).map(|number| (number % 253) as u8).collect();
    for writer in writers() {
        for (piece, total) in
            [(1, 2), (64, 16 << 10), (64, (16 << 10) + 1), (1024, 16 << 10), (1025, 8200), (9000, 18_000)]
        {
            let file = tempfile::tempfile().unwrap();
            let pieces: Vec<_> = bytes[..total]
                .chunks(piece)
                .flat_map(|piece| [IoSlice::new(b""), IoSlice::new(piece)])
                .collect();
            assert_eq!(writer.write_vectored(&file, &pieces).unwrap(), total);
            assert_eq!(contents(&file), &bytes[..total], "{total} bytes, {piece} at a time");
        }
    }
}

#[test]
fn the_raw_number_of_an_error_can_be_read() {
    let Ok(full) = OpenOptions::new().append(true).open("/dev/full") else { return };
    for writer in writers() {
        let long = vec![7; 20 << 10];
        let error = writer.write_vectored(&full, &slices(&[&long, &long])).unwrap_err();
        assert_eq!((error.errno(), error.call()), (Some(Errno::NOSPC), Some("writev")));
        // Small ones go as one piece.
        let error = writer.write_vectored(&full, &slices(&[b"a", b"b"])).unwrap_err();
        assert_eq!((error.errno(), error.call()), (Some(Errno::NOSPC), Some("write")));
        assert_eq!(std::io::Error::from(error).raw_os_error(), Some(28));
        assert_eq!(writer.write(&full, b"a").unwrap_err().call(), Some("write"));
    }
}

#[test]
fn a_descriptor_is_borrowed_and_still_open_when_the_writer_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let file = appended(&folder.path().join("log"));
    let number = file.as_raw_fd();
    for writer in writers() {
        writer.write(&file, b"x").unwrap();
        writer.close();
        drop(writer);
        assert_eq!(rustix::fs::fstat(&file).unwrap().st_mode & 0o170_000, 0o100_000, "descriptor {number}");
    }
}

#[test]
fn a_list_of_thousands_is_split_where_it_is_asked_for_and_refused_where_not() {
    let Ok(null) = OpenOptions::new().write(true).open("/dev/null") else { return };
    for writer in writers() {
        assert_eq!(
            writer.write_vectored_split(&null, &vec![IoSlice::new(&[0_u8; 4096]); 2000]).unwrap(),
            4096 * 2000
        );
        assert!(matches!(
            writer.write_vectored(&null, &vec![IoSlice::new(b"x"); 2000]).unwrap_err().kind(),
            ErrorKind::OutOfRange { what: "count of pieces", value: 2000, .. }
        ));
    }
}
