//! What changes from frame to frame, kept out of the component tree: the session and the stage.

use super::browser;
use crate::facts::{Frame, place};
use crate::scene;
use crate::session::Session;
use crate::stage::{Manner, Stage};

/// A frame's share for running the simulation.
const RUN_MS: f64 = 4.0;

/// Session, stage, and what was painted last.
pub struct Hot {
    /// The run.
    pub session: Session,
    /// The canvas, once it is mounted.
    pub stage: Option<Stage>,
    /// Size of the stage.
    pub frame: Frame,
    /// A picture of the open lesson moves: every frame is to be read anew.
    pub bench_plays: bool,
    last_ms: Option<f64>,
    painted: Option<(u64, u64, usize)>,
    dirty: bool,
    refreshed_ms: f64,
    just_read: bool,
    refreshed: Option<(u64, u64, bool)>,
}

/// How often the clock is brought up to date while nothing happens. What does happen is read in the frame that shows it, or in the
/// next one where something happens in every frame; where time stops, at once.
const REFRESH_MS: f64 = 70.0;

impl Hot {
    /// Around a session.
    pub fn new(session: Session) -> Self {
        Hot {
            session,
            stage: None,
            frame: Frame { size: (964.0, 524.0), unit: 1.0 },
            bench_plays: false,
            last_ms: None,
            painted: None,
            dirty: true,
            refreshed_ms: 0.0,
            just_read: false,
            refreshed: None,
        }
    }

    /// The next frame is painted whatever happens.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    /// A frame: time goes on, the stage is painted. True if what is read should be brought up to date.
    pub fn frame(&mut self, now_ms: f64) -> bool {
        let real_us = self.last_ms.replace(now_ms).map_or(0.0, |l| (now_ms - l) * 1000.0);
        let begin = browser::now_ms();
        self.session.frame(real_us, || browser::now_ms() - begin > RUN_MS);
        self.paint(now_ms);
        self.wants_refresh(now_ms) || self.bench_plays
    }

    fn paint(&mut self, now_ms: f64) {
        let s = &self.session;
        let state = (s.view_us().to_bits(), s.sim().inputs(), s.sim().events().len());
        let Some(stage) = &mut self.stage else { return };
        if !self.dirty && !stage.busy() && self.painted == Some(state) {
            return;
        }
        let manner = Manner { now_ms, legible: s.slow(), still: browser::reduced_motion() };
        let (layout, shown) = place(s, self.frame);
        stage.notice(s, &layout, manner);
        let mut scene = scene::build(s.sim(), s.view_us(), &shown, &layout, s.selection);
        if manner.still {
            scene.hold_still();
        }
        stage.paint(&scene, &layout, s.selection, manner);
        self.painted = Some(state);
        self.dirty = false;
    }

    fn wants_refresh(&mut self, now_ms: f64) -> bool {
        let s = &self.session;
        let state = (s.sim().now_us(), s.sim().inputs(), s.moving());
        let just_read = std::mem::take(&mut self.just_read);
        if self.refreshed == Some(state) {
            return false;
        }
        let happened = self.refreshed.is_none_or(|r| r.1 != state.1);
        let turned = self.refreshed.is_none_or(|r| r.2 != state.2);
        let due = if happened { !just_read } else { now_ms - self.refreshed_ms >= REFRESH_MS };
        if !due && !turned {
            return false;
        }
        self.just_read = true;
        self.refreshed = Some(state);
        self.refreshed_ms = now_ms;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::pacing::Speed;
    use highwater_core::scenario::{DEFAULT, Scenario};

    #[test]
    fn what_is_read_is_at_most_one_frame_behind_what_is_seen() {
        let mut hot = Hot::new(Session::new(Scenario::parse(DEFAULT).unwrap()).unwrap());
        for speed in [Speed::Auto, Speed::Fixed(4), Speed::Fixed(5)] {
            hot.session.set_speed(speed);
            hot.session.toggle();
            let (mut ms, mut happened, mut behind) = (0.0, 0, false);
            for _ in 0..300 {
                let before = hot.session.sim().inputs();
                hot.session.frame(16_667.0, || false);
                ms += 16.667;
                let (read, now) = (hot.wants_refresh(ms), hot.session.sim().inputs());
                happened += usize::from(now != before);
                assert!(read || !behind, "at {ms} ms: the ledger lags by two frames");
                behind = !read && (behind || now != before);
            }
            assert!(happened > 5, "{happened} frames brought something");
            hot.session.pause();
            assert!(hot.wants_refresh(ms), "that it stands still is read at once");
            assert!(!hot.wants_refresh(ms + 1000.0), "there is nothing new");
        }
    }
}
