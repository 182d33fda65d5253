//! The edges: short counts, odd files, empty transfers, slots.

use std::fs::File;
use std::io::{Read, Seek, Write};

use bareio_core::abi::{FileSlot, Statx};
use bareio_core::kernel::{AdviseFile, Allocate, OpenFlags, RenameFlags, RwFlags, SyncRange, UnlinkFlags};
use bareio_core::op::{Chain, ChainError, Offset, Op, Positions, Target};
use bareio_core::ring::{Builder, PushError, RingError};
use bareio_core::{Errno, Fd, IoVec, Linux};

use crate::common::{self, Scratch};
use crate::files::{fd, file, path, sealed};
use crate::way::Way;
use crate::{direct, fork};

const BYTES: [u8; 8192] = [0x5A; 8192];

/// Writes `len` bytes of [`BYTES`].
fn write(file: &File, len: usize, offset: u64) -> Op {
    Op::write(fd(file), BYTES.as_ptr(), len, offset).unwrap()
}

#[test]
fn a_short_write_cancels_a_soft_link_and_not_a_hard_one() {
    for mut way in Way::both() {
        let file = sealed(4096);
        let over_the_end = write(&file, 8192, 0);
        // SAFETY: everything outlives the call, here and below.
        let soft = unsafe { way.run_soft(over_the_end, Op::sync_data(fd(&file))) };
        assert_eq!(soft, [Ok(4096), Err(Errno::CANCELED)], "by {}", way.name());
        let mut hard = Chain::<2>::new(over_the_end);
        hard.hard_link(Op::sync_data(fd(&file))).unwrap();
        // SAFETY: as above.
        let hard = unsafe { way.run(hard.links()) };
        // The flush succeeded, and the record is not durable: only the count tells.
        assert_eq!(hard, [Ok(4096), Ok(0)], "by {}", way.name());
        assert!(!over_the_end.is_whole(hard[0]));
        // Wholly behind the end.
        // SAFETY: as above.
        let soft = unsafe { way.run_soft(write(&file, 1, 4096), Op::Nop) };
        assert_eq!(soft, [Err(Errno::PERM), Err(Errno::CANCELED)], "by {}", way.name());
    }
}

#[test]
fn a_write_over_the_size_limit_is_short_and_not_durable() {
    unsafe extern "C" {
        fn setrlimit(resource: u32, limit: *const [u64; 2]) -> i32;
        fn signal(number: i32, handler: usize) -> usize;
    }
    const RLIMIT_FSIZE: u32 = 1;
    const SIGXFSZ: i32 = 25;
    const SIG_IGN: usize = 1;
    let scratch = Scratch::new("size_limit");
    let file = file(&scratch, "file");
    fork::in_child(|| {
        // SAFETY: ignoring a signal runs no code.
        unsafe { signal(SIGXFSZ, SIG_IGN) };
        // SAFETY: the limit is valid for the call.
        assert_eq!(unsafe { setrlimit(RLIMIT_FSIZE, &[6000, 6000]) }, 0);
        for mut way in Way::both() {
            file.set_len(0).unwrap();
            let chain = Chain::<2>::durable_write(write(&file, 8192, 0), fd(&file)).unwrap();
            // SAFETY: everything outlives the call.
            let results = unsafe { way.run(chain.links()) };
            assert_eq!(results, [Ok(6000), Err(Errno::CANCELED)], "by {}", way.name());
            // SAFETY: as above.
            assert_eq!(unsafe { way.run_one(write(&file, 1, 6000)) }, Err(Errno::FBIG), "by {}", way.name());
        }
    });
}

#[test]
fn a_read_over_the_end_is_short_and_cancels_a_soft_link() {
    let scratch = Scratch::new("read_end");
    let file = file(&scratch, "file");
    (&file).write_all(b"0123456789").unwrap();
    for mut way in Way::both() {
        let mut bytes = [0; 16];
        for (offset, count) in [(0, 10), (7, 3), (10, 0), (99, 0)] {
            let read = Op::read(fd(&file), bytes.as_mut_ptr(), 16, offset).unwrap();
            // SAFETY: everything outlives the call.
            let results = unsafe { way.run_soft(read, Op::Nop) };
            assert_eq!(results, [Ok(count), Err(Errno::CANCELED)], "from {offset} by {}", way.name());
        }
        let whole = Op::read(fd(&file), bytes.as_mut_ptr(), 10, 0).unwrap();
        // SAFETY: as above.
        assert_eq!(unsafe { way.run_soft(whole, Op::Nop) }, [Ok(10), Ok(0)], "by {}", way.name());
    }
}

