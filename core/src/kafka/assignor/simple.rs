//! The coordinator's `simple` of share groups (rule book 5E, as of 4.2): a partition may go to several members, so that all have
//! something to do, and loads differ by one at most.
//!
//! Kafka walks hash maps of members, topic ids and partitions, and ids are random. Here members go in the map order of the ids that
//! they have, and topics have the ids 1, 2, … in the order of their names.

use super::{Group, Part, Shares, bucket, map_order};
use crate::order;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn simple(g: &Group) -> Shares {
    let topics = g.read_topics();
    let mut shares: Shares = vec![Vec::new(); g.members.len()];
    if g.all_read_the_same() {
        let id_and_number = |p: Part| (p.0 as i32 + 1).wrapping_mul(31).wrapping_add(i32::from(p.1));
        deal(g, &topics, id_and_number, &mut shares);
    } else {
        for topic in &topics {
            deal(g, &[*topic], |p| i32::from(p.1), &mut shares);
        }
        // Like Kafka, this takes nobody a topic that the whole group has stopped to read.
        for (m, share) in g.members.iter().zip(&mut shares) {
            share.extend(m.owned.iter().filter(|p| !topics.contains(&p.0)));
        }
    }
    shares.iter_mut().for_each(|s| order::sort(s));
    shares
}

/// Deals the partitions of these topics among the members that read them. `hash` is what Kafka's map of partitions goes by.
fn deal(g: &Group, topics: &[usize], hash: impl Fn(Part) -> i32, shares: &mut Shares) {
    let walk = g.map_order();
    let readers: Vec<usize> = (0..walk.len()).filter(|m| topics.iter().any(|t| g.members[walk[*m]].reads(*t))).collect();
    let all: Vec<Part> = topics.iter().flat_map(|t| g.parts(*t)).collect();
    if all.is_empty() {
        return;
    }
    let sharing = readers.len().div_ceil(all.len());
    let quotas = quotas(walk.len(), &readers, sharing * all.len());
    let mut held: Vec<Vec<Part>> = walk.iter().map(|m| owned(&g.members[*m].owned, topics, &hash)).collect();
    let (places, mut holders) = holders(&held, &all, &hash);
    for (m, mine) in held.iter_mut().enumerate() {
        let excess = mine.len().saturating_sub(quotas[m]);
        for p in mine.drain(..excess) {
            holders.entry(p).or_default().retain(|h| *h != m);
        }
    }
    for (p, members) in &mut holders {
        let excess = members.len().saturating_sub(sharing);
        for m in members.drain(..excess) {
            held[m].retain(|h| h != p);
        }
    }
    give(&places, &holders, sharing, &quotas, &mut held);
    for (m, mine) in walk.into_iter().zip(held) {
        shares[m].extend(mine);
    }
}

/// How many each member should have: the larger quotas are spread over the walk. In floating point, as Kafka does it.
fn quotas(members: usize, readers: &[usize], total: usize) -> Vec<usize> {
    let each = total as f64 / readers.len() as f64;
    let upto = |n: usize| (each * n as f64).ceil() as usize;
    let mut quotas = vec![0; members];
    for (i, m) in readers.iter().enumerate() {
        quotas[*m] = upto(i + 1) - upto(i);
    }
    quotas
}

/// What a member has of these topics, as a hash set walks it.
fn owned(owned: &[Part], topics: &[usize], hash: &impl Fn(Part) -> i32) -> Vec<Part> {
    let mut mine: Vec<Part> = owned.iter().filter(|p| topics.contains(&p.0)).copied().collect();
    order::sort_by_key(&mut mine, |p| p.0);
    let hashes: Vec<i32> = mine.iter().map(|p| hash(*p)).collect();
    map_order(&hashes, hashes.len()).into_iter().map(|i| mine[i]).collect()
}

/// Partitions in the order in which the map walks them, and who has each. `computeIfAbsent` puts a key before the others of its bucket.
fn holders(held: &[Vec<Part>], all: &[Part], hash: &impl Fn(Part) -> i32) -> (Vec<Part>, BTreeMap<Part, Vec<usize>>) {
    let mut places: Vec<Part> = Vec::new();
    let mut holders: BTreeMap<Part, Vec<usize>> = BTreeMap::new();
    for (m, mine) in held.iter().enumerate() {
        let mut mine = mine.clone();
        order::sort_by_key(&mut mine, |p| p.0);
        for p in mine {
            let members = holders.entry(p).or_default();
            if members.is_empty() {
                places.push(p);
            }
            members.push(m);
        }
    }
    for members in holders.values_mut() {
        let hashes: Vec<i32> = members.iter().map(|m| *m as i32).collect();
        *members = map_order(&hashes, hashes.len()).into_iter().map(|i| members[i]).collect();
    }
    let known: BTreeSet<Part> = places.iter().copied().collect();
    places.extend(all.iter().filter(|p| !known.contains(p)));
    places.reverse();
    let table = ((all.len() + 1) * 4 / 3 + 1).next_power_of_two();
    order::sort_by_key(&mut places, |p| bucket(hash(*p), table));
    (places, holders)
}

/// Gives each partition to as many members as it should have, in turn, as long as somebody has room.
fn give(places: &[Part], holders: &BTreeMap<Part, Vec<usize>>, sharing: usize, quotas: &[usize], held: &mut [Vec<Part>]) {
    let mut unfilled: Vec<usize> = (0..held.len()).filter(|m| held[*m].len() < quotas[*m]).collect();
    let (mut next, mut gave) = (0, false);
    for p in places {
        let had = holders.get(p).map_or(&[][..], Vec::as_slice);
        let mut missing = sharing - had.len();
        while missing > 0 && !unfilled.is_empty() {
            if next == unfilled.len() {
                if !gave {
                    break; // all who have room have this one already
                }
                (next, gave) = (0, false);
            }
            let m = unfilled[next];
            next += 1;
            if had.contains(&m) {
                continue;
            }
            if held[m].last() != Some(p) {
                held[m].push(*p); // else it counts as given twice, as in Kafka
            }
            (missing, gave) = (missing - 1, true);
            if held[m].len() >= quotas[m] {
                next -= 1;
                unfilled.remove(next);
            }
        }
    }
}
