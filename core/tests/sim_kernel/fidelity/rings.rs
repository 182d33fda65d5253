//! Scripts about rings: links, cancellation, limits on time, overflow, drains, set-up.

use super::*;

pub(super) fn links<W: World>(world: &W, facts: &mut Facts) {
    let mut rig = ring(world, SetupFlags::NONE);
    for (what, flag) in [("soft, failed", LINK), ("hard, failed", HARD)] {
        rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(flag));
        rig.push(sqe::nop().user_data(2).flags(flag));
        rig.push(sqe::nop().user_data(3));
        facts.note(what, rig.results(3));
    }
    rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(HARD));
    rig.push(sqe::sync_all(Fd(9999)).user_data(2).flags(LINK));
    rig.push(sqe::nop().user_data(3).flags(HARD));
    rig.push(sqe::nop().user_data(4));
    facts.note("mixed", rig.results(4));
    let fd = file(world, "short", RW).unwrap();
    let mut bytes = vec![7; 100];
    facts.note("written", rig.one(sqe::write(fd, bytes.as_ptr(), 100, 0)));
    bytes.resize(4096, 0);
    for (what, flag) in [("soft, short", LINK), ("hard, short", HARD)] {
        rig.push(sqe::read(fd, bytes.as_mut_ptr(), 4096, 0).user_data(1).flags(flag));
        rig.push(sqe::nop().user_data(2));
        facts.note(what, rig.results(2));
    }
    rig.push(sqe::read(fd, bytes.as_mut_ptr(), 4096, 1 << 40).user_data(1).flags(LINK));
    rig.push(sqe::nop().user_data(2));
    facts.note("soft, nothing at the end", rig.results(2));
    // A chain ends where the submission does.
    rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(LINK));
    rig.submit(0);
    rig.push(sqe::nop().user_data(2));
    facts.note("split", rig.results(2));
    // No completion on success; and silence behind a failure that wanted none.
    let quiet = LINK | SqeFlags::CQE_SKIP_SUCCESS;
    rig.push(sqe::nop().user_data(1).flags(quiet));
    rig.push(sqe::nop().user_data(2));
    facts.note("quiet success", rig.results(1));
    rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(quiet));
    rig.push(sqe::nop().user_data(2));
    rig.push(sqe::nop().user_data(3));
    facts.note("quiet failure", rig.results(2));
    rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(LINK));
    rig.push(sqe::nop().user_data(2).flags(SqeFlags::CQE_SKIP_SUCCESS));
    facts.note("a quiet one behind a failure", rig.results(2));
}

pub(super) fn refused<W: World>(world: &W, facts: &mut Facts) {
    for (what, flags) in [("stops", SetupFlags::NONE), ("goes on", SetupFlags::SUBMIT_ALL)] {
        let mut rig = ring(world, flags);
        rig.push(sqe::nop().user_data(1));
        rig.push(entry(Opcode(250), 2));
        rig.push(sqe::nop().user_data(3));
        let taken = loop {
            if let Ok(taken @ 1..) = rig.enter(3, 0, EnterFlags::NONE) {
                break taken;
            }
        };
        // A short submission may take fewer than Linux does; what matters is that the third stays behind.
        let stopped = taken < 3 && flags == SetupFlags::NONE;
        facts.note(what, (stopped, rig.results(3)));
        // In the middle of a chain it takes the whole chain with it, and does not stop at all.
        rig.push(sqe::nop().user_data(1).flags(HARD));
        rig.push(entry(Opcode(250), 2).flags(HARD));
        rig.push(sqe::nop().user_data(3));
        facts.note("chain", rig.results(3));
    }
    let mut rig = ring(world, SetupFlags::NONE);
    facts.note("unknown flag", rig.one(Sqe { flags: SqeFlags(0x80), ..sqe::nop() }));
    facts.note("personality", rig.one(Sqe { personality: 7, ..sqe::nop() }));
    facts.note("fsync flags", rig.one(Sqe { op_flags: 2, ..sqe::sync_all(Fd(0)) }));
    facts.note("timeout of two", rig.one(Sqe { len: 2, ..timeout(&SHORT, 1) }));
    facts.note("timeout of nothing", rig.one(timeout(&Timespec { sec: -1, nsec: 0 }, 1)));
    let limit = Sqe { opcode: Opcode::LINK_TIMEOUT, ..timeout(&LONG, 1) };
    facts.note("limit of nothing", rig.one(limit));
    facts.note("slot that is not there", rig.one(sqe::sync_all(Fd(3)).fixed_file()));
}

