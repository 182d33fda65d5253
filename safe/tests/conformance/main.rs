//! One suite, whichever way operations are carried out: what holds on one way holds on all.
//!
//! A *claim* is a function over a [`Way`](way::Way). Each is run on each way that [`on_each_way`] lists; with another
//! runner behind that trait, every claim is its test too. What a host lacks is skipped, and says so.
#![cfg(unix)]
#![cfg(not(miri))] // which executes no system call

mod batching;
mod claims;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
mod forbidden;
mod native;
mod sim;
mod step;
mod way;

type IoUring = batching::ByBatch<native::IoUring>;
type Posix = batching::ByBatch<native::Posix>;
type Auto = batching::ByBatch<native::Auto>;
type SimIoUring = batching::ByBatch<sim::IoUring>;
type SimPosix = batching::ByBatch<sim::Posix>;
type SimAuto = batching::ByBatch<sim::Auto>;

/// Makes a test of each claim on each way.
macro_rules! on_each_way {
    ($($module:ident: $($claim:ident)+;)+) => {
        on_each_way! { @way io_uring IoUring: $($($module $claim)+)+ }
        on_each_way! { @way posix Posix: $($($module $claim)+)+ }
        on_each_way! { @way auto Auto: $($($module $claim)+)+ }
        on_each_way! { @way sim_io_uring SimIoUring: $($($module $claim)+)+ }
        on_each_way! { @way sim_posix SimPosix: $($($module $claim)+)+ }
        on_each_way! { @way sim_auto SimAuto: $($($module $claim)+)+ }
    };
    (@way $way:ident $type:ident: $($module:ident $claim:ident)+) => {
        mod $way {
            $(
                #[test]
                fn $claim() {
                    super::way::on::<super::$type>(super::claims::$module::$claim);
                }
            )+
        }
    };
}

on_each_way! {
    nothing:
        a_batch_of_nothing_asks_nothing
        empty_buffers_are_passed_over
        nothing_is_right_on_any_file;
    whole:
        what_is_written_is_read_back
        a_read_beyond_the_end_says_how_much_there_was
        a_write_that_is_cut_short_is_finished
        direct_transfers_are_gone_on_with_on_the_grid
        every_operation_keeps_its_own_result
        more_operations_than_the_ring_holds_are_all_done
        over_1024_buffers_are_refused_and_split_where_asked
        a_file_that_is_full_says_so_with_the_count;
    refused:
        an_offset_above_the_largest_is_refused_and_nothing_is_done
        a_pipe_has_no_offsets
        a_file_that_appends_takes_no_offset_to_write_to
        a_chain_longer_than_the_ring_is_refused_and_nothing_is_done
        a_misaligned_transfer_says_which_number_is_off
        after_a_failed_batch_the_next_starts_clean;
    chains:
        a_chain_keeps_its_order
        a_failure_cancels_what_is_linked_behind_it
        a_hard_link_goes_on_after_a_failure
        a_write_that_stays_short_cancels_the_flush_behind_it
        linked_write_and_flush_write_and_flush
        a_chain_of_many_kinds_comes_out_the_same;
    files:
        a_file_is_read_to_its_end_and_no_further
        sizes_and_truncation_are_told
        offsets_of_a_file_are_checked_before_the_kernel_is_asked
        a_file_that_is_full_takes_what_there_is_room_for
        both_flushes_are_there
        direct_io_is_as_asked_and_what_was_granted_can_be_asked;
}
