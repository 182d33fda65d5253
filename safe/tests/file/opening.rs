//! What is asked when a file is opened, what is granted, and what is left behind.

use std::os::fd::{AsFd, AsRawFd};

use bareio::core::abi::Statx;
use bareio::core::kernel::OpenFlags;
use bareio::core::op::{OpError, Positions};
use bareio::core::sim::{Sim, Version};
use bareio::core::ticket::OwnedFile;
use bareio::file::{Direct, File, Granted, Grid, OpenOptions, Sync};
use bareio::{Align, Errno, ErrorKind};

use crate::rig::{Act, Folder, Watched, both, sim};

#[test]
fn a_file_is_asked_once_and_no_transfer_asks_again() {
    let sim = sim();
    let file = both().direct(Direct::Required).open_with_kernel(sim.clone(), "file").unwrap();
    assert_eq!(sim.names(), ["open", "statx"]);
    assert_eq!(file.align(), Grid::uniform(Align::B_512));
    assert_eq!(file.positions(), Positions::Kept);
    assert!(file.granted().is_direct());
}

#[test]
fn the_last_owner_closes_the_file_and_no_other_does() {
    let sim = sim();
    let file = both().open_with_kernel(sim.clone(), "file").unwrap();
    let clone = file.clone();
    drop(file);
    assert_eq!(sim.kernel.census().descriptors, 1);
    clone.write_all_at(b"still open", 0).unwrap();
    clone.close().unwrap();
    assert_eq!(sim.kernel.census().descriptors, 0);
}

#[test]
fn what_closing_says_is_told_once_and_the_descriptor_is_gone() {
    let sim = sim();
    let file = both().open_with_kernel(sim.clone(), "file").unwrap();
    sim.plan(|call| if call.name == "close" { Act::Fail(Errno::IO) } else { Act::Go });
    assert_eq!(file.close().unwrap_err().errno(), Some(Errno::IO));
    assert_eq!(sim.kernel.census().descriptors, 0);
    assert_eq!(sim.names(), ["open", "statx", "close"]);
}

#[test]
fn a_file_system_without_direct_io_is_refused_or_buffered_as_was_asked() {
    let without = || Sim::builder().calm().without_direct().build();
    let open = |direct| both().direct(direct).open_with_kernel(without(), "file");

    let error = open(Direct::Required).unwrap_err();
    assert!(error.is_unsupported());
    assert_eq!(error.errno(), Some(Errno::INVAL));

    let file = open(Direct::Preferred).unwrap();
    assert!(matches!(file.granted(), Granted::Buffered(why) if why.errno() == Some(Errno::INVAL)));
    assert_eq!(file.align(), Grid::ANY);
    file.write_all_at(b"anywhere", 3).unwrap();

    assert_eq!(open(Direct::Off).unwrap().granted().to_string(), "buffered: as asked");
}

#[test]
fn a_file_that_must_be_new_and_direct_leaves_nothing_behind_where_it_cannot_be() {
    let options = OpenOptions::new().read(true).write(true).create_new(true);
    let kernel = Sim::builder().calm().without_direct().build();
    let refused = options.clone().direct(Direct::Required).open_with_kernel(kernel.clone(), "new");
    assert!(refused.unwrap_err().is_unsupported());
    assert_eq!(kernel.contents("new"), None);
    assert_eq!(kernel.census().descriptors, 0);

    // Preferred makes it, once; the second time it is there.
    let preferred = options.direct(Direct::Preferred);
    let file = preferred.open_with_kernel(kernel.clone(), "new").unwrap();
    assert!(!file.granted().is_direct());
    let again = preferred.open_with_kernel(kernel.clone(), "new").unwrap_err();
    assert_eq!(again.errno(), Some(Errno::EXIST));
    drop(file);
    assert_eq!(kernel.census().descriptors, 0);

    let kernel = sim();
    assert!(preferred.open_with_kernel(kernel.clone(), "new").unwrap().granted().is_direct());
    assert_eq!(preferred.open_with_kernel(kernel.clone(), "new").unwrap_err().errno(), Some(Errno::EXIST));
}