pub(super) fn short_submit<W: World>(world: &W, facts: &mut Facts) {
    let mut rig = ring(world, SetupFlags::NONE);
    rig.push(timeout(&LONG, 1));
    let taken = loop {
        match rig.enter(2, 1, EnterFlags::GETEVENTS) {
            Ok(0) | Err(Errno::INTR | Errno::AGAIN | Errno::BUSY) => {}
            other => break other,
        }
    };
    facts.note("asked for two, had one", (taken, rig.cq.refresh()));
    rig.push(sqe::cancel(1, CancelFlags::NONE).user_data(2));
    facts.note("cancelled", rig.results(2));
}

pub(super) fn cancelling<W: World>(world: &W, facts: &mut Facts) {
    let (reader, writer) = world.pipe();
    let mut rig = ring(world, SetupFlags::NONE);
    let mut bytes = [[0_u8; 8]; 4];
    let any = bytes.as_mut_ptr();
    let read = |index: usize| {
        let to = any.wrapping_add(index).cast();
        sqe::read(reader, to, 8, u64::MAX).user_data(index as u64)
    };
    rig.push(read(1));
    rig.submit(0);
    rig.push(sqe::cancel(99, CancelFlags::NONE).user_data(90));
    facts.note("nothing", rig.results(1));
    rig.push(sqe::cancel(1, CancelFlags::NONE).user_data(91));
    facts.note("by user data", rig.results(2));
    for index in 1..4 {
        rig.push(read(index));
    }
    rig.submit(0);
    rig.push(sqe::cancel(0, CancelFlags::ANY).user_data(92));
    facts.note("any", rig.results(4));
    rig.push(read(1));
    rig.push(read(2).user_data(1));
    rig.push(read(3));
    rig.submit(0);
    rig.push(sqe::cancel(1, CancelFlags::ALL).user_data(93));
    facts.note("all of one user data", rig.results(3));
    rig.push(sqe::cancel_fd(reader, CancelFlags::NONE).user_data(94));
    facts.note("by descriptor", rig.results(2));
    rig.push(sqe::cancel(0, CancelFlags(1 << 20)).user_data(95));
    facts.note("unknown flag", rig.results(1));
    // The rest of its chain goes with it.
    rig.push(read(1).flags(LINK));
    rig.push(sqe::nop().user_data(2));
    rig.submit(0);
    rig.push(sqe::cancel(2, CancelFlags::NONE).user_data(96));
    facts.note("not started yet", rig.results(1));
    rig.push(sqe::cancel(1, CancelFlags::NONE).user_data(97));
    facts.note("with its chain", rig.results(3));
    // At once, by register.
    let mut what = SyncCancel {
        user_data: 1,
        fd: -1,
        flags: CancelFlags::NONE,
        timeout: Timespec { sec: -1, nsec: -1 },
        opcode: 0,
        pad: [0; 7],
        pad2: [0; 3],
    };
    facts.note("sync, nothing", rig.register(Register::SYNC_CANCEL, &raw mut what, 1));
    rig.push(read(1));
    rig.push(read(2));
    rig.submit(0);
    facts.note("sync, one", rig.register(Register::SYNC_CANCEL, &raw mut what, 1));
    facts.note("sync, its completion", rig.results(1));
    what.flags = CancelFlags::ANY;
    facts.note("sync, any", rig.register(Register::SYNC_CANCEL, &raw mut what, 1));
    facts.note("sync, the other's completion", rig.results(1));
    facts.note("sync, any of none", rig.register(Register::SYNC_CANCEL, &raw mut what, 1));
    rig.push(timeout(&LONG, 5));
    rig.submit(0);
    rig.push(sqe::cancel(5, CancelFlags::NONE).user_data(98));
    facts.note("a timeout", rig.results(2));
    // What is written later ends a read that waits.
    rig.push(read(1));
    rig.submit(0);
    rig.push(sqe::write(writer, b"abc".as_ptr(), 3, u64::MAX).user_data(2));
    facts.note("written to", rig.results(2));
    facts.note("the bytes", &bytes[1][..3]);
}

