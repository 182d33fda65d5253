//! Which way it goes, and why.

use bareio::batch::{Backend, Batcher};
use bareio::core::sim::{Call, Sim};
use bareio::{Errno, ErrorKind, Why};

use crate::rig::{batcher, file};

#[test]
fn demanding_io_uring_never_falls_back_and_auto_says_why() {
    for errno in [Errno::PERM, Errno::NOSYS, Errno::NOMEM] {
        let sim = Sim::builder().without_rings(errno).build();
        let error = Batcher::with_kernel(sim.clone(), Backend::IO_URING).unwrap_err();
        let ErrorKind::Unsupported { what: "io_uring", why: Why::Setup(setup) } = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(setup.errno, errno);
        assert!(error.to_string().contains(setup.reason().remedy()), "{error}");
        let auto = batcher(&sim, Backend::Auto);
        assert_eq!((auto.name(), auto.why()), ("posix", Some(Why::Setup(setup))));
        let posix = batcher(&sim, Backend::Posix);
        assert_eq!((posix.name(), posix.why()), ("posix", None));
    }
}

/// As where a filter knows two of the three calls only.
#[test]
fn a_ring_that_cannot_be_entered_is_found_out_before_it_is_relied_on() {
    let sim = Sim::builder().calm().fail_from(Call::Enter, 1, Errno::PERM).build();
    let error = Batcher::with_kernel(sim.clone(), Backend::IO_URING).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported { what: "io_uring", why: Why::Errno(Errno::PERM) });
    let mut auto = batcher(&sim, Backend::Auto);
    assert_eq!((auto.name(), auto.why()), ("posix", Some(Why::Errno(Errno::PERM))));
    let file = file(&sim, "file");
    auto.linked_write_fsync(&file, b"a record", 0).unwrap();
    assert_eq!((sim.contents("file").unwrap(), sim.unflushed("file")), (b"a record".to_vec(), Some(0)));
    assert_eq!(sim.census().ring_mappings, 0, "the ring that is of no use is gone");
}

#[test]
fn rings_that_cannot_read_plain_memory_are_not_used() {
    let sim = Sim::like_5_1().build();
    let auto = batcher(&sim, Backend::Auto);
    assert_eq!(auto.name(), "posix");
    assert!(auto.why().unwrap().to_string().contains("5.6"), "{:?}", auto.why());
    assert!(Batcher::with_kernel(sim, Backend::IO_URING).unwrap_err().is_unsupported());
}

#[test]
fn where_io_uring_works_auto_takes_it() {
    for builder in [Sim::like_5_10(), Sim::like_6_18()] {
        let auto = batcher(&builder.build(), Backend::Auto);
        assert_eq!((auto.name(), auto.why()), ("io_uring", None));
    }
}

#[test]
fn a_depth_out_of_range_is_refused_whatever_the_host() {
    for sim in [Sim::new(1), Sim::builder().without_rings(Errno::PERM).build()] {
        for depth in [0, 3, 8192] {
            let error = Batcher::with_kernel(sim.clone(), Backend::IoUring { depth }).unwrap_err();
            let ErrorKind::OutOfRange { what: "ring depth", least: 1, most: 4096, power_of_two: true, value } =
                error.kind()
            else {
                panic!("{error}");
            };
            assert_eq!(value, u64::from(depth));
        }
    }
}
