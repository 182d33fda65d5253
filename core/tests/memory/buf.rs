use bareio_core::map::{MapOptions, Residency};
use bareio_core::{Align, AlignedBuf, AllocError, Errno};

use crate::ledger::Call;
use crate::{kernels, none};

#[test]
fn address_and_capacity_sit_on_the_block_however_it_grows() {
    let blocks = [Align::BYTE, Align::B_512, Align::KIB_4, Align::new(1 << 16).unwrap()];
    for ledger in kernels(none) {
        for block in blocks {
            let mut buf = AlignedBuf::new(&ledger, 1, block).unwrap();
            for round in 1..=20_u8 {
                buf.extend_from_slice(&[round; 9_999]).unwrap();
                assert!(block.divides(buf.capacity() as u64), "{block}");
                assert!(block.divides(buf.as_ptr().addr().get() as u64), "{block}");
            }
            assert_eq!(buf.len(), 199_980);
            assert!(buf.chunks(9_999).zip(1..).all(|(chunk, round)| chunk == [round; 9_999]));
            drop(buf);
            assert_eq!(ledger.live(), 0);
        }
    }
}

#[test]
fn it_is_a_vec_of_bytes() {
    for ledger in kernels(none) {
        let mut buf = AlignedBuf::new(&ledger, 100, Align::KIB_4).unwrap();
        assert!(buf.is_empty() && buf.block() == Align::KIB_4);
        buf.extend_from_slice(b"abcdef").unwrap();
        buf.truncate(9);
        buf.truncate(3);
        assert_eq!(&*buf, b"abc");
        buf.resize(5, b'x').unwrap();
        buf.resize(4, b'y').unwrap();
        assert_eq!(buf.as_ref(), b"abcx");
        buf[0] = b'z';
        buf.as_mut()[1] = b'z';
        let copy = buf.try_clone().unwrap();
        buf.clear();
        assert_eq!((&*copy, buf.len()), (b"zzcx".as_slice(), 0));
        assert!(AlignedBuf::try_clone(&buf).unwrap().is_empty());
        buf.pad(1);
        assert_eq!(buf.len(), 0, "nothing is padded to nothing");
        buf.extend_from_slice(b"a").unwrap();
        buf.pad(1);
        assert_eq!((buf.len(), buf[0], buf[1], buf[4095]), (4096, b'a', 1, 1));
        buf.pad(2);
        assert_eq!(buf.len(), 4096);
    }
}

#[test]
fn what_arrives_in_the_spare_capacity_counts_once_it_is_said_to() {
    for ledger in kernels(none) {
        let mut buf = AlignedBuf::new(&ledger, 4096, Align::KIB_4).unwrap();
        buf.extend_from_slice(b"ab").unwrap();
        let spare = buf.spare_capacity_mut();
        assert_eq!(spare.len() + 2, buf.capacity());
        buf.spare_capacity_mut()[0].write(b'c');
        // SAFETY: three bytes were written.
        unsafe { buf.set_len(3) };
        assert_eq!(&*buf, b"abc");
    }
}

#[test]
fn spare_capacity_made_uninitialised_is_never_read() {
    use std::mem::MaybeUninit;
    for ledger in kernels(none) {
        for options in [MapOptions::new(), MapOptions::new().guarded(true)] {
            let mut buf = AlignedBuf::with_options(&ledger, 8192, Align::KIB_4, options).unwrap();
            buf.extend_from_slice(b"abc").unwrap();
            buf.spare_capacity_mut().fill(MaybeUninit::uninit());
            // Growing moves or copies the spare bytes; only Miri could tell if it looked at them.
            buf.reserve(100_000).unwrap();
            assert_eq!(buf.try_clone().unwrap().as_slice(), b"abc");
            buf.resize(20_000, 7).unwrap();
            assert_eq!(buf[3..], vec![7; 19_997]);
        }
    }
}

#[test]
fn want_of_memory_is_an_error_and_the_buffer_is_as_it_was() {
    let small = MapOptions::new().residency(Residency::Populated);
    for ledger in kernels(none) {
        let error = AlignedBuf::new(&ledger, 0, Align::KIB_4).unwrap_err();
        assert_eq!(error, AllocError::Zero);
        let error = AlignedBuf::new(&ledger, usize::MAX, Align::KIB_4).unwrap_err();
        assert_eq!(error, AllocError::TooLong { len: usize::MAX });

        let mut buf = AlignedBuf::with_options(&ledger, 8192, Align::KIB_4, small).unwrap();
        buf.extend_from_slice(b"abc").unwrap();
        assert!(matches!(buf.reserve(usize::MAX), Err(AllocError::TooLong { .. })));
        assert!(matches!(buf.resize(usize::MAX, 0), Err(AllocError::TooLong { .. })));
        // Twice as much is refused: just what is needed is asked for then.
        ledger.refuse_after(0, Errno::NOMEM);
        buf.reserve(8190).unwrap();
        assert!(ledger.refused());
        assert_eq!(buf.capacity(), 12_288);
        assert_eq!(&*buf, b"abc");
        buf.reserve_exact(100_000).unwrap();
        assert_eq!(buf.capacity(), 100_003_usize.next_multiple_of(4096));
    }
    let no_growth = |call| (call == Call::Remap).then_some(Errno::NOMEM);
    for ledger in kernels(no_growth) {
        let mut buf = AlignedBuf::with_options(&ledger, 4096, Align::KIB_4, small).unwrap();
        buf.resize(buf.capacity(), 1).unwrap();
        let len = buf.len();
        assert!(matches!(buf.extend_from_slice(b"x"), Err(AllocError::Refused { errno: Errno::NOMEM, .. })));
        assert!(buf.resize(len + 1, 0).is_err());
        assert_eq!((buf.len(), buf[len - 1]), (len, 1));
    }
}

#[test]
fn taken_apart_and_put_together_it_is_the_same() {
    for ledger in kernels(none) {
        let mut buf = AlignedBuf::new(&ledger, 1, Align::B_512).unwrap();
        buf.extend_from_slice(b"abc").unwrap();
        let (kernel, mut raw) = buf.into_raw();
        assert_eq!((raw.len, raw.block), (3, Align::B_512));
        raw.len = 2;
        // SAFETY: taken apart just now, and no more than its length was changed.
        let buf = unsafe { AlignedBuf::from_raw(kernel, raw) };
        assert_eq!(&*buf, b"ab");
        drop(buf);
        assert_eq!(ledger.live(), 0);
    }
}
