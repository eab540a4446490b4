//! What there is to read at an instant: words and figures for the cards, the ledger, the event list, the inspector.
//! Built a few times a second; where nothing changed, nothing is rendered again. No browser in here.

pub mod actors;
pub mod cards;
pub mod configs;
pub mod inspect;
pub mod lights;
pub mod lines;
pub mod meters;
pub mod people;
pub mod things;

use crate::i18n::Lang;
use crate::scene::layout::{Cast, Layout, columns_that_fit, layout};
use crate::scene::{cast, mark::Mark};
use crate::session::Session;
use cards::{BrokerFacts, ControllerFacts, HeadFacts};
use highwater_core::fold::ledger::Figures;
use highwater_core::ids::*;
use inspect::Inspection;
use lights::Light;
use lines::Line;
use people::{GroupFacts, ProducerFacts};

/// Everything that is read.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts {
    /// Places of the cards.
    pub layout: Layout,
    /// The partitions that are shown.
    pub shown: Vec<PartitionId>,
    /// Are there others before and after those shown?
    pub more: (bool, bool),
    /// The clock's reading.
    pub clock: String,
    /// The instant.
    pub now_us: u64,
    /// Seed of the run.
    pub seed: u64,
    /// Time goes on until it is stopped.
    pub playing: bool,
    /// The run is over.
    pub over: bool,
    /// The controller.
    pub controller: ControllerFacts,
    /// Headings of the partitions.
    pub heads: Vec<HeadFacts>,
    /// Brokers.
    pub brokers: Vec<BrokerFacts>,
    /// Producers.
    pub producers: Vec<ProducerFacts>,
    /// Groups.
    pub groups: Vec<GroupFacts>,
    /// The truth ledger.
    pub figures: Figures,
    /// Lights of the invariants.
    pub lights: Vec<Light>,
    /// The newest events, newest first.
    pub lines: Vec<Line>,
    /// Notable events before those.
    pub earlier: usize,
    /// The selected thing.
    pub inspection: Inspection,
    /// Its metrics, while somebody looks at them.
    pub meters: Option<meters::Sheet>,
}

/// The size that facts are laid out for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Frame {
    /// Width and height of the stage in CSS pixels.
    pub size: (f64, f64),
    /// Scale: root font size / 16.
    pub unit: f64,
}

/// The layout of a session for a frame, and the partitions that it shows.
pub fn place(s: &Session, frame: Frame) -> (Layout, Vec<PartitionId>) {
    let partitions = crate::session::user_partitions(s.sim()).count();
    let shown = s.shown_partitions(columns_that_fit(frame.size.0, frame.unit, partitions));
    let cast: Cast = cast(s.sim(), shown.len());
    (layout(frame.size, frame.unit, &cast), shown)
}

/// The facts of a session at its instant.
pub fn facts(s: &Session, frame: Frame, lang: Lang) -> Facts {
    let (layout, shown) = place(s, frame);
    let sim = s.sim();
    let all: Vec<PartitionId> = crate::session::user_partitions(sim).collect();
    let (lines, earlier) = lines::newest(s, s.listed, lang);
    Facts {
        more: (all.first() != shown.first(), all.last() != shown.last()),
        clock: lines::moment(sim, sim.now_us(), lang),
        now_us: sim.now_us(),
        seed: sim.seed(),
        playing: s.playing(),
        over: s.at_end(),
        controller: cards::controller(sim, lang),
        heads: shown.iter().map(|p| cards::head(sim, *p)).collect(),
        brokers: sim.setup().broker_ids().map(|b| cards::broker(sim, b, &shown, lang)).collect(),
        producers: people::producers(s),
        groups: people::groups(sim, lang),
        figures: sim.ledger().figures(sim.world()),
        lights: lights::lights(sim, lang),
        lines,
        earlier,
        inspection: inspect::inspect(s, lang),
        meters: meters::sheet(s, lang),
        layout,
        shown,
    }
}

/// Marks of the records of a batch.
pub(crate) fn marks(sim: &highwater_core::sim::Sim, id: BatchId, count: u16) -> Vec<Mark> {
    (0..count).map(|i| crate::scene::mark_of(sim, id, i)).collect()
}

#[cfg(test)]
mod tests;
