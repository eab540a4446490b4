//! Range and round robin (rule book 5C): no memory of what was.

use super::{Group, Shares};

/// Topic by topic: the members that read it, in member order, each get a contiguous run; the first ones one more.
pub(super) fn range(g: &Group) -> Shares {
    let mut shares: Shares = vec![Vec::new(); g.members.len()];
    for topic in g.read_topics() {
        let readers: Vec<usize> = g.member_order().into_iter().filter(|m| g.members[*m].reads(topic)).collect();
        let (each, extra) = (g.count(topic) / readers.len(), g.count(topic) % readers.len());
        let mut parts = g.parts(topic);
        for (i, m) in readers.into_iter().enumerate() {
            shares[m].extend(parts.by_ref().take(each + usize::from(i < extra)));
        }
    }
    shares
}

/// All partitions, by topic and number, dealt around the circle of members; who does not read the topic is passed over.
pub(super) fn round_robin(g: &Group) -> Shares {
    let mut shares: Shares = vec![Vec::new(); g.members.len()];
    let order = g.member_order();
    let mut next = 0;
    for part in g.read_topics().into_iter().flat_map(|t| g.parts(t)) {
        while !g.members[order[next]].reads(part.0) {
            next = (next + 1) % order.len();
        }
        shares[order[next]].push(part);
        next = (next + 1) % order.len();
    }
    shares
}