/// Each fails in its own code, not when its file is looked up, which the kernel would tell every chain.
#[test]
fn every_operation_that_fails_cancels_what_is_linked_softly_behind_it() {
    let scratch = Scratch::new("severs");
    let missing = path(&scratch, "missing/name");
    let dir = File::open(scratch.path("")).unwrap();
    let full = File::options().read(true).write(true).open("/dev/full").unwrap();
    let (pipe, _write) = std::io::pipe().unwrap();
    let (dir, full, pipe) = (fd(&dir), fd(&full), fd(&pipe));
    let mut stat = Statx::default();
    let mut bytes = [0_u8; 8];
    let pieces = [IoVec::of_mut(&mut bytes)];
    let buf = pieces[0].base();
    let name = missing.as_c_str();
    let cases = [
        (Op::read(dir, buf, 8, 0).unwrap(), Errno::ISDIR),
        (Op::read_vectored(dir, &pieces, 0).unwrap(), Errno::ISDIR),
        (Op::write(full, buf, 8, 0).unwrap(), Errno::NOSPC),
        (Op::write_vectored(full, &pieces, 0).unwrap(), Errno::NOSPC),
        (Op::sync_all(full), Errno::INVAL),
        (Op::sync_data(full), Errno::INVAL),
        (Op::sync_range(pipe, 0, 8, SyncRange::WRITE).unwrap(), Errno::SPIPE),
        (Op::allocate(full, Allocate::NONE, 0, 8).unwrap(), Errno::NODEV),
        (Op::truncate(pipe, 0).unwrap(), Errno::INVAL),
        (Op::open_at(Fd::CWD, name, OpenFlags::READ, 0).unwrap(), Errno::NOENT),
        (Op::open_at_slot(Fd::CWD, name, OpenFlags::READ, 0, FileSlot::at(0)).unwrap(), Errno::NOENT),
        (Op::close(Fd(-1)), Errno::BADF),
        (Op::close(Target::Slot(1)), Errno::BADF),
        (Op::stat(Fd::CWD, name, Statx::BASIC_STATS, &raw mut stat).unwrap(), Errno::NOENT),
        (Op::advise_file(pipe, 0, 8, AdviseFile::Normal).unwrap(), Errno::SPIPE),
        (Op::advise_file(pipe, 0, 1 << 40, AdviseFile::Normal).unwrap(), Errno::SPIPE),
        (Op::rename_at(Fd::CWD, name, Fd::CWD, name, RenameFlags::NONE).unwrap(), Errno::NOENT),
        (Op::unlink_at(Fd::CWD, name, UnlinkFlags::NONE).unwrap(), Errno::NOENT),
        (Op::make_dir_at(Fd::CWD, name, 0o700).unwrap(), Errno::NOENT),
    ];
    for mut way in Way::both() {
        for (op, errno) in cases {
            // SAFETY: everything outlives the call.
            let results = unsafe { way.run_soft(op, Op::Nop) };
            assert_eq!(results, [Err(errno), Err(Errno::CANCELED)], "{op:?} by {}", way.name());
        }
    }
}

#[test]
fn a_link_that_a_ring_would_not_sever_is_not_left_to_it() {
    let Some(mut ring) = common::ring(&Builder::new(4)) else { return };
    let mut chain = Chain::<3>::new(Op::Nop);
    chain.link(Op::sync_data(Fd(-1))).unwrap().link(Op::Nop).unwrap();
    // SAFETY: nothing is staged.
    let refused = unsafe { ring.push_chain(chain.links(), |_| 0) };
    assert_eq!(refused, Err(PushError::Chain(ChainError::Unsevered { index: 1 })));
    assert_eq!(ring.free(), 4);
}

