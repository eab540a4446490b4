//! The look of a record: shape, colour and letter follow its key, so that no one needs the colour alone.

use super::geometry::{Point, pt};

/// The shape of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// First key, seventh key, …
    Circle,
    /// Second.
    Square,
    /// Third.
    Triangle,
    /// Fourth.
    Diamond,
    /// Fifth.
    Pentagon,
    /// Sixth.
    Hexagon,
    /// A record without a key.
    Dot,
}

/// How a record is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Its shape.
    pub shape: Shape,
    /// Index into the key colours; `None` for a record without a key.
    pub hue: Option<u8>,
    /// Its letter, if it has a key.
    pub letter: Option<char>,
    /// Its handler fails on it.
    pub poison: bool,
}

/// How many key colours the style sheet has.
pub const HUES: usize = 6;

impl Mark {
    /// The mark of the key with this index and name.
    pub fn of_key(index: usize, name: &str) -> Mark {
        let shape = [Shape::Circle, Shape::Square, Shape::Triangle, Shape::Diamond, Shape::Pentagon, Shape::Hexagon][index % HUES];
        Mark { shape, hue: Some((index % HUES) as u8), letter: name.chars().next().map(|c| c.to_ascii_uppercase()), poison: false }
    }

    /// The mark of a record without a key.
    pub const KEYLESS: Mark = Mark { shape: Shape::Dot, hue: None, letter: None, poison: false };
}

impl Shape {
    /// Corners around the origin for a token of radius 1; empty for round ones. Sizes look alike to the eye.
    pub fn corners(self) -> &'static [Point] {
        const SQUARE: [Point; 4] = [pt(-0.9, -0.9), pt(0.9, -0.9), pt(0.9, 0.9), pt(-0.9, 0.9)];
        const TRIANGLE: [Point; 3] = [pt(0.0, -1.2), pt(1.2, 0.86), pt(-1.2, 0.86)];
        const DIAMOND: [Point; 4] = [pt(0.0, -1.2), pt(1.2, 0.0), pt(0.0, 1.2), pt(-1.2, 0.0)];
        const PENTAGON: [Point; 5] = [pt(0.0, -1.1), pt(1.05, -0.34), pt(0.65, 0.89), pt(-0.65, 0.89), pt(-1.05, -0.34)];
        const HEXAGON: [Point; 6] = [pt(-0.55, -0.95), pt(0.55, -0.95), pt(1.1, 0.0), pt(0.55, 0.95), pt(-0.55, 0.95), pt(-1.1, 0.0)];
        match self {
            Shape::Circle | Shape::Dot => &[],
            Shape::Square => &SQUARE,
            Shape::Triangle => &TRIANGLE,
            Shape::Diamond => &DIAMOND,
            Shape::Pentagon => &PENTAGON,
            Shape::Hexagon => &HEXAGON,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_in_shape_and_letter() {
        let (a, b) = (Mark::of_key(0, "ann"), Mark::of_key(1, "ben"));
        assert_ne!((a.shape, a.hue), (b.shape, b.hue));
        assert_eq!((a.letter, b.letter), (Some('A'), Some('B')));
        assert_eq!(Mark::of_key(0, "김").letter, Some('김'));
        assert_eq!(Mark::KEYLESS.letter, None);
    }
}
