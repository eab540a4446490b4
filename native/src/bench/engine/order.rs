//! In which order the blocks of the file are asked for.

use crate::bench::cell::Pattern;
use crate::bench::rng::Rng;

/// An endless sequence of block offsets.
///
/// Random order visits every block once before any comes again, as fio's random map does, so that
/// a cold cache stays cold for a whole pass.
#[derive(Debug)]
pub(crate) struct Order {
    block: u64,
    blocks: u64,
    next: u64,
    /// Block numbers in random order; `None` when they simply follow one another.
    shuffled: Option<Vec<u32>>,
    /// Appends go on from here for ever.
    append_from: Option<u64>,
}

impl Order {
    /// Blocks of `block` bytes in a file of `file_bytes`, sequentially from the start or in a
    /// random order of the generator's choice.
    pub(crate) fn new(pattern: Pattern, block: u64, file_bytes: u64, rng: &mut Rng) -> Order {
        let blocks = (file_bytes / block).max(1);
        let shuffled = (pattern == Pattern::Rand).then(|| {
            let count = u32::try_from(blocks).unwrap_or(u32::MAX);
            let mut order: Vec<u32> = (0..count).collect();
            rng.shuffle(&mut order);
            order
        });
        Order { block, blocks, next: 0, shuffled, append_from: None }
    }

    /// Blocks that follow one another from `end` on, which is where the file ends.
    pub(crate) fn append(block: u64, end: u64) -> Order {
        Order { block, blocks: u64::MAX, next: 0, shuffled: None, append_from: Some(end) }
    }

    /// The offset of the next block, in bytes.
    pub(crate) fn next(&mut self) -> u64 {
        let index = self.next;
        self.next = if index + 1 == self.blocks { 0 } else { index + 1 };
        match &self.shuffled {
            Some(order) => u64::from(order[index as usize]) * self.block,
            None => self.append_from.unwrap_or(0) + index * self.block,
        }
    }

    /// Requests in one pass over the file; for ever for appends.
    pub(crate) fn pass(&self) -> u64 {
        self.blocks
    }

    /// Begins a slice: appends start at the end of the file again.
    pub(crate) fn begin_slice(&mut self) {
        if self.append_from.is_some() {
            self.next = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequential_wraps_at_the_end() {
        let mut order = Order::new(Pattern::Seq, 4096, 3 * 4096 + 100, &mut Rng::new(1));
        let offsets: Vec<_> = (0..5).map(|_| order.next()).collect();
        assert_eq!(offsets, [0, 4096, 8192, 0, 4096]);
    }

    #[test]
    fn random_visits_each_block_once_a_pass() {
        let mut order = Order::new(Pattern::Rand, 10, 1000, &mut Rng::new(1));
        let mut offsets: Vec<_> = (0..100).map(|_| order.next()).collect();
        let asked = offsets.clone();
        offsets.sort_unstable();
        assert_eq!(offsets, (0..100).map(|i| i * 10).collect::<Vec<_>>());
        assert_ne!(asked, offsets);
    }

    #[test]
    fn appends_start_at_the_end_of_the_file_in_every_slice() {
        let mut order = Order::append(8, 100);
        assert_eq!((order.next(), order.next()), (100, 108));
        order.begin_slice();
        assert_eq!(order.next(), 100);
    }
}
