//! One search by several hands, with the story and the counts of one.
//!
//! Each lane holds a share of the states of a layer and expands them; a [`Merge`] puts what they found into the order in
//! which a single search would have found it, and says who keeps what. The core has no threads: whoever owns the lanes
//! carries [`Order`]s to them and [`Answer`]s back. States never leave their lane; where one lane has too little, another
//! gives up some of its own, and they are made again from the way to them.

use super::explorer::Explorer;
use super::fingerprints::{Fingerprints, Places};
use super::search::{Cut, Origin, Progress, Verdict, beyond, way_to};
use super::sleep::Sleep;
use super::waiting::Waiting;
use super::{Property, Trial, story};
use std::collections::VecDeque;

/// States that a lane expands between two merges.
const ROUND: u32 = 2048;
/// States that a layer must have for each lane before it is shared out.
const WORTH_SHARING: usize = 64;

/// A step that a lane took.
#[derive(Clone, Debug)]
pub struct Candidate {
    parent: u32,
    ordinal: u16,
    print: u64,
    sleep: Sleep,
}

/// What a lane is to do.
#[derive(Clone, Debug)]
pub enum Order {
    /// Begin a pass; who gets the flag has the first state.
    Begin(bool),
    /// Expand the states up to this one, with at most so many faults.
    Expand(u32, u32),
    /// Keep these steps' outcomes, by place among the candidates, and drop the others.
    Keep(Vec<u32>),
    /// The layer is over. Kept states are numbered, and each is told what it need not take; `None`: it goes to another lane.
    Turn(Vec<Option<(u32, Sleep)>>),
    /// Make these states from the way to them; each with its number and what it need not take.
    Adopt(Vec<(u32, Vec<u16>, Sleep)>),
}

/// What a lane says to that.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is done.
    Done,
    /// The steps that it took, in order, and its memory in bytes.
    Expanded(Vec<Candidate>, u64),
    /// Of what it keeps, by place among those: what breaks a promise.
    Broken(Option<(u32, Property)>),
}

/// A share of the search.
#[derive(Debug)]
pub struct Lane {
    explorer: Explorer,
    layer: Waiting,
    /// The numbers of the states of `layer`.
    numbers: VecDeque<u32>,
    /// States that are kept, without what they leave to others.
    next: Waiting,
    /// The outcomes of the candidates: where each stands, and whether a promise could have been broken on the way.
    fresh: Waiting,
    places: Vec<(u32, bool)>,
    max_faults: u32,
}

impl Lane {
    /// A lane of a search for this.
    pub fn new(trial: Trial) -> Self {
        Lane {
            explorer: Explorer::new(trial),
            layer: Waiting::default(),
            numbers: VecDeque::new(),
            next: Waiting::default(),
            fresh: Waiting::default(),
            places: Vec::new(),
            max_faults: 0,
        }
    }

    /// Does what it is told.
    pub fn obey(&mut self, order: Order) -> Answer {
        match order {
            Order::Begin(root) => {
                self.layer.clear();
                self.numbers.clear();
                self.next.clear();
                if root {
                    self.explorer.begin(&mut self.layer);
                    self.numbers.push_back(0);
                }
            }
            Order::Expand(upto, max_faults) => return self.expand(upto, max_faults),
            Order::Keep(places) => return Answer::Broken(self.keep(&places)),
            Order::Turn(told) => {
                for told in told {
                    if let (Some(r), Some((i, sleep))) = (self.next.front(), told) {
                        self.explorer.put_again(r, &sleep, &mut self.layer);
                        self.numbers.push_back(i);
                    }
                    self.next.pop();
                }
            }
            Order::Adopt(states) => self.adopt(states),
        }
        Answer::Done
    }

    fn expand(&mut self, upto: u32, max_faults: u32) -> Answer {
        self.max_faults = max_faults;
        let mut candidates = Vec::new();
        while let Some(parent) = self.numbers.pop_front_if(|n| *n < upto) {
            let Some(state) = self.layer.front() else { break };
            self.explorer.take_up(state, max_faults);
            self.layer.pop();
            for i in 0..self.explorer.actions() {
                let Some(tried) = self.explorer.attempt(i) else { continue };
                let sleep = self.explorer.leaves(&tried);
                candidates.push(Candidate { parent, ordinal: i as u16, print: tried.print, sleep });
                self.places.push((self.explorer.put(&mut self.fresh, None), tried.touched));
                self.explorer.done(i, &tried);
            }
        }
        let bytes = self.explorer.bytes() + self.layer.bytes() + self.next.bytes();
        Answer::Expanded(candidates, bytes)
    }

    fn keep(&mut self, places: &[u32]) -> Option<(u32, Property)> {
        let mut first = None;
        for (i, place) in places.iter().enumerate() {
            let (at, touched) = self.places[*place as usize];
            let state = self.fresh.at(at);
            if touched && first.is_none() {
                first = self.explorer.broken_there(state).map(|p| (i as u32, p));
            }
            self.explorer.put_again(state, &Sleep::new(), &mut self.next);
        }
        self.fresh.clear();
        self.places.clear();
        self.explorer.tidy([&self.layer, &self.next].into_iter());
        first
    }

