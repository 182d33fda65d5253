//! Reads and writes, in one piece, in several, and of buffers that are handed in.

use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;

use bareio::core::op::OpError;
use bareio::core::sim::Sim;
use bareio::file::{Direct, File};
use bareio::{Errno, ErrorKind};

use crate::rig::{Act, Folder, Watched, aligned, on_sim, pattern, sim};

#[test]
fn transfers_of_nothing_ask_nothing() {
    let sim = sim();
    let file = on_sim(&sim, b"bytes", Direct::Off);
    assert_eq!(file.read_at(&mut [], 3), Ok(0));
    assert_eq!(file.write_at(&[], 3), Ok(0));
    file.read_exact_at(&mut [], 1 << 40).unwrap();
    file.write_all_at(&[], 1 << 40).unwrap();
    assert_eq!(file.read_vectored_at(&mut [], 0), Ok(0));
    assert_eq!(file.write_vectored_at(&[IoSlice::new(b""), IoSlice::new(b"")], 0), Ok(0));
    file.write_all_vectored_at(&vec![IoSlice::new(b""); 5000], 0).unwrap();
    assert_eq!(file.read_into(Vec::new(), 0).unwrap().0, 0);
    file.write_durable_at(&[], 7).unwrap();
    file.write_unaligned_at(&[], 7).unwrap();
    assert_eq!(file.read_unaligned_at(&mut [], 7), Ok(0));
    assert_eq!(sim.names(), [""; 0]);
}

#[test]
fn empty_pieces_are_passed_over_and_count_among_the_1024() {
    let sim = sim();
    let file = on_sim(&sim, b"", Direct::Off);
    let pieces = [IoSlice::new(b""), IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"c")];
    assert_eq!(file.write_vectored_at(&pieces, 1), Ok(3));
    let (mut one, mut two) = ([0; 1], [0; 3]);
    let into = &mut [IoSliceMut::new(&mut []), IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    assert_eq!(file.read_vectored_at(into, 0), Ok(4));
    assert_eq!((one, &two), ([0], b"abc"));

    let many = vec![IoSlice::new(b""); 1025];
    let error = ErrorKind::Operation(OpError::Pieces { count: 1025 });
    assert_eq!(file.write_vectored_at(&many, 0).unwrap_err().kind(), error);
    let mut none = std::iter::repeat_with(|| IoSliceMut::new(&mut [])).take(1025).collect::<Vec<_>>();
    assert_eq!(file.read_vectored_at(&mut none, 0).unwrap_err().kind(), error);
}

#[test]
fn any_number_of_pieces_is_split_and_short_calls_are_gone_on_with() {
    let bytes = pattern(3 * 1500);
    for seed in 0..20 {
        // Unkind: transfers are cut short.
        let sim = Watched::new(Sim::builder().seed(seed).short_transfers(2).build());
        let file = on_sim(&sim, b"", Direct::Off);
        let pieces: Vec<IoSlice<'_>> = bytes.chunks(3).map(IoSlice::new).collect();
        file.write_all_vectored_at(&pieces, 10).unwrap();
        assert!(sim.names().len() >= 2, "1,500 pieces take two calls");
        assert_eq!(sim.kernel.contents("file").unwrap()[10..], bytes);

        let mut read = vec![0; bytes.len()];
        let mut pieces: Vec<IoSliceMut<'_>> = read.chunks_mut(7).map(IoSliceMut::new).collect();
        file.read_exact_vectored_at(&mut pieces, 10).unwrap();
        assert_eq!(read, bytes, "seed {seed}");

        let mut more = vec![0; bytes.len() + 5];
        let mut pieces: Vec<IoSliceMut<'_>> = more.chunks_mut(100).map(IoSliceMut::new).collect();
        let kind = file.read_exact_vectored_at(&mut pieces, 10).unwrap_err().kind();
        assert_eq!(kind, ErrorKind::ShortRead { wanted: 4505, got: 4500 });
        assert_eq!(more[..4500], bytes);
    }
}

#[test]
fn reads_at_the_end_of_the_file_give_what_is_there() {
    let file = on_sim(&sim(), b"0123456789", Direct::Off);
    let mut buf = [0xff; 8];
    assert_eq!(file.read_at(&mut buf, 6), Ok(4));
    assert_eq!(&buf[..4], b"6789");
    assert_eq!(file.read_at(&mut buf, 10), Ok(0));
    assert_eq!(file.read_at(&mut buf, 1 << 40), Ok(0));
    let kind = file.read_exact_at(&mut buf, 6).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::ShortRead { wanted: 8, got: 4 });
}

#[test]
fn whatever_is_cut_short_is_gone_on_with_until_it_is_whole() {
    let bytes = pattern(5000);
    for most in [1, 7, 1000, 4999] {
        let sim = sim();
        let file = on_sim(&sim, b"", Direct::Off);
        sim.plan(move |_| Act::Cut(most));
        assert_eq!(file.write_at(&bytes, 0), Ok(most), "a single write tells the count");
        file.write_all_at(&bytes, 0).unwrap();
        assert_eq!(file.write_all_from(Arc::<[u8]>::from(&*bytes), 5000).unwrap().len(), 5000);
        assert_eq!(sim.kernel.contents("file").unwrap(), [&*bytes, &*bytes].concat());
        let mut read = vec![0; 5000];
        assert_eq!(file.read_at(&mut read, 0), Ok(most));
        file.read_exact_at(&mut read, 5000).unwrap();
        assert_eq!(read, bytes);
        assert_eq!(file.read_exact_into(Vec::with_capacity(5000), 0).unwrap(), bytes);
    }
}

