//! Pools as fixed buffers of a ring.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]

use bareio::core::ring::{Builder, SharedRing};
use bareio::core::sqe;
use bareio::host::{NATIVE, Native};
use bareio::pool::{BufferPool, FixedBuffers, Registration, Tier};
use bareio::{Errno, fd};

fn ring() -> Option<SharedRing<Native>> {
    match Builder::new(8).shared(NATIVE) {
        Ok(ring) => Some(ring),
        Err(error) => {
            assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "no ring: {error}");
            eprintln!("skipped: {error}");
            None
        }
    }
}

#[test]
fn a_guard_is_found_in_the_fixed_buffer_of_its_size_and_nothing_else_is() {
    let Some(ring) = ring() else { return };
    let pool = BufferPool::builder().tier(Tier::Small, 4).tier(Tier::Big, 2).build().unwrap();
    let other = BufferPool::new(4096, 2).unwrap();
    let stranger = BufferPool::new(4096, 1).unwrap();
    // SAFETY: `fixed` is dropped after the ring.
    let fixed = unsafe { FixedBuffers::register(&ring, &[&pool, &other]) }.unwrap();
    if let Registration::Unregistered(errno) = fixed.registration() {
        assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "{errno}");
        eprintln!("skipped: {}", fixed.registration());
        return;
    }
    let index = |buf: &bareio::pool::PoolBuf| fixed.index_of(buf.as_ptr(), buf.capacity());
    let big = pool.acquire_at_least(4000).unwrap();
    assert_eq!(index(&pool.acquire().unwrap()), Some(0));
    assert_eq!(index(&big), Some(1));
    assert_eq!(index(&other.acquire().unwrap()), Some(2));
    assert_eq!(index(&stranger.acquire().unwrap()), None);
    assert_eq!(index(&pool.acquire_at_least(1 << 20).unwrap()), None, "it has memory of its own");
    assert_eq!(fixed.index_of(big.as_ptr().wrapping_add(100), 7), Some(1), "a part of one");
    assert_eq!(fixed.index_of(big.as_ptr(), 1 << 20), None, "beyond the end");
    drop(ring);
}

#[test]
fn a_fixed_read_lands_in_the_guard_whose_index_was_looked_up() {
    let Some(ring) = ring() else { return };
    let pool = BufferPool::new(4096, 2).unwrap();
    // SAFETY: `fixed` is dropped after the ring.
    let fixed = unsafe { FixedBuffers::register(&ring, &[&pool]) }.unwrap();
    let mut buf = pool.acquire().unwrap();
    let Some(index) = fixed.index_of(buf.as_ptr(), buf.capacity()) else {
        eprintln!("skipped: {}", fixed.registration());
        return;
    };
    let file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut &file, b"fixed").unwrap();
    let to = buf.whole_mut().as_mut_ptr();
    let read = sqe::read_fixed(fd::lend(&file).fd(), to, 4096, 0, index);
    // SAFETY: the buffer and the file are kept until the completion is reaped, and it stays registered.
    unsafe { ring.push(&[read.user_data(5)]) }.unwrap();
    ring.submit().unwrap();
    let mut reaper = ring.try_reaper().unwrap();
    reaper.wait(1).unwrap();
    let completion = reaper.completions().next().unwrap();
    assert_eq!((completion.user_data, completion.result()), (5, Ok(5)));
    buf.set_len(5).unwrap();
    assert_eq!(buf.as_slice(), b"fixed");
    drop(reaper);
    drop(ring);
}

#[cfg(feature = "sim")]
#[test]
fn memory_that_may_not_be_locked_leaves_the_buffers_plain_and_says_so() {
    use bareio::core::sim::Sim;

    let sim = Sim::builder().seed(1).calm().without_register(Errno::NOMEM).build();
    let ring = Builder::new(8).shared(sim.clone()).unwrap();
    let pool = BufferPool::builder().slots(4096, 4).build_with_kernel(sim).unwrap();
    // SAFETY: `fixed` is dropped after the ring.
    let fixed = unsafe { FixedBuffers::register(&ring, &[&pool]) }.unwrap();
    assert_eq!(fixed.registration(), Registration::Unregistered(Errno::NOMEM));
    assert!(fixed.registration().to_string().contains("RLIMIT_MEMLOCK"));
    let buf = pool.acquire().unwrap();
    assert_eq!(fixed.index_of(buf.as_ptr(), 1), None);
    drop(ring);
}

/// The limit itself, in a process of its own that is not root: without it, the kernel would count nothing.
#[test]
fn a_registration_over_the_limit_of_locked_memory_degrades_visibly() {
    const CHILD: &str = "BAREIO_TEST_MEMLOCK";
    if std::env::var_os(CHILD).is_none() {
        let name = "fixed::a_registration_over_the_limit_of_locked_memory_degrades_visibly";
        let script = "ulimit -l 64; exec \"$0\" --exact \"$1\" --nocapture";
        let status = std::process::Command::new("setpriv")
            .args([
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "--inh-caps=-all",
                "--bounding-set=-all",
            ])
            .args(["sh", "-c", script])
            .arg(std::env::current_exe().unwrap())
            .arg(name)
            .env(CHILD, "1")
            .output();
        let skip = |why: String| {
            assert!(std::env::var_os("BAREIO_REQUIRE_ALL").is_none(), "{why}");
            eprintln!("skipped: {why}");
        };
        match status {
            Err(error) => skip(format!("setpriv: {error}")),
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                let errors = String::from_utf8_lossy(&output.stderr).into_owned();
                if !text.contains("1 passed") && (errors.contains("setpriv") || errors.contains("exec")) {
                    return skip(errors);
                }
                assert!(output.status.success(), "{text}{errors}");
            }
        }
        return;
    }
    let Some(ring) = ring() else { return };
    let pool = BufferPool::new(64 << 10, 32).unwrap();
    // SAFETY: `fixed` is dropped after the ring.
    let fixed = unsafe { FixedBuffers::register(&ring, &[&pool]) }.unwrap();
    assert_eq!(fixed.registration(), Registration::Unregistered(Errno::NOMEM));
    drop(ring);
}
