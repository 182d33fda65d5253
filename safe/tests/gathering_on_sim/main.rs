//! Writes that go together and flushes that are shared, on kernels in memory: with rings and without, unkind ones, and ones that
//! lose power.
#![cfg(feature = "sim")]

mod common;
mod flushes;
mod groups;