#[test]
fn a_file_that_cannot_be_direct_is_not_emptied_by_asking() {
    let kernel = Sim::builder().calm().without_direct().build();
    kernel.put("file", b"precious").unwrap();
    let options = both().truncate(true);
    let refused = options.clone().direct(Direct::Required).open_with_kernel(kernel.clone(), "file");
    assert!(refused.unwrap_err().is_unsupported());
    assert_eq!(kernel.contents("file").unwrap(), b"precious");
    options.direct(Direct::Preferred).open_with_kernel(kernel.clone(), "file").unwrap();
    assert_eq!(kernel.contents("file").unwrap(), b"");
    let read_only = OpenOptions::new().read(true).truncate(true).open_with_kernel(kernel, "file");
    assert_eq!(read_only.unwrap_err().errno(), Some(Errno::INVAL));
}

#[test]
fn a_file_that_turns_out_not_to_be_direct_once_it_is_open_is_not_emptied_either() {
    let sim = sim();
    sim.kernel.put("file", b"precious").unwrap();
    sim.plan(|_| Act::Told(|stat| (stat.dio_mem_align, stat.dio_offset_align) = (0, 0)));
    let required = both().truncate(true).direct(Direct::Required).open_with_kernel(sim.clone(), "file");
    assert!(required.unwrap_err().is_unsupported());
    assert_eq!(sim.kernel.contents("file").unwrap(), b"precious");
}

#[test]
fn the_grid_is_the_files_own_and_memory_and_offsets_are_told_apart() {
    let sim = Watched::new(Sim::builder().calm().direct(Align::B_512, Align::KIB_4).build());
    let open = || both().direct(Direct::Required).open_with_kernel(sim.clone(), "file");
    let grid = Grid { memory: Align::B_512, offset: Align::KIB_4, read_offset: Align::KIB_4 };
    assert_eq!(open().unwrap().align(), grid);
    assert_eq!(grid.block(), Align::KIB_4);

    // A file system that writes out of place may read on a finer grid.
    sim.plan(|_| Act::Told(|stat| stat.dio_read_offset_align = 512));
    assert_eq!(open().unwrap().align().read_offset, Align::B_512);

    // One that says no.
    sim.plan(|_| Act::Told(|stat| (stat.dio_mem_align, stat.dio_offset_align) = (0, 0)));
    assert!(open().unwrap_err().is_unsupported());
    let preferred = both().direct(Direct::Preferred).open_with_kernel(sim.clone(), "file").unwrap();
    assert_eq!(preferred.align(), Grid::ANY);
    let flags = sim.calls().into_iter().rfind(|call| call.name == "open").unwrap().flags;
    assert!(!OpenFlags(flags).contains(OpenFlags::DIRECT), "or its writes would be refused");
}

#[test]
fn a_kernel_that_tells_no_grid_is_asked_by_reading_one_block() {
    let old = |align| Sim::builder().calm().version(Version::new(5, 10)).direct(align, align).build();
    let sim = Watched::new(old(Align::B_512));
    let open = |sim: &Watched<Sim>| both().direct(Direct::Required).open_with_kernel(sim.clone(), "file");
    assert_eq!(open(&sim).unwrap().align(), Grid::uniform(Align::KIB_4));
    let read = sim.calls().into_iter().find(|call| call.name == "pread").unwrap();
    assert_eq!((read.offset, read.len), (0, 4096));

    // A disk of larger sectors: what would be refused later is refused now.
    let sim = Watched::new(old(Align::new(16384).unwrap()));
    assert!(open(&sim).unwrap_err().is_unsupported());
    assert_eq!(sim.kernel.census(), bareio::core::sim::Census::default(), "nothing is left");
}

#[test]
fn a_host_that_tells_nothing_of_files_still_opens_them() {
    let sim = sim();
    sim.plan(|call| match call.name {
        "statx" | "lseek" | "fcntl" => Act::Fail(Errno::NOSYS),
        _ => Act::Go,
    });
    let file = both().open_with_kernel(sim.clone(), "file").unwrap();
    file.write_all_at(b"bytes", 0).unwrap();
    assert_eq!(file.size().unwrap_err().errno(), Some(Errno::NOSYS));
    let append = both().append(true).open_with_kernel(sim, "file").unwrap();
    assert_eq!(append.write_at(b"x", 0).unwrap_err().kind(), ErrorKind::Operation(OpError::Append));
}

