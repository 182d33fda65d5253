//! Claims about forked children.

/// Runs `claim` in a forked child, and fails if it panics there.
pub(crate) fn in_child(claim: impl FnOnce()) {
    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
    }
    // SAFETY: the child runs `claim` and ends by `_exit`; it takes no lock that another thread of the parent may hold
    // but that of the panic output.
    let child = unsafe { fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(claim)).is_err();
        // SAFETY: ends the child.
        unsafe { _exit(i32::from(failed)) };
    }
    let mut status = 0;
    // SAFETY: `status` is valid for the call.
    assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child failed");
}