#[test]
fn nothing_to_move_is_done_without_a_look_at_the_file() {
    for mut way in Way::both() {
        for file in [Target::Fd(Fd(-1)), Target::Slot(99)] {
            let empty = [IoVec::EMPTY; 3];
            let ops = [
                Op::read(file, core::ptr::null_mut(), 0, 0).unwrap(),
                Op::write(file, core::ptr::null(), 0, Offset::Current).unwrap(),
                Op::read_vectored(file, &[], 0).unwrap(),
                Op::write_vectored(file, &empty, 0).unwrap().with_flags(RwFlags::DATA_SYNC),
            ];
            for op in ops {
                // SAFETY: nothing is named.
                assert_eq!(unsafe { way.run_soft(op, Op::Nop) }, [Ok(0), Ok(0)], "{op:?} by {}", way.name());
            }
        }
    }
}

#[test]
fn the_errors_of_odd_files_are_the_same_both_ways() {
    let scratch = Scratch::new("odd_files");
    let read_only = {
        drop(file(&scratch, "read_only"));
        File::open(scratch.path("read_only")).unwrap()
    };
    let full = File::options().read(true).write(true).open("/dev/full").unwrap();
    let dir = File::open(scratch.path("")).unwrap();
    let mut bytes = [0; 16];
    let to = bytes.as_mut_ptr();
    for mut way in Way::both() {
        let cases = [
            (write(&full, 16, 0), Errno::NOSPC),
            (write(&read_only, 16, 0), Errno::BADF),
            (Op::read(fd(&dir), to, 16, 0).unwrap(), Errno::ISDIR),
            (Op::read(Target::Slot(3), to, 16, 0).unwrap(), Errno::BADF),
            (Op::read(Target::Slot(u32::MAX), to, 16, 0).unwrap(), Errno::BADF),
            (Op::close(Target::Slot(u32::MAX)), Errno::INVAL),
            (Op::sync_all(fd(&full)), Errno::INVAL),
            (Op::allocate(fd(&read_only), Allocate::NONE, 0, 1).unwrap(), Errno::BADF),
        ];
        for (op, errno) in cases {
            // SAFETY: everything outlives the call.
            assert_eq!(unsafe { way.run_one(op) }, Err(errno), "{op:?} by {}", way.name());
        }
    }
}

#[test]
fn the_current_position_is_used_and_moved_by_its_name_only() {
    let scratch = Scratch::new("position");
    for mut way in Way::both() {
        let mut file = file(&scratch, "file");
        let mut bytes = [0_u8; 4];
        for text in [b"abcd", b"efgh"] {
            let write = Op::write(fd(&file), text.as_ptr(), 4, Offset::Current).unwrap();
            // SAFETY: everything outlives the call, here and below.
            assert_eq!(unsafe { way.run_one(write) }, Ok(4), "by {}", way.name());
        }
        assert_eq!(file.stream_position().unwrap(), 8);
        let read = Op::read(fd(&file), bytes.as_mut_ptr(), 4, 2).unwrap();
        // SAFETY: as above.
        assert_eq!(unsafe { way.run_one(read) }, Ok(4), "by {}", way.name());
        assert_eq!((&bytes, file.stream_position().unwrap()), (b"cdef", 8), "by {}", way.name());
    }
}

/// The documentation names this difference. Should it go away, so can the sentence.
#[test]
fn a_short_write_at_the_current_position_moves_it_by_calls_and_perhaps_in_a_ring() {
    for mut way in Way::both() {
        let mut file = sealed(4096);
        let write = Op::write(fd(&file), BYTES.as_ptr(), 8192, Offset::Current).unwrap();
        // SAFETY: everything outlives the call.
        assert_eq!(unsafe { way.run_one(write) }, Ok(4096), "by {}", way.name());
        let position = file.stream_position().unwrap();
        let stays = position == 0 && matches!(way, Way::Ring(_));
        assert!(position == 4096 || stays, "{position} by {}", way.name());
    }
}

