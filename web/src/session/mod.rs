//! A run and the person who watches it: what is done to the cluster, where in time one is, how fast it goes.
//! No browser in here; the app gives it real time and paints what it holds.

pub mod branches;
pub mod meters;
pub mod pacing;
pub mod saved;
pub mod select;

use crate::scene::mark::Mark;
use crate::scene::traffic::{self, Weight};
use branches::Branches;
use highwater_core::event::EventKind;
use highwater_core::ids::*;
use highwater_core::lesson::names::RecordNames;
use highwater_core::scenario::{Do, Scenario, ScenarioError};
use highwater_core::sim::{Sim, Timeline};
use pacing::{Pace, Speed};
use select::Selection;
use std::cell::OnceCell;

/// How time goes on.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Motion {
    /// It stands still.
    Paused,
    /// It goes on at the chosen speed.
    Playing,
    /// One step: gliding to the next notable instant, then standing still.
    Gliding {
        /// Where to.
        to_us: u64,
        /// Virtual µs in a µs of real time.
        rate: f64,
    },
}

/// How many events are listed before one asks for more.
pub const LIST: usize = 80;
/// How long a step to the next event glides.
const GLIDE_US: f64 = 650_000.0;
/// A frame that comes later than this was not a frame: the page was hidden.
const LONGEST_FRAME_US: f64 = 250_000.0;
/// Playing slows down this long before an instant at which it is to stop.
const NEAR_US: f64 = 9_000.0;
/// How long a run lasts that was a story.
const FREE_US: u64 = 600_000_000;
/// `Auto` stays slow for this long after something that one should see.
const DWELL_US: f64 = 900_000.0;

/// A run that is watched.
#[derive(Debug)]
pub struct Session {
    timeline: Timeline,
    motion: Motion,
    speed: Speed,
    pace: Pace,
    /// Virtual time with fractions of a microsecond: slow motion goes on by less than one in a frame.
    view_us: f64,
    dwell_us: f64,
    seen: usize,
    /// What is selected.
    pub selection: Selection,
    /// What a lesson calls its records.
    pub names: RecordNames,
    /// The partitions that the stage shows begin with this one.
    pub first_partition: u16,
    /// The furthest instant that was reached, for the scrubber.
    frontier_us: u64,
    branches: Branches,
    meters: Option<meters::Meters>,
    refusals: OnceCell<Vec<String>>,
    /// How many of the newest events are wanted in words.
    pub listed: usize,
    /// Where playing stops by itself.
    halt_us: Option<u64>,
}

impl Session {
    /// Begins a run.
    ///
    /// # Errors
    /// What is wrong with the scenario, and where.
    pub fn new(scenario: Scenario) -> Result<Self, ScenarioError> {
        let timeline = Timeline::new(scenario)?;
        let first = user_partitions(timeline.sim()).next().map_or(0, |p| p.0);
        Ok(Session {
            timeline,
            motion: Motion::Paused,
            speed: Speed::Auto,
            pace: Pace::default(),
            view_us: 0.0,
            dwell_us: 0.0,
            seen: 0,
            selection: Selection::Run,
            names: RecordNames::default(),
            first_partition: first,
            frontier_us: 0,
            branches: Branches::default(),
            meters: None,
            refusals: OnceCell::new(),
            listed: LIST,
            halt_us: None,
        })
    }

    // ---- what there is to see

    /// The run at the present instant.
    pub fn sim(&self) -> &Sim {
        self.timeline.sim()
    }
    /// The run with its past.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }
    /// Where in time one is, with fractions.
    pub fn view_us(&self) -> f64 {
        self.view_us
    }
    /// How time goes on.
    pub fn motion(&self) -> Motion {
        self.motion
    }
    /// Does time go on?
    pub fn moving(&self) -> bool {
        self.motion != Motion::Paused
    }
    /// Does it go on until somebody stops it?
    pub fn playing(&self) -> bool {
        self.motion == Motion::Playing
    }
    /// The chosen speed.
    pub fn speed(&self) -> Speed {
        self.speed
    }
    /// The rate at which time goes by just now, in words.
    pub fn rate_label(&self) -> String {
        self.pace.label()
    }
    /// Is time slow enough that one can read what is written beside a message?
    pub fn slow(&self) -> bool {
        !self.playing() || self.pace.rate() < 0.03
    }
    /// The furthest instant that was reached.
    pub fn frontier_us(&self) -> u64 {
        self.frontier_us
    }
    /// Is the run over?
    pub fn at_end(&self) -> bool {
        self.sim().now_us() >= self.sim().until_us()
    }
    /// The scenario with everything that was done by hand, as JSON.
    pub fn scenario_json(&self) -> String {
        self.timeline.scenario().to_json()
    }
    /// The partitions of people's topics that the stage shows, at most `fit`.
    pub fn shown_partitions(&self, fit: usize) -> Vec<PartitionId> {
        let (all, fit): (Vec<PartitionId>, usize) = (user_partitions(self.sim()).collect(), fit.max(1));
        let at = all.partition_point(|p| p.0 < self.first_partition);
        // Before the first of them was created, the last that are there.
        let at = if at < all.len() { at } else { at.saturating_sub(fit) };
        all.into_iter().skip(at).take(fit).collect()
    }

