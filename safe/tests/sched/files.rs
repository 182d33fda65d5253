//! Files whose operations are awaited.

use bareio::buf::Slice;
use bareio::core::kernel::Allocate;
use bareio::{ErrorKind, File};

use crate::common::{Scratch, all, block_on};

#[test]
fn every_operation_of_a_file_can_be_awaited() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scheduler.file(scratch.file(b""));
        block_on(async {
            assert_eq!(file.write_all_at(b"0123456789".to_vec(), 0).await.unwrap().0, 10);
            assert_eq!(file.write_at("abc", 2).await.unwrap().0, 3);
            file.sync_data().await.unwrap();
            file.sync_all().await.unwrap();
            assert_eq!(file.read_at(vec![0; 4], 1).await.unwrap().1, b"1abc");
            assert_eq!(file.read_exact_at(Vec::with_capacity(10), 0).await.unwrap().1, b"01abc56789");
            file.truncate(8).await.unwrap();
            file.allocate(Allocate::NONE, 0, 16).await.unwrap();
        });
        assert_eq!(file.size().unwrap(), 16, "{way}");
    }
}

#[test]
fn what_is_to_be_whole_and_is_not_says_how_much_there_was() {
    for (way, scheduler) in all(|b| b) {
        let scratch = Scratch::new();
        let file = scheduler.file(scratch.file(b"0123456789"));
        let failed = block_on(file.read_exact_at(Vec::with_capacity(16), 4)).unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::ShortRead { wanted: 16, got: 6 }, "{way}");
        assert_eq!(failed.buf.unwrap(), b"456789", "{way}");
        let part = Slice::new(vec![0; 8], 2..4);
        assert_eq!(
            block_on(file.read_exact_at(part, 0)).unwrap().1.into_inner(),
            [0, 0, b'0', b'1', 0, 0, 0, 0]
        );
        let read_only = scheduler.file(File::open(scratch.path("file")).unwrap());
        assert_eq!(block_on(read_only.write_all_at("x", 0)).unwrap_err().buf, Some("x"), "{way}");
        assert_eq!(block_on(file.read_exact_at(Vec::new(), 0)).unwrap().0, 0, "{way}: nothing");
    }
}
