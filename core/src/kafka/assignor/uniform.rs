//! The coordinator's `uniform` (rule book 5D).
//!
//! Kafka walks members and topics in the order of a hash map of random UUIDs; here members go in the map order of the
//! ids that they have, and topics by name.

use super::{Group, Part, Shares};
use crate::order;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// At most so many rounds of balancing where members read different topics.
const MAX_ROUNDS: usize = 16;

pub(super) fn uniform(g: &Group) -> Shares {
    if g.all_read_the_same() { same_topics(g) } else { Different::run(g) }
}

/// Everybody keeps what it has up to its quota. One of the larger quotas goes to each of the first members that fill it,
/// and the rest of them to the last members of the walk; then the free partitions are given out in contiguous chunks.
fn same_topics(g: &Group) -> Shares {
    let topics = g.read_topics();
    let n = g.members.len();
    let mut owned: BTreeSet<Part> = BTreeSet::new();
    owned.extend(g.members.iter().flat_map(|m| &m.owned));
    let all: Vec<Part> = topics.iter().flat_map(|t| g.parts(*t)).collect();
    let mut free: Vec<Part> = all.iter().filter(|p| !owned.contains(p)).copied().collect();
    let (floor, mut extra) = (all.len() / n, all.len() % n);
    let mut shares: Shares = vec![Vec::new(); n];
    let mut unfilled: Vec<(usize, usize)> = Vec::new();
    for (walked, m) in g.map_order().into_iter().enumerate() {
        let mut mine: Vec<Part> = g.members[m].owned.iter().filter(|p| topics.contains(&p.0)).copied().collect();
        order::sort(&mut mine);
        let may_pass_on = extra < n - walked; // the members after this one can still take all larger quotas
        let larger = extra > 0 && (mine.len() > floor || !may_pass_on);
        extra -= usize::from(larger);
        let quota = floor + usize::from(larger);
        if mine.len() > quota {
            free.extend(mine.drain(quota..));
        }
        if mine.len() < quota {
            unfilled.push((m, quota - mine.len()));
        }
        shares[m] = mine;
    }
    let mut free = free.into_iter();
    for (m, room) in unfilled {
        shares[m].extend(free.by_ref().take(room));
        order::sort(&mut shares[m]);
    }
    shares
}

/// Members read different topics: everybody keeps what it may, the least loaded readers get the rest, then each topic is
/// evened out among its readers, again and again.
struct Different<'a> {
    g: &'a Group,
    /// Members in the order of the walk; all indices below are into this.
    walk: Vec<usize>,
    loads: Vec<usize>,
    /// By topic and number.
    owners: Vec<Vec<Option<usize>>>,
}

impl<'a> Different<'a> {
    fn run(g: &'a Group) -> Shares {
        let mut d = Different {
            g,
            walk: g.map_order(),
            loads: vec![0; g.members.len()],
            owners: g.topics.iter().map(|t| vec![None; usize::from(t.1)]).collect(),
        };
        for m in 0..d.walk.len() {
            let member = &g.members[d.walk[m]];
            for p in member.owned.iter().filter(|p| member.reads(p.0)) {
                d.owners[p.0][usize::from(p.1)] = Some(m);
                d.loads[m] += 1;
            }
        }
        let mut topics = g.read_topics();
        order::sort_by(&mut topics, |a, b| d.compare_topics(*a, *b).is_lt());
        topics.iter().for_each(|t| d.give_out(*t));
        topics.retain(|t| d.readers(*t).len() >= 2);
        d.balance(&topics);
        d.shares()
    }

    fn readers(&self, topic: usize) -> Vec<usize> {
        (0..self.walk.len()).filter(|m| self.g.members[self.walk[*m]].reads(topic)).collect()
    }

    /// Most partitions a reader first, then the fewest readers, then the topic's id (here: its name).
    fn compare_topics(&self, a: usize, b: usize) -> Ordering {
        let (readers_a, readers_b) = (self.readers(a).len(), self.readers(b).len());
        let ratio = (self.g.count(b) * readers_a).cmp(&(self.g.count(a) * readers_b));
        ratio.then(readers_a.cmp(&readers_b)).then(a.cmp(&b))
    }

    /// Readers, the least loaded first.
    fn by_load(&self, topic: usize) -> Vec<usize> {
        let mut readers = self.readers(topic);
        order::sort_by_key(&mut readers, |m| (self.loads[*m], *m));
        readers
    }