    /// Selects something; what is not there selects nothing.
    pub fn select(&mut self, what: Selection) {
        self.selection = if what.exists(self.sim()) { what } else { Selection::Run };
    }

    // ---- time

    /// Plays or pauses.
    pub fn toggle(&mut self) {
        if self.playing() {
            self.pause();
        } else if !self.at_end() {
            self.finish_glide();
            self.pace = Pace::default();
            self.motion = Motion::Playing;
        }
    }
    /// Stands still.
    pub fn pause(&mut self) {
        self.motion = Motion::Paused;
    }
    /// Chooses a speed.
    pub fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        self.pace = Pace::default();
    }

    /// Playing slows down before this instant and stops at it, once.
    pub fn halt(&mut self, at_us: Option<u64>) {
        self.halt_us = at_us;
    }

    /// Where playing stops, if that lies ahead.
    fn stop_us(&self) -> Option<f64> {
        self.halt_us.map(|h| h as f64).filter(|h| *h > self.view_us)
    }

    /// To the next notable event: gliding, or at once.
    pub fn step_forward(&mut self, glide: bool) {
        self.finish_glide();
        self.motion = Motion::Paused;
        let from = self.sim().now_us();
        let mut moved = self.timeline.step_forward();
        while moved && self.on_hidden_mark() {
            moved = self.timeline.step_forward();
        }
        let to = self.sim().now_us();
        self.frontier_us = self.frontier_us.max(to);
        if !moved || !glide || to == from {
            self.view_us = to as f64;
            return;
        }
        self.timeline.seek(from);
        self.view_us = from as f64;
        self.motion = Motion::Gliding { to_us: to, rate: (to - from) as f64 / GLIDE_US };
    }

    /// To the notable event before this instant.
    pub fn step_back(&mut self) {
        if let Motion::Gliding { .. } = self.motion {
            // Half-way to the next event, the one before is where the step began.
            self.motion = Motion::Paused;
        }
        self.motion = Motion::Paused;
        let said = self.newest_said();
        loop {
            while self.timeline.step_back() && self.on_hidden_mark() {}
            // Between two events, the first step leads to the one that is said already: on to the one before.
            if self.sim().now_us() == 0 || self.newest_said() != said {
                break;
            }
        }
        self.view_us = self.sim().now_us() as f64;
        self.seen = self.sim().events().len();
    }

    /// The newest event that is said in words.
    fn newest_said(&self) -> Option<u32> {
        let sim = self.sim();
        sim.events().iter().rev().find(|e| e.kind.notable() && !self.behind_the_scenes(&e.kind)).map(|e| e.seq)
    }

    /// To any instant.
    pub fn seek(&mut self, t_us: u64) {
        if self.motion != Motion::Playing {
            self.motion = Motion::Paused;
        }
        let t = t_us.min(self.sim().until_us());
        self.timeline.seek(t);
        self.view_us = t as f64;
        self.frontier_us = self.frontier_us.max(t);
        self.seen = self.sim().events().len();
    }

    /// Is this about one of Kafka's own partitions, which the stage does not show?
    pub fn behind_the_scenes(&self, e: &EventKind) -> bool {
        behind_the_scenes(self.sim(), e)
    }

    /// Does one stand on a mark that is behind the scenes?
    fn on_hidden_mark(&self) -> bool {
        let inputs = self.sim().inputs();
        let marks = self.timeline.marks();
        let i = marks.partition_point(|m| m.inputs < inputs);
        marks.get(i).is_some_and(|m| m.inputs == inputs && self.behind_the_scenes(&m.event.kind))
    }

    fn finish_glide(&mut self) {
        if let Motion::Gliding { to_us, .. } = self.motion {
            self.timeline.advance_to(to_us);
            self.view_us = to_us as f64;
            self.motion = Motion::Paused;
        }
    }

    /// Goes on by a frame of `real_us`. `hurry` says when the frame has used up its time: a slow machine falls
    /// behind the chosen speed rather than standing still.
    pub fn frame(&mut self, real_us: f64, mut hurry: impl FnMut() -> bool) {
        let real_us = real_us.clamp(0.0, LONGEST_FRAME_US);
        match self.motion {
            Motion::Paused => {}
            Motion::Gliding { to_us, rate } => {
                let t = self.view_us + rate * real_us;
                if t >= to_us as f64 {
                    self.finish_glide();
                } else {
                    self.view_us = t;
                    self.timeline.advance_to(t as u64);
                }
            }
            Motion::Playing => self.play(real_us, &mut hurry),
        }
        self.frontier_us = self.frontier_us.max(self.sim().now_us());
    }

    fn play(&mut self, real_us: f64, hurry: &mut impl FnMut() -> bool) {
        self.dwell_us = (self.dwell_us - real_us).max(0.0);
        let stop = self.stop_us();
        let near = |h: f64| h - self.view_us <= NEAR_US;
        if stop.is_some_and(near) && self.speed == Speed::Auto {
            self.pace.slow_down();
        }
        let action = self.dwell_us > 0.0 || stop.is_some_and(near) || self.action();
        if action {
            self.seen = self.sim().events().len();
        }
        let mut goal = self.view_us + self.pace.frame(self.speed, action, real_us);
        if let Some(h) = stop.filter(|h| *h <= goal) {
            goal = h;
        } else if let Some(h) = stop.filter(|h| self.speed == Speed::Auto && !near(*h) && h - NEAR_US < goal) {
            goal = h - NEAR_US; // one frame more, and it is near
        }
        let until = self.sim().until_us() as f64;
        loop {
            match self.sim().next_due_us().map(|d| d as f64) {
                Some(due) if due <= goal => {
                    self.timeline.advance_to(due as u64);
                    self.view_us = self.view_us.max(due);
                    if self.speed == Speed::Auto && !action && self.began() {
                        self.pace.slow_down();
                        return;
                    }
                    if hurry() {
                        return;
                    }
                }
                _ => break,
            }
        }
        self.view_us = goal.min(until);
        self.timeline.advance_to(self.view_us as u64);
        if self.view_us >= until || stop.is_some_and(|h| self.view_us >= h) {
            self.motion = Motion::Paused;
        }
    }

    /// Is there something on its way that one should see?
    fn action(&self) -> bool {
        let sim = self.sim();
        let none = |_: BatchId, _: u16| Mark::KEYLESS;
        sim.in_flight().any(|(f, _, _)| traffic::look(f, sim.world(), &none).weight >= Weight::Normal)
    }

    /// Did something begin that one should see?
    fn began(&mut self) -> bool {
        let events = self.sim().events();
        let news = events.iter_from(self.seen).any(|e| dwell_on(&e.kind));
        self.seen = events.len();
        if news {
            self.dwell_us = DWELL_US;
            self.pace.look_closely();
        }
        news || self.action()
    }

    // ---- what is done to the cluster

    /// Does something at this instant. If more was seen already, that run is kept as a branch; says whether it was.
    pub fn act(&mut self, what: Do) -> bool {
        self.finish_glide();
        // In slow motion, the view is between two microseconds.
        self.timeline.advance_to(self.view_us as u64);
        let old = self.timeline.scenario().clone();
        let seen_us = self.frontier_us;
        let forked = self.timeline.command(what) && seen_us > self.sim().now_us();
        self.meters = None; // theirs is the run without it
        if forked {
            self.branches.leave(old, seen_us);
        }
        self.frontier_us = self.sim().now_us();
        self.dwell_us = DWELL_US;
        self.pace.look_closely();
        forked
    }

    /// A new run of the same scenario and seed with another config of a producer.
    ///
    /// # Errors
    /// What Kafka would refuse.
    pub fn with_producer_config(&self, producer: &str, name: &str, value: &str) -> Result<Session, ScenarioError> {
        self.branch_off(self.plan().with_producer_config(producer, name, value)?)
    }

    /// A new run of the same scenario and seed with another config of a topic.
    ///
    /// # Errors
    /// What Kafka would refuse.
    pub fn with_topic_config(&self, topic: &str, name: &str, value: &str) -> Result<Session, ScenarioError> {
        self.branch_off(self.plan().with_topic_config(topic, name, value)?)
    }

    /// A new run of the same scenario and seed under another release.
    ///
    /// # Errors
    /// What that release can't do.
    pub fn with_release(&self, release: &str) -> Result<Session, ScenarioError> {
        self.branch_off(self.plan().with_release(release)?)
    }

    /// Why each of these releases can't have this run; empty where it can.
    pub fn refusals(&self, releases: &[String]) -> &[String] {
        let why = |r: &String| self.with_release(r).err().map_or_else(String::new, |e| e.to_string());
        self.refusals.get_or_init(|| releases.iter().map(why).collect())
    }

    /// The same run from its beginning, without what was done by hand; with it, it stays as a branch.
    ///
    /// # Errors
    /// None that a running scenario could give.
    pub fn restarted(&self) -> Result<Session, ScenarioError> {
        let by_hand = self.timeline.scenario().commands.iter().any(|c| c.by_hand);
        if by_hand { self.branch_off(self.plan()) } else { self.rerun(self.plan()) }
    }

    /// The cluster of a story, without the story: from its beginning, with its workload, and time to do things.
    ///
    /// # Errors
    /// None that a running scenario could give.
    pub fn freed(&self) -> Result<Session, ScenarioError> {
        let mut s = self.plan();
        s.schedule.clear();
        s.until_us = FREE_US;
        self.rerun(s)
    }

    fn plan(&self) -> Scenario {
        let mut s = self.timeline.scenario().clone();
        s.commands.retain(|c| !c.by_hand);
        s
    }

    /// Another run, with this one kept beside it.
    fn branch_off(&self, scenario: Scenario) -> Result<Session, ScenarioError> {
        let mut next = self.rerun(scenario)?;
        next.branches.leave(self.timeline.scenario().clone(), self.frontier_us);
        Ok(next)
    }

    fn rerun(&self, scenario: Scenario) -> Result<Session, ScenarioError> {
        let mut next = Session::new(scenario)?;
        next.speed = self.speed;
        next.first_partition = self.first_partition;
        next.branches = self.branches.clone();
        next.selection = match self.selection {
            Selection::Message(_) | Selection::Event(_) | Selection::Record(..) => Selection::Run,
            other => other,
        };
        Ok(next)
    }
}