    fn adopt(&mut self, states: Vec<(u32, Vec<u16>, Sleep)>) {
        let (mut layer, mut numbers) = (Waiting::default(), VecDeque::new());
        let (mut own, mut made) = (std::mem::take(&mut self.numbers).into_iter().peekable(), Waiting::default());
        for (index, way, sleep) in states {
            while let (Some(i), Some(r)) = (own.next_if(|i| *i < index), self.layer.front()) {
                layer.push_again(r);
                numbers.push_back(i);
                self.layer.pop();
            }
            self.explorer.walk(&way, self.max_faults);
            self.explorer.put(&mut made, None);
            if let Some(r) = made.front() {
                self.explorer.put_again(r, &sleep, &mut layer);
                numbers.push_back(index);
            }
            made.pop();
        }
        while let (Some(i), Some(r)) = (own.next(), self.layer.front()) {
            layer.push_again(r);
            numbers.push_back(i);
            self.layer.pop();
        }
        (self.layer, self.numbers) = (layer, numbers);
    }
}

/// A state of the next layer: who has it, and what it need not take.
#[derive(Debug)]
struct Placed {
    lane: usize,
    /// Its place among the lane's candidates of the round.
    place: u32,
    sleep: Sleep,
    /// Steps tried when it was found.
    transitions: u64,
}

/// Puts together what lanes find.
#[derive(Debug)]
pub struct Merge {
    trial: Trial,
    lanes: usize,
    seen: Fingerprints,
    origins: Vec<Origin>,
    /// Of the layer in hand, the states up to here are expanded, …
    done: u32,
    /// … and here begin those of the next.
    end: u32,
    next: Vec<Placed>,
    places: Places,
    /// How many states of the next layer each lane has.
    load: Vec<u32>,
    lane_bytes: u64,
    max_faults: u32,
    depth: u32,
    first_cut: Option<u32>,
    transitions: u64,
    verdict: Option<Verdict>,
}

impl Merge {
    /// A search that has not begun, with so many lanes.
    pub fn new(trial: Trial, lanes: usize) -> Self {
        Merge {
            trial,
            lanes,
            seen: Fingerprints::new(),
            origins: Vec::new(),
            done: 0,
            end: 0,
            next: Vec::new(),
            places: Places::new(),
            load: vec![0; lanes],
            lane_bytes: 0,
            max_faults: 0,
            depth: 0,
            first_cut: None,
            transitions: 0,
            verdict: None,
        }
    }

    /// What is on trial.
    pub fn trial(&self) -> &Trial {
        &self.trial
    }

    /// Where it stands.
    pub fn progress(&self) -> Progress {
        Progress {
            faults: self.max_faults,
            states: self.origins.len() as u64,
            transitions: self.transitions,
            depth: self.depth,
            frontier: (self.end - self.done) as usize + self.next.len(),
            bytes: self.lane_bytes + self.seen.bytes() + self.places.bytes() + self.origins.len() as u64 * 8,
        }
    }

    /// Goes on for a round. `ask` gives each lane its order and brings back their answers. `Some` when it is over.
    pub fn round(&mut self, ask: &mut dyn FnMut(Vec<Order>) -> Vec<Answer>) -> Option<&Verdict> {
        if self.origins.is_empty() {
            self.begin_pass(0, ask);
        }
        if self.verdict.is_none() && self.done < self.end {
            self.expand(ask);
        } else if self.verdict.is_none() {
            self.next_layer(ask);
        }
        self.verdict.as_ref()
    }

    fn begin_pass(&mut self, max_faults: u32, ask: &mut dyn FnMut(Vec<Order>) -> Vec<Answer>) {
        (self.max_faults, self.depth) = (max_faults, 0);
        self.seen = Fingerprints::new();
        self.seen.insert(self.trial.begin().print());
        self.origins.clear();
        self.origins.push((0, 0));
        (self.done, self.end) = (0, 1);
        self.next.clear();
        self.places.clear();
        self.load.fill(0);
        ask((0..self.lanes).map(|i| Order::Begin(i == 0)).collect());
    }

