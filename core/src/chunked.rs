//! A growing list whose full chunks are shared between copies: a checkpoint of a long run costs pointers, not records.

use std::rc::Rc;

const CHUNK: usize = 128;

/// A list in shared chunks. Cloning copies pointers; changing copies one chunk at most.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Chunked<T> {
    chunks: Vec<Rc<Vec<T>>>,
    len: usize,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Chunked { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Clone> Chunked<T> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }
    /// No elements?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Appends.
    pub fn push(&mut self, x: T) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Rc::new(Vec::with_capacity(CHUNK)));
        }
        let last = self.chunks.last_mut().expect("a chunk was pushed");
        Rc::make_mut(last).push(x);
        self.len += 1;
    }
    /// The element at `i`.
    pub fn get(&self, i: usize) -> Option<&T> {
        self.chunks.get(i / CHUNK)?.get(i % CHUNK)
    }
    /// The element at `i`, to change.
    pub fn get_mut(&mut self, i: usize) -> Option<&mut T> {
        Rc::make_mut(self.chunks.get_mut(i / CHUNK)?).get_mut(i % CHUNK)
    }
    /// All, in order; also from the back.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.chunks.iter().flat_map(|c| c.iter())
    }
    /// Those from `i` on.
    pub fn iter_from(&self, i: usize) -> impl Iterator<Item = &T> {
        self.chunks.iter().skip(i / CHUNK).flat_map(|c| c.iter()).skip(i % CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_its_elements() {
        let mut a = Chunked::default();
        (0..300).for_each(|i| a.push(i));
        let b = a.clone();
        a.push(300);
        *a.get_mut(5).unwrap() = -1;
        assert_eq!((b.len(), b.get(5), b.get(300)), (300, Some(&5), None));
        assert_eq!(a.iter_from(299).copied().collect::<Vec<_>>(), [299, 300]);
    }
}
