//! Rings: what only this kernel does, and what Linux does only now and then.

use std::time::Duration;

use bareio_core::abi::{
    CancelFlags, EnterFlags, Features, Opcode, Params, Register, SetupFlags, SqFlags, Sqe, SqeFlags,
};
use bareio_core::kernel::{MapFlags, OpenFlags};
use bareio_core::ring::Builder;
use bareio_core::sim::{Call, Census, Sim, Threads};
use bareio_core::{Errno, Fd, IoVec, Kernel, sqe};

use super::files::open;
use super::rig::Rig;

const RW: OpenFlags = OpenFlags(OpenFlags::READ.0 | OpenFlags::WRITE.0 | OpenFlags::CREATE.0);
const SEEDS: u64 = if cfg!(miri) { 2 } else { 60 };

fn deferred() -> SetupFlags {
    SetupFlags::SINGLE_ISSUER | SetupFlags::DEFER_TASKRUN | SetupFlags::TASKRUN_FLAG
}

/// Closes what the test opened, and checks that nothing is left.
fn finish(sim: &Sim, fds: &[Fd]) {
    for fd in fds {
        // SAFETY: ours, and not used any more.
        unsafe { sim.close(*fd) }.unwrap();
    }
    assert_eq!(sim.census(), Census::default(), "seed {}", sim.seed());
    assert!(sim.violations().is_empty());
}

#[test]
fn a_ring_reads_and_writes_whatever_its_layout_and_release() {
    for seed in 0..SEEDS {
        for (version, flags) in [
            (Sim::like_5_1(), SetupFlags::NONE),
            (Sim::like_5_10(), SetupFlags::NONE),
            (Sim::like_6_18(), SetupFlags::NONE),
            (Sim::like_6_18(), SetupFlags::NO_SQARRAY),
            (Sim::like_6_18(), deferred()),
            (Sim::like_6_18().without_features(Features::SINGLE_MMAP), SetupFlags::NO_SQARRAY),
        ] {
            let sim = version.seed(seed).build();
            let mut rig = Rig::new(sim.clone(), 4, flags).unwrap();
            let fd = open(&sim, c"a", RW).unwrap();
            let pieces = [IoVec::of(b"hello")];
            let written = rig.one(sqe::write_vectored(fd, pieces.as_ptr(), 1, 0));
            assert!((1..=5).contains(&written), "{written}");
            let mut bytes = [0; 5];
            let into = [IoVec::of_mut(&mut bytes)];
            let read = rig.one(sqe::read_vectored(fd, into.as_ptr(), 1, 0));
            assert!((1..=written).contains(&read), "{read}");
            let read = usize::try_from(read).unwrap();
            assert_eq!(bytes[..read], b"hello"[..read]);
            // Past the end of the cursors' range.
            for index in 0..20 {
                assert_eq!(rig.one(sqe::nop().user_data(index)), 0);
            }
            assert!(rig.cq.position() < 100, "the cursor has wrapped: {}", rig.cq.position());
            drop(rig);
            finish(&sim, &[fd]);
        }
    }
}

#[test]
fn the_order_of_entries_is_that_of_the_array() {
    let sim = Sim::builder().calm().delay(Duration::ZERO).build();
    let mut rig = Rig::new(sim.clone(), 4, SetupFlags::NONE).unwrap();
    let first = rig.sq.position();
    // Slot 0 is asked for twice, and slot 1 never; the last index leads nowhere.
    let slot = first & 3;
    rig.set_index(first.wrapping_add(1), slot);
    rig.set_index(first.wrapping_add(2), 77);
    for user_data in 0..3 {
        rig.push(sqe::nop().user_data(user_data));
    }
    assert_eq!(rig.enter(3, 0, EnterFlags::NONE), Ok(2));
    assert_eq!(rig.results(2), [(0, 0), (0, 0)]);
    drop(rig);
    finish(&sim, &[]);
}

#[test]
fn deferred_completions_show_only_to_who_asks() {
    let sim = Sim::builder().calm().build();
    let mut rig = Rig::new(sim.clone(), 4, deferred()).unwrap();
    rig.push(sqe::nop().user_data(1));
    assert_eq!(rig.enter(1, 0, EnterFlags::NONE), Ok(1));
    sim.advance(Duration::from_secs(1));
    assert_eq!(rig.cq.refresh(), 0);
    assert!(rig.flags().contains(SqFlags::TASKRUN));
    assert_eq!(rig.enter(0, 0, EnterFlags::GETEVENTS), Ok(0));
    assert_eq!(rig.cq.refresh(), 1);
    assert!(!rig.flags().contains(SqFlags::TASKRUN));
    drop(rig);
    finish(&sim, &[]);
}

