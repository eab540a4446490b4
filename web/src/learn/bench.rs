//! The stage of a lesson without a cluster: the pictures of the Measure door, with what the step's runs say. No browser.

use crate::measure::copies::{CopyScene, Way};
use crate::measure::disk::{Beside, Device, DiskScene};
use crate::measure::source::Source;
use highwater_core::lesson::cost::{CostRun, CostScene, DiskWork};

/// What is shown, and how far it has come.
pub struct Bench {
    /// The disk of the first run, if it has one, with its work.
    pub disk: Option<(DiskScene, DiskWork)>,
    /// A block's way for each run, under a name that no step gives twice.
    pub ways: Vec<(CopyScene, bool)>,
    /// Runs by name with what they model, for the chart.
    pub runs: Vec<CostRun>,
    last_ms: Option<f64>,
}

impl Bench {
    /// Stands still at the beginning.
    pub fn new(runs: Vec<CostRun>) -> Bench {
        let mut b = Bench { disk: None, ways: Vec::new(), runs, last_ms: None };
        for r in &b.runs {
            match r.scene {
                CostScene::Disk(w) if b.disk.is_none() => {
                    let beside = match (w.scattered(), w.readers) {
                        (true, _) => Beside::Scattered,
                        (_, 0) => Beside::Logs(w.logs),
                        (_, n) => Beside::Readers(n),
                    };
                    b.disk = Some((DiskScene::new(Device::Preset(w.disk), w.bytes, beside), w));
                }
                CostScene::Disk(_) => {}
                CostScene::Copies(w) => {
                    let mut scene = CopyScene::default();
                    scene.set(w.conditions(), w.groups);
                    // Runs that differ in what others do to the core have the same way.
                    if !b.ways.contains(&(scene, w.sendfile)) {
                        b.ways.push((scene, w.sendfile));
                    }
                }
            }
        }
        b
    }

    /// The ways of blocks now.
    pub fn diagrams(&self) -> impl Iterator<Item = (Way, &CopyScene)> {
        self.ways.iter().map(|(s, sendfile)| {
            let [classic, direct] = s.ways();
            (if *sendfile { direct } else { classic }, s)
        })
    }

    /// Does time go on?
    pub fn playing(&self) -> bool {
        self.disk.as_ref().is_some_and(|d| d.0.playing) || self.ways.iter().any(|w| w.0.playing)
    }

    /// Is everything done?
    pub fn over(&self) -> bool {
        self.disk.as_ref().is_none_or(|d| d.0.over(&Source::Presets)) && self.diagrams().all(|(w, _)| w.over())
    }

    /// Plays on, or stops.
    pub fn toggle(&mut self) {
        self.last_ms = None;
        let play = !self.playing() && !self.over();
        if let Some((d, _)) = &mut self.disk {
            d.playing = play;
        }
        self.ways.iter_mut().for_each(|w| w.0.playing = play);
    }

    /// To the end.
    pub fn finish(&mut self) {
        self.go_on(f64::INFINITY);
    }

    /// A frame of the screen. True if something moved.
    pub fn frame(&mut self, now_ms: f64) -> bool {
        if !self.playing() {
            return false;
        }
        // After a pause of the page, time goes on from where it was.
        let ms = self.last_ms.replace(now_ms).map_or(0.0, |l| (now_ms - l).clamp(0.0, 200.0));
        self.go_on(ms);
        true
    }

    fn go_on(&mut self, ms: f64) {
        if let Some((d, _)) = &mut self.disk {
            d.tick(ms, &Source::Presets);
        }
        self.ways.iter_mut().for_each(|w| w.0.tick(ms));
    }
}