#[test]
fn as_many_pieces_as_a_call_takes_are_one_transfer() {
    let scratch = Scratch::new("pieces");
    let pieces = [IoVec::of(&BYTES[..3]); 1024];
    for mut way in Way::both() {
        let file = file(&scratch, "file");
        let op = Op::write_vectored(fd(&file), &pieces, 0).unwrap();
        // SAFETY: everything outlives the call.
        assert_eq!(unsafe { way.run_one(op) }, Ok(3072), "by {}", way.name());
        assert_eq!(file.metadata().unwrap().len(), 3072);
    }
}

#[test]
fn an_open_into_a_slot_replaces_and_a_close_empties_it() {
    let scratch = Scratch::new("slots");
    for name in ["one", "two"] {
        std::fs::write(scratch.path(name), name).unwrap();
    }
    let (one, two) = (path(&scratch, "one"), path(&scratch, "two"));
    for mut way in Way::both() {
        let mut bytes = [0_u8; 3];
        let read = Op::read(Target::Slot(2), bytes.as_mut_ptr(), 3, 0).unwrap();
        for (name, text) in [(&one, b"one"), (&two, b"two")] {
            let open = Op::open_at_slot(Fd::CWD, name, OpenFlags::READ, 0, FileSlot::at(2)).unwrap();
            // SAFETY: everything outlives the call, here and below.
            assert_eq!(unsafe { way.run_soft(open, read) }, [Ok(0), Ok(3)], "by {}", way.name());
            assert_eq!(&bytes, text, "by {}", way.name());
        }
        // SAFETY: as above.
        let closed = unsafe { way.run_soft(Op::close(Target::Slot(2)), read) };
        assert_eq!(closed, [Ok(0), Err(Errno::BADF)], "by {}", way.name());
        let anywhere = Op::open_at_slot(Fd::CWD, &one, OpenFlags::READ, 0, FileSlot::ALLOC).unwrap();
        // SAFETY: as above.
        let mut slots = [(); 4].map(|()| unsafe { way.run_one(anywhere) });
        // In which order is nobody's promise.
        slots.sort_unstable();
        assert_eq!(slots, [Ok(0), Ok(1), Ok(2), Ok(3)], "by {}", way.name());
        let out_of_range = Op::open_at_slot(Fd::CWD, &one, OpenFlags::READ, 0, FileSlot::at(4)).unwrap();
        // SAFETY: as above.
        assert_eq!(unsafe { way.run_one(anywhere) }, Err(Errno::NFILE), "by {}", way.name());
        // SAFETY: as above.
        assert_eq!(unsafe { way.run_one(out_of_range) }, Err(Errno::INVAL), "by {}", way.name());
        for slot in 0..4 {
            // SAFETY: as above.
            assert_eq!(unsafe { way.run_one(Op::close(Target::Slot(slot))) }, Ok(0), "by {}", way.name());
        }
    }
}

#[test]
fn a_pipe_that_is_not_ready_says_so_only_where_asked() {
    let (read, mut write) = std::io::pipe().unwrap();
    let mut bytes = [0_u8; 4];
    let op = Op::read(fd(&read), bytes.as_mut_ptr(), 4, Offset::Current).unwrap();
    for mut way in Way::both() {
        // SAFETY: everything outlives the call, here and below.
        let answer = unsafe { way.run_one(op.with_flags(RwFlags::NOWAIT)) };
        if answer == Err(Errno::NOSYS) {
            common::skip("this host has no preadv2(2)");
            continue;
        }
        assert_eq!(answer, Err(Errno::AGAIN), "by {}", way.name());
        write.write_all(b"ab").unwrap();
        // SAFETY: as above.
        let answer = unsafe { way.run_one(op.with_flags(RwFlags::NOWAIT)) };
        assert_eq!(answer, Ok(2), "by {}", way.name());
    }
}

