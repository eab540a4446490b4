//! An independent checker (stateright) walks the same graph and counts the same states. It takes every action in every
//! state: no sleep sets, no passes, no fingerprints of ours, no memory of what actors did.

#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::trials::{NOT_IDEMPOTENT, Row, bounds};
use highwater_core::kafka::Out;
use highwater_core::trial::{Action, Bounds, Node, Property, Trial};
use stateright::{Checker, Model};
use std::cell::RefCell;
use std::hash::{Hash, Hasher};

/// Collects the canonical encoding itself instead of mixing it.
#[derive(Default)]
struct Encoding(Vec<u8>);

impl Hasher for Encoding {
    fn finish(&self) -> u64 {
        unreachable!("nobody asks for a fingerprint")
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// A state as its canonical encoding; the way to it serves to make it again, as a world can't go from thread to thread.
#[derive(Clone, Debug)]
struct State {
    encoding: Vec<u8>,
    way: Vec<Action>,
}

impl PartialEq for State {
    fn eq(&self, o: &Self) -> bool {
        self.encoding == o.encoding
    }
}
impl Hash for State {
    fn hash<H: Hasher>(&self, h: &mut H) {
        self.encoding.hash(h);
    }
}

impl State {
    fn of(node: &Node, way: Vec<Action>) -> Self {
        let mut e = Encoding::default();
        node.hash(&mut e);
        State { encoding: e.0, way }
    }
}

struct Graph {
    row: Row,
}

thread_local! {
    static TRIAL: RefCell<Option<Trial>> = const { RefCell::new(None) };
}

impl Graph {
    /// Makes a state again.
    fn at<T>(&self, way: &[Action], then: impl FnOnce(&Trial, Node) -> T) -> T {
        TRIAL.with_borrow_mut(|t| {
            let trial = t.get_or_insert_with(|| self.row.trial());
            let mut node = trial.begin();
            let mut out = Out::default();
            way.iter().for_each(|a| trial.step(&mut node, *a, &mut out));
            then(trial, node)
        })
    }
}

impl Model for Graph {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.at(&[], |_, node| State::of(&node, Vec::new()))]
    }
    fn actions(&self, s: &State, actions: &mut Vec<Action>) {
        actions.extend(self.at(&s.way, |trial, node| trial.enabled(&node)));
    }
    fn next_state(&self, s: &State, a: Action) -> Option<State> {
        let way = [s.way.as_slice(), &[a]].concat();
        Some(self.at(&way, |_, node| State::of(&node, way.clone())))
    }
    fn properties(&self) -> Vec<stateright::Property<Self>> {
        // It stops when every property is decided; this one never is.
        vec![stateright::Property::always("goes on", |_, _| true)]
    }
}

/// Counts with both. A thread that ends takes its trial with it.
fn counts(row: Row) -> (u64, u64) {
    let ours = row.none();
    let theirs = std::thread::scope(|s| {
        let walk = || Graph { row: row.clone() }.checker().threads(1).spawn_bfs().join().unique_state_count();
        s.spawn(walk).join().expect("it counts")
    });
    println!("{ours} states, stateright {theirs}");
    (ours, theirs as u64)
}

#[test]
fn one_crash_of_two_brokers() {
    let (ours, theirs) = counts(Row { brokers: 2, topic: "", bounds: bounds(), ..Row::default() });
    assert_eq!(ours, theirs);
}

#[test]
fn a_lost_response_and_an_idempotent_retry() {
    let bounds = Bounds { crashes: 0, lost_responses: 1, ..bounds() };
    let (ours, theirs) = counts(Row { bounds, property: Property::Duplicated, ..Row::default() });
    assert_eq!(ours, theirs);
}

#[test]
fn a_consumer_that_dies() {
    let app = r#"{"group":"g","topics":["t"],"commit":"after_handling","configs":{"auto.offset.reset":"earliest","max.poll.records":1}}"#;
    let bounds = Bounds { crashes: 0, consumer_crashes: 1, ..bounds() };
    let (ours, theirs) = counts(Row { brokers: 2, topic: "", app, bounds, ..Row::default() });
    assert_eq!(ours, theirs);
}

#[test]
fn a_lag_that_expires_and_two_records_in_flight() {
    let bounds = Bounds { records: 2, crashes: 0, lag_expiries: 1, ..bounds() };
    let row = Row { brokers: 2, topic: "", producer: NOT_IDEMPOTENT, bounds, property: Property::Lost, ..Row::default() };
    let (ours, theirs) = counts(row);
    assert_eq!(ours, theirs);
}