#[test]
fn a_polling_thread_sleeps_and_must_be_woken() {
    let sim = Sim::builder().calm().build();
    let mut rig = Rig::new(sim.clone(), 4, SetupFlags::SQPOLL).unwrap();
    rig.push(sqe::nop().user_data(1));
    rig.sq.publish();
    while rig.cq.refresh() == 0 {
        assert!(sim.step(), "the thread takes what is published without a call");
    }
    while !rig.doorbell.must_ring() {
        sim.step();
    }
    rig.push(sqe::nop().user_data(2));
    rig.sq.publish();
    assert!(!sim.step(), "it sleeps");
    assert_eq!(rig.enter(1, 1, EnterFlags::SQ_WAKEUP | EnterFlags::GETEVENTS), Ok(1));
    assert_eq!(rig.results(2), [(1, 0), (2, 0)]);
    drop(rig);
    finish(&sim, &[]);
}

#[test]
#[should_panic(expected = "the thread that polls the submission queue sleeps, and nobody woke it")]
fn a_forgotten_wake_up_is_told() {
    let sim = Sim::builder().calm().build();
    let mut rig = Rig::new(sim.clone(), 4, SetupFlags::SQPOLL).unwrap();
    while !rig.doorbell.must_ring() {
        sim.step();
    }
    rig.push(sqe::nop());
    let _ = rig.enter(1, 1, EnterFlags::GETEVENTS);
}

#[test]
fn a_full_queue_loses_completions_where_they_are_not_kept() {
    let sim = Sim::like_5_10().without_features(Features::NODROP).calm().build();
    let params = Params { flags: SetupFlags::CQSIZE, cq_entries: 4, ..Params::default() };
    let mut rig = Rig::with(sim.clone(), 4, params).unwrap();
    for _ in 0..2 {
        for _ in 0..4 {
            rig.push(sqe::nop());
        }
        rig.submit(0);
        sim.advance(Duration::from_secs(1));
    }
    assert_eq!((rig.cq.refresh(), rig.dropped_completions()), (4, 4));
    drop(rig);
    finish(&sim, &[]);
}

