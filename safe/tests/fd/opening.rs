//! Opening, and what was granted.

use bareio::fd::{OpenOptions, Opened, Sync, access, direct_io_align, granted, open, sync_as_opened};
use bareio::{Direct, Errno, Grid};

use crate::common;

const BOTH: OpenOptions = OpenOptions::new().read().write().create();

#[test]
fn what_was_granted_is_what_the_descriptor_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for sync in [Sync::None, Sync::Data, Sync::All] {
        let opened = open(&path, &BOTH.sync(sync)).unwrap();
        assert_eq!((opened.granted.sync, opened.granted.direct), (sync, false));
        assert_eq!(granted(&opened).unwrap(), opened.granted);
        sync_as_opened(&opened).unwrap();
    }
    // The last word counts.
    let opened = open(&path, &BOTH.sync(Sync::All).sync(Sync::None)).unwrap();
    assert_eq!(opened.granted.sync, Sync::None);
    let opened = open(&path, &OpenOptions::new().append()).unwrap();
    assert!(opened.granted.append);
}

#[test]
fn options_mean_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    assert_eq!(open(&path, &OpenOptions::new().read()).unwrap_err().errno(), Some(Errno::NOENT));
    drop(open(&path, &BOTH.create_new().mode(0o640)).unwrap());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777 & !0o640, 0, "{mode:o}");
    assert_eq!(open(&path, &BOTH.create_new()).unwrap_err().errno(), Some(Errno::EXIST));
    std::fs::write(&path, b"something").unwrap();
    drop(open(&path, &BOTH).unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), b"something");
    drop(open(&path, &BOTH.truncate()).unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), b"");
    // Neither opens for writing.
    let reading = open(&path, &OpenOptions::new().read()).unwrap();
    let error = bareio::fd::pwrite(&reading, b"x", 0, &reading.access().unwrap()).unwrap_err();
    assert_eq!((error.errno(), error.call()), (Some(Errno::BADF), Some("pwrite")));
}

#[test]
fn direct_is_granted_as_a_demand_and_as_a_wish_alike_or_refused_with_a_reason() {
    for (name, folder) in common::folders() {
        let path = folder.path().join("file");
        let wish = open(&path, &BOTH.direct(Direct::Preferred)).unwrap();
        let demand = open(&path, &BOTH.direct(Direct::Required));
        match (wish.granted.direct, demand) {
            (true, Ok(demand)) => {
                assert_eq!(wish.granted.refused, None, "{name}");
                let is_direct = |opened: &Opened| granted(opened).unwrap().direct;
                assert!(cfg!(target_vendor = "apple") || is_direct(&wish) && is_direct(&demand), "{name}");
                assert_eq!(access(&demand).unwrap(), wish.access().unwrap(), "{name}");
            }
            (false, Err(error)) => {
                assert!(error.is_unsupported(), "{name}: {error}");
                assert!(wish.granted.refused.is_some() && !granted(&wish).unwrap().direct, "{name}");
                assert_eq!(wish.access().unwrap().grid, Grid::ANY, "{name}");
            }
            (wish, demand) => panic!("{name}: a wish is granted: {wish}, a demand: {demand:?}"),
        }
        let new = open(folder.path().join("new"), &BOTH.create_new().direct(Direct::Required));
        assert_eq!(folder.path().join("new").exists(), new.is_ok(), "{name}: a refusal leaves nothing");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_cannot_go_past_the_page_cache_refuses_the_demand_and_not_the_wish() {
    // No file of /proc can. An emulator makes those of its own process up, in files that can.
    let path = "/proc/version";
    let reading = OpenOptions::new().read();
    let error = open(path, &reading.direct(Direct::Required)).unwrap_err();
    assert!(error.is_unsupported(), "{error}");
    assert_eq!((error.errno(), error.call()), (Some(Errno::INVAL), Some("open")));
    let opened = open(path, &reading.direct(Direct::Preferred)).unwrap();
    assert!(!opened.granted.direct && opened.granted.refused.is_some(), "{:?}", opened.granted);
    assert!(!granted(&opened).unwrap().direct);
}

#[test]
#[cfg(target_os = "linux")]
fn the_grid_is_one_that_the_file_system_takes() {
    use bareio::core::AlignedBuf;
    use bareio::fd::{pread, pwrite_all};

    let folder = tempfile::tempdir().unwrap();
    let Ok(file) = open(folder.path().join("file"), &BOTH.direct(Direct::Required)) else {
        return common::skip("no direct I/O in the temporary folder");
    };
    let access = file.access().unwrap();
    let grid = access.grid;
    assert_eq!(direct_io_align(&file).unwrap(), grid);
    assert!(grid.offset.bytes() >= 512 && grid.read_offset <= grid.offset, "{grid:?}");
    let len = grid.offset.len();
    let mut buffer = AlignedBuf::new(bareio::host::NATIVE, 2 * len, grid.block()).unwrap();
    buffer.resize(len, 7).unwrap();
    pwrite_all(&file, buffer.as_slice(), len as u64, &access).unwrap();
    buffer.resize(2 * len, 9).unwrap();
    assert_eq!(pread(&file, buffer.as_mut_slice(), 0, &access).unwrap(), 2 * len);
    assert!(buffer.as_slice()[..len].iter().all(|byte| *byte == 0));
    assert!(buffer.as_slice()[len..].iter().all(|byte| *byte == 7));
}

#[test]
fn what_has_no_positions_has_no_grid_and_says_so() {
    let (read, _write) = std::io::pipe().unwrap();
    let access = access(&read).unwrap();
    assert_eq!(access.grid, Grid::ANY);
    #[cfg(target_os = "linux")]
    assert!(direct_io_align(&read).unwrap_err().is_unsupported());
    #[cfg(target_os = "linux")]
    assert!(direct_io_align(std::fs::File::open("/").unwrap()).unwrap_err().is_unsupported());
}
