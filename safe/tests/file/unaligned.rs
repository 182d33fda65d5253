//! Any range of a direct file, against a plain vector.

use bareio::core::sim::Sim;
use bareio::file::Direct;
use bareio::{Align, Errno};

use crate::rig::{Act, Folder, Watched, aligned, both, on_sim, pattern, sim};

/// Numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[test]
fn any_range_reads_and_writes_as_on_a_plain_vector() {
    for (memory, grid) in
        [(Align::B_512, Align::B_512), (Align::B_512, Align::KIB_4), (Align::KIB_4, Align::B_512)]
    {
        for seed in 0..30 {
            let kernel = Sim::builder().seed(seed).short_transfers(3).direct(memory, grid).build();
            let sim = Watched::new(kernel);
            let file = on_sim(&sim, &pattern(3000), Direct::Required);
            let mut model = pattern(3000);
            let mut random = Random(seed);
            let source = aligned(&pattern(400_000));
            for step in 0..40 {
                let longest = if random.below(8) == 0 { 300_000 } else { 9000 };
                let (offset, len, skip) = (random.below(20_000), random.below(longest), random.below(5000));
                // Now and then all of it lies on the grid, or meets it after a while.
                let offset = if random.below(3) == 0 { offset & !4095 } else { offset };
                let skip = match random.below(3) {
                    0 => skip & !4095,
                    1 => offset & 4095,
                    _ => skip,
                };
                if random.below(2) == 0 {
                    file.write_unaligned_at(&source[skip..skip + len], offset as u64).unwrap();
                    if len > 0 {
                        model.resize(model.len().max(offset + len), 0);
                        model[offset..offset + len].copy_from_slice(&source[skip..skip + len]);
                    }
                    assert_eq!(file.size(), Ok(model.len() as u64), "seed {seed}, step {step}");
                } else {
                    let mut buf = aligned(&vec![0xee; skip + len]);
                    let there = model.len().saturating_sub(offset).min(len);
                    assert_eq!(file.read_unaligned_at(&mut buf[skip..], offset as u64), Ok(there));
                    assert!(buf[skip..][..there] == model[model.len().min(offset)..][..there], "seed {seed}");
                }
            }
            assert!(sim.kernel.contents("file").unwrap() == model, "seed {seed}");
        }
    }
}

#[test]
fn only_what_is_off_the_grid_makes_a_detour() {
    let sim = sim();
    let file = on_sim(&sim, &pattern(100_000), Direct::Required);
    let mut buf = aligned(&vec![0; 65_536]);
    // All on the grid: one call, no memory.
    file.read_unaligned_at(&mut buf[..8192], 4096).unwrap();
    file.write_unaligned_at(&buf[..8192], 4096).unwrap();
    assert_eq!(sim.names(), ["pread", "pwrite"]);

    // Memory meets the file's grid after 100 bytes: the middle goes without a detour.
    let from = 512 - 100;
    file.read_unaligned_at(&mut buf[from..from + 30_000], 4096 - 100).unwrap();
    let reads: Vec<_> =
        sim.calls().iter().filter(|call| call.name == "pread").map(|call| (call.offset, call.len)).collect();
    assert_eq!(reads, [(3584, 512), (4096, 29_696), (33_792, 512)]);
    assert_eq!(buf[from..from + 30_000], pattern(100_000)[3996..33_996]);

    // A write in the middle of a block reads it, and nothing else; and the size is not touched.
    file.write_unaligned_at(b"patch", 1000).unwrap();
    let calls: Vec<_> = sim.calls().iter().map(|call| (call.name, call.offset, call.len)).collect();
    assert_eq!(calls, [("statx", 0, 0), ("pread", 512, 512), ("pwrite", 512, 512)]);

    // Whole blocks from memory that is off the grid: nothing to be read.
    file.write_unaligned_at(&buf[1..4097], 8192).unwrap();
    assert_eq!(sim.names(), ["pwrite"]);
}

#[test]
fn the_end_of_the_file_stays_where_it_belongs() {
    let sim = sim();
    let file = on_sim(&sim, &pattern(1000), Direct::Required);
    file.write_unaligned_at(b"ab", 10).unwrap();
    assert_eq!(file.size(), Ok(1000));
    file.write_unaligned_at(b"cd", 1010).unwrap();
    assert_eq!(file.size(), Ok(1012));
    let mut expected = pattern(1000);
    expected[10..12].copy_from_slice(b"ab");
    expected.resize(1010, 0);
    expected.extend_from_slice(b"cd");
    assert_eq!(sim.kernel.contents("file").unwrap(), expected);
}

#[test]
fn a_detour_that_fails_is_told_and_the_next_one_works() {
    let sim = sim();
    let file = on_sim(&sim, &pattern(4096), Direct::Required);
    for failing in ["pread", "pwrite", "statx", "ftruncate"] {
        sim.plan(move |call| if call.name == failing { Act::Fail(Errno::IO) } else { Act::Go });
        let error = file.write_unaligned_at(b"x", 5000).unwrap_err();
        assert_eq!(error.errno(), Some(Errno::IO), "{failing}");
        sim.plan(|_| Act::Go);
        file.truncate(4096).unwrap();
        file.write_unaligned_at(b"x", 5000).unwrap();
        assert_eq!(file.size(), Ok(5001));
        file.truncate(4096).unwrap();
    }
    // And the buffer is kept: it was mapped once.
    assert_eq!(sim.calls().iter().filter(|call| call.name == "map").count(), 1);
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn two_threads_make_their_detours_at_once() {
    let folder = Folder::new();
    let path = folder.join("file");
    let content = pattern(1 << 20);
    std::fs::write(&path, &content).unwrap();
    let file = both().direct(Direct::Preferred).open(&path).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let (file, content) = (file.clone(), &content);
            scope.spawn(move || {
                let mut buf = vec![0; 10_001];
                for round in 0..50 {
                    let offset = (thread * 7919 + round * 1237) % 1_000_000;
                    assert_eq!(file.read_unaligned_at(&mut buf, offset as u64), Ok(10_001));
                    assert!(buf == content[offset..offset + 10_001]);
                }
            });
        }
    });
    file.write_unaligned_at(b"here", 999_999).unwrap();
    file.sync_data().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!((bytes.len(), &bytes[999_999..1_000_003]), (1 << 20, &b"here"[..]));
}
