//! Points, rectangles and curves: just enough to place things and to move along links.

/// A point on the stage, in CSS pixels.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// A point.
pub const fn pt(x: f64, y: f64) -> Point {
    Point { x, y }
}

/// A rectangle on the stage.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// Right edge.
    pub fn right(&self) -> f64 {
        self.x + self.w
    }
    /// Bottom edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }
    /// Height of its middle.
    pub fn mid_y(&self) -> f64 {
        self.y + self.h / 2.0
    }
    /// Horizontal middle.
    pub fn mid_x(&self) -> f64 {
        self.x + self.w / 2.0
    }
    /// Is the point inside?
    pub fn holds(&self, p: Point) -> bool {
        p.x >= self.x && p.x <= self.right() && p.y >= self.y && p.y <= self.bottom()
    }
    /// Do the two share any area?
    pub fn overlaps(&self, o: &Rect) -> bool {
        self.x < o.right() && o.x < self.right() && self.y < o.bottom() && o.y < self.bottom()
    }
    /// Grown by `d` on every side.
    #[must_use]
    pub fn grown(&self, d: f64) -> Rect {
        Rect { x: self.x - d, y: self.y - d, w: self.w + 2.0 * d, h: self.h + 2.0 * d }
    }
}

/// A cubic Bézier curve.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Curve(pub [Point; 4]);

impl Curve {
    /// The point at `t` from 0 to 1.
    pub fn at(&self, t: f64) -> Point {
        let [a, b, c, d] = self.0;
        let u = 1.0 - t;
        let (wa, wb, wc, wd) = (u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t);
        pt(wa * a.x + wb * b.x + wc * c.x + wd * d.x, wa * a.y + wb * b.y + wc * c.y + wd * d.y)
    }
    /// The direction at `t`, of length 1 (or 0 where the curve stands still).
    pub fn heading(&self, t: f64) -> Point {
        let (a, b) = (self.at((t - 0.01).clamp(0.0, 1.0)), self.at((t + 0.01).clamp(0.0, 1.0)));
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let len = (dx * dx + dy * dy).sqrt().max(1e-9);
        pt(dx / len, dy / len)
    }
    /// The same way back.
    #[must_use]
    pub fn reversed(&self) -> Curve {
        let [a, b, c, d] = self.0;
        Curve([d, c, b, a])
    }
}

/// Eases in and out gently, close to even speed: a message's place still tells its time.
pub fn ease(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    0.4 * t + 0.6 * t * t * (3.0 - 2.0 * t)
}

/// A length with two decimals, without the weight of the standard library's floating-point printing.
pub fn decimal(x: f64) -> String {
    let hundredths = (x * 100.0).round() as i64;
    let sign = if hundredths < 0 { "-" } else { "" };
    let n = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", n / 100, n % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_begins_and_ends_at_its_ends() {
        let c = Curve([pt(0.0, 0.0), pt(10.0, 0.0), pt(10.0, 20.0), pt(0.0, 20.0)]);
        assert_eq!(c.at(0.0), pt(0.0, 0.0));
        assert_eq!(c.at(1.0), pt(0.0, 20.0));
        assert_eq!(c.reversed().at(0.0), c.at(1.0));
        assert!(c.heading(0.5).y > 0.99);
    }

    #[test]
    fn lengths_have_two_decimals() {
        assert_eq!([decimal(1.005), decimal(-0.5), decimal(12.0)], ["1.00", "-0.50", "12.00"]);
    }

    #[test]
    fn easing_keeps_the_ends_and_the_order() {
        assert_eq!((ease(0.0), ease(1.0), ease(-3.0)), (0.0, 1.0, 0.0));
        let steps: Vec<f64> = (0..=20).map(|i| ease(f64::from(i) / 20.0)).collect();
        assert!(steps.windows(2).all(|w| w[0] < w[1]));
    }
}
