//! States that wait to be expanded, first in, first out: about a hundred bytes each.
//!
//! A state is a few words: numbers of its parts (see `kafka::parts`), the number of what a search remembers of its past,
//! and the numbers of the steps that it need not take.

use std::collections::VecDeque;

/// Words of a chunk. A chunk is given back when all in it were taken.
const CHUNK: usize = 1 << 14;
/// Words before the world's.
const HEAD: usize = 2;

/// A state in words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a>(&'a [u32]);

impl<'a> Record<'a> {
    /// The number of its past.
    pub(super) fn past(self) -> u32 {
        self.0[1]
    }

    /// Its world.
    pub(super) fn world(self) -> &'a [u32] {
        &self.0[HEAD..(self.0[0] & 0xffff) as usize]
    }

    /// The numbers of steps that it need not take.
    pub(super) fn asleep(self) -> impl Iterator<Item = u16> + 'a {
        let words = &self.0[(self.0[0] & 0xffff) as usize..];
        words.iter().flat_map(|w| [*w as u16, (*w >> 16) as u16]).filter(|n| *n != 0)
    }
}

/// A state that is put into words.
#[derive(Debug, Default)]
pub(super) struct Draft(Vec<u32>);

impl Draft {
    /// Begins one. The words of its world follow.
    pub(super) fn begin(&mut self, past: u32) -> &mut Vec<u32> {
        self.0.clear();
        self.0.extend([0, past]);
        &mut self.0
    }

    /// Ends it: what it need not take.
    pub(super) fn end(&mut self, mut asleep: impl Iterator<Item = u16>) {
        let world = self.0.len();
        while let Some(a) = asleep.next() {
            self.0.push(u32::from(a) | u32::from(asleep.next().unwrap_or(0)) << 16);
        }
        assert!(self.0.len() < CHUNK, "a state is far smaller than a chunk");
        self.0[0] = (self.0.len() as u32) << 16 | world as u32;
    }
}

/// States in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    chunks: VecDeque<Vec<u32>>,
    /// How far the first chunk was taken.
    taken: usize,
    len: usize,
    /// A chunk to be used again.
    spare: Vec<u32>,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Memory, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let whole = self.chunks.len().saturating_sub(1) * CHUNK;
        ((whole + self.chunks.back().map_or(0, Vec::len)) * 4) as u64
    }

    /// Adds one, and says where it stands; that holds until one is taken.
    pub(super) fn push(&mut self, draft: &Draft) -> u32 {
        self.push_again(Record(&draft.0))
    }

    /// Adds one that waits elsewhere, as it is.
    pub(super) fn push_again(&mut self, r: Record<'_>) -> u32 {
        let words = r.0;
        if self.chunks.back().is_none_or(|c| c.len() + words.len() > CHUNK) {
            let mut chunk = std::mem::take(&mut self.spare);
            chunk.clear();
            chunk.reserve_exact(CHUNK);
            self.chunks.push_back(chunk);
        }
        let last = self.chunks.len() - 1;
        let chunk = &mut self.chunks[last];
        let place = last * CHUNK + chunk.len();
        chunk.extend_from_slice(words);
        self.len += 1;
        place as u32
    }

    /// The one whose turn it is.
    pub(super) fn front(&self) -> Option<Record<'_>> {
        self.chunks.front().filter(|_| self.len > 0).map(|c| record(&c[self.taken..]))
    }

    /// Takes it away.
    pub(super) fn pop(&mut self) {
        let Some(chunk) = self.chunks.front() else { return };
        self.taken += record(&chunk[self.taken..]).0.len();
        self.len -= 1;
        if self.taken == chunk.len() {
            self.taken = 0;
            self.spare = self.chunks.pop_front().unwrap_or_default();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Waiting::default();
    }

    /// The one that stands there.
    pub(super) fn at(&self, place: u32) -> Record<'_> {
        let (chunk, at) = (place as usize / CHUNK, place as usize % CHUNK);
        record(&self.chunks[chunk][at..])
    }

    /// Of what the state there need not take, leaves only this.
    pub(super) fn leave_asleep(&mut self, place: u32, which: impl Fn(u16) -> bool) {
        let chunk = &mut self.chunks[place as usize / CHUNK][place as usize % CHUNK..];
        let (begin, end) = ((chunk[0] & 0xffff) as usize, (chunk[0] >> 16) as usize);
        for w in &mut chunk[begin..end] {
            let left = |n: u32| if n != 0 && which(n as u16) { n } else { 0 };
            *w = left(*w & 0xffff) | left(*w >> 16) << 16;
        }
    }

    /// All, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        let begin = self.taken;
        self.chunks.iter().enumerate().flat_map(move |(i, c)| {
            let mut rest = &c[if i == 0 { begin } else { 0 }..];
            std::iter::from_fn(move || {
                let r = rest.first().map(|_| record(rest))?;
                rest = &rest[r.0.len()..];
                Some(r)
            })
        })
    }
}

/// The state that begins here.
fn record(words: &[u32]) -> Record<'_> {
    Record(&words[..(words[0] >> 16) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(w: &mut Waiting, past: u32, asleep: &[u16]) -> u32 {
        let mut draft = Draft::default();
        draft.begin(past).extend((0..past % 40).map(|i| i * past));
        draft.end(asleep.iter().copied());
        w.push(&draft)
    }

    #[test]
    fn states_come_back_in_order_and_whole() {
        let mut w = Waiting::default();
        for n in 1..3_000 {
            push(&mut w, n, &[1, n as u16, 3]);
        }
        assert!(w.chunks.len() > 2);
        assert_eq!(w.iter().map(Record::past).collect::<Vec<_>>(), (1..3_000).collect::<Vec<_>>());
        for n in 1..3_000 {
            let r = w.front().expect("it waits");
            assert_eq!((r.past(), r.world().len(), r.asleep().collect::<Vec<_>>()), (n, n as usize % 40, vec![1, n as u16, 3]));
            w.pop();
            assert_eq!(w.iter().count(), w.len());
        }
        assert!((w.front().is_none(), w.len(), w.bytes()) == (true, 0, 0));
    }

    #[test]
    fn what_sleeps_can_be_woken_in_its_place() {
        let mut w = Waiting::default();
        let places: Vec<u32> = (1..2_000).map(|n| push(&mut w, n, &[7, 8, 9])).collect();
        w.leave_asleep(places[1_500], |n| n != 8);
        assert_eq!((w.at(places[1_500]).past(), w.at(places[1_500]).asleep().collect::<Vec<_>>()), (1_501, vec![7, 9]));
        assert_eq!(w.at(places[1_501]).asleep().collect::<Vec<_>>(), [7, 8, 9]);
    }
}
