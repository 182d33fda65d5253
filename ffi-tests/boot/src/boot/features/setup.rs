//! Ways to set a ring up.

use bareio_core::abi::{Params, SetupFlags};
use bareio_core::ring::{Builder, Reason};
use bareio_core::{Errno, Kernel, Linux};

use super::{Bench, Feature, Found, feature};

pub(super) const LIST: &[Feature] = &[
    feature("setup:SUBMIT_ALL", (5, 18), |_| ask(SetupFlags::SUBMIT_ALL)),
    feature("setup:COOP_TASKRUN", (5, 19), |_| ask(SetupFlags::COOP_TASKRUN)),
    feature("setup:TASKRUN_FLAG", (5, 19), |_| ask(SetupFlags::COOP_TASKRUN.with(SetupFlags::TASKRUN_FLAG))),
    feature("setup:SQE128", (5, 19), |_| ask(SetupFlags::SQE128)),
    feature("setup:CQE32", (5, 19), |_| ask(SetupFlags::CQE32)),
    feature("setup:SINGLE_ISSUER", (6, 0), |_| ask(SetupFlags::SINGLE_ISSUER)),
    feature(
        "setup:DEFER_TASKRUN",
        (6, 1),
        |_| ask(SetupFlags::SINGLE_ISSUER.with(SetupFlags::DEFER_TASKRUN)),
    ),
    feature("setup:NO_SQARRAY", (6, 6), |_| ask(SetupFlags::NO_SQARRAY)),
    feature("setup:HYBRID_IOPOLL", (6, 13), hybrid),
    feature("setup:registered-descriptor", (5, 18), |_| registered()),
];

/// Sets a ring up with `flags`, and lets go of it.
fn ask(flags: SetupFlags) -> Found {
    let mut params = Params { flags, ..Params::default() };
    let ring = match Linux.io_uring_setup(4, &mut params) {
        Ok(ring) => ring,
        Err(errno) => return Found::Refused(errno),
    };
    // SAFETY: made just now, and used by nobody.
    let _ = unsafe { Linux.close(ring) };
    if params.flags.contains(flags) { Found::Seen } else { Found::Odd }
}

/// By the builder, which asks for it as a demand.
fn hybrid(_: &mut Bench<'_>) -> Found {
    match Builder::new(4).hybrid_iopoll().build(Linux) {
        Ok(_) => Found::Seen,
        Err(error) if error.reason() == Reason::Option => Found::Refused(error.errno),
        Err(_) => Found::Odd,
    }
}

/// What the builder tries by itself, and goes on without.
fn registered() -> Found {
    match Builder::new(4).build(Linux) {
        Ok(ring) if ring.is_registered() => Found::Seen,
        Ok(_) => Found::Refused(Errno::INVAL),
        Err(_) => Found::Odd,
    }
}
