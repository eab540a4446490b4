//! The sticky algorithm when members read different topics (rule book 5C, general).

use super::sticky::Claims;
use super::{Group, Part, Shares, map_order};
use crate::kafka::partitioner::java_string_hash;
use crate::order;
use std::collections::BTreeMap;

/// Keeps what is valid, gives the rest to the least loaded, then moves partitions while that makes loads more even.
pub(super) fn assign(g: &Group, claims: Claims) -> Shares {
    let mut b = Balance::new(g, claims.owned);
    let mut all: Vec<Part> = g.read_topics().iter().flat_map(|t| g.parts(*t)).collect();
    order::sort_by_key(&mut all, |p| (b.readers[p.0].len(), *p));
    let mut revocation_required = false;
    for (m, share) in b.shares.iter_mut().enumerate() {
        let before = share.len();
        share.retain(|p| g.members[m].reads(p.0));
        revocation_required |= share.len() < before;
    }
    let fresh = b.shares.iter().all(Vec::is_empty);
    b.note_owners();
    let mut unassigned: Vec<Part> = all.iter().filter(|p| b.owner(**p).is_none()).copied().collect();
    for part in &unassigned {
        let to = b.least_loaded(part.0);
        b.hand_to(*part, to);
    }
    all.retain(|p| b.readers[p.0].len() >= 2);
    unassigned.retain(|p| b.readers[p.0].len() >= 2);
    b.movable = (0..g.members.len()).map(|m| b.may_take_part(m)).collect();

    let before = b.shares.clone();
    if !revocation_required {
        b.even_out(&unassigned);
    }
    let moved = b.even_out(&all);
    if !fresh && moved && b.score(&b.shares) >= b.score(&before) {
        b.shares = before;
    }
    b.shares
}

/// Who had a partition before the newest generation, by the newest of those older claims. (Like Kafka, this does not ask
/// whether that member still reads the topic.)
fn previous_owners(g: &Group) -> BTreeMap<Part, usize> {
    let newest = g.members.iter().map(|m| m.generation).max().unwrap_or(-1);
    let mut previous: BTreeMap<Part, usize> = BTreeMap::new();
    for m in g.map_order().into_iter().filter(|m| g.members[*m].generation < newest) {
        for part in &g.members[m].owned {
            match previous.get(part) {
                Some(o) if g.members[*o].generation >= g.members[m].generation => {}
                _ => {
                    previous.insert(*part, m);
                }
            }
        }
    }
    previous
}

struct Balance<'a> {
    g: &'a Group,
    shares: Shares,
    /// By topic: who reads it.
    readers: Vec<Vec<usize>>,
    /// By member: how many partitions it could have at most.
    most: Vec<usize>,
    /// By topic and number: who has the partition.
    owners: Vec<Vec<Option<usize>>>,
    /// By topic: how many of its partitions each member has.
    held: Vec<Vec<usize>>,
    /// By member: can its load still change?
    movable: Vec<bool>,
    previous: BTreeMap<Part, usize>,
    moves: Moves,
    /// The topic that was uneven when this was asked last: it mostly still is.
    uneven: usize,
}