#[test]
fn what_overflowed_stays_in_front_of_what_comes_later() {
    let sim = Sim::builder().calm().delay(Duration::ZERO).build();
    let params = Params { flags: SetupFlags::CQSIZE, cq_entries: 4, ..Params::default() };
    let mut rig = Rig::with(sim.clone(), 4, params).unwrap();
    for user_data in 0..8 {
        rig.push(sqe::nop().user_data(user_data));
        rig.enter(1, 0, EnterFlags::NONE).unwrap();
    }
    // There is room again, but not for the newest.
    let mut order: Vec<_> = rig.cq.batch().map(|cqe| cqe.user_data).collect();
    rig.push(sqe::nop().user_data(8));
    rig.enter(1, 0, EnterFlags::NONE).unwrap();
    order.extend(rig.run(5).iter().map(|cqe| cqe.user_data));
    assert_eq!(order, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    drop(rig);
    finish(&sim, &[]);
}

#[test]
fn before_5_19_what_overflowed_keeps_new_entries_out() {
    let sim = Sim::like_5_10().calm().build();
    let params = Params { flags: SetupFlags::CQSIZE, cq_entries: 4, ..Params::default() };
    let mut rig = Rig::with(sim.clone(), 4, params).unwrap();
    for _ in 0..2 {
        for _ in 0..4 {
            rig.push(sqe::nop());
        }
        rig.submit(0);
        sim.advance(Duration::from_secs(1));
    }
    rig.push(sqe::nop());
    assert_eq!(rig.enter(1, 0, EnterFlags::NONE), Err(Errno::BUSY));
    assert_eq!(rig.sq.unconsumed(), 1, "it stays queued");
    assert_eq!(rig.run(9).len(), 9);
    drop(rig);
    finish(&sim, &[]);
}

#[test]
fn completions_come_late_in_any_order_and_reads_leave_garbage_before() {
    let (mut late, mut shuffled, mut scribbled) = (0, 0, 0);
    for seed in 0..SEEDS.max(20) {
        let sim = Sim::builder().seed(seed).calm().build();
        sim.put("a", &[7; 64]).unwrap();
        let fd = open(&sim, c"a", RW).unwrap();
        let mut rig = Rig::new(sim.clone(), 8, SetupFlags::NONE).unwrap();
        let mut bytes = [[0_u8; 64]; 8];
        let to = bytes.as_mut_ptr();
        for index in 0..8 {
            rig.push(sqe::read(fd, to.wrapping_add(index).cast(), 64, 0).user_data(index as u64));
        }
        rig.enter(8, 0, EnterFlags::NONE).unwrap();
        rig.seen.extend(rig.cq.batch());
        late += usize::from(rig.seen.len() < 8);
        for index in 0..8 {
            if rig.seen.iter().all(|cqe| cqe.user_data != index as u64) {
                // SAFETY: the memory is ours; the kernel writes to it only within calls.
                let before = unsafe { to.wrapping_add(index).read() };
                scribbled += usize::from(before != [0; 64]);
            }
        }
        let order: Vec<_> = rig.run(8).iter().map(|cqe| cqe.user_data).collect();
        shuffled += usize::from(!order.is_sorted());
        // SAFETY: every read has completed.
        assert_eq!(unsafe { to.read() }, [7; 64]);
        drop(rig);
        finish(&sim, &[fd]);
    }
    assert!(late > 0 && shuffled > 0 && scribbled > 0, "{late} {shuffled} {scribbled}");
}

#[test]
fn memory_taken_from_under_an_operation_is_told() {
    let sim = Sim::builder().seed(9).calm().count_violations().build();
    let (reader, writer) = sim.pipe().unwrap();
    let mut rig = Rig::new(sim.clone(), 4, SetupFlags::NONE).unwrap();
    let page = sim.map(4096, MapFlags::NONE).unwrap();
    rig.push(sqe::read(reader, page.as_ptr(), 8, u64::MAX).user_data(0xabc));
    rig.submit(0);
    // SAFETY: not so: an operation uses it, which is the point. The kernel only looks it up.
    unsafe { sim.unmap(page, 4096) }.unwrap();
    let found = sim.violations();
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("unmapped while the operation with user data 0xabc uses it"), "{found:?}");
    rig.push(sqe::cancel(0xabc, CancelFlags::NONE).user_data(1));
    assert_eq!(rig.results(2), [(1, 0), (0xabc, -125)]);
    drop(rig);
    // SAFETY: ours.
    unsafe { sim.close(reader) }.unwrap();
    // SAFETY: ours.
    unsafe { sim.close(writer) }.unwrap();
}

#[test]
fn a_closed_ring_goes_on_with_what_it_has_in_flight() {
    let mut written_later = 0;
    for seed in 0..SEEDS.max(8) {
        let sim = Sim::builder().seed(seed).calm().scribble(false).build();
        sim.put("a", &[7; 8]).unwrap();
        let (reader, writer) = sim.pipe().unwrap();
        let fd = open(&sim, c"a", RW).unwrap();
        let mut bytes = [0_u8; 16];
        let to = bytes.as_mut_ptr();
        let mut rig = Rig::new(sim.clone(), 4, SetupFlags::NONE).unwrap();
        rig.push(sqe::read(fd, to, 8, 0));
        rig.push(sqe::read(reader, to.wrapping_add(8), 8, u64::MAX));
        rig.enter(2, 0, EnterFlags::NONE).unwrap();
        drop(rig);
        assert!(sim.census().in_flight > 0);
        // SAFETY: ours; the kernel writes to it only within calls.
        let before = unsafe { to.read() };
        sim.advance(Duration::from_secs(1));
        // SAFETY: likewise.
        let after = unsafe { to.read() };
        written_later += usize::from(before == 0 && after == 7);
        finish(&sim, &[fd, reader, writer]);
    }
    assert!(written_later > 0);
}

#[test]
fn enter_hiccups_and_short_submissions_lose_nothing_and_cut_no_chain() {
    for seed in 0..SEEDS {
        let sim = Sim::builder().seed(seed).enter_hiccups(2).short_submits(2).build();
        let mut rig = Rig::new(sim.clone(), 8, SetupFlags::NONE).unwrap();
        for chain in 0..2 {
            rig.push(sqe::sync_all(Fd(99)).user_data(chain * 4).flags(SqeFlags::IO_LINK));
            rig.push(sqe::nop().user_data(chain * 4 + 1).flags(SqeFlags::IO_LINK));
            rig.push(sqe::nop().user_data(chain * 4 + 2));
        }
        let expected = [(0, -9), (1, -125), (2, -125), (4, -9), (5, -125), (6, -125)];
        assert_eq!(rig.results(6), expected, "seed {seed}");
        drop(rig);
        finish(&sim, &[]);
    }
}