#[test]
fn a_write_that_gets_nowhere_is_an_error_and_no_endless_loop() {
    let sim = sim();
    let file = on_sim(&sim, b"", Direct::Off);
    sim.plan(|call| Act::Cut(if call.offset < 100 { 60 } else { 0 }));
    let kind = file.write_all_at(&[1; 200], 0).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::ShortWrite { wanted: 200, got: 120 });
    let refused = file.write_all_from(vec![1; 200], 0).unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::ShortWrite { wanted: 200, got: 120 });
    assert_eq!(refused.given.len(), 200);
}

#[test]
fn a_buffer_comes_back_on_every_path() {
    let sim = sim();
    let file = on_sim(&sim, b"0123456789", Direct::Off);
    // A read asks for the capacity and sets the length; a write sends the length.
    let (count, buf) = file.read_into(Vec::with_capacity(64), 2).unwrap();
    assert_eq!((count, &*buf), (8, &b"23456789"[..]));
    let (count, buf) = file.write_from(buf, 10).unwrap();
    assert_eq!((count, buf.capacity()), (8, 64));
    let refused = file.read_exact_into(buf, 12).unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::ShortRead { wanted: 64, got: 6 });
    assert_eq!(refused.given, b"456789");

    let buf = refused.given;
    let address = buf.as_ptr();
    sim.plan(|_| Act::Fail(Errno::IO));
    let refused = file.read_into(buf, 0).unwrap_err();
    assert_eq!(refused.given, b"456789", "as it was");
    let refused = file.write_from(refused.given, 0).unwrap_err();
    let refused = file.write_all_from(refused.given, 0).unwrap_err();
    let refused = file.write_from(refused.given, u64::MAX).unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::Operation(OpError::Offset { offset: u64::MAX }));
    assert_eq!(refused.given.as_ptr(), address);
}

#[test]
fn an_interrupted_call_is_never_seen() {
    let sim = sim();
    let file = on_sim(&sim, b"0123456789", Direct::Off);
    let mut turn = 0;
    sim.plan(move |call| {
        turn += 1;
        // A close that is interrupted has closed, and memory is not waited for.
        if turn % 3 != 0 && call.name != "close" && call.name != "map" {
            Act::Fail(Errno::INTR)
        } else {
            Act::Go
        }
    });
    file.write_all_at(b"abc", 0).unwrap();
    let mut bytes = [0; 3];
    file.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"abc");
    file.sync_data().unwrap();
    file.sync_all().unwrap();
    file.truncate(5).unwrap();
    file.preallocate(100).unwrap();
    assert_eq!(file.size(), Ok(100));
    assert_eq!(file.copy_range(0, &file, 200, 3), Ok(3));
    file.advise(0..10, bareio::file::Advice::WillNeed).unwrap();
    let fs = bareio::fs::Fs::with_kernel(sim.clone());
    fs.mkdir("a/b/c").unwrap();
    fs.write_file("a/b/c/file", b"whole", Direct::Preferred).unwrap();
    assert_eq!(fs.read_file("a/b/c/file", Direct::Off).unwrap(), b"whole");
    fs.rename("a/b/c/file", "a/other").unwrap();
    fs.remove("a/other").unwrap();
    fs.remove_dir("a/b/c").unwrap();
    fs.sync_dir("a").unwrap();
}

#[test]
fn an_aligned_buffer_is_read_to_its_capacity_and_written_to_its_length() {
    let sim = sim();
    let file = on_sim(&sim, &pattern(8192), Direct::Required);
    let (count, buf) = file.read_into(aligned(&[]), 4096).unwrap();
    assert_eq!((count, buf.len(), buf.capacity()), (4096, 4096, 4096));
    assert_eq!(&buf[..], &pattern(8192)[4096..]);
    let (count, _) = file.write_from(buf, 0).unwrap();
    assert_eq!(count, 4096);
    assert_eq!(sim.kernel.contents("file").unwrap()[..4096], pattern(8192)[4096..]);
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_file_is_used_by_many_threads_at_once() {
    let folder = Folder::new();
    let file = File::create(folder.join("file")).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let file = file.clone();
            scope.spawn(move || {
                for round in 0..50_u64 {
                    let offset = (round * 4 + u64::from(thread)) * 100;
                    file.write_all_at(&[thread; 100], offset).unwrap();
                    file.sync_data().unwrap();
                }
            });
        }
    });
    let bytes = std::fs::read(folder.join("file")).unwrap();
    let right = |(index, chunk): (usize, &[u8])| chunk.iter().all(|byte| usize::from(*byte) == index % 4);
    assert!(bytes.len() == 20_000 && bytes.chunks(100).enumerate().all(right));
}
