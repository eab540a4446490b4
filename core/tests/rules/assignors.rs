//! Sections 5C and 5D: every worked example of the rule book, by its id. Those outputs come from running Kafka's classes.

use highwater_core::kafka::assignor::{Assignor, Group, Member, Shares, assign};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// `"t:7"` or `"a:3 b:3"`.
fn topics(text: &str) -> Vec<(String, u16)> {
    text.split(' ').map(|t| t.split_once(':').expect("name:count")).map(|(t, n)| (t.into(), n.parse().expect("a number"))).collect()
}

fn place(topics: &[(String, u16)], name: &str) -> usize {
    topics.iter().position(|t| t.0 == name).expect("a topic of the example")
}

/// A member: id, topics (blank: all), owned as `"t0-0 t1-1"`.
fn member(all: &[(String, u16)], id: &str, reads: &str, owned: &str) -> Member {
    let topics = if reads.is_empty() { (0..all.len()).collect() } else { reads.split(' ').map(|t| place(all, t)).collect() };
    let parts = owned.split_whitespace().map(|p| p.rsplit_once('-').expect("topic-number"));
    let owned: Vec<_> = parts.map(|(t, n)| (place(all, t), n.parse().expect("a number"))).collect();
    let generation = if owned.is_empty() { -1 } else { 1 };
    Member { id: id.into(), instance_id: None, topics, owned, generation }
}

/// Members `id | reads | owned`, one a piece.
fn group(t: &str, members: &[(&str, &str, &str)]) -> Group {
    let topics = topics(t);
    let members = members.iter().map(|(id, reads, owned)| member(&topics, id, reads, owned)).collect();
    Group { topics, members }
}

fn fresh(t: &str, ids: &[&str]) -> Group {
    group(t, &ids.iter().map(|id| (*id, "", "")).collect::<Vec<_>>())
}

/// As `"t-0 t-1 | t-2"`, in the order of the members.
fn shown(g: &Group, shares: &Shares) -> String {
    let part = |p: &(usize, u16)| format!("{}-{}", g.topics[p.0].0, p.1);
    let share = |s: &Vec<(usize, u16)>| s.iter().map(part).collect::<Vec<_>>().join(" ");
    shares.iter().map(share).collect::<Vec<_>>().join(" | ")
}

fn solve(assignor: Assignor, g: &Group) -> String {
    shown(g, &assign(assignor, g))
}

/// The group one round later: everybody owns what it was given.
fn next_round(g: &Group, shares: Shares) -> Group {
    let mut g = g.clone();
    for (m, share) in g.members.iter_mut().zip(shares) {
        m.generation = 2;
        m.owned = share;
    }
    g
}

fn sizes(assignor: Assignor, g: &Group) -> Vec<usize> {
    assign(assignor, g).iter().map(Vec::len).collect()
}

const BOTH_RANGES: [Assignor; 2] = [Assignor::Range, Assignor::ServerRange];

#[test]
fn r1_r2_r3_range() {
    for range in BOTH_RANGES {
        assert_eq!(solve(range, &fresh("t:7", &["C0", "C1", "C2"])), "t-0 t-1 t-2 | t-3 t-4 | t-5 t-6");
        assert_eq!(solve(range, &fresh("a:3 b:3", &["C0", "C1"])), "a-0 a-1 b-0 b-1 | a-2 b-2");
        assert_eq!(sizes(range, &fresh("a:10 b:10 c:10", &["C0", "C1", "C2"])), [12, 9, 9]);
        let r3 = group("a:2 b:3", &[("C0", "a", ""), ("C1", "a b", ""), ("C2", "b", "")]);
        assert_eq!(solve(range, &r3), "a-0 | a-1 b-0 b-1 | b-2");
    }
}

#[test]
fn r4_static_members_come_first() {
    for range in BOTH_RANGES {
        let mut g = fresh("t:3", &["C0", "C1", "C2"]);
        g.members[1].instance_id = Some("i1".into());
        assert_eq!(solve(range, &g), "t-1 | t-0 | t-2");
    }
}

#[test]
fn r5_more_members_than_partitions() {
    assert_eq!(solve(Assignor::Range, &fresh("t:2", &["C0", "C1", "C2"])), "t-0 | t-1 | ");
}

