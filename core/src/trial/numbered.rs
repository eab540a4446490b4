//! Equal values as one number.

use crate::hash::fingerprint;
use crate::slots::Slots;
use std::hash::Hash;

/// Values by number, from 1, in the order in which they came.
#[derive(Debug)]
pub(super) struct Numbered<T> {
    all: Vec<T>,
    slots: Slots,
}

impl<T: Hash + Eq + Clone> Numbered<T> {
    pub(super) fn new() -> Self {
        Numbered { all: Vec::new(), slots: Slots::default() }
    }

    /// The number of a value.
    pub(super) fn number(&mut self, x: &T) -> u32 {
        let print = fingerprint(x);
        let found = self.slots.find(print, |i| self.all[i] == *x);
        1 + found.unwrap_or_else(|| {
            self.slots.add(print, self.all.len());
            self.all.push(x.clone());
            self.all.len() - 1
        }) as u32
    }

    /// The value with this number.
    pub(super) fn get(&self, n: u32) -> &T {
        &self.all[n as usize - 1]
    }

    /// About how much memory they take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.all) + self.slots.bytes()
    }
}
