//! Free indexes in a `Vec` behind a mutex: std's, and that of `parking_lot`.

use std::sync::{Mutex, PoisonError};

use super::super::{Pool, Worker};

pub(in super::super) struct Std(Mutex<Vec<u32>>);

impl Pool for Std {
    type Token<'p> = u32;
    type Worker<'p> = &'p Self;

    fn with_capacity(capacity: u32) -> Self {
        Self(Mutex::new((0..capacity).collect()))
    }

    fn worker(&self, _: u32) -> &Self {
        self
    }
}

impl Worker for &Std {
    type Token = u32;

    #[inline(always)]
    fn get(&mut self) -> Option<u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    #[inline(always)]
    fn put(&mut self, index: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(index);
    }
}

pub(in super::super) struct ParkingLot(parking_lot::Mutex<Vec<u32>>);

impl Pool for ParkingLot {
    type Token<'p> = u32;
    type Worker<'p> = &'p Self;

    fn with_capacity(capacity: u32) -> Self {
        Self(parking_lot::Mutex::new((0..capacity).collect()))
    }

    fn worker(&self, _: u32) -> &Self {
        self
    }
}

impl Worker for &ParkingLot {
    type Token = u32;

    #[inline(always)]
    fn get(&mut self) -> Option<u32> {
        self.0.lock().pop()
    }

    #[inline(always)]
    fn put(&mut self, index: u32) {
        self.0.lock().push(index);
    }
}