    /// Gives the topic's free partitions to its readers: fills the lowest loads up, level by level.
    fn give_out(&mut self, topic: usize) {
        let mut low = Low::new(self.by_load(topic), &self.loads);
        for n in 0..self.owners[topic].len() {
            if self.owners[topic][n].is_none() {
                let m = low.next(&self.loads);
                self.owners[topic][n] = Some(m);
                self.loads[m] += 1;
            }
        }
    }

    fn balance(&mut self, topics: &[usize]) {
        let mut last = None;
        for _ in 0..MAX_ROUNDS {
            for (i, topic) in topics.iter().enumerate() {
                if last == Some(i) {
                    return; // all the way round without a move
                }
                if self.even_out(*topic) || last.is_none() {
                    last = Some(i);
                }
            }
        }
    }

    /// Moves partitions of one topic from its most to its least loaded readers. Was anything moved?
    fn even_out(&mut self, topic: usize) -> bool {
        let readers = self.by_load(topic);
        if self.loads[readers[readers.len() - 1]] - self.loads[readers[0]] <= 1 {
            return false;
        }
        let mut held: Vec<Vec<usize>> = vec![Vec::new(); self.walk.len()];
        for (n, o) in self.owners[topic].iter().enumerate() {
            held[o.expect("given out before")].push(n);
        }
        let (mut low, mut high) = (Low::new(readers.clone(), &self.loads), High::new(readers, &self.loads));
        let mut moved = false;
        while let Some(from) = high.next(&self.loads, &held) {
            let n = held[from].pop().expect("chosen because it has one");
            let to = low.next(&self.loads);
            if high.level - low.level <= 1 {
                break;
            }
            self.owners[topic][n] = Some(to);
            self.loads[from] -= 1;
            self.loads[to] += 1;
            moved = true;
        }
        moved
    }

    fn shares(&self) -> Shares {
        let mut shares: Shares = vec![Vec::new(); self.walk.len()];
        for (t, owners) in self.owners.iter().enumerate() {
            for (n, o) in owners.iter().enumerate() {
                if let Some(m) = o {
                    shares[self.walk[*m]].push((t, n as u16));
                }
            }
        }
        shares
    }
}

/// The least loaded members, who rise together: each gets one, then those who now are level join.
struct Low {
    members: Vec<usize>,
    level: i64,
    end: usize,
    next: usize,
}

impl Low {
    fn new(members: Vec<usize>, loads: &[usize]) -> Self {
        let level = loads[members[0]] as i64 - 1;
        Low { members, level, end: 0, next: 0 }
    }

    fn next(&mut self, loads: &[usize]) -> usize {
        if self.next >= self.end {
            self.level += 1;
            while self.end < self.members.len() && loads[self.members[self.end]] as i64 == self.level {
                self.end += 1;
            }
            self.next = 0;
        }
        self.next += 1;
        self.members[self.next - 1]
    }
}

/// The most loaded members, who sink together; one with nothing to give is put aside.
struct High {
    members: Vec<usize>,
    level: i64,
    start: usize,
    end: usize,
    /// One past the next member to take from.
    next: usize,
}

impl High {
    fn new(members: Vec<usize>, loads: &[usize]) -> Self {
        let n = members.len();
        let level = loads[members[n - 1]] as i64 + 1;
        High { members, level, start: n, end: n, next: n }
    }

    fn next(&mut self, loads: &[usize], held: &[Vec<usize>]) -> Option<usize> {
        loop {
            if self.next <= self.start {
                self.widen(loads);
            }
            if self.next == 0 {
                return None;
            }
            self.next -= 1;
            let m = self.members[self.next];
            if !held[m].is_empty() {
                return Some(m);
            }
            self.end -= 1;
            self.members.swap(self.next, self.end);
        }
    }

    fn widen(&mut self, loads: &[usize]) {
        let load = |i: usize, members: &[usize]| loads[members[i]] as i64;
        if self.end <= self.start && self.start > 0 {
            self.level = load(self.start - 1, &self.members);
        } else {
            self.level -= 1;
        }
        while self.start > 0 && load(self.start - 1, &self.members) == self.level {
            self.start -= 1;
        }
        self.next = self.end;
    }
}
