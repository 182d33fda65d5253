//! Names, and files as a whole.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bareio::core::sim::Sim;
use bareio::file::Direct;
use bareio::fs::{self, Fs};
use bareio::{Errno, ErrorKind};

use crate::rig::{Act, Folder, Watched, pattern, sim};

const EVERY: [Direct; 2] = [Direct::Off, Direct::Preferred];

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_file_of_any_length_is_written_and_read_whole() {
    let folder = Folder::new();
    for direct in EVERY {
        for len in [0, 1, 511, 512, 513, 4096, 5000, 131_072, 131_073, 300_000] {
            let bytes = pattern(len);
            let path = folder.join("file");
            fs::write_file(&path, &bytes, direct).unwrap();
            assert!(std::fs::read(&path).unwrap() == bytes, "{len}, {direct:?}");
            assert!(fs::read_file(&path, direct).unwrap() == bytes, "{len}, {direct:?}");
            assert_eq!(fs::size(&path), Ok(len as u64));

            let sim = Sim::builder().seed(len as u64).short_transfers(2).build();
            let names = Fs::with_kernel(sim.clone());
            names.write_file("file", &bytes, direct).unwrap();
            assert!(
                sim.contents("file").unwrap() == bytes && names.read_file("file", direct).unwrap() == bytes
            );
        }
    }
    assert_eq!(fs::ls(folder.path()).unwrap(), [folder.join("file")], "no temporary file is left");
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn whoever_has_the_old_file_open_keeps_it_and_its_permissions_are_kept() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let path = folder.join("file");
    std::fs::write(&path, b"old").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    let old = bareio::File::open(&path).unwrap();
    fs::write_file(&path, b"new", Direct::Off).unwrap();
    let mut bytes = [0; 3];
    old.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!((&bytes, &*std::fs::read(&path).unwrap()), (b"old", &b"new"[..]));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_name_of_the_greatest_length_can_be_written() {
    let folder = Folder::new();
    let path = folder.join(&"n".repeat(255));
    fs::write_file(&path, b"x", Direct::Off).unwrap();
    assert_eq!(fs::ls(folder.path()).unwrap(), [path]);
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn readers_see_one_version_or_the_other() {
    let folder = Folder::new();
    let path = folder.join("file");
    let versions = [vec![b'a'; 20_000], vec![b'b'; 30_001]];
    fs::write_file(&path, &versions[0], Direct::Off).unwrap();
    std::thread::scope(|scope| {
        let write = |bytes| {
            for direct in EVERY.into_iter().cycle().take(20) {
                fs::write_file(&path, bytes, direct).unwrap();
            }
        };
        let writers = [&versions[0], &versions[1]].map(|bytes| scope.spawn(move || write(bytes)));
        while writers.iter().any(|writer| !writer.is_finished()) {
            let seen = std::fs::read(&path).unwrap();
            assert!(versions.contains(&seen), "{} bytes of neither", seen.len());
        }
    });
    assert_eq!(fs::ls(folder.path()).unwrap(), [path], "nothing else is left");
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_file_that_tells_no_size_is_read_to_its_end() {
    if !std::path::Path::new("/proc/self/maps").exists() {
        return crate::rig::skip("there is no /proc");
    }
    assert_eq!(fs::size("/proc/self/maps"), Ok(0));
    assert!(fs::read_file("/proc/self/maps", Direct::Off).unwrap().len() > 1000);
}

#[test]
fn a_write_that_fails_at_any_step_leaves_the_old_file_and_nothing_else() {
    for direct in EVERY {
        for nth in 1.. {
            let sim = Sim::builder().calm().fail_operation(nth, Errno::IO).build();
            sim.put("file", b"old").unwrap();
            let names = Fs::with_kernel(sim.clone());
            let result = names.write_file("file", pattern(700), direct);
            let content = sim.contents("file").unwrap();
            if sim.operations() < nth {
                result.unwrap();
                assert_eq!(content, pattern(700));
                break;
            }
            // From the renaming on it is the new one, also if flushing the directory fails.
            assert!(content == b"old" || content == pattern(700), "operation {nth}");
            assert!(result.is_err() || content == pattern(700), "operation {nth}");
            assert_eq!(sim.census().descriptors, 0);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn a_temporary_file_of_a_failed_write_is_removed() {
    let folder = Folder::new();
    let kernel = Watched::new(bareio::host::NATIVE);
    let names = Fs::with_kernel(kernel.clone());
    for failing in ["pwrite", "fsync", "rename"] {
        kernel.plan(move |call| if call.name == failing { Act::Fail(Errno::NOSPC) } else { Act::Go });
        let error = names.write_file(folder.join("file"), b"bytes", Direct::Off).unwrap_err();
        assert_eq!(error.errno(), Some(Errno::NOSPC));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{failing}");
    }
    // A name that is taken, left behind by a power cut, is passed by.
    let mut taken = 3;
    kernel.plan(move |call| {
        taken -= i32::from(call.name == "open");
        if call.name == "open" && taken >= 0 { Act::Fail(Errno::EXIST) } else { Act::Go }
    });
    names.write_file(folder.join("file"), b"bytes", Direct::Off).unwrap();
    assert_eq!(std::fs::read(folder.join("file")).unwrap(), b"bytes");
}

#[test]
fn direct_io_that_is_required_and_refused_leaves_nothing() {
    let sim = Sim::builder().calm().without_direct().build();
    let names = Fs::with_kernel(sim.clone());
    let error = names.write_file("file", b"bytes", Direct::Required).unwrap_err();
    assert!(error.is_unsupported());
    assert_eq!((sim.contents("file"), sim.census().descriptors), (None, 0));
    names.write_file("file", b"bytes", Direct::Preferred).unwrap();
    assert!(names.read_file("file", Direct::Required).unwrap_err().is_unsupported());
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn directories_are_made_down_to_the_last_and_once_is_enough() {
    let folder = Folder::new();
    let sim = sim();
    let names = Fs::with_kernel(sim.clone());
    for deep in ["a/b/c", "a/b/c", "a", "a/b/d/", "./e/f"] {
        fs::mkdir(folder.path().join(deep)).unwrap();
        assert!(folder.path().join(deep).is_dir());
        names.mkdir(deep).unwrap();
        assert_eq!(names.exists(deep), Ok(true));
    }
    names.mkdir("/").unwrap();
    fs::mkdir("/").unwrap();
    // Of a race, the loser sees the directory.
    sim.plan(|call| if call.name == "mkdir" { Act::Fail(Errno::EXIST) } else { Act::Go });
    names.mkdir("a").unwrap();
    // Also if it comes between the directory above and the last one.
    let (rival, mut turn) = (Fs::with_kernel(sim.kernel.clone()), 0);
    sim.plan(move |call| {
        turn += u32::from(call.name == "mkdir");
        if call.name == "mkdir" && turn == 3 {
            rival.mkdir("raced/here").unwrap();
        }
        Act::Go
    });
    names.mkdir("raced/here").unwrap();
    sim.plan(|_| Act::Go);
    names.write_file("file", b"", Direct::Off).unwrap();
    assert_eq!(names.mkdir("file").unwrap_err().errno(), Some(Errno::EXIST));
    assert_eq!(names.mkdir("file/below").unwrap_err().errno(), Some(Errno::NOTDIR));
    sim.plan(|call| if call.name == "mkdir" { Act::Fail(Errno::ROFS) } else { Act::Go });
    assert_eq!(names.mkdir("x/y").unwrap_err().errno(), Some(Errno::ROFS));
    assert_eq!(names.mkdir("").unwrap_err().errno(), Some(Errno::ROFS));
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn listing_gives_regular_files_with_their_full_paths_and_nothing_else() {
    let folder = Folder::new();
    let mut expected = BTreeSet::new();
    for index in 0..700 {
        let path = folder.join(&format!("a file with a rather long name, number {index}"));
        std::fs::write(&path, "").unwrap();
        expected.insert(path);
    }
    std::fs::create_dir(folder.join("directory")).unwrap();
    std::os::unix::fs::symlink("a file", folder.join("link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
    let found = fs::ls(folder.path()).unwrap();
    assert_eq!(found.len(), expected.len());
    assert_eq!(BTreeSet::from_iter(found), expected);
    assert!(fs::ls(folder.join("none")).unwrap_err().is_not_found());
    assert_eq!(fs::ls(folder.join("link")).unwrap_err().errno(), Some(Errno::NOENT));
    assert_eq!(fs::ls(expected.first().unwrap()).unwrap_err().errno(), Some(Errno::NOTDIR));
}

#[test]
fn the_kernel_in_memory_lists_as_a_host_does() {
    let sim = Sim::builder().calm().build();
    let names = Fs::with_kernel(sim);
    names.mkdir("a/below").unwrap();
    names.write_file("a/one", b"1", Direct::Off).unwrap();
    names.write_file("a/two", b"2", Direct::Off).unwrap();
    let found = BTreeSet::from_iter(names.ls("a").unwrap());
    assert_eq!(found, BTreeSet::from_iter([PathBuf::from("a/one"), PathBuf::from("a/two")]));
    assert_eq!(names.ls("a/below").unwrap(), [""; 0].map(PathBuf::from));
    assert!(names.ls("none").unwrap_err().is_not_found());
}

#[test]
#[cfg_attr(miri, ignore = "makes system calls")]
fn names_are_looked_up_renamed_and_removed() {
    let folder = Folder::new();
    let path = |name: &str| folder.join(name);
    let sim = sim();
    let names = Fs::with_kernel(sim);
    fs::write_file(path("one"), b"1", Direct::Off).unwrap();
    fs::write_file(path("two"), b"22", Direct::Off).unwrap();
    names.write_file("one", b"1", Direct::Off).unwrap();
    names.write_file("two", b"22", Direct::Off).unwrap();

    fs::rename(path("one"), path("two")).unwrap();
    names.rename("one", "two").unwrap();
    assert_eq!((fs::exists(path("one")), fs::exists(path("two"))), (Ok(false), Ok(true)));
    assert_eq!((names.exists("one"), names.exists("two")), (Ok(false), Ok(true)));
    assert_eq!((fs::size(path("two")), names.size("two")), (Ok(1), Ok(1)));
    assert_eq!(fs::exists(path("two/below")), Ok(false), "what is no directory has nothing below");

    fs::mkdir(path("dir")).unwrap();
    names.mkdir("dir").unwrap();
    assert_eq!(fs::remove(path("dir")).unwrap_err().errno(), Some(Errno::ISDIR));
    assert_eq!(names.remove("dir").unwrap_err().errno(), Some(Errno::ISDIR));
    fs::remove_dir(path("dir")).unwrap();
    fs::remove(path("two")).unwrap();
    names.remove("two").unwrap();
    assert!(fs::remove(path("two")).unwrap_err().is_not_found());
    assert!(fs::size(path("two")).unwrap_err().is_not_found());
    assert_eq!((fs::exists(""), names.exists("")), (Ok(false), Ok(false)));
    assert!(fs::rename(path("two"), path("one")).unwrap_err().is_not_found());
    fs::sync_dir(folder.path()).unwrap();
    assert!(fs::sync_dir(path("two")).unwrap_err().is_not_found());
    assert!(matches!(fs::sync_dir("").unwrap_err().kind(), ErrorKind::Operation(_)));
}

#[test]
fn a_bare_name_lies_in_the_working_directory() {
    // On the kernel in memory: the working directory of this process is everybody's.
    let sim = sim();
    let names = Fs::with_kernel(sim.clone());
    names.write_file(PathBuf::from("bare"), b"bytes", Direct::Off).unwrap();
    let survives = |seed| sim.kernel.crash(seed).contents("bare").as_deref() == Some(b"bytes");
    assert!((0..30).all(survives), "the directory was flushed");
}