pub(super) fn limits<W: World>(world: &W, facts: &mut Facts) {
    let (reader, _writer) = world.pipe();
    let mut rig = ring(world, SetupFlags::NONE);
    let mut bytes = [0_u8; 8];
    let read = sqe::read(reader, bytes.as_mut_ptr(), 8, u64::MAX).user_data(1);
    let limit = |time: &Timespec| Sqe { opcode: Opcode::LINK_TIMEOUT, ..timeout(time, 2) };
    for (what, flag) in [("soft", LINK), ("hard", HARD)] {
        rig.push(read.flags(flag));
        rig.push(limit(&SHORT).flags(LINK));
        rig.push(sqe::nop().user_data(3));
        facts.note(what, rig.results(3));
    }
    rig.push(sqe::nop().user_data(1).flags(LINK));
    rig.push(limit(&LONG).flags(LINK));
    rig.push(sqe::nop().user_data(3));
    facts.note("in time", rig.results(3));
    rig.push(sqe::sync_all(Fd(9999)).user_data(1).flags(LINK));
    rig.push(limit(&LONG).flags(LINK));
    rig.push(sqe::nop().user_data(3));
    facts.note("failed in time", rig.results(3));
    rig.push(timeout(&SHORT, 1).flags(LINK));
    rig.push(sqe::nop().user_data(2));
    facts.note("a timeout breaks a chain", rig.results(2));
    rig.push(Sqe { op_flags: 1 << 5, ..timeout(&SHORT, 1) }.flags(LINK));
    rig.push(sqe::nop().user_data(2));
    facts.note("unless told not to", rig.results(2));
    rig.push(Sqe { offset: 2, ..timeout(&LONG, 1) });
    rig.submit(0);
    rig.push(sqe::nop().user_data(2));
    rig.push(sqe::nop().user_data(3));
    facts.note("after two completions", rig.results(3));
    rig.push(timeout(&LONG, 1));
    rig.submit(0);
    rig.push(Sqe { addr: 7, ..entry(Opcode::TIMEOUT_REMOVE, 2) });
    facts.note("another's", rig.results(1));
    rig.push(Sqe { addr: 1, ..entry(Opcode::TIMEOUT_REMOVE, 2) });
    facts.note("removed", rig.results(2));
    rig.push(timeout(&LONG, 1));
    rig.submit(0);
    let sooner = Sqe { addr: 1, offset: address(&SHORT), op_flags: 2, ..entry(Opcode::TIMEOUT_REMOVE, 2) };
    rig.push(sooner);
    facts.note("changed", rig.results(2));
}

pub(super) fn overflow<W: World>(world: &W, facts: &mut Facts) {
    let params = Params { flags: SetupFlags::CQSIZE, cq_entries: 4, ..Params::default() };
    let mut rig = Rig::with(world.kernel(), 4, params).unwrap();
    for round in 0..3 {
        for index in 0..4 {
            rig.push(sqe::nop().user_data(4 * round + index));
        }
        rig.submit(0);
        // What takes longer here has to come to its end before the queue can be full.
        while round == 0 && rig.cq.refresh() < 4 {
            rig.submit(4);
        }
    }
    let mut tries = 0;
    while !rig.flags().contains(SqFlags::CQ_OVERFLOW) && tries < 1000 {
        rig.kernel.yield_now().unwrap();
        tries += 1;
    }
    facts.note("the flag", rig.flags().contains(SqFlags::CQ_OVERFLOW));
    facts.note("all there", rig.results(12));
    facts.note("none lost", rig.dropped_completions());
    facts.note("the flag afterwards", rig.flags().contains(SqFlags::CQ_OVERFLOW));
}

pub(super) fn drains<W: World>(world: &W, facts: &mut Facts) {
    let mut rig = ring(world, SetupFlags::NONE);
    let order = |rig: &mut Rig<W::Kernel>, count| -> Vec<u64> {
        rig.run(count).iter().map(|cqe| cqe.user_data).collect()
    };
    let quiet = 1 << 5;
    rig.push(Sqe { op_flags: quiet, ..timeout(&SHORT, 1) });
    rig.push(sqe::nop().user_data(2).flags(SqeFlags::IO_DRAIN));
    facts.note("waits", order(&mut rig, 2));
    rig.push(Sqe { op_flags: quiet, ..timeout(&SHORT, 1) }.flags(SqeFlags::IO_DRAIN));
    rig.push(sqe::nop().user_data(2));
    facts.note("and is waited for", order(&mut rig, 2));
    rig.push(sqe::nop().user_data(3));
    rig.push(Sqe { op_flags: quiet, ..timeout(&SHORT, 1) }.flags(SqeFlags::IO_DRAIN));
    rig.push(sqe::nop().user_data(2).flags(SqeFlags::IO_DRAIN));
    facts.note("one after the other", order(&mut rig, 3));
}

