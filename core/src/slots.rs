//! Where things stand in a list, by fingerprint: open addressing that holds indices. Never iterated, so its order can't matter.

/// Indices into a list that is kept elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// Half of a fingerprint and an index + 1; 0 marks an empty slot.
    slots: Vec<(u32, u32)>,
    len: usize,
}

impl Slots {
    /// The index with this fingerprint of which `is` holds.
    #[inline]
    pub(crate) fn find(&self, print: u64, is: impl Fn(usize) -> bool) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = print as u32 as usize & mask;
        loop {
            match self.slots[at] {
                (_, 0) => return None,
                (half, i) if half == print as u32 && is(i as usize - 1) => return Some(i as usize - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Adds an index that is not there.
    pub(crate) fn add(&mut self, print: u64, index: usize) {
        if self.len * 2 >= self.slots.len() {
            let bigger = vec![(0, 0); (self.slots.len() * 2).max(1 << 8)];
            let old = std::mem::replace(&mut self.slots, bigger);
            old.into_iter().filter(|x| x.1 != 0).for_each(|x| self.put(x));
        }
        self.put((print as u32, index as u32 + 1));
        self.len += 1;
    }

    fn put(&mut self, x: (u32, u32)) {
        let mask = self.slots.len() - 1;
        let mut at = x.0 as usize & mask;
        while self.slots[at].1 != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = x;
    }

    /// Memory, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::fingerprint;

    #[test]
    fn what_was_added_is_found_and_nothing_else() {
        let list: Vec<u64> = (0..5_000).map(|i| i * 7).collect();
        let mut slots = Slots::default();
        list.iter().enumerate().for_each(|(i, x)| slots.add(fingerprint(x), i));
        let find = |x: u64| slots.find(fingerprint(&x), |i| list[i] == x);
        assert!(list.iter().enumerate().all(|(i, x)| find(*x) == Some(i)));
        assert_eq!((find(1), Slots::default().find(1, |_| true)), (None, None));
    }
}
