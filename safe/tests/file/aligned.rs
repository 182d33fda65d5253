//! The grid of direct I/O.

use std::io::{IoSlice, IoSliceMut};

use bareio::core::Part;
use bareio::core::sim::Sim;
use bareio::file::{Direct, Grid};
use bareio::{Align, Error, ErrorKind};

use crate::rig::{Act, Folder, Watched, aligned, both, on_sim, pattern, sim};

fn part(error: Error) -> (Part, u64) {
    match error.kind() {
        ErrorKind::Misaligned(misaligned) => (misaligned.part, misaligned.align.bytes()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn address_length_and_offset_are_checked_before_the_kernel_is_asked() {
    let sim = Watched::new(Sim::builder().calm().direct(Align::B_512, Align::KIB_4).build());
    let file = on_sim(&sim, &pattern(8192), Direct::Required);
    let mut buf = aligned(&pattern(8192));
    assert_eq!(part(file.read_at(&mut buf[1..4097], 0).unwrap_err()), (Part::Address, 512));
    assert_eq!(part(file.read_at(&mut buf[..1000], 0).unwrap_err()), (Part::Length, 4096));
    assert_eq!(part(file.read_at(&mut buf[..4096], 512).unwrap_err()), (Part::Offset, 4096));
    assert_eq!(part(file.write_at(&buf[1..4097], 0).unwrap_err()), (Part::Address, 512));
    assert_eq!(part(file.write_all_at(&buf[..1000], 0).unwrap_err()), (Part::Length, 4096));
    assert_eq!(part(file.write_durable_at(&buf[..4096], 7).unwrap_err()), (Part::Offset, 4096));
    let pieces = [IoSlice::new(&buf[..4096]), IoSlice::new(&buf[4096..5000])];
    assert_eq!(part(file.write_vectored_at(&pieces, 0).unwrap_err()), (Part::Length, 4096));
    let (one, two) = buf.split_at_mut(4096);
    let pieces = &mut [IoSliceMut::new(one), IoSliceMut::new(&mut two[1..4096])];
    assert_eq!(part(file.read_vectored_at(pieces, 0).unwrap_err()).0, Part::Address);
    let refused = file.write_from(buf, 1).unwrap_err();
    assert_eq!(part(refused.error), (Part::Offset, 4096));
    assert_eq!(refused.given.len(), 8192);
    assert_eq!(sim.names(), [""; 0]);
    // Memory is on a finer grid than offsets.
    let buf = refused.given;
    assert_eq!(file.write_at(&buf[512..4608], 0), Ok(4096));
}

#[test]
fn empty_pieces_off_the_grid_are_passed_over_under_direct_io() {
    let sim = sim();
    let file = on_sim(&sim, b"", Direct::Required);
    let buf = aligned(&pattern(4096));
    let pieces = [IoSlice::new(&buf[1..1]), IoSlice::new(&buf[..512]), IoSlice::new(&buf[3..3])];
    assert_eq!(file.write_vectored_at(&pieces, 512), Ok(512));
}

#[test]
fn a_short_direct_write_goes_on_on_the_grid() {
    let sim = sim();
    let file = on_sim(&sim, b"", Direct::Required);
    let buf = aligned(&pattern(8192));
    // No kernel in memory cuts off the grid; a disk that is full may.
    let mut turn = 0;
    sim.plan(move |_| {
        turn += 1;
        if turn <= 2 { Act::Cut(1024) } else { Act::Go }
    });
    file.write_all_at(&buf, 0).unwrap();
    let calls: Vec<_> = sim.calls().iter().map(|call| (call.offset, call.len)).collect();
    assert_eq!(calls, [(0, 8192), (1024, 7168), (2048, 6144)]);
    assert_eq!(sim.kernel.contents("file").unwrap(), pattern(8192));

    let mut into = aligned(&[0; 8192]);
    let mut turn = 0;
    sim.plan(move |_| {
        turn += 1;
        if turn == 1 { Act::Cut(512) } else { Act::Go }
    });
    file.read_exact_at(&mut into, 0).unwrap();
    assert_eq!(into[..], pattern(8192));
}

#[test]
fn a_direct_read_at_the_end_of_an_odd_file_gives_what_is_there_and_asks_no_more() {
    let sim = sim();
    let file = on_sim(&sim, &pattern(5000), Direct::Required);
    let mut buf = aligned(&[0; 8192]);
    assert_eq!(file.read_at(&mut buf, 0), Ok(5000));
    assert_eq!(buf[..5000], pattern(5000));
    sim.calls();
    let kind = file.read_exact_at(&mut buf, 0).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::ShortRead { wanted: 8192, got: 5000 });
    assert_eq!(sim.names(), ["pread"]);
    let refused = file.read_exact_into(aligned(&[0; 8192]), 0).unwrap_err();
    assert_eq!((refused.given.len(), sim.names()), (5000, vec!["pread"]));
}

#[test]
fn a_disk_of_4096_byte_sectors_is_never_asked_for_512() {
    let kernel = Sim::builder().calm().direct(Align::KIB_4, Align::KIB_4).build();
    let sim = Watched::new(kernel);
    let file = on_sim(&sim, &pattern(12_288), Direct::Required);
    assert_eq!(file.align(), Grid::uniform(Align::KIB_4));
    let buf = aligned(&pattern(4096));
    assert_eq!(part(file.write_at(&buf[..512], 0).unwrap_err()), (Part::Length, 4096));
    file.write_unaligned_at(b"patched", 5000).unwrap();
    assert!(sim.calls().iter().all(|call| call.offset % 4096 == 0 && call.len % 4096 == 0));
    assert_eq!(sim.kernel.contents("file").unwrap()[5000..5007], *b"patched");
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn direct_io_on_this_host_moves_the_bytes() {
    let folder = Folder::new();
    let path = folder.join("file");
    let file = both().direct(Direct::Preferred).open(&path).unwrap();
    let block = file.align().block();
    let len = block.ceil_len(20_000).unwrap();
    let mut buf = bareio::AlignedBuf::new(*file.kernel(), len, block).unwrap();
    buf.extend_from_slice(&pattern(len)).unwrap();
    file.write_all_at(&buf, 0).unwrap();
    file.sync_all().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), pattern(len));
    let (count, buf) = file.read_into(buf, 0).unwrap();
    assert_eq!((count, &buf[..]), (len, &pattern(len)[..]));
    if file.granted().is_direct() && block > Align::BYTE {
        assert!(file.write_at(&buf[1..], 0).unwrap_err().is_misaligned());
    } else {
        crate::rig::skip("the file system of temporary files has no direct I/O");
    }
}