#[test]
fn hosts_refuse_as_they_are_told_to() {
    let sim = Sim::builder().without_rings(Errno::PERM).build();
    assert_eq!(Rig::new(sim, 4, SetupFlags::NONE).err(), Some(Errno::PERM));
    let sim = Sim::builder().without_register(Errno::PERM).build();
    let rig = Rig::new(sim, 4, SetupFlags::NONE).unwrap();
    let mut fds = [-1];
    assert_eq!(rig.register(Register::FILES, fds.as_mut_ptr(), 1), Err(Errno::PERM));
    let sim = Sim::builder().calm().fail_from(Call::Enter, 2, Errno::PERM).build();
    let mut rig = Rig::new(sim, 4, SetupFlags::NONE).unwrap();
    rig.push(sqe::nop());
    assert_eq!(rig.enter(1, 0, EnterFlags::NONE), Ok(1));
    for _ in 0..3 {
        assert_eq!(rig.enter(0, 1, EnterFlags::GETEVENTS), Err(Errno::PERM));
    }
    let refuses = |builder: bareio_core::sim::Builder, flags| Rig::new(builder.build(), 4, flags).err();
    assert_eq!(refuses(Sim::like_5_1(), SetupFlags::CQSIZE), Some(Errno::INVAL));
    assert_eq!(refuses(Sim::like_5_10(), SetupFlags::SINGLE_ISSUER), Some(Errno::INVAL));
    let without = Sim::builder().refuse_setup_flags(SetupFlags::NO_SQARRAY);
    assert_eq!(refuses(without, SetupFlags::NO_SQARRAY), Some(Errno::INVAL));
    assert_eq!(refuses(Sim::builder().descriptors(0), SetupFlags::NONE), Some(Errno::MFILE));
}

#[test]
fn a_probe_says_what_the_release_has() {
    let mut probe = [0_u8; 16 + 8 * 256];
    let mut known = |sim: Sim| {
        probe.fill(0);
        let rig = Rig::new(sim, 4, SetupFlags::NONE).unwrap();
        rig.register(Register::PROBE, probe.as_mut_ptr(), 256).map(|_| {
            let has = |opcode: Opcode| probe[16 + 8 * usize::from(opcode.0) + 2] == 1;
            (has(Opcode::READ), has(Opcode::RENAMEAT), has(Opcode::FTRUNCATE), has(Opcode::SEND))
        })
    };
    assert_eq!(known(Sim::like_5_1().build()), Err(Errno::INVAL));
    assert_eq!(known(Sim::like_5_10().build()), Ok((true, false, false, false)));
    assert_eq!(known(Sim::like_6_18().build()), Ok((true, true, true, false)));
    let sim = Sim::like_5_10().calm().build();
    let mut rig = Rig::new(sim, 4, SetupFlags::NONE).unwrap();
    assert_eq!(rig.one(Sqe { opcode: Opcode::RENAMEAT, ..sqe::nop() }), -22);
}

#[test]
fn a_crash_after_an_unlinked_flush_may_lose_the_write_and_after_a_linked_one_never() {
    let lost = |flags: SqeFlags, seed| {
        let sim = Sim::builder().seed(seed).calm().build();
        sim.put("log", b"").unwrap();
        let fd = open(&sim, c"log", RW).unwrap();
        let mut rig = Rig::new(sim.clone(), 4, SetupFlags::NONE).unwrap();
        rig.push(sqe::write(fd, b"record".as_ptr(), 6, 0).user_data(1).flags(flags));
        rig.push(sqe::sync_data(fd).user_data(2));
        assert_eq!(rig.results(2), [(1, 6), (2, 0)]);
        (0..4).any(|crash| sim.crash(crash).contents("log").unwrap() != b"record")
    };
    let seeds = 0..SEEDS.max(20);
    assert!(seeds.clone().any(|seed| lost(SqeFlags::NONE, seed)), "the control must fail");
    assert!(!seeds.clone().any(|seed| lost(SqeFlags::IO_LINK, seed)));
}