/// Partitions of people's topics.
pub fn user_partitions(sim: &Sim) -> impl Iterator<Item = PartitionId> + '_ {
    sim.setup().partition_ids().filter(|p| !sim.setup().is_internal(*p))
}

/// Is an event about one of Kafka's own partitions, which the stage does not show?
pub fn behind_the_scenes(sim: &Sim, e: &EventKind) -> bool {
    partition_of(e).is_some_and(|p| sim.setup().is_internal(p))
}

/// The partition that a notable event is about.
fn partition_of(e: &EventKind) -> Option<PartitionId> {
    use EventKind as E;
    match *e {
        E::Appended { partition, .. }
        | E::Replicated { partition, .. }
        | E::Truncated { partition, .. }
        | E::HighWatermark { partition, .. }
        | E::LagExpired { partition, .. }
        | E::IsrProposed { partition, .. }
        | E::IsrChanged { partition, .. }
        | E::LeaderElected { partition, .. }
        | E::Leaderless { partition, .. }
        | E::BecameLeader { partition, .. }
        | E::BecameFollower { partition, .. } => Some(partition),
        _ => None,
    }
}

/// Things that end a quiet stretch even when no record is on its way.
fn dwell_on(e: &EventKind) -> bool {
    matches!(
        e,
        EventKind::Crashed { .. }
            | EventKind::PowerCut { .. }
            | EventKind::Stopped { .. }
            | EventKind::Zk(_)
            | EventKind::Started { .. }
            | EventKind::Fenced { .. }
            | EventKind::Unfenced { .. }
            | EventKind::LeaderElected { .. }
            | EventKind::Leaderless { .. }
            | EventKind::Truncated { .. }
            | EventKind::Lost { .. }
            | EventKind::Found { .. }
            | EventKind::ConsumerCrashed { .. }
            | EventKind::ConsumerStarted { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_core::scenario::DEFAULT;

    #[test]
    fn one_event_back_always_says_something_else() {
        let mut s = Session::new(Scenario::parse(DEFAULT).unwrap()).unwrap();
        s.seek(213_500);
        let mut said = s.newest_said();
        while s.sim().now_us() > 0 {
            s.step_back();
            assert_ne!(s.newest_said(), said);
            said = s.newest_said();
        }
    }
}
