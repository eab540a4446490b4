//! Messages of a crowd: every look is painted once and then stamped, since a frame that paints a thousand of them line by
//! line takes too long. Stamps lie on whole pixels, or their letters would blur.

use super::ink::Ink;
use super::tokens::{half_width, paint_token};
use crate::scene::Token;
use crate::scene::geometry::pt;
use crate::scene::traffic::{Cargo, Weight};

/// More messages than this are a crowd.
pub const CROWD: usize = 120;
/// Looks that are kept; beyond it all are forgotten.
const KEPT: usize = 128;

/// The looks that were painted since colours and resolution last changed.
#[derive(Default)]
pub struct Stamps(Vec<Stamp>);

struct Stamp {
    weight: Weight,
    cargo: Cargo,
    /// None where the browser has no canvas to give.
    picture: Option<Ink>,
}

impl Stamps {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Paints a message. What points somewhere is painted as ever: no two are alike.
    pub fn paint(&mut self, ink: &mut Ink, t: &Token) {
        if t.look.cargo == Cargo::Ask {
            return paint_token(ink, t);
        }
        let found = self.0.iter().position(|s| s.weight == t.look.weight && s.cargo == t.look.cargo);
        let i = found.unwrap_or_else(|| self.make(ink, t));
        match &self.0[i].picture {
            Some(p) => ink.stamp(p, t.at),
            None => paint_token(ink, t),
        }
    }

    fn make(&mut self, ink: &Ink, t: &Token) -> usize {
        if self.0.len() == KEPT {
            self.0.clear();
        }
        let size = (2.0 * (half_width(t) + 12.0) * ink.unit, 40.0 * ink.unit);
        let picture = ink.another(size).map(|mut p| {
            let middle = pt(size.0 / 2.0, size.1 / 2.0);
            paint_token(&mut p, &Token { at: middle, ..t.clone() });
            p
        });
        self.0.push(Stamp { weight: t.look.weight, cargo: t.look.cargo.clone(), picture });
        self.0.len() - 1
    }
}
