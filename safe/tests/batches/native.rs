//! On the kernel that the tests run on, with whatever has a descriptor.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

use bareio::batch::{Backend, Batcher, Lent};
use bareio::fd::SharedFile;

fn batchers() -> impl Iterator<Item = Batcher> {
    [Backend::Auto, Backend::Posix, Backend::IO_URING].into_iter().filter_map(|backend| {
        Batcher::new(backend).inspect_err(|error| eprintln!("skipped {backend}: {error}")).ok()
    })
}

#[test]
fn whatever_has_a_descriptor_can_be_lent() {
    for mut batcher in batchers() {
        let file: File = tempfile::tempfile().unwrap();
        let owned: OwnedFd = file.try_clone().unwrap().into();
        let shared = SharedFile::from(file.try_clone().unwrap());
        let ours = bareio::File::from_fd(file.try_clone().unwrap()).unwrap();
        let asked = Lent::asked(&file).unwrap();
        let mut batch = batcher.batch();
        batch.write(&file, b"0", 0).write(&owned, b"1", 1).write(&shared, b"2", 2).write(&ours, b"3", 3);
        batch.write(asked, b"4", 4).write(file.as_fd(), b"5", 5).write(bareio::fd::lend(&file), b"6", 6);
        batch.run().unwrap();
        let mut bytes = [0; 7];
        batcher.pread_batch(&file, [(&mut bytes[..], 0)]).unwrap();
        assert_eq!(&bytes, b"0123456");
    }
}

#[test]
fn batches_of_direct_blocks_are_read_and_written() {
    use bareio::file::{Direct, OpenOptions};
    let folder = tempfile::tempdir().unwrap();
    let options = OpenOptions::new().read(true).write(true).create(true).direct(Direct::Preferred);
    for (index, mut batcher) in batchers().enumerate() {
        let file = options.open(folder.path().join(index.to_string())).unwrap();
        let len = 64 * 4096;
        let mut blocks = bareio::AlignedBuf::new(bareio::host::NATIVE, len, bareio::Align::KIB_4).unwrap();
        let bytes: Vec<u8> = (0..len).map(|at| u8::try_from(at / 4096).unwrap()).collect();
        blocks.extend_from_slice(&bytes).unwrap();
        let offsets = || (0..).step_by(4096);
        batcher.pwrite_batch(&file, blocks.as_slice().chunks(4096).zip(offsets())).unwrap();
        batcher.fsync(&file).unwrap();
        blocks.as_mut_slice().fill(0xFF);
        batcher.pread_batch(&file, blocks.as_mut_slice().chunks_mut(4096).zip(offsets())).unwrap();
        assert!(blocks.as_slice() == bytes, "{}", batcher.name());
    }
}