#[test]
fn rr1_rr2_rr3_round_robin() {
    let rr = Assignor::RoundRobin;
    assert_eq!(solve(rr, &fresh("a:3 b:3", &["C0", "C1"])), "a-0 a-2 b-1 | a-1 b-0 b-2");
    assert_eq!(solve(rr, &fresh("t:7", &["C0", "C1", "C2"])), "t-0 t-3 t-6 | t-1 t-4 | t-2 t-5");
    let rr3 = group("t0:1 t1:2 t2:3", &[("C0", "t0", ""), ("C1", "t0 t1", ""), ("C2", "t0 t1 t2", "")]);
    assert_eq!(solve(rr, &rr3), "t0-0 | t1-0 | t1-1 t2-0 t2-1 t2-2");
}

#[test]
fn s1_s2_sticky_keeps_what_it_can() {
    let g = fresh("t0:2 t1:2 t2:2 t3:2", &["C0", "C1", "C2"]);
    let shares = assign(Assignor::Sticky, &g);
    assert_eq!(shown(&g, &shares), "t0-0 t1-1 t3-0 | t0-1 t2-0 t3-1 | t1-0 t2-1");
    let mut g = next_round(&g, shares);
    g.members.remove(1); // C1 leaves
    assert_eq!(solve(Assignor::Sticky, &g), "t0-0 t3-0 t1-1 t0-1 | t1-0 t2-1 t2-0 t3-1");
}

#[test]
fn s3_sticky_with_different_subscriptions() {
    let g = group("t0:1 t1:2 t2:3", &[("C0", "t0", ""), ("C1", "t0 t1", ""), ("C2", "t0 t1 t2", "")]);
    let shares = assign(Assignor::Sticky, &g);
    assert_eq!(shown(&g, &shares), "t0-0 | t1-0 t1-1 | t2-0 t2-1 t2-2");
    let mut g = next_round(&g, shares);
    g.members.remove(0); // C0 leaves
    assert_eq!(solve(Assignor::Sticky, &g), "t1-0 t1-1 t0-0 | t2-0 t2-1 t2-2");
}

#[test]
fn s4_sticky_takes_from_the_full_ones() {
    let g = group("t:6", &[("C0", "", "t-0 t-1 t-2"), ("C1", "", "t-3 t-4 t-5"), ("C2", "", "")]);
    assert_eq!(solve(Assignor::Sticky, &g), "t-0 t-1 | t-3 t-4 | t-2 t-5");
}

#[test]
fn cs1_what_moves_is_withheld_for_a_round() {
    let g = group("t:6", &[("C0", "", "t-0 t-1 t-2"), ("C1", "", "t-3 t-4 t-5"), ("C2", "", "")]);
    let shares = assign(Assignor::CooperativeSticky, &g);
    assert_eq!(shown(&g, &shares), "t-0 t-1 | t-3 t-4 | ");
    assert_eq!(solve(Assignor::CooperativeSticky, &next_round(&g, shares)), "t-0 t-1 | t-3 t-4 | t-2 t-5");
}

#[test]
fn cs2_two_members_share_what_one_had() {
    let g = group("t:4", &[("C0", "", "t-0 t-1 t-2 t-3"), ("C1", "", "")]);
    let shares = assign(Assignor::CooperativeSticky, &g);
    assert_eq!(shown(&g, &shares), "t-0 t-1 | ");
    assert_eq!(solve(Assignor::CooperativeSticky, &next_round(&g, shares)), "t-0 t-1 | t-2 t-3");
}

#[test]
fn cs3_a_dead_members_partitions_need_one_round() {
    let g = group("t:6", &[("C0", "", "t-0 t-1"), ("C1", "", "t-3 t-4")]);
    assert_eq!(solve(Assignor::CooperativeSticky, &g), "t-0 t-1 t-2 | t-3 t-4 t-5");
}

#[test]
fn cs4_conflicting_claims() {
    let mut g = group("t:6", &[("C0", "", "t-0 t-1 t-2"), ("C1", "", "t-2 t-3 t-4")]);
    assert_eq!(solve(Assignor::CooperativeSticky, &g), "t-0 t-1 | t-3 t-4 t-5", "t-2 is withheld");
    g.members[1].generation = 2;
    assert_eq!(solve(Assignor::CooperativeSticky, &g), "t-0 t-1 t-5 | t-2 t-3 t-4");
}

