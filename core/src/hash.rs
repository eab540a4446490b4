//! The canonical encoding of states and events: what `Hash` feeds, at widths that are the same on every target.

use std::hash::{Hash, Hasher};

/// A strong 64-bit mix. `usize` and enum discriminants, which differ in width between targets, are widened.
///
/// Small fields are packed into words before they are mixed. What is hashed says by itself where each field ends (a
/// list's length and an enum's variant come first), so different values never give the same words.
#[derive(Clone, Copy, Debug)]
pub struct Canon {
    a: u64,
    b: u64,
    /// Fields that wait for a full word, and how many bits they take.
    word: u64,
    bits: u32,
}

impl Default for Canon {
    fn default() -> Self {
        Canon { a: 0x243f_6a88_85a3_08d3, b: 0x1319_8a2e_0370_7344, word: 0, bits: 0 }
    }
}

impl Canon {
    #[inline]
    fn mix(&mut self, x: u64) {
        // Full 64 x 64 -> 128 multiplication, folded: every input bit reaches every output bit in two rounds.
        let m = u128::from(self.a ^ x) * u128::from(self.b ^ 0x9e37_79b9_7f4a_7c15);
        self.a = (m as u64) ^ self.b.rotate_left(23);
        self.b = ((m >> 64) as u64) ^ x.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ self.a.rotate_left(29);
    }

    /// Takes in the lowest `bits` of `x`; the others are 0.
    #[inline]
    fn pack(&mut self, x: u64, bits: u32) {
        self.word |= x << self.bits;
        let end = self.bits + bits;
        if end >= 64 {
            self.mix(self.word);
            self.word = x.checked_shr(64 - self.bits).unwrap_or(0);
            self.bits = end - 64;
        } else {
            self.bits = end;
        }
    }

    /// A length or a variant: mostly small.
    #[inline]
    fn pack_small(&mut self, x: u64) {
        if x < 0xff {
            self.pack(x, 8);
        } else {
            self.pack(0xff, 8);
            self.pack(x, 64);
        }
    }
}

impl Hasher for Canon {
    fn finish(&self) -> u64 {
        let mut c = *self;
        c.mix(c.word);
        c.mix(0xa409_3822_299f_31d0 ^ u64::from(c.bits));
        c.mix(0x082e_fa98_ec4e_6c89);
        c.a ^ c.b
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u8(*b));
    }
    #[inline]
    fn write_u8(&mut self, x: u8) {
        self.pack(u64::from(x), 8);
    }
    #[inline]
    fn write_u16(&mut self, x: u16) {
        self.pack(u64::from(x), 16);
    }
    #[inline]
    fn write_u32(&mut self, x: u32) {
        self.pack(u64::from(x), 32);
    }
    #[inline]
    fn write_u64(&mut self, x: u64) {
        self.pack(x, 64);
    }
    #[inline]
    fn write_usize(&mut self, x: usize) {
        self.pack_small(x as u64);
    }
    #[inline]
    fn write_isize(&mut self, x: isize) {
        self.pack_small(x as i64 as u64);
    }
}

/// A place and what stands there, mixed. A sum of these is a fingerprint of all of them in any order: each place comes
/// once, and what stands there is mixed so that no two pairs have anything to do with each other.
#[inline]
pub(crate) fn scatter(place: u64, content: u64) -> u64 {
    // No wider than 64 bits: WASM has no wider multiplication.
    let p = place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut x = content.wrapping_add(p);
    x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x = (x ^ (x >> 29) ^ p.rotate_left(32)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 32)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 29)
}

/// The fingerprint of anything with a canonical encoding.
pub fn fingerprint<T: Hash + ?Sized>(x: &T) -> u64 {
    let mut h = Canon::default();
    x.hash(&mut h);
    h.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Sums of a few pieces are what states are told apart by.
    #[test]
    fn sums_of_scattered_pieces_do_not_collide() {
        let places: Vec<u64> = (0..10u64).map(|i| (i % 5) << 56 | i << 16 | (i / 5)).collect();
        let piece = |place: usize, content: u64| scatter(places[place], content);
        let mut seen = BTreeSet::new();
        for (a, b, c) in (0..60).flat_map(|a| (0..60).flat_map(move |b| (0..60).map(move |c| (a, b, c)))) {
            for at in [0, 4] {
                seen.insert(piece(at, a).wrapping_add(piece(at + 1, b)).wrapping_add(piece(at + 2, c)));
            }
        }
        assert_eq!(seen.len(), 2 * 60 * 60 * 60);
    }
}
