//! Who reads which partition: the client assignors (rule book 5C), the coordinator's own of KIP-848 (5D)
//! and that of share groups (5E).
//!
//! Pure functions, exact to the order in which partitions are handed out. Where Kafka iterates a `HashMap` and its
//! order decides, [`map_order`] gives that order. Racks are left out: no scenario has any.

mod general;
mod problem;
mod range;
mod simple;
mod sticky;
mod uniform;

use super::partitioner::java_string_hash;
use crate::broken::{Rule, holds};
use crate::order;
pub use problem::Problem;
use serde::{Deserialize, Serialize};

/// An assignor, by the name that it has in the protocol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assignor {
    /// `RangeAssignor`: topic by topic, contiguous.
    Range,
    /// `RoundRobinAssignor`: all partitions dealt in turn.
    #[serde(rename = "roundrobin")]
    RoundRobin,
    /// `StickyAssignor`: balanced, and as little movement as possible.
    Sticky,
    /// `CooperativeStickyAssignor`: the same target, but what changes hands is first given to nobody (KIP-429).
    CooperativeSticky,
    /// The coordinator's `range` (KIP-848).
    ServerRange,
    /// The coordinator's `uniform` (KIP-848), its default.
    ServerUniform,
    /// The coordinator's `simple` for share groups (KIP-932): a partition may go to several members.
    ShareSimple,
}

impl Assignor {
    /// Its name where people read it; the coordinator's `range` is told apart from the client's.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
            Assignor::Sticky => "sticky",
            Assignor::CooperativeSticky => "cooperative-sticky",
            Assignor::ServerRange => "server range",
            Assignor::ServerUniform => "uniform",
            Assignor::ShareSimple => "simple",
        }
    }
}

/// A partition: its topic's place among the topics in the order of their names, and its number there.
pub type Part = (usize, u16);

/// A member as an assignor sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// `member.id`.
    pub id: String,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<String>,
    /// Topics that it reads.
    pub topics: Vec<usize>,
    /// Partitions that it says it has.
    pub owned: Vec<Part>,
    /// The generation in which it got them; -1 if it has none.
    pub generation: i32,
}

impl Member {
    fn reads(&self, topic: usize) -> bool {
        self.topics.contains(&topic)
    }
}

/// Everything that an assignor looks at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Topics in the order of their names, with their numbers of partitions.
    pub topics: Vec<(String, u16)>,
    /// The members, in the order in which the coordinator names them.
    pub members: Vec<Member>,
}

impl Group {
    /// Topics that somebody reads and that have partitions.
    fn read_topics(&self) -> Vec<usize> {
        (0..self.topics.len()).filter(|t| self.count(*t) > 0 && self.members.iter().any(|m| m.reads(*t))).collect()
    }

    fn count(&self, topic: usize) -> usize {
        usize::from(self.topics[topic].1)
    }

    fn parts(&self, topic: usize) -> impl Iterator<Item = Part> + use<> {
        (0..self.topics[topic].1).map(move |n| (topic, n))
    }

    /// Members as `Map<String, …>` walks them.
    fn map_order(&self) -> Vec<usize> {
        let hashes: Vec<i32> = self.members.iter().map(|m| java_string_hash(&m.id)).collect();
        map_order(&hashes, hashes.len())
    }

    /// Does everybody read the same topics?
    fn all_read_the_same(&self) -> bool {
        let first = &self.members[0].topics;
        self.members.iter().all(|m| m.topics.iter().all(|t| first.contains(t)) && first.iter().all(|t| m.reads(*t)))
    }

    /// Members in the order of range and round robin: static ones by instance id, then dynamic ones by member id.
    fn member_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order::sort_by_key(&mut order, |i| {
            let m = &self.members[*i];
            (m.instance_id.is_none(), m.instance_id.as_ref().unwrap_or(&m.id))
        });
        order
    }
}

/// What each member gets, in the order of the members, each list in the order in which the assignor filled it.
pub type Shares = Vec<Vec<Part>>;

/// The assignment of a group with at least one member.
pub fn assign(assignor: Assignor, group: &Group) -> Shares {
    let mut shares = match assignor {
        Assignor::Range | Assignor::ServerRange => range::range(group),
        Assignor::RoundRobin => range::round_robin(group),
        Assignor::Sticky => sticky::sticky(group).shares,
        Assignor::CooperativeSticky => sticky::cooperative(group),
        Assignor::ServerUniform => uniform::uniform(group),
        Assignor::ShareSimple => simple::simple(group),
    };
    if !holds(Rule::Assignment) {
        shares.rotate_left(1); // each gets its neighbour's
    }
    shares
}

/// The order in which a `java.util.HashMap` that once held `most` keys walks the keys with these hash codes, given in
/// the order of their insertion: by bucket of a table of a power of two, at least 16 and at most three quarters full.
/// (Buckets of eight and more become trees, which this leaves out.)
fn map_order(hashes: &[i32], most: usize) -> Vec<usize> {
    let mut table = 16;
    while most * 4 > table * 3 {
        table *= 2;
    }
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    order::sort_by_key(&mut order, |i| bucket(hashes[*i], table));
    order
}

/// Where a key with this hash code lies in a table of so many buckets, a power of two.
fn bucket(hash: i32, table: usize) -> usize {
    let h = hash as u32;
    (h ^ (h >> 16)) as usize & (table - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn map_order_is_that_of_a_java_hash_map() {
        let order = |keys: &[&str]| -> Vec<String> {
            let hashes: Vec<i32> = keys.iter().map(|k| java_string_hash(k)).collect();
            map_order(&hashes, keys.len()).into_iter().map(|i| keys[i].to_string()).collect()
        };
        // Computed by hand from String.hashCode: 'a' is 97, 'q' is 113; both lie in bucket 1 of 16, 'p' (112) in bucket 0.
        assert_eq!(order(&["q", "a", "p"]), ["p", "q", "a"]);
        // With 13 keys the table has 32 buckets: 'a' in 1, 'p' in 16, 'q' in 17, 'b' … 'k' in 2 … 11.
        assert_eq!(order(&["q", "p", "k", "j", "i", "h", "g", "f", "e", "d", "c", "b", "a"]).join(""), "abcdefghijkpq");
        // The upper half of the hash counts too: "10" is 1567, 0x61f; "Aa" and "BB" share 2112 and keep their order.
        assert_eq!(order(&["BB", "10", "Aa"]), ["BB", "Aa", "10"]);
    }
}
