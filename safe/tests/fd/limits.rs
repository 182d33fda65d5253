//! Limits of the process: this test's own program is run again under them.
#![cfg(target_os = "linux")]

use std::process::Command;

use bareio::fd::{Size, access, allocate, pread_exact, pwrite, pwrite_all, truncate};
use bareio::{Errno, ErrorKind};

/// Set where this program runs under a limit.
const UNDER_A_LIMIT: &str = "BAREIO_TEST_UNDER_A_LIMIT";

#[test]
fn a_file_that_may_not_grow_is_written_short_and_then_refused() {
    if std::env::var_os("BAREIO_EXPECT_NO_URING").is_some() {
        eprintln!("skipped: user-mode emulation starts no program of the processor that it plays");
        return;
    }
    if std::env::var_os(UNDER_A_LIMIT).is_none() {
        // In units of 512 bytes or of 1,024, whichever the shell has: 8 or 16 KiB. The signal that comes with the
        // refusal is ignored, and stays so in the program that takes the shell's place.
        // Its output goes through pipes: a file that it was sent to would be under the limit too.
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" --exact \"$1\" --nocapture"])
            .arg(std::env::current_exe().unwrap())
            .arg("limits::a_file_that_may_not_grow_is_written_short_and_then_refused")
            .env(UNDER_A_LIMIT, "1")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&said));
        return;
    }
    let file = tempfile::tempfile().unwrap();
    let access = access(&file).unwrap();
    let limit = pwrite(&file, &vec![7; 20_000], 0, &access).unwrap();
    assert!(limit == 8192 || limit == 16384, "written up to the limit, {limit} bytes");
    let over = limit as u64 + 1;
    let error = pwrite(&file, b"x", limit as u64, &access).unwrap_err();
    assert_eq!((error.errno(), error.call()), (Some(Errno::FBIG), Some("pwrite")));
    // Resumed, and then refused: the reason, not the count.
    assert_eq!(
        pwrite_all(&file, &vec![8; 20_000], 0, &access).unwrap_err().kind(),
        ErrorKind::Os(Errno::FBIG)
    );
    let mut back = vec![0; limit];
    pread_exact(&file, &mut back, 0, &access).unwrap();
    assert!(back.iter().all(|byte| *byte == 8));
    assert_eq!(truncate(&file, over).unwrap_err().errno(), Some(Errno::FBIG));
    assert_eq!(allocate(&file, 0..over, Size::Grow).unwrap_err().errno(), Some(Errno::FBIG));
}