impl<'a> Balance<'a> {
    fn new(g: &'a Group, shares: Shares) -> Self {
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); g.topics.len()];
        for (m, member) in g.members.iter().enumerate() {
            member.topics.iter().for_each(|t| readers[*t].push(m));
        }
        Balance {
            g,
            shares,
            readers,
            most: g.members.iter().map(|m| m.topics.iter().map(|t| g.count(*t)).sum()).collect(),
            owners: g.topics.iter().map(|t| vec![None; usize::from(t.1)]).collect(),
            held: vec![vec![0; g.members.len()]; g.topics.len()],
            movable: vec![true; g.members.len()],
            previous: previous_owners(g),
            moves: Moves::default(),
            uneven: 0,
        }
    }

    fn note_owners(&mut self) {
        for (m, share) in self.shares.iter().enumerate() {
            for p in share {
                self.owners[p.0][usize::from(p.1)] = Some(m);
                self.held[p.0][m] += 1;
            }
        }
    }

    fn owner(&self, part: Part) -> Option<usize> {
        self.owners[part.0][usize::from(part.1)]
    }

    fn hand_to(&mut self, part: Part, to: usize) {
        if let Some(from) = self.owners[part.0][usize::from(part.1)].replace(to) {
            self.shares[from].retain(|p| *p != part);
            self.held[part.0][from] -= 1;
        }
        self.shares[to].push(part);
        self.held[part.0][to] += 1;
    }

    fn load(&self, m: usize) -> usize {
        self.shares[m].len()
    }

    /// The reader of the topic with the fewest partitions, by id where that is equal.
    fn least_loaded(&self, topic: usize) -> usize {
        let candidates = self.readers[topic].iter().filter(|m| self.movable[**m]);
        *candidates.min_by_key(|m| (self.load(**m), &self.g.members[**m].id)).expect("every topic in question has a reader")
    }

    fn may_take_part(&self, m: usize) -> bool {
        self.load(m) < self.most[m] || self.shares[m].iter().any(|p| self.readers[p.0].len() >= 2)
    }

    /// Nobody could take a partition from a member that has at least two more.
    fn is_balanced(&mut self) -> bool {
        let loads = || (0..self.shares.len()).filter(|m| self.movable[*m]).map(|m| self.load(m));
        if loads().min() >= loads().max().map(|x| x.saturating_sub(1)) {
            return true;
        }
        let n = self.readers.len();
        match (0..n).map(|i| (self.uneven + i) % n).find(|t| self.is_uneven(*t)) {
            Some(t) => self.uneven = t,
            None => return true,
        }
        false
    }

    /// Has a reader of this topic, who could have more, at least two less than somebody who has some of it?
    fn is_uneven(&self, topic: usize) -> bool {
        let takers = self.readers[topic].iter().filter(|m| self.movable[**m] && self.load(**m) < self.most[**m]);
        let Some(least) = takers.map(|m| self.load(*m)).min() else { return false };
        (0..self.shares.len()).any(|o| self.held[topic][o] > 0 && least + 1 < self.load(o))
    }

    /// Moves partitions, in this order, as often as it helps. Was anything moved?
    fn even_out(&mut self, parts: &[Part]) -> bool {
        let mut moved = false;
        loop {
            let mut moved_now = false;
            for &part in parts {
                if self.is_balanced() {
                    break;
                }
                let from = self.owner(part).expect("everything was assigned");
                let back_to = self.previous.get(&part).copied().filter(|o| self.load(from) > self.load(*o) + 1);
                let better = || self.readers[part.0].iter().any(|o| self.load(from) > self.load(*o) + 1);
                let to = match back_to {
                    Some(o) => o,
                    None if better() => self.least_loaded(part.0),
                    None => continue,
                };
                self.give(part, from, to);
                moved_now = true;
            }
            if !moved_now {
                return moved;
            }
            moved = true;
        }
    }

    /// Moves this partition, or undoes the opposite move of another one of its topic.
    fn give(&mut self, part: Part, from: usize, to: usize) {
        let part = self.moves.undo(self.g, part, from, to).unwrap_or(part);
        let from = self.owner(part).expect("everything was assigned");
        self.moves.note(part, from, to);
        self.hand_to(part, to);
    }

    /// Sum of the differences of all pairs of loads.
    fn score(&self, shares: &Shares) -> usize {
        let loads: Vec<usize> = (0..shares.len()).filter(|m| self.movable[*m]).map(|m| shares[m].len()).collect();
        loads.iter().enumerate().flat_map(|(i, a)| loads[i + 1..].iter().map(move |b| a.abs_diff(*b))).sum()
    }
}

/// What was moved: from whom at first, to whom in the end.
#[derive(Default)]
struct Moves {
    of: BTreeMap<Part, (usize, usize)>,
    /// The partitions of a topic moved between the same two, and how many they once were.
    between: BTreeMap<(usize, usize, usize), (Vec<Part>, usize)>,
}

impl Moves {
    fn note(&mut self, part: Part, from: usize, to: usize) {
        let mut first = from;
        if let Some((src, dst)) = self.of.remove(&part) {
            first = src;
            let set = self.between.get_mut(&(part.0, src, dst)).expect("noted in both places");
            set.0.retain(|p| *p != part);
            if set.0.is_empty() {
                self.between.remove(&(part.0, src, dst));
            }
            if src == to {
                return; // it went back
            }
        }
        self.of.insert(part, (first, to));
        let set = self.between.entry((part.0, first, to)).or_default();
        set.0.push(part);
        set.1 = set.1.max(set.0.len());
    }

    /// A partition of the topic that moved the other way: moving that one back is better than moving another.
    fn undo(&self, g: &Group, part: Part, from: usize, to: usize) -> Option<Part> {
        let from = self.of.get(&part).map_or(from, |m| m.0);
        let (set, most) = self.between.get(&(part.0, to, from))?;
        // A Java HashSet of TopicPartition. The topic's name adds the same to every hash; only its number differs.
        let name = java_string_hash(&g.topics[part.0].0);
        let hashes: Vec<i32> = set.iter().map(|p| (31 + i32::from(p.1)).wrapping_mul(31).wrapping_add(name)).collect();
        map_order(&hashes, *most).first().map(|i| set[*i])
    }
}