    fn expand(&mut self, ask: &mut dyn FnMut(Vec<Order>) -> Vec<Answer>) {
        let upto = self.end.min(self.done + ROUND * self.lanes as u32);
        let answers = ask(vec![Order::Expand(upto, self.max_faults); self.lanes]);
        let mut found: Vec<std::iter::Peekable<_>> = Vec::new();
        self.lane_bytes = 0;
        for a in answers {
            let Answer::Expanded(candidates, bytes) = a else { continue };
            self.lane_bytes += bytes;
            found.push((0u32..).zip(candidates).peekable());
        }
        let before = self.next.len();
        let mut last_parent = None;
        // In the order in which a single search would have met them.
        loop {
            let heads = found.iter_mut().enumerate().filter_map(|(i, f)| f.peek().map(|c| ((c.1.parent, c.1.ordinal), i)));
            let Some((at, lane)) = heads.min() else { break };
            if last_parent.is_some_and(|p| p != at.0) && self.origins.len() as u64 > self.trial.bounds.max_states {
                break;
            }
            last_parent = Some(at.0);
            if let Some((place, c)) = found[lane].next() {
                self.meet(lane, place, c, before);
            }
        }
        let fresh = &self.next[before..];
        let of = |lane| fresh.iter().filter(|x| x.lane == lane).map(|x| x.place).collect();
        let answers = ask((0..self.lanes).map(|lane| Order::Keep(of(lane))).collect());
        let mut broken: Option<(u32, Property)> = None;
        for (lane, a) in answers.into_iter().enumerate() {
            let Answer::Broken(Some((nth, property))) = a else { continue };
            let mine = self.next.iter().enumerate().skip(before).filter(|x| x.1.lane == lane).nth(nth as usize);
            let index = self.end + mine.map_or(0, |x| x.0 as u32);
            broken = Some(broken.map_or((index, property), |b| b.min((index, property))));
        }
        self.done = upto;
        if let Some((index, property)) = broken {
            self.transitions = self.next[(index - self.end) as usize].transitions;
            self.origins.truncate(index as usize + 1);
            let way = way_to(&self.origins, index);
            self.verdict = Some(Verdict::Found(story::retell(&self.trial, property, &way, self.max_faults)));
        } else if let Some(by) = beyond(&self.trial.bounds, self.origins.len(), self.progress().bytes) {
            let pass = self.first_cut.unwrap_or(self.max_faults);
            self.verdict = Some(Verdict::Limit(Cut { complete_faults: pass.checked_sub(1), depth: self.depth, by }));
        }
    }

    /// Takes in a step. `before`: where the states of this round begin in the next layer.
    fn meet(&mut self, lane: usize, place: u32, c: Candidate, before: usize) {
        self.transitions += 1;
        if self.seen.insert(c.print) {
            self.origins.push((c.parent, c.ordinal));
            self.places.put(c.print, self.next.len() as u32);
            self.next.push(Placed { lane, place, sleep: c.sleep, transitions: self.transitions });
            self.load[lane] += 1;
        } else if let Some(at) = self.places.get(c.print) {
            let there = &mut self.next[at as usize];
            there.sleep.retain(|s| c.sleep.iter().any(|t| t.0 == s.0));
            // Both have it: who has less keeps it.
            if at as usize >= before && self.load[lane] + 1 < self.load[there.lane] {
                self.load[there.lane] -= 1;
                self.load[lane] += 1;
                (there.lane, there.place) = (lane, place);
            }
        }
    }

    fn next_layer(&mut self, ask: &mut dyn FnMut(Vec<Order>) -> Vec<Answer>) {
        self.places.clear();
        let cut = self.depth + 1 == self.trial.bounds.depth && !self.next.is_empty();
        if cut {
            self.first_cut.get_or_insert(self.max_faults);
        }
        if !cut && !self.next.is_empty() {
            self.turn(ask);
        } else if self.max_faults < self.trial.bounds.faults() {
            self.begin_pass(self.max_faults + 1, ask);
        } else {
            self.verdict = Some(match self.first_cut {
                None => Verdict::None,
                Some(pass) => Verdict::Limit(Cut::at_depth(&self.trial, pass)),
            });
        }
    }

    /// The next layer's turn: states are numbered, and some go to lanes that have too few.
    fn turn(&mut self, ask: &mut dyn FnMut(Vec<Order>) -> Vec<Answer>) {
        let fair = self.next.len().div_ceil(self.lanes);
        let lacks = |load: u32| fair >= WORTH_SHARING && (load as usize) < fair / 2;
        let mut told: Vec<Vec<Option<(u32, Sleep)>>> = vec![Vec::new(); self.lanes];
        let mut adopted: Vec<Vec<(u32, Vec<u16>, Sleep)>> = vec![Vec::new(); self.lanes];
        for (i, x) in (self.end..).zip(self.next.drain(..)) {
            let poor = (0..self.lanes).find(|l| lacks(self.load[*l])).filter(|_| self.load[x.lane] as usize > fair);
            let Some(to) = poor else {
                told[x.lane].push(Some((i, x.sleep)));
                continue;
            };
            told[x.lane].push(None);
            adopted[to].push((i, way_to(&self.origins, i), x.sleep));
            self.load[x.lane] -= 1;
            self.load[to] += 1;
        }
        ask(told.into_iter().map(Order::Turn).collect());
        if adopted.iter().any(|a| !a.is_empty()) {
            ask(adopted.into_iter().map(Order::Adopt).collect());
        }
        self.load.fill(0);
        self.done = self.end;
        self.end = self.origins.len() as u32;
        self.depth += 1;
    }
}
