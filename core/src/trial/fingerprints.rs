//! The set of states that were seen, as 64-bit fingerprints in open addressing. Never iterated, so its order can't matter.

/// A set of fingerprints.
#[derive(Debug)]
pub(super) struct Fingerprints {
    slots: Vec<u64>,
    len: usize,
}

impl Fingerprints {
    pub(super) fn new() -> Self {
        Fingerprints { slots: vec![0; 1 << 12], len: 0 }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.slots.len() as u64 * 8
    }

    /// Puts it in; false if it was there. 0 marks an empty slot, so a fingerprint of 0 counts as 1.
    pub(super) fn insert(&mut self, fingerprint: u64) -> bool {
        if self.len * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let fresh = put(&mut self.slots, fingerprint.max(1));
        self.len += usize::from(fresh);
        fresh
    }

    fn grow(&mut self) {
        let mut bigger = vec![0; self.slots.len() * 2];
        for f in self.slots.iter().filter(|f| **f != 0) {
            put(&mut bigger, *f);
        }
        self.slots = bigger;
    }
}

fn put(slots: &mut [u64], f: u64) -> bool {
    let mask = slots.len() - 1;
    let mut i = f as usize & mask;
    loop {
        match slots[i] {
            0 => {
                slots[i] = f;
                return true;
            }
            x if x == f => return false,
            _ => i = (i + 1) & mask,
        }
    }
}

/// Where the states of one layer stand, by fingerprint.
#[derive(Debug)]
pub(super) struct Places {
    slots: Vec<(u64, u32)>,
    len: usize,
}

impl Places {
    pub(super) fn new() -> Self {
        Places { slots: vec![(0, 0); 1 << 10], len: 0 }
    }

    pub(super) fn clear(&mut self) {
        if self.len * 8 < self.slots.len() && self.slots.len() > 1 << 10 {
            self.slots.truncate(self.slots.len() / 2);
        }
        self.slots.fill((0, 0));
        self.len = 0;
    }

    pub(super) fn bytes(&self) -> u64 {
        self.slots.len() as u64 * 16
    }

    pub(super) fn get(&self, fingerprint: u64) -> Option<u32> {
        let (f, mask) = (fingerprint.max(1), self.slots.len() - 1);
        let mut i = f as usize & mask;
        loop {
            match self.slots[i] {
                (0, _) => return None,
                (x, at) if x == f => return Some(at),
                _ => i = (i + 1) & mask,
            }
        }
    }

    /// Notes one that is not there yet.
    pub(super) fn put(&mut self, fingerprint: u64, place: u32) {
        if self.len * 4 >= self.slots.len() * 3 {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![(0, 0); old.len() * 2];
            old.into_iter().filter(|x| x.0 != 0).for_each(|x| self.place(x));
        }
        self.place((fingerprint.max(1), place));
        self.len += 1;
    }

    fn place(&mut self, x: (u64, u32)) {
        let mask = self.slots.len() - 1;
        let mut i = x.0 as usize & mask;
        while self.slots[i].0 != 0 {
            i = (i + 1) & mask;
        }
        self.slots[i] = x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::fingerprint;
    use std::collections::BTreeSet;

    #[test]
    fn a_million_close_values_do_not_collide() {
        let all: BTreeSet<u64> = (0..1_000_000u32).map(|i| fingerprint(&(i & 7, i >> 3, 3u8))).collect();
        assert_eq!(all.len(), 1_000_000);
    }

    #[test]
    fn places_are_found_until_they_are_cleared() {
        let mut places = Places::new();
        (0..5_000u32).for_each(|i| places.put(fingerprint(&i), i));
        assert!((0..5_000u32).all(|i| places.get(fingerprint(&i)) == Some(i)));
        places.clear();
        assert_eq!(places.get(fingerprint(&7u32)), None);
    }

    #[test]
    fn the_set_remembers() {
        let mut set = Fingerprints::new();
        assert!((0..100_000u64).all(|i| set.insert(fingerprint(&i))));
        assert!((0..100_000u64).all(|i| !set.insert(fingerprint(&i))));
    }
}