#[test]
fn cooperative_with_different_subscriptions_withholds_too() {
    let g = group("a:4 b:1", &[("C0", "a", "a-0 a-1 a-2 a-3"), ("C1", "a b", "")]);
    let shares = assign(Assignor::CooperativeSticky, &g);
    assert!(shown(&g, &shares).ends_with("| b-0"), "nothing of a is with C1 yet: {}", shown(&g, &shares));
    let settled = assign(Assignor::CooperativeSticky, &next_round(&g, shares));
    assert_eq!(settled.iter().map(Vec::len).sum::<usize>(), 5);
}

#[test]
fn uniform_with_the_same_subscriptions() {
    let uniform = Assignor::ServerUniform;
    assert_eq!(solve(uniform, &fresh("t:7", &["A", "B", "C"])), "t-0 t-1 | t-2 t-3 | t-4 t-5 t-6");
    assert_eq!(solve(uniform, &fresh("a:3 b:3", &["A", "B"])), "a-0 a-1 a-2 | b-0 b-1 b-2");
    let joined = group("t:6", &[("A", "", "t-0 t-1 t-2"), ("B", "", "t-3 t-4 t-5"), ("C", "", "")]);
    assert_eq!(solve(uniform, &joined), "t-0 t-1 | t-3 t-4 | t-2 t-5");
    assert_eq!(solve(uniform, &group("t:6", &[("A", "", "t-0 t-1"), ("B", "", "t-2 t-3")])), "t-0 t-1 t-4 | t-2 t-3 t-5");
    let four = group("t:7", &[("A", "", "t-0 t-1 t-2"), ("B", "", "t-3 t-4"), ("C", "", "t-5 t-6"), ("D", "", "")]);
    assert_eq!(solve(uniform, &four), "t-0 t-1 | t-3 t-4 | t-5 t-6 | t-2");
    assert_eq!(solve(uniform, &fresh("t:5", &["A", "B"])), "t-0 t-1 | t-2 t-3 t-4");
    assert_eq!(solve(uniform, &group("t:3", &[("A", "", "t-0 t-1 t-2"), ("B", "", "")])), "t-0 t-1 | t-2");
    let three = fresh("a:10 b:10 c:10", &["A", "B", "C"]);
    for (i, share) in assign(uniform, &three).iter().enumerate() {
        assert!(share.len() == 10 && share.iter().all(|p| p.0 == i), "one whole topic each");
    }
}

#[test]
fn uniform_with_different_subscriptions() {
    let g = group("a:2 b:3", &[("A", "a", ""), ("B", "a b", ""), ("C", "b", "")]);
    assert_eq!(solve(Assignor::ServerUniform, &g), "a-0 a-1 | b-0 b-2 | b-1");
}

/// The rule book's example with one topic, whose id begins the walk elsewhere: its partition 0 comes last.
#[test]
fn simple_of_share_groups() {
    let simple = Assignor::ShareSimple;
    assert_eq!(solve(simple, &fresh("t:4", &["A", "B"])), "t-1 t-3 | t-0 t-2");
    assert_eq!(solve(simple, &fresh("t:2", &["A", "B", "C"])), "t-0 t-1 | t-1 | t-0", "more members than partitions: some share");
    assert_eq!(solve(simple, &fresh("t:1", &["A", "B"])), "t-0 | t-0", "a queue with two readers");
    assert_eq!(solve(simple, &fresh("t:3", &["A", "B"])), "t-0 t-1 | t-2");
    let joined = group("t:4", &[("A", "", "t-0 t-1 t-2 t-3"), ("B", "", "")]);
    assert_eq!(solve(simple, &joined), "t-0 t-3 | t-1 t-2");
    let unread = group("a:1 b:1 c:2", &[("A", "a", "c-1"), ("B", "b", "")]);
    assert_eq!(solve(simple, &unread), "a-0 c-1 | b-0", "nobody reads c any more, and nobody is asked to give it up");
}

/// As many partitions and members as a large group has: it must not take time that grows with their square.
#[test]
fn the_general_sticky_assignor_is_quick() {
    let topics: Vec<String> = (0..100).map(|t| format!("t{t:02}:40")).collect();
    let mut g = fresh(&topics.join(" "), &[]);
    let reads = |m: usize| (0..g.topics.len()).filter(|t| !(t * 7 + m).is_multiple_of(3)).collect();
    let member = |m: usize| Member { id: format!("m{m:03}"), instance_id: None, topics: reads(m), owned: Vec::new(), generation: -1 };
    g.members = (0..100).map(member).collect();
    let mut next = next_round(&g, assign(Assignor::Sticky, &g));
    check_each_once(&next, &next.members.iter().map(|m| m.owned.clone()).collect());
    next.members.truncate(90);
    check_each_once(&next, &assign(Assignor::Sticky, &next));
}

