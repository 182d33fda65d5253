//! The power is cut at every call: a file is the old one or the new one, whole.

use std::sync::{Arc, Mutex};

use bareio::core::sim::Sim;
use bareio::file::{Direct, OpenOptions};
use bareio::fs::Fs;

use crate::rig::{Act, Watched, pattern};

/// What was left of a file, after one power cut each.
type States = Vec<Option<Vec<u8>>>;

/// What is left of the file after power cuts at each call of `write`, and after its end.
fn left(old: Option<&[u8]>, write: impl FnOnce(&Watched<Sim>)) -> (States, States) {
    let sim = Watched::new(Sim::builder().calm().build());
    if let Some(old) = old {
        sim.kernel.put("file", old).unwrap();
    }
    let states = Arc::new(Mutex::new(Vec::new()));
    let seen = states.clone();
    let kernel = sim.kernel.clone();
    let look = move |seen: &mut States| {
        seen.extend((0..12).map(|seed| kernel.crash(seed).contents("file")));
    };
    let after = look.clone();
    sim.plan(move |_| {
        look(&mut seen.lock().unwrap());
        Act::Go
    });
    write(&sim);
    sim.plan(|_| Act::Go);
    let mut end = Vec::new();
    after(&mut end);
    let during = std::mem::take(&mut *states.lock().unwrap());
    (during, end)
}

#[test]
fn a_power_cut_at_any_call_leaves_the_old_file_or_the_new_one_and_after_it_the_new_one() {
    let new = pattern(3000);
    for direct in [Direct::Off, Direct::Required] {
        for len in [0, 512, 700, 3000] {
            for old in [None, Some(&[9; 2000][..])] {
                let write = |sim: &Watched<Sim>| {
                    Fs::with_kernel(sim.clone()).write_file("file", &new[..len], direct).unwrap();
                };
                let (during, after) = left(old, write);
                assert!(during.len() > 60);
                for state in &during {
                    assert!(state.as_deref() == old || state.as_deref() == Some(&new[..len]), "{state:?}");
                }
                assert!(after.iter().all(|state| state.as_deref() == Some(&new[..len])));
            }
        }
    }
}

#[test]
fn writing_in_place_or_without_a_flush_would_be_caught() {
    let (old, new) = ([9; 2000], pattern(3000));
    let mixed = |states: &[Option<Vec<u8>>]| {
        states.iter().any(|state| state.as_deref().is_none_or(|state| state != old && state != new))
    };
    let in_place = |sim: &Watched<Sim>| {
        let file =
            OpenOptions::new().write(true).truncate(true).open_with_kernel(sim.clone(), "file").unwrap();
        file.write_all_at(&new, 0).unwrap();
        file.sync_all().unwrap();
    };
    assert!(mixed(&left(Some(&old), in_place).0));
    let unflushed = |sim: &Watched<Sim>| {
        let options = OpenOptions::new().write(true).create_new(true);
        let file = options.open_with_kernel(sim.clone(), "temporary").unwrap();
        file.write_all_at(&new, 0).unwrap();
        let names = Fs::with_kernel(sim.clone());
        names.rename("temporary", "file").unwrap();
        names.sync_dir(".").unwrap();
    };
    assert!(mixed(&left(Some(&old), unflushed).1));
    let unnamed = |sim: &Watched<Sim>| {
        let options = OpenOptions::new().write(true).create_new(true);
        let file = options.open_with_kernel(sim.clone(), "temporary").unwrap();
        file.write_all_at(&new, 0).unwrap();
        file.sync_all().unwrap();
        Fs::with_kernel(sim.clone()).rename("temporary", "file").unwrap();
    };
    assert!(left(Some(&old), unnamed).1.iter().any(|state| state.as_deref() == Some(&old[..])));
}