#[test]
fn what_offsets_mean_to_a_file_can_be_asked() {
    let scratch = Scratch::new("positions");
    drop(file(&scratch, "file"));
    let plain = File::open(scratch.path("file")).unwrap();
    let append = File::options().append(true).open(scratch.path("file")).unwrap();
    let (pipe, _write) = std::io::pipe().unwrap();
    // SAFETY: all three are open.
    let of = |number| unsafe { Positions::of(&Linux, number) };
    assert_eq!(of(fd(&plain)), Ok(Positions::Kept));
    assert_eq!(of(fd(&append)), Ok(Positions::ReadsOnly));
    assert_eq!(of(fd(&pipe)), Ok(Positions::None));
    assert_eq!(of(Fd(-1)), Err(Errno::BADF));
    // This is why: the offset is ignored, both ways.
    for mut way in Way::both() {
        append.set_len(0).unwrap();
        let op = Op::write(fd(&append), b"ab".as_ptr(), 2, 100).unwrap();
        // SAFETY: everything outlives the call.
        assert_eq!(unsafe { way.run_one(op) }, Ok(2));
        assert_eq!(append.metadata().unwrap().len(), 2, "by {}", way.name());
    }
    // And here the ways differ, as the documentation says.
    let mut byte = 0_u8;
    let positioned = Op::read(fd(&pipe), &raw mut byte, 1, 5).unwrap();
    // SAFETY: everything outlives the call.
    assert_eq!(unsafe { Way::calls().run_one(positioned) }, Err(Errno::SPIPE));
}

#[test]
fn a_direct_read_off_the_grid_is_refused_both_ways() {
    let scratch = Scratch::new("direct");
    std::fs::write(scratch.path("file"), [1; 8192]).unwrap();
    let direct = direct::open_direct(&scratch.path("file"));
    let mut bytes = [0_u8; 8192];
    // On no file system is a byte a block; one without direct I/O reads it.
    let read = Op::read(fd(&direct), bytes.as_mut_ptr(), 100, 1).unwrap();
    // SAFETY: everything outlives the calls.
    let answers: Vec<_> = Way::both().map(|mut way| unsafe { way.run_one(read) }).collect();
    assert!(answers.iter().all(|answer| matches!(answer, Err(Errno::INVAL) | Ok(100))), "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[test]
fn high_priority_is_no_error_in_a_ring_that_does_not_poll() {
    let scratch = Scratch::new("priority");
    let file = file(&scratch, "file");
    for mut way in Way::both() {
        let op = write(&file, 16, 0).with_flags(RwFlags::HIGH_PRIORITY | RwFlags::DATA_SYNC);
        // SAFETY: everything outlives the call.
        assert_eq!(unsafe { way.run_one(op) }, Ok(16), "by {}", way.name());
    }
}

#[test]
fn a_chain_is_staged_whole_or_not_at_all() {
    let Some(mut ring) = common::ring(&Builder::new(4)) else { return };
    let mut chain = Chain::<8>::new(Op::Nop);
    for _ in 0..3 {
        chain.link(Op::Nop).unwrap();
    }
    // SAFETY: a NOP names nothing, here and below.
    unsafe { ring.push_chain(chain.links(), |index| index as u64) }.unwrap();
    // SAFETY: as above.
    let full = unsafe { ring.push_chain(&chain.links()[..1], |_| 9) };
    assert_eq!(full, Err(PushError::Ring(RingError::Full)));
    ring.submit_and_wait(4).unwrap();
    assert_eq!(ring.completions().map(|cqe| cqe.user_data).collect::<Vec<_>>(), [0, 1, 2, 3]);
    chain.link(Op::Nop).unwrap();
    // SAFETY: as above.
    let too_long = unsafe { ring.push_chain(chain.links(), |_| 9) };
    assert_eq!(too_long, Err(PushError::Chain(ChainError::TooLong { len: 5, limit: 4 })));
    assert_eq!((ring.free(), ring.in_flight()), (4, 0), "nothing was staged");
    assert_eq!(chain.links().len(), 5, "the chain is the caller's still");
}

#[test]
fn a_durable_write_that_is_whole_reads_back() {
    let scratch = Scratch::new("durable");
    for mut way in Way::both() {
        let mut file = file(&scratch, "file");
        let chain = Chain::<2>::durable_write(write(&file, 8192, 0), fd(&file)).unwrap();
        // SAFETY: everything outlives the call.
        assert_eq!(unsafe { way.run(chain.links()) }, [Ok(8192), Ok(0)], "by {}", way.name());
        let mut back = Vec::new();
        file.read_to_end(&mut back).unwrap();
        assert_eq!(back, BYTES);
    }
}