fn any_group(same_topics: bool) -> impl Strategy<Value = Group> {
    let counts = prop::collection::vec(0u16..8, 1..4);
    let members = prop::collection::vec((1u8..8, prop::collection::vec(any::<u8>(), 0..6), -1i32..3), 1..7);
    (counts, members).prop_map(move |(counts, members)| {
        let topics: Vec<(String, u16)> = counts.iter().enumerate().map(|(i, n)| (format!("t{i}"), *n)).collect();
        let all: Vec<(usize, u16)> = topics.iter().enumerate().flat_map(|(t, (_, n))| (0..*n).map(move |p| (t, p))).collect();
        let mut taken = Vec::new();
        let member = |(i, (mask, owned, generation)): (usize, (u8, Vec<u8>, i32))| {
            let reads: Vec<usize> =
                (0..topics.len()).filter(|t| same_topics || *t == usize::from(mask) % topics.len() || mask >> t & 1 == 1).collect();
            let mut mine = Vec::new();
            for o in owned.iter().filter(|_| !all.is_empty()) {
                let part = all[usize::from(*o) % all.len()];
                if !taken.contains(&part) && reads.contains(&part.0) {
                    taken.push(part);
                    mine.push(part);
                }
            }
            Member { id: format!("member-{}", i * 7919 % 31), instance_id: None, topics: reads, owned: mine, generation }
        };
        let members = members.into_iter().enumerate().map(member).collect();
        Group { topics: topics.clone(), members }
    })
}

fn check_each_once(g: &Group, shares: &Shares) {
    let mut given: Vec<(usize, u16)> = shares.iter().flatten().copied().collect();
    given.sort_unstable();
    let read = |t: usize| g.members.iter().any(|m| m.topics.contains(&t));
    let wanted: Vec<(usize, u16)> =
        (0..g.topics.len()).filter(|t| read(*t)).flat_map(|t| (0..g.topics[t].1).map(move |n| (t, n))).collect();
    assert_eq!(given, wanted, "every partition that somebody reads has one owner");
    for (m, share) in g.members.iter().zip(shares) {
        assert!(share.iter().all(|p| m.topics.contains(&p.0)), "nobody gets what it does not read");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 600, rng_seed: RngSeed::Fixed(42), ..ProptestConfig::default() })]

    /// Nothing is left out, nothing given twice; with equal subscriptions loads differ by one at most; a second run moves nothing.
    #[test]
    fn every_assignor_is_sound((same, different) in (any_group(true), any_group(false))) {
        use Assignor::*;
        for assignor in [Range, RoundRobin, Sticky, ServerRange, ServerUniform] {
            for g in [&same, &different] {
                check_each_once(g, &assign(assignor, g));
            }
        }
        for assignor in [RoundRobin, Sticky, ServerUniform] {
            let shares = assign(assignor, &same);
            let loads = || shares.iter().map(Vec::len);
            prop_assert!(loads().max() <= loads().min().map(|m| m + 1), "{assignor:?}");
        }
        for assignor in [Sticky, ServerUniform] {
            let sorted = |shares: &Shares| -> Shares { shares.iter().map(|s| { let mut s = s.clone(); s.sort_unstable(); s }).collect() };
            let first = assign(assignor, &same);
            let again = assign(assignor, &next_round(&same, first.clone()));
            prop_assert_eq!(sorted(&first), sorted(&again));
        }
    }

    /// KIP-429: nobody is given what another live member still has, and two rounds are enough.
    #[test]
    fn cooperative_never_gives_what_is_still_owned((same, different) in (any_group(true), any_group(false))) {
        for g in [&same, &different] {
            let shares = assign(Assignor::CooperativeSticky, g);
            for (m, share) in shares.iter().enumerate() {
                for p in share.iter().filter(|p| !g.members[m].owned.contains(p)) {
                    let holder = g.members.iter().position(|x| x.owned.contains(p));
                    prop_assert!(holder.is_none_or(|h| !g.members[h].topics.contains(&p.0)) || holder == Some(m), "{p:?}");
                }
            }
            let second = assign(Assignor::CooperativeSticky, &next_round(g, shares));
            check_each_once(g, &second);
        }
    }
}
