//! How fast virtual time goes by: fixed speeds, and one that follows the action.
//!
//! A network hop lasts 2 ms and a session timeout 9 s. `Auto` shows the former in slow motion and passes quickly over
//! stretches in which nothing happens, so that nobody has to change the speed to follow a story.

/// A speed that one can choose.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Speed {
    /// Slow while something worth seeing is on its way, quick otherwise.
    #[default]
    Auto,
    /// `SPEEDS[i]`.
    Fixed(usize),
}

/// Virtual time in a unit of real time: numerator and denominator.
pub const SPEEDS: [(u32, u32); 10] = [(1, 1000), (1, 400), (1, 200), (1, 50), (1, 10), (1, 1), (5, 1), (20, 1), (100, 1), (1000, 1)];

/// Slow motion of `Auto`: a hop of 2 ms lasts 0.8 s.
const SLOW: f64 = 1.0 / 400.0;
/// How much quicker `Auto` becomes while the same goes on and on.
const FAMILIAR: f64 = 2.5;
/// After this much of it, in virtual µs: two records' whole way or so.
const FAMILIAR_US: f64 = 60_000.0;
/// The most that `Auto` hurries through quiet stretches.
const QUICK: f64 = 3.0;
/// The rate doubles this often, in a second of real time, while all is quiet.
const DOUBLINGS_PER_S: f64 = 14.0;

impl Speed {
    /// As it stands in a menu: `1/400×`.
    pub fn label(self) -> Option<String> {
        let Speed::Fixed(i) = self else { return None };
        let (n, d) = SPEEDS[i];
        Some(if d == 1 { format!("{n}×") } else { format!("{n}/{d}×") })
    }

    /// All that can be chosen, in the order of the menu.
    pub fn all() -> impl Iterator<Item = Speed> {
        std::iter::once(Speed::Auto).chain((0..SPEEDS.len()).map(Speed::Fixed))
    }

    /// Its word in a menu's value and in storage.
    pub fn token(self) -> String {
        match self {
            Speed::Auto => "auto".into(),
            Speed::Fixed(i) => i.to_string(),
        }
    }

    /// The speed of a word; `Auto` for any other.
    pub fn of_token(word: &str) -> Speed {
        match word.parse::<usize>() {
            Ok(i) if i < SPEEDS.len() => Speed::Fixed(i),
            _ => Speed::Auto,
        }
    }
}

/// The rate at which time goes by, from frame to frame.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    rate: f64,
    /// Virtual µs seen in slow motion since something out of the ordinary.
    seen_us: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { rate: SLOW, seen_us: 0.0 }
    }
}

impl Pace {
    /// Virtual µs to go on in a frame of `real_us`. `action` says whether there is something to see now.
    pub fn frame(&mut self, speed: Speed, action: bool, real_us: f64) -> f64 {
        self.rate = match speed {
            Speed::Fixed(i) => f64::from(SPEEDS[i].0) / f64::from(SPEEDS[i].1),
            Speed::Auto if action => self.slow(),
            Speed::Auto => {
                let grow = (real_us / 1e6 * DOUBLINGS_PER_S).min(1.0);
                (self.rate * (1.0 + grow)).clamp(SLOW, QUICK)
            }
        };
        let virtual_us = self.rate * real_us;
        if speed == Speed::Auto && action {
            self.seen_us += virtual_us;
        }
        virtual_us
    }

    /// Slow motion, a little quicker once the sight is familiar.
    fn slow(&self) -> f64 {
        SLOW * (1.0 + (FAMILIAR - 1.0) * ((self.seen_us - FAMILIAR_US / 2.0) / FAMILIAR_US).clamp(0.0, 1.0))
    }

    /// Something out of the ordinary: as slow as can be again.
    pub fn look_closely(&mut self) {
        self.seen_us = 0.0;
        self.slow_down();
    }

    /// Something to see began: slow down at once.
    pub fn slow_down(&mut self) {
        self.rate = self.rate.min(self.slow());
    }

    /// The rate of the last frame.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The rate in round figures: `1/400×`, `2×`.
    pub fn label(&self) -> String {
        if self.rate >= 1.0 {
            format!("{}×", self.rate.round() as u32)
        } else {
            let d = 1.0 / self.rate;
            let step = if d >= 100.0 {
                50.0
            } else if d >= 20.0 {
                10.0
            } else {
                1.0
            };
            format!("1/{}×", ((d / step).round().max(1.0) * step) as u32)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_shows_a_hop_of_two_milliseconds_for_most_of_a_second() {
        let mut p = Pace::default();
        let virtual_us = p.frame(Speed::Auto, true, 800_000.0);
        assert!((virtual_us - 2000.0).abs() < 1.0);
    }

    #[test]
    fn auto_becomes_quicker_with_what_is_familiar_and_slow_again_with_news() {
        let mut p = Pace::default();
        let first = p.frame(Speed::Auto, true, 1000.0);
        for _ in 0..60_000 {
            p.frame(Speed::Auto, true, 1000.0);
        }
        let later = p.frame(Speed::Auto, true, 1000.0);
        assert!((later / first - FAMILIAR).abs() < 0.01);
        p.look_closely();
        assert_eq!(p.frame(Speed::Auto, true, 1000.0), first);
    }

    #[test]
    fn auto_gets_through_a_session_timeout_in_a_few_seconds() {
        let (mut p, mut t, mut frames) = (Pace::default(), 0.0, 0);
        while t < 9e6 {
            t += p.frame(Speed::Auto, false, 16_667.0);
            frames += 1;
        }
        assert!((60..60 * 5).contains(&frames), "{frames} frames");
    }

    #[test]
    fn speeds_keep_their_words() {
        for s in Speed::all() {
            assert_eq!(Speed::of_token(&s.token()), s);
        }
        assert_eq!(Speed::of_token("99"), Speed::Auto);
        assert_eq!(Speed::Fixed(1).label().as_deref(), Some("1/400×"));
        assert_eq!(Pace::default().label(), "1/400×");
    }
}
