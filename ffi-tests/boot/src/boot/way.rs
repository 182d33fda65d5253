//! The two ways of carrying out operations, behind one face.

use bareio_core::abi::Cqe;
use bareio_core::op::{Link, NoFiles, Op, Then, perform_chain, segment};
use bareio_core::ring::{Ring, RingError};
use bareio_core::{Errno, Kernel};

use crate::tally::Answer;

/// How many operations a chain of the script has at most.
pub(crate) const LONGEST: usize = 4;

#[expect(clippy::large_enum_variant, reason = "there are two in all, and no allocator to put one elsewhere")]
pub(crate) enum Way<K: Kernel> {
    /// With the buffers of the slab registered as the fixed buffer 0, or not.
    Ring(Ring<K>),
    Calls(K),
}

impl<K: Kernel> Way<K> {
    /// Carries `links` out and waits for all of them. What never completed is `ERESTART`, which no operation says.
    ///
    /// # Safety
    ///
    /// What the operations name is valid, and nobody else's, until this returns.
    pub(crate) unsafe fn run(&mut self, links: &[Link]) -> [Answer; LONGEST] {
        let mut answers = [Err(Errno::RESTART); LONGEST];
        match self {
            Self::Calls(kernel) => {
                // SAFETY: the caller vouches for the operations.
                unsafe { perform_chain(links, kernel, &NoFiles, |index, answer| answers[index] = answer) };
            }
            Self::Ring(ring) => {
                let (mut left, mut done) = (links, 0);
                while let (part @ [.., last], rest) = segment(left) {
                    // SAFETY: the caller vouches for the operations, and all are waited for.
                    if unsafe { push(ring, part, done, &mut answers) }.is_err() {
                        break;
                    }
                    done += part.len();
                    left = rest;
                    if !last.op.is_whole(answers[done - 1]) {
                        answers[done..links.len()].fill(Err(Errno::CANCELED));
                        break;
                    }
                }
            }
        }
        answers
    }

    /// The kernel that it is carried out on.
    pub(crate) fn kernel(&self) -> &K {
        match self {
            Self::Ring(ring) => ring.kernel(),
            Self::Calls(kernel) => kernel,
        }
    }

    /// Carries one operation out.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    pub(crate) unsafe fn run_one(&mut self, op: Op) -> Answer {
        // SAFETY: the caller keeps the contract of `run`.
        let answers = unsafe { self.run(&[Link { op, then: Then::Soft }]) };
        answers[0]
    }

    /// Carries two out, the second behind a link.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    pub(crate) unsafe fn run_two(&mut self, first: Op, then: Then, second: Op) -> [Answer; 2] {
        let links = [Link { op: first, then }, Link { op: second, then: Then::Soft }];
        // SAFETY: the caller keeps the contract of `run`.
        let answers = unsafe { self.run(&links) };
        [answers[0], answers[1]]
    }
}

/// Has the ring carry `part` out, whose first operation is the one at `begin`.
///
/// # Safety
///
/// As [`Way::run`].
unsafe fn push<K: Kernel>(
    ring: &mut Ring<K>,
    part: &[Link],
    begin: usize,
    answers: &mut [Answer],
) -> Result<(), RingError> {
    // SAFETY: the caller vouches for the operations.
    unsafe { ring.push_chain(part, |index| (begin + index) as u64) }.map_err(|_| RingError::Full)?;
    for _ in part {
        // One by one: the kernel may take a chain in pieces.
        ring.submit_and_wait(1)?;
        while let Some(Cqe { user_data, res, .. }) = ring.pop() {
            let index = usize::try_from(user_data).unwrap_or(usize::MAX);
            if let Some(answer) = answers.get_mut(index) {
                *answer = Errno::check_res(res);
            }
        }
        if answers[begin..begin + part.len()].iter().all(|answer| *answer != Err(Errno::RESTART)) {
            break;
        }
    }
    Ok(())
}
