//! The canonical encoding of states and events: what `Hash` feeds, at widths that are the same on every target.

use std::hash::{Hash, Hasher};

/// A strong 64-bit mix. `usize` and enum discriminants, which differ in width between targets, are widened.
#[derive(Clone, Copy, Debug)]
pub struct Canon {
    a: u64,
    b: u64,
}

impl Default for Canon {
    fn default() -> Self {
        Canon { a: 0x243f_6a88_85a3_08d3, b: 0x1319_8a2e_0370_7344 }
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
}

impl Hasher for Canon {
    fn finish(&self) -> u64 {
        let mut c = *self;
        c.mix(0xa409_3822_299f_31d0);
        c.mix(0x082e_fa98_ec4e_6c89);
        c.a ^ c.b
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word) ^ (chunk.len() as u64) << 56);
        }
    }
    #[inline]
    fn write_u8(&mut self, x: u8) {
        self.mix(u64::from(x));
    }
    #[inline]
    fn write_u16(&mut self, x: u16) {
        self.mix(u64::from(x));
    }
    #[inline]
    fn write_u32(&mut self, x: u32) {
        self.mix(u64::from(x));
    }
    #[inline]
    fn write_u64(&mut self, x: u64) {
        self.mix(x);
    }
    #[inline]
    fn write_usize(&mut self, x: usize) {
        self.mix(x as u64);
    }
    #[inline]
    fn write_isize(&mut self, x: isize) {
        self.mix(x as i64 as u64);
    }
}

/// The fingerprint of anything with a canonical encoding.
pub fn fingerprint<T: Hash + ?Sized>(x: &T) -> u64 {
    let mut h = Canon::default();
    x.hash(&mut h);
    h.finish()
}