#[test]
fn whichever_call_of_opening_fails_nothing_is_left_open() {
    for direct in [Direct::Off, Direct::Preferred, Direct::Required] {
        for options in [both(), both().truncate(true), OpenOptions::wal(direct), both().create_new(true)] {
            for nth in 1.. {
                let sim = Sim::builder().calm().fail_operation(nth, Errno::IO).build();
                let opened = options.clone().direct(direct).open_with_kernel(sim.clone(), "file");
                if sim.operations() < nth {
                    assert!(opened.is_ok());
                    break;
                }
                let left = usize::from(opened.is_ok());
                assert_eq!(sim.census().descriptors, left, "operation {nth}, {direct:?}");
                drop(opened);
                assert_eq!(sim.census(), bareio::core::sim::Census::default());
            }
        }
    }
}

#[test]
fn whichever_call_of_opening_a_new_file_fails_it_is_not_left_behind() {
    for direct in [Direct::Off, Direct::Preferred, Direct::Required] {
        let options = both().create_new(true).direct(direct);
        for nth in 1.. {
            let sim = Sim::builder().calm().fail_operation(nth, Errno::IO).build();
            let opened = options.open_with_kernel(sim.clone(), "file");
            let is_there = sim.contents("file").is_some();
            assert_eq!(is_there, opened.is_ok(), "operation {nth}, {direct:?}: {opened:?}");
            if sim.operations() < nth {
                assert!(is_there);
                break;
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn how_writes_are_flushed_is_known_from_the_opening() {
    for sync in [Sync::None, Sync::Data, Sync::All] {
        let file = both().sync(sync).open_with_kernel(sim(), "file").unwrap();
        assert_eq!(file.sync_mode(), sync);
        let folder = Folder::new();
        let path = folder.join("file");
        let file = both().sync(sync).open(&path).unwrap();
        assert_eq!(File::from_fd(file.as_fd().try_clone_to_owned().unwrap()).unwrap().sync_mode(), sync);
    }
}

#[test]
fn a_log_is_opened_with_its_name_durable_and_each_write() {
    let sim = sim();
    let log = OpenOptions::wal(Direct::Off).open_with_kernel(sim.clone(), "log").unwrap();
    log.write_all_at(b"record", 0).unwrap();
    for seed in 0..50 {
        assert_eq!(sim.kernel.crash(seed).contents("log").as_deref(), Some(&b"record"[..]), "seed {seed}");
    }
    // Without, the name may go.
    let options = both().sync(Sync::Data);
    options.open_with_kernel(sim.clone(), "other").unwrap().write_all_at(b"record", 0).unwrap();
    assert!((0..50).any(|seed| sim.kernel.crash(seed).contents("other").is_none()));
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_descriptor_of_the_standard_library_becomes_a_file_and_comes_back_if_it_cannot() {
    let folder = Folder::new();
    let path = folder.join("file");
    std::fs::write(&path, "bytes").unwrap();
    let file = File::try_from(std::fs::File::open(&path).unwrap()).unwrap();
    assert_eq!((file.size().unwrap(), file.as_raw_fd()), (5, OwnedFile::fd(&file).0));
    assert_eq!(file.lend().fd().0, file.as_raw_fd());

    let (reader, _writer) = std::io::pipe().unwrap();
    let pipe = File::from_fd(reader).unwrap();
    assert_eq!(pipe.positions(), Positions::None);
    assert_eq!(pipe.read_at(&mut [0; 1], 0).unwrap_err().kind(), ErrorKind::Operation(OpError::Stream));
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn direct_io_is_granted_by_this_host_as_it_says() {
    let folder = Folder::new();
    let file = both().direct(Direct::Preferred).open(folder.join("file")).unwrap();
    let mut stat = Statx::default();
    let mask = Statx::BASIC_STATS | Statx::DIOALIGN;
    let kernel = *file.kernel();
    // SAFETY: the file is open.
    unsafe { bareio::core::Kernel::stat(&kernel, file.lend().fd(), c"", mask, &mut stat) }.unwrap();
    if stat.mask & Statx::DIOALIGN != 0 {
        assert_eq!(file.granted().is_direct(), stat.dio_offset_align != 0);
    }
    if file.granted().is_direct() {
        let flags = File::from_fd(file.as_fd().try_clone_to_owned().unwrap()).unwrap();
        assert_eq!((flags.granted(), flags.align()), (file.granted(), file.align()));
    }
}