#[test]
fn our_own_ring_runs_on_it_with_every_seed() {
    for seed in 0..SEEDS {
        for builder in [Sim::like_5_1(), Sim::like_5_10(), Sim::like_6_18()] {
            let sim = builder.seed(seed).build();
            let fd = open(&sim, c"a", RW).unwrap();
            let mut ring = Builder::new(8).build(sim.clone()).unwrap();
            let mut left = 10;
            let mut seen = [0; 10];
            while left > 0 {
                for (entry, index) in seen.iter_mut().zip(0..).filter(|(entry, _)| **entry == 0) {
                    // SAFETY: it names no memory, and `fd` is closed after the ring.
                    let pushed = unsafe { ring.push(sqe::sync_all(fd).user_data(index)) };
                    *entry = u8::from(pushed.is_ok());
                }
                match ring.submit_and_wait(1) {
                    Ok(_) => {}
                    Err(error) => assert!(
                        error.to_string().contains("EAGAIN") || error.to_string().contains("EBUSY"),
                        "{error}"
                    ),
                }
                for cqe in ring.completions() {
                    assert_eq!(cqe.result(), Ok(0));
                    seen[usize::try_from(cqe.user_data).unwrap()] += 1;
                    left -= 1;
                }
            }
            assert_eq!(seen, [2; 10], "seed {seed}");
            drop(ring);
            finish(&sim, &[fd]);
        }
    }
}

fn id() -> u64 {
    thread_local!(static ID: u8 = const { 0 });
    ID.with(|id| std::ptr::from_ref(id).addr() as u64)
}

#[test]
fn threads_share_it_and_a_ring_of_one_refuses_the_others() {
    let threads = Threads { yield_now: std::thread::yield_now, id };
    let sim = Sim::builder().calm().threads(threads).build();
    let mut own = Rig::new(sim.clone(), 4, deferred()).unwrap();
    assert_eq!(own.enter(0, 0, EnterFlags::NONE), Ok(0));
    let (fd, kernel) = (own.fd, sim.clone());
    let other = std::thread::spawn(move || {
        // SAFETY: the ring is open, and nothing is queued.
        unsafe { kernel.io_uring_enter(fd, 0, 0, EnterFlags::GETEVENTS, std::ptr::null(), 0) }
    });
    assert_eq!(other.join().unwrap(), Err(Errno::EXIST));
    drop(own);
    // One waits for what the other brings.
    let (reader, writer) = sim.pipe().unwrap();
    let kernel = sim.clone();
    let other = std::thread::spawn(move || {
        // SAFETY: the descriptor is open, and the bytes are static.
        unsafe {
            kernel.write_vectored(writer, &[IoVec::of(b"abc")], u64::MAX, bareio_core::kernel::RwFlags::NONE)
        }
    });
    let mut rig = Rig::new(sim.clone(), 4, SetupFlags::NONE).unwrap();
    let mut bytes = [0; 8];
    assert_eq!(rig.one(sqe::read(reader, bytes.as_mut_ptr(), 8, u64::MAX)), 3);
    assert_eq!(other.join().unwrap(), Ok(3));
    drop(rig);
    finish(&sim, &[reader, writer]);
}

/// A build without optimisation has nothing to say to this, so it runs by `.ci/run instructions` only:
/// `cargo test --release -p bareio-core --features sim --test sim_kernel -- --ignored --nocapture a_million`.
#[test]
#[ignore = "a measurement of an optimised build"]
fn a_million_scripts_take_less_than_a_minute() {
    let start = std::time::Instant::now();
    let count: u32 = 100_000;
    let sim = Sim::builder().calm().build();
    let fd = open(&sim, c"a", RW).unwrap();
    let mut rig = Rig::new(sim.clone(), 8, SetupFlags::NONE).unwrap();
    let mut bytes = [0_u8; 64];
    for _ in 0..count {
        rig.push(sqe::write(fd, b"record".as_ptr(), 6, 0).user_data(1).flags(SqeFlags::IO_LINK));
        rig.push(sqe::sync_data(fd).user_data(2));
        rig.push(sqe::read(fd, bytes.as_mut_ptr(), 64, 0).user_data(3));
        rig.run(3);
    }
    let shared = start.elapsed();
    let start = std::time::Instant::now();
    for seed in 0..u64::from(count) {
        let sim = Sim::builder().seed(seed).calm().build();
        let fd = open(&sim, c"a", RW).unwrap();
        let mut rig = Rig::new(sim.clone(), 8, SetupFlags::NONE).unwrap();
        rig.push(sqe::write(fd, b"record".as_ptr(), 6, 0).user_data(1).flags(SqeFlags::IO_LINK));
        rig.push(sqe::sync_data(fd).user_data(2));
        rig.run(2);
    }
    let own = start.elapsed();
    println!("one kernel and ring for all: {:?} a script; one each: {:?}", shared / count, own / count);
    let most = Duration::from_micros(60);
    assert!(shared / count < most && own / count < most, "a million would take more than a minute");
}
