//! A part of a state that copies share and that remembers its fingerprint: a search hashes only what a step changed.

use crate::hash::fingerprint;
use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::rc::Rc;

/// A shared, copy-on-write part. In the canonical encoding it is one word: the fingerprint of its value.
#[derive(Debug)]
pub struct Shared<T>(Rc<Kept<T>>);

#[derive(Clone, Debug)]
struct Kept<T> {
    /// The fingerprint of `value`; 0 while nobody has asked for it.
    print: Cell<u64>,
    /// Its number among the parts that a search keeps (see `kafka::parts`); 0 for none.
    number: Cell<u32>,
    value: T,
}

impl<T> Shared<T> {
    /// A part that nobody else has yet.
    pub fn new(value: T) -> Self {
        Shared(Rc::new(Kept { print: Cell::new(0), number: Cell::new(0), value }))
    }
}

impl<T: Clone> Shared<T> {
    /// The part to change; copied first if others have it too. Its fingerprint is forgotten.
    pub fn make_mut(this: &mut Self) -> &mut T {
        let kept = Rc::make_mut(&mut this.0);
        kept.print.set(0);
        kept.number.set(0);
        &mut kept.value
    }
}

impl<T> Shared<T> {
    pub(crate) fn number(&self) -> u32 {
        self.0.number.get()
    }
    pub(crate) fn set_number(&self, n: u32) {
        self.0.number.set(n);
    }
    /// Is it the very same piece of memory?
    pub(crate) fn is_same(&self, o: &Self) -> bool {
        Rc::ptr_eq(&self.0, &o.0)
    }
}

impl<T: Hash> Shared<T> {
    /// The fingerprint of the value.
    pub fn print(&self) -> u64 {
        let kept = &*self.0;
        if kept.print.get() == 0 {
            kept.print.set(fingerprint(&kept.value));
        }
        kept.print.get()
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(self.0.clone())
    }
    fn clone_from(&mut self, o: &Self) {
        if !self.is_same(o) {
            self.0 = o.0.clone();
        }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: Hash> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, h: &mut H) {
        h.write_u64(self.print());
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.0.value == other.0.value
    }
}

impl<T: Eq> Eq for Shared<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_not_seen_by_copies_and_changes_the_fingerprint() {
        let a = Shared::new(vec![1u8]);
        let before = a.print();
        let mut b = a.clone();
        Shared::make_mut(&mut b).push(2);
        assert_eq!((a.len(), a.print(), b.print() == before), (1, before, false));
        Shared::make_mut(&mut b).pop();
        assert_eq!((b.print(), a == b), (before, true));
    }
}