pub(super) fn setups<W: World>(world: &W, facts: &mut Facts) {
    let kernel = world.kernel();
    let mut attempt = |what, entries, flags: SetupFlags, cq_entries| {
        let mut params = Params { flags, cq_entries, ..Params::default() };
        let answer = kernel.io_uring_setup(entries, &mut params);
        if let Ok(fd) = answer {
            // SAFETY: just made, and used by nobody.
            let _ = unsafe { kernel.close(fd) };
        }
        facts.note(what, answer.map(|_| (params.sq_entries, params.cq_entries)));
    };
    let with = |flags: &[SetupFlags]| flags.iter().fold(SetupFlags::NONE, |all, flag| all | *flag);
    attempt("none", 0, SetupFlags::NONE, 0);
    attempt("rounded up", 5, SetupFlags::NONE, 0);
    attempt("too many", 32769, SetupFlags::NONE, 0);
    attempt("cut", 40000, SetupFlags::CLAMP, 0);
    attempt("small completion queue", 8, SetupFlags::CQSIZE, 4);
    attempt("no completion queue", 8, SetupFlags::CQSIZE, 0);
    attempt("its size", 8, SetupFlags::CQSIZE, 100);
    attempt("unknown flag", 8, SetupFlags(1 << 30), 0);
    attempt("flag without work", 8, SetupFlags::TASKRUN_FLAG, 0);
    attempt("deferred for all", 8, SetupFlags::DEFER_TASKRUN, 0);
    attempt("bound without polling", 8, SetupFlags::SQ_AFF, 0);
    let deferred = with(&[SetupFlags::SINGLE_ISSUER, SetupFlags::DEFER_TASKRUN, SetupFlags::TASKRUN_FLAG]);
    attempt("deferred", 8, deferred, 0);
    attempt("polled and deferred", 8, deferred | SetupFlags::SQPOLL, 0);
    attempt("no array", 8, SetupFlags::NO_SQARRAY, 0);
}

pub(super) fn entering<W: World>(world: &W, facts: &mut Facts) {
    let retry = |mut call: Box<dyn FnMut() -> Result<u32, Errno> + '_>| loop {
        match call() {
            Err(Errno::INTR | Errno::AGAIN | Errno::BUSY) => {}
            other => return other,
        }
    };
    let mut rig = ring(world, SetupFlags::R_DISABLED);
    facts.note("disabled", retry(Box::new(|| rig.enter(0, 0, EnterFlags::NONE))));
    facts.note("enable", rig.register(Register::ENABLE_RINGS, std::ptr::null_mut::<u8>(), 0));
    facts.note("enabled", retry(Box::new(|| rig.enter(0, 0, EnterFlags::NONE))));
    facts.note("unknown flag", retry(Box::new(|| rig.enter(0, 0, EnterFlags(1 << 20)))));
    let time = SHORT;
    let arg =
        bareio_core::abi::GeteventsArg { timespec: address(&time), sigmask_len: 8, ..Default::default() };
    let at = std::ptr::from_ref(&arg).cast::<u8>();
    let flags = EnterFlags::GETEVENTS | EnterFlags::EXT_ARG;
    let fd = rig.fd;
    let kernel = rig.kernel.clone();
    // SAFETY: the ring is open, nothing is queued but what points to nothing, and `arg` is valid.
    let timed = |submit, len| unsafe { kernel.io_uring_enter(fd, submit, 1, flags, at, len) };
    facts.note("time runs out", retry(Box::new(|| timed(0, 24))));
    facts.note("a wrong argument", retry(Box::new(|| timed(0, 16))));
    // SAFETY: no ring, which is found out.
    let wrong = |fd| unsafe { kernel.io_uring_enter(fd, 0, 0, EnterFlags::NONE, std::ptr::null(), 0) };
    facts.note("not open", retry(Box::new(|| wrong(Fd(9999)))));
    let plain = file(world, "plain", RW).unwrap();
    facts.note("not a ring", retry(Box::new(|| wrong(plain))));
    rig.push(sqe::nop());
    rig.sq.publish();
    facts.note("none asked for", retry(Box::new(|| rig.enter(0, 0, EnterFlags::GETEVENTS))));
    facts.note("and so none done", rig.cq.refresh());
}
