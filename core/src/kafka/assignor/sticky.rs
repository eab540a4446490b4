//! Sticky and cooperative-sticky (rule book 5C) when all members read the same topics; [`super::general`] has the rest.

use super::general;
use super::{Group, Part, Shares};
use crate::order;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What the sticky algorithm found.
pub(super) struct Sticky {
    pub shares: Shares,
    /// Partitions that go to a member while another one may still have them; `None` where the general case ran, which
    /// does not keep track.
    changing_hands: Option<BTreeMap<Part, usize>>,
}

/// What members say they own, after conflicting claims were settled.
pub(super) struct Claims {
    /// By member, in its own order.
    pub owned: Vec<Vec<Part>>,
    /// Claimed by two members of the same generation: neither keeps them.
    contested: BTreeSet<Part>,
}

/// The target, whatever has to move for it.
pub(super) fn sticky(g: &Group) -> Sticky {
    let claims = settle_claims(g);
    if same_topics(g) {
        let (shares, changing_hands) = Constrained::run(g, &claims);
        Sticky { shares, changing_hands: Some(changing_hands) }
    } else {
        Sticky { shares: general::assign(g, claims), changing_hands: None }
    }
}

/// The same target without the partitions that change hands: they are given out in the next round, when they are free.
pub(super) fn cooperative(g: &Group) -> Shares {
    let Sticky { mut shares, changing_hands } = sticky(g);
    let changing_hands = changing_hands.unwrap_or_else(|| changes(g, &shares));
    for (part, to) in changing_hands {
        shares[to].retain(|p| *p != part);
    }
    shares
}

/// Partitions that one member would get and another one lose.
fn changes(g: &Group, shares: &Shares) -> BTreeMap<Part, usize> {
    let (mut lost, mut changes) = (BTreeSet::new(), BTreeMap::new());
    for (m, share) in g.members.iter().zip(shares) {
        lost.extend(m.owned.iter().copied().filter(|p| !share.contains(p)));
    }
    for (i, share) in shares.iter().enumerate() {
        let gained = share.iter().filter(|p| !g.members[i].owned.contains(p) && lost.contains(p));
        changes.extend(gained.map(|p| (*p, i)));
    }
    changes
}

/// As Kafka compares them: the first member with any topics sets the standard; members before it are not looked at.
fn same_topics(g: &Group) -> bool {
    let order = g.map_order();
    let mut members = order.iter().map(|m| &g.members[*m].topics).skip_while(|t| t.is_empty());
    let Some(first) = members.next() else { return true };
    members.all(|t| t.len() == first.len() && t.iter().all(|x| first.contains(x)))
}

/// A claim of a newer generation beats an older one; two of the same generation cancel each other.
fn settle_claims(g: &Group) -> Claims {
    let topics = g.read_topics();
    let mut claims = Claims { owned: vec![Vec::new(); g.members.len()], contested: BTreeSet::new() };
    let mut holder: BTreeMap<Part, usize> = BTreeMap::new();
    for m in g.map_order() {
        for &part in g.members[m].owned.iter().filter(|p| topics.contains(&p.0)) {
            let other = holder.get(&part).copied();
            let rank = other.map(|o| g.members[m].generation.cmp(&g.members[o].generation));
            if let (Some(o), Some(std::cmp::Ordering::Equal | std::cmp::Ordering::Greater)) = (other, rank) {
                claims.owned[o].retain(|p| *p != part);
            }
            match rank {
                Some(std::cmp::Ordering::Less) => continue,
                Some(std::cmp::Ordering::Equal) => {
                    claims.contested.insert(part);
                }
                None | Some(std::cmp::Ordering::Greater) => claims.owned[m].push(part),
            }
            holder.insert(part, m);
        }
    }
    claims
}

/// All members read the same: everybody gets the floor or the ceiling of the average.
struct Constrained<'a> {
    claims: &'a Claims,
    floor: usize,
    /// How many members may have one more than the floor.
    extra: usize,
    /// How many have it.
    extra_given: usize,
    shares: Shares,
    given: BTreeSet<Part>,
    revoked: BTreeSet<Part>,
    below_floor: Vec<usize>,
    at_floor: VecDeque<usize>,
}

impl<'a> Constrained<'a> {
    fn run(g: &Group, claims: &'a Claims) -> (Shares, BTreeMap<Part, usize>) {
        let all: Vec<Part> = g.read_topics().into_iter().flat_map(|t| g.parts(t)).collect();
        let n = g.members.len();
        let mut c = Constrained {
            claims,
            floor: all.len() / n,
            extra: all.len() % n,
            extra_given: 0,
            shares: vec![Vec::new(); n],
            given: BTreeSet::new(),
            revoked: BTreeSet::new(),
            below_floor: Vec::new(),
            at_floor: VecDeque::new(),
        };
        g.map_order().into_iter().for_each(|m| c.keep_owned(m));
        let by_id = |m: &usize| g.members[*m].id.clone();
        order::sort_by_key(&mut c.below_floor, by_id);
        order::sort_by_key(c.at_floor.make_contiguous(), by_id);
        let free: Vec<Part> = all.into_iter().filter(|p| !c.given.contains(p)).collect();
        let changing_hands = c.deal(&free);
        (c.shares, changing_hands)
    }

    /// A member keeps what it owns, up to its quota; the first of those that have more than the floor may keep one more.
    fn keep_owned(&mut self, m: usize) {
        let mut owned: Vec<Part> = self.claims.owned[m].iter().filter(|p| !self.claims.contested.contains(p)).copied().collect();
        order::sort_by_key(&mut owned, |p| (p.1, p.0));
        let ceiling = self.floor + usize::from(self.extra > 0);
        let quota = if owned.len() < self.floor {
            self.below_floor.push(m);
            owned.len()
        } else if owned.len() >= ceiling && self.extra_given < self.extra {
            self.extra_given += 1;
            if self.extra_given == self.extra {
                self.at_floor.clear();
            }
            ceiling
        } else {
            if self.extra_given < self.extra {
                self.at_floor.push_back(m);
            }
            self.floor
        };
        self.revoked.extend(owned.drain(quota..));
        self.given.extend(&owned);
        self.shares[m] = owned;
    }

    /// Deals what is free, one each, to those below the floor; then one more to those at the floor, in turn.
    fn deal(&mut self, free: &[Part]) -> BTreeMap<Part, usize> {
        let mut changing_hands = BTreeMap::new();
        let mut next = 0;
        for &part in free {
            let turn = (!self.below_floor.is_empty()).then(|| next % self.below_floor.len());
            let m = match turn {
                Some(i) => self.below_floor[i],
                None => self.at_floor.pop_front().expect("the quotas add up to all partitions"),
            };
            self.shares[m].push(part);
            if self.revoked.contains(&part) || self.claims.contested.contains(&part) {
                changing_hands.insert(part, m);
            }
            let Some(i) = turn else { continue };
            next = i + 1;
            if self.shares[m].len() == self.floor {
                self.below_floor.remove(i);
                self.at_floor.push_back(m);
                next = i;
            }
        }
        changing_hands
    }
}
