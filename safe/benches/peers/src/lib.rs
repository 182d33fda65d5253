//! Times bareio against its peers: other crates, liburing, and the system's own calls, in one run.
//!
//! ```text
//! cargo bench -p bareio-peers --features run -- [GROUP…] [--tsv FILE]
//!     [--rounds N] [--filter TEXT] [--list] [--quick]
//! ```
//!
//! Without the feature `run` this package is empty, so that building and testing the workspace compiles no peer.
//!
//! # What a figure is worth
//!
//! A time measured here says little about another machine, or about this one in an hour. **A ratio does**: all
//! contestants of a case run in every round, in an order drawn anew for each, and a ratio is taken within its
//! round, against the contestant that the row names as its reference. What is reported is the median over the
//! rounds, with the least and the greatest. So quote ratios; the absolute values stand beside them to show what they
//! are ratios of. Instruction counts have no such weakness: they are the same on every run of one binary.
//!
//! The harness pins its threads to processors, and measures what share of the processors' time went to
//! somebody else. It says so when that is more than a little; timings are then not to be quoted. The pool's rates of
//! two threads have a guard of their own: a contestant whose threads share nothing. Where that one's fairness is
//! below 0.9, the processors were not ours, and `met` reads `-`.
//!
//! # Groups
//!
//! | group | case | unit | what is timed |
//! |---|---|---|---|
//! | `ring` | `nop single` | ns an operation | push one entry, enter, pop one completion and check its `user_data` |
//! | `ring` | `nop batch N` | ns an operation | fill N entries, enter, reap N completions and check their `user_data` |
//! | `ring` | `fixed read batch 32` | ns an operation | 4 KiB reads of a cached file, registered buffers and file; each completion is looked up in a table by slot and generation |
//! | `pool` | `N threads window W` | M pairs a second, or ns a pair for one thread | every thread draws W indexes and puts them back |
//! | `pool` | `… fairness` | | the slowest thread's pairs over the fastest's |
//! | `pool` | `hand-off` | M a second | one thread draws, another puts, with a channel of 32-index blocks between them |
//! | `pool` | `N threads get …` | ns | one `get`, by percentile, less what reading the clock costs, and no less than that |
//! | `shards` | `reads from memory` | k reads a second, and two threads over one | each thread keeps 16 direct reads of 4 KiB in flight, on one processor and on two |
//! | `alloc` | `LEN` | ns a region | get a region and touch each of its pages, with 64 MiB of them alive; giving them back is not timed |
//! | `alloc` | `LEN alone` | ns a region | … with one alive at a time |
//! | `batch` | `direct`, `buffered`; `read`, `write`; N | ns an operation | N reads or writes of 4 KiB at random offsets of one file, submitted and waited for |
//! | `metadata` | `size`, `truncate` | ns a call | how long an open file is; that it is to be as long as it is |
//! | `append` | `FILE SYSTEM batch N` | ns an event | N events of 256 B appended to a buffered file and handed to the kernel, on tmpfs (`/dev/shm`) and on the file system of the working folder |
//! | `file` | `direct depth N` | k reads a second, and µs of processor time a read | random 4 KiB reads past the page cache, N in flight on one thread |
//! | `file` | `buffered …` | the same | random 4 KiB reads of a cached file, one at a time, on tmpfs and in the directory for temporary files |
//! | `threads` | `N submitters` | k reads a second, and µs of a read at the percentile | N threads on two processors, each with direct reads one at a time |
//! | `fallback` | `16 threads depth N` | as `file` | the same reads where there is no ring: by calls of at most 16 threads |
//! | `gathering` | `16 contiguous writes` | ns a write | 4 KiB each, to a direct file: submitted one after the other and waited for |
//! | `gathering` | `N writers commit` | commits a second | each of N threads writes 512 bytes to a file they share, makes them durable, and goes on |
//! | `gathering` | `64 submissions` | ns an operation | operations that do nothing, submitted and waited for |
//! | `instructions` | as above | instructions an operation | (Ir(2N) − Ir(N)) / N under callgrind, user space only; needs `valgrind` |
//!
//! The files of `file`, `threads` and `fallback` are in `BAREIO_BENCH_DIR`, or in the directory for temporary files: it should be
//! on a disk that can do direct I/O.
//!
//! A case that is compared with several contestants is run once and reported once for each: `… vs REFERENCE`.
//!
//! # The file
//!
//! `--tsv FILE` writes one row for each contestant of each comparison, tab-separated: `group case contestant
//! median min max ratio ratio_min ratio_max goal met`. `goal` is `<=N` or `>=N` for the value itself, and `<=Nx`
//! or `>=Nx` for the ratio; `met` is `yes`, `no`, or `-` where there is no goal or the figure does not count.
//!
//! # How to add a contestant
//!
//! Write one file in the group's `contestants` folder that implements the group's trait (`ring::Contestant`,
//! `pool::Pool`, `alloc::Region`), and one line in that folder's list. Give it the best set-up that its API
//! allows, and say in the file's first lines what that is. One that cannot run on the host returns why, and is
//! reported as left out; it never stops the others.
#![cfg(feature = "run")]

mod alloc;
mod append;
mod arguments;
mod batch;
mod case;
mod fallback;
mod file;
mod gathering;
mod instructions;
mod metadata;
mod pool;
mod processors;
mod report;
mod ring;
mod runner;
mod shards;
mod statistics;
mod threads;

pub use runner::main;
