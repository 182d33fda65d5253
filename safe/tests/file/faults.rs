//! Whichever call fails: an error, nothing left behind, and what was said to be done is done.

use bareio::core::sim::{Census, Sim};
use bareio::file::{Direct, OpenOptions};
use bareio::fs::Fs;
use bareio::{Errno, Error};

use crate::rig::{both, pattern};

/// A program that uses most of it. Returns what it was told is durable.
fn program(sim: &Sim, direct: Direct) -> Result<Vec<u8>, Error> {
    let fs = Fs::with_kernel(sim.clone());
    fs.mkdir("a/b")?;
    let file = both().direct(direct).sync_dir(true).open_with_kernel(sim.clone(), "a/b/file")?;
    file.write_unaligned_at(&pattern(5000), 100)?;
    file.preallocate(8192)?;
    file.zero_range(200..300)?;
    file.punch_hole(0..100)?;
    let copy =
        OpenOptions::new().read(true).write(true).create_new(true).open_with_kernel(sim.clone(), "copy")?;
    file.copy_range(0, &copy, 0, u64::MAX)?;
    copy.sync_all()?;
    file.sync_data()?;
    fs.write_file("a/whole", pattern(777), direct)?;
    let whole = fs.read_file("a/whole", direct)?;
    fs.rename("copy", "a/copy")?;
    fs.remove("a/copy")?;
    fs.sync_dir("a")?;
    file.close()?;
    Ok(whole)
}

#[test]
fn whichever_operation_fails_it_is_told_and_nothing_is_left_open() {
    for direct in [Direct::Off, Direct::Preferred] {
        for errno in [Errno::IO, Errno::NOSPC, Errno::NOMEM] {
            let mut tried = 0;
            for nth in 1.. {
                let sim = Sim::builder().calm().fail_operation(nth, errno).build();
                let result = program(&sim, direct);
                assert_eq!(sim.census(), Census::default(), "operation {nth}, {errno}");
                if sim.operations() < nth {
                    assert_eq!(result.unwrap(), pattern(777));
                    break;
                }
                tried = nth;
                match result {
                    // What closing says of a file that is dropped is not told.
                    Ok(whole) => assert_eq!(whole, pattern(777), "operation {nth}, {errno}"),
                    Err(error) => {
                        assert!(error.errno() == Some(errno) || error.is_poisoned(), "{nth}: {error}");
                    }
                }
            }
            assert!(tried > 30, "only {tried} operations were hit");
        }
    }
}

#[test]
fn on_an_unkind_kernel_of_any_age_the_program_gets_through() {
    for seed in 0..60 {
        for direct in [Direct::Off, Direct::Preferred] {
            for builder in
                [Sim::like_5_1(), Sim::like_5_10(), Sim::like_6_18(), Sim::like_6_18().without_direct()]
            {
                let sim = builder.seed(seed).short_transfers(2).build();
                assert_eq!(program(&sim, direct).unwrap(), pattern(777), "seed {seed}");
                assert_eq!(sim.contents("a/b/file").unwrap()[300..5100], pattern(5000)[200..]);
            }
        }
    }
}

#[test]
fn want_of_memory_is_told_and_the_file_is_as_it_was() {
    let sim = Sim::builder().calm().memory(0).build();
    sim.put("file", &pattern(2000)).unwrap();
    let file = both().direct(Direct::Required).open_with_kernel(sim.clone(), "file").unwrap();
    let refused = file.write_unaligned_at(b"x", 3).unwrap_err();
    assert!(matches!(refused.kind(), bareio::ErrorKind::Alloc(_)), "{refused}");
    assert_eq!(sim.contents("file").unwrap(), pattern(2000));
}
