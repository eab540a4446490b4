//! One search on several threads: each owns a lane, this one puts their findings together.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::{Result, anyhow};
use highwater_core::scenario::Scenario;
use highwater_core::trial::lanes::{Answer, Lane, Merge, Order};
use highwater_core::trial::{Progress, Trial, Verdict};

/// Searches to the end. `show` is told how it stands, after each round.
pub(crate) fn search(scenario: &Scenario, threads: usize, mut show: impl FnMut(&Progress)) -> Result<(Verdict, Progress)> {
    let trial = Trial::new(scenario).map_err(|e| anyhow!("{e}"))?;
    let mut merge = Merge::new(trial, threads);
    thread::scope(|scope| {
        let lanes: Vec<(Sender<Order>, Receiver<Answer>)> = (0..threads)
            .map(|_| {
                let ((to_lane, orders), (answers, from_lane)) = (channel(), channel());
                scope.spawn(move || work(scenario, &orders, &answers));
                (to_lane, from_lane)
            })
            .collect();
        let mut lost = false;
        let mut ask = |orders: Vec<Order>| {
            for (lane, order) in lanes.iter().zip(orders) {
                lost |= lane.0.send(order).is_err();
            }
            lanes.iter().filter_map(|lane| lane.1.recv().ok()).collect()
        };
        loop {
            if let Some(verdict) = merge.round(&mut ask) {
                let verdict = verdict.clone();
                return if lost { Err(anyhow!("a thread of the search ended early")) } else { Ok((verdict, merge.progress())) };
            }
            show(&merge.progress());
        }
    })
}

/// A thread's share: its world never leaves it.
fn work(scenario: &Scenario, orders: &Receiver<Order>, answers: &Sender<Answer>) {
    let Ok(trial) = Trial::new(scenario) else { return };
    let mut lane = Lane::new(trial);
    while let Ok(order) = orders.recv() {
        if answers.send(lane.obey(order)).is_err() {
            return;
        }
    }
}
