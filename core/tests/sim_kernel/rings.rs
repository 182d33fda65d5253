//! Rings.

use bareio_core::abi::{EnterFlags, SetupFlags, SqeFlags};
use bareio_core::kernel::OpenFlags;
use bareio_core::sim::{Census, Sim};
use bareio_core::{Fd, Kernel, sqe};

use super::files::open;
use super::rig::Rig;

const RW: OpenFlags = OpenFlags(OpenFlags::READ.0 | OpenFlags::WRITE.0 | OpenFlags::CREATE.0);

fn finish(sim: &Sim, fds: &[Fd]) {
    for fd in fds {
        // SAFETY: ours, and not used any more.
        unsafe { sim.close(*fd) }.unwrap();
    }
    assert_eq!(sim.census(), Census::default());
    assert!(sim.violations().is_empty());
}

#[test]
fn a_ring_reads_and_writes_whatever_its_layout() {
    for flags in [SetupFlags::NONE, SetupFlags::NO_SQARRAY] {
        for seed in 0..if cfg!(miri) { 2 } else { 50 } {
            for version in [Sim::like_5_10(), Sim::like_6_18(), Sim::like_5_1()] {
                let sim = version.seed(seed).build();
                let Ok(mut rig) = Rig::new(sim.clone(), 4, flags) else { continue };
                let fd = open(&sim, c"a", RW).unwrap();
                let mut pieces = [bareio_core::IoVec::of(b"hello")];
                let count =
                    rig.one(sqe::write_vectored(fd, pieces.as_mut_ptr(), 1, 0)).unsigned_abs() as usize;
                assert!((1..=5).contains(&count));
                let mut bytes = [0; 5];
                let mut into = [bareio_core::IoVec::of_mut(&mut bytes)];
                let read = rig.one(sqe::read_vectored(fd, into.as_mut_ptr(), 1, 0)).unsigned_abs() as usize;
                assert_eq!(bytes[..read], b"hello"[..read]);
                for _ in 0..20 {
                    assert_eq!(rig.one(sqe::nop()), 0);
                }
                drop(rig);
                finish(&sim, &[fd]);
            }
        }
    }
}

#[test]
fn soft_links_break() {
    let sim = Sim::builder().calm().build();
    let mut rig = Rig::new(sim.clone(), 8, SetupFlags::NONE).unwrap();
    rig.push(sqe::sync_all(Fd(99)).user_data(1).flags(SqeFlags::IO_LINK));
    rig.push(sqe::nop().user_data(2));
    assert_eq!(rig.results(2), [(1, -9), (2, -125)]);
    let _ = EnterFlags::NONE;
    drop(rig);
    finish(&sim, &[]);
}
