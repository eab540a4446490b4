//! States that pruning makes one behaved the same: a graph with it has as many classes of states that allow the same steps,
//! for ever, as the graph without it. (Classes by partition refinement; here every step is told apart by its name.)

#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::trials::{NOT_IDEMPOTENT, Row, bounds};
use highwater_core::hash::fingerprint;
use highwater_core::kafka::Out;
use highwater_core::trial::{Action, Bounds, Node, Trial};
use std::collections::BTreeMap;

/// Every state, and where its steps lead.
struct Graph {
    nodes: Vec<Node>,
    steps: Vec<Vec<(Action, usize)>>,
}

fn explore(trial: &Trial) -> Graph {
    let mut out = Out::default();
    let mut g = Graph { nodes: vec![trial.begin()], steps: Vec::new() };
    let mut seen = BTreeMap::from([(fingerprint(&g.nodes[0]), 0)]);
    while let Some(from) = g.nodes.get(g.steps.len()).cloned() {
        let mut steps = Vec::new();
        for action in trial.enabled(&from) {
            let mut to = from.clone();
            trial.step(&mut to, action, &mut out);
            let at = *seen.entry(fingerprint(&to)).or_insert(g.nodes.len());
            if at == g.nodes.len() {
                g.nodes.push(to);
            }
            steps.push((action, at));
        }
        g.steps.push(steps);
    }
    g
}

/// Equal keys as one number each; and how many there are.
fn classes<K: Ord>(keys: impl Iterator<Item = K>) -> (Vec<usize>, usize) {
    let mut known = BTreeMap::new();
    let of = keys
        .map(|k| {
            let next = known.len();
            *known.entry(k).or_insert(next)
        })
        .collect();
    (of, known.len())
}

/// How many kinds of states there are, by what may still happen; logs and what properties look at stay visible.
fn kinds(g: &Graph) -> usize {
    let visible = |n: &Node| {
        let logs: Vec<u64> = n.world.brokers.iter().flat_map(|b| &b.replicas).map(|r| fingerprint(&r.log)).collect();
        (fingerprint(&(n.used, &n.ghost)), logs)
    };
    let (mut class, mut count) = classes(g.nodes.iter().map(visible));
    loop {
        let leads = |i: usize| g.steps[i].iter().map(|s| (s.0, class[s.1])).collect::<Vec<_>>();
        let (finer, n) = classes((0..g.nodes.len()).map(|i| (class[i], leads(i))));
        if n == count {
            return n;
        }
        (class, count) = (finer, n);
    }
}

#[test]
fn states_that_are_made_one_behaved_the_same() {
    let two = |bounds| Row { brokers: 2, topic: "", bounds, ..Row::default() };
    let rows = [
        ("a crash", two(bounds())),
        ("a lag that expires", two(Bounds { crashes: 0, lag_expiries: 1, ..bounds() })),
        ("a power cut", two(Bounds { crashes: 0, power_cuts: 1, ..bounds() })),
        ("a lost response", Row { producer: NOT_IDEMPOTENT, ..two(Bounds { crashes: 0, lost_responses: 1, records: 2, ..bounds() }) }),
    ];
    for (name, row) in rows {
        let pruned = explore(&row.trial());
        let whole = explore(&Trial { prune: false, ..row.trial() });
        let (ours, theirs) = (kinds(&pruned), kinds(&whole));
        println!("{name}: {} states without pruning, {} with it, {ours} kinds", whole.nodes.len(), pruned.nodes.len());
        assert_eq!(ours, theirs, "{name}");
    }
}
