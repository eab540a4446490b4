//! The ways that messages take between actors, one lane for each direction.

use super::geometry::{Curve, Point, Rect, pt};
use super::layout::Layout;
use highwater_core::ids::{Actor, BrokerId, ConsumerIx, ProducerIx};

/// Where the members of groups stand, by consumer.
pub type Seats = Vec<(usize, usize)>;

/// The way from one actor to another, or nothing if they never speak.
pub fn route(l: &Layout, seats: &Seats, from: Actor, to: Actor) -> Option<Curve> {
    // Drawn from the lesser actor to the greater; the way back is the other lane, reversed.
    let (a, b, back) = if from <= to { (from, to, false) } else { (to, from, true) };
    let lane = if back { 1.0 } else { -1.0 };
    let way = match (a, b) {
        (Actor::Controller, Actor::Broker(x)) => Some(controller_way(l, x, lane)),
        // ZooKeeper and controllers of a quorum have the strip; what they say to each other is not drawn.
        (Actor::Broker(x), Actor::Voter(_) | Actor::Zookeeper) => Some(controller_way(l, x, lane).reversed()),
        (Actor::Broker(x), Actor::Broker(y)) if x != y => broker_way(l, x, y, lane),
        (Actor::Broker(x), Actor::Producer(p)) => producer_way(l, x, p, lane),
        (Actor::Broker(x), Actor::Consumer(c)) => consumer_way(l, seats, x, c, lane),
        _ => None,
    }?;
    Some(if back { way.reversed() } else { way })
}

fn broker_rect(l: &Layout, b: BrokerId) -> Option<&Rect> {
    l.brokers.get(b.ix())
}

/// Height of a broker's port for clients: the middle of its cells.
fn tape_y(l: &Layout, r: &Rect) -> f64 {
    r.y + l.rows.cells + l.rows.cell_h / 2.0
}

fn across(a: Point, b: Point, pull: f64) -> Curve {
    let d = (b.x - a.x) * pull;
    Curve([a, pt(a.x + d, a.y), pt(b.x - d, b.y), b])
}

fn producer_way(l: &Layout, b: BrokerId, p: ProducerIx, lane: f64) -> Option<Curve> {
    let (rect, me) = (broker_rect(l, b)?, l.producers.get(p.ix())?);
    let off = lane * 6.0 * l.unit;
    // Ports of the producer fan out a little, so that its links to several brokers can be told apart.
    let fan = (b.ix() as f64 - (l.brokers.len() - 1) as f64 / 2.0) * 22.0 * l.unit;
    Some(across(pt(rect.x, tape_y(l, rect) + off), pt(me.right(), me.mid_y() + fan + off), 0.55))
}

fn consumer_way(l: &Layout, seats: &Seats, b: BrokerId, c: ConsumerIx, lane: f64) -> Option<Curve> {
    let (g, m) = *seats.get(c.ix())?;
    let (rect, me) = (broker_rect(l, b)?, l.groups.get(g)?.members.get(m)?);
    let off = lane * 6.0 * l.unit;
    // Below the heading: a broad message must not lie on the switch there.
    let port = rect.y + l.rows.head + (16.0 * l.unit).min(l.rows.cell_h / 2.0);
    Some(across(pt(rect.right(), port + off), pt(me.x, me.mid_y() + off), 0.6))
}

/// Along the right edge of the cards; neighbours in a small arc, others in a wider one.
fn broker_way(l: &Layout, a: BrokerId, b: BrokerId, lane: f64) -> Option<Curve> {
    let (top, bottom) = (broker_rect(l, a)?, broker_rect(l, b)?);
    let steps = b.ix() - a.ix();
    let apart = steps as f64;
    let gap = l.groups.first().map_or(l.size.0 - top.right(), |g| g.rect.x - top.right());
    // Wider for those further apart, and never as wide as the gap.
    let bulge = gap * (1.0 - 0.55_f64.powi(steps as i32)) - lane * 7.0 * l.unit;
    let port = top.h * 0.16;
    let (ya, yb) = (
        top.y + top.h * 0.62 + (2.0 - apart).max(0.0) * port - lane * 3.0,
        bottom.y + bottom.h * 0.62 - (apart - 1.0).min(1.0) * port - port + lane * 3.0,
    );
    let x = top.right();
    Some(Curve([pt(x, ya), pt(x + bulge * 1.25, ya + 8.0 * l.unit), pt(x + bulge * 1.25, yb - 8.0 * l.unit), pt(x, yb)]))
}

/// Down the left gutter.
fn controller_way(l: &Layout, b: BrokerId, lane: f64) -> Curve {
    let (c, r) = (l.controller, l.brokers[b.ix().min(l.brokers.len() - 1)]);
    let off = lane * 4.0 * l.unit;
    let out = (18.0 + 5.0 * b.ix() as f64) * l.unit + off;
    let y = r.y + l.rows.head / 2.0 + off;
    Curve([pt(c.x, c.mid_y() + off), pt(c.x - out, c.mid_y() + off), pt(r.x - out, y), pt(r.x, y)])
}

#[cfg(test)]
mod tests {
    use super::super::layout::{Cast, layout};
    use super::*;

    fn l() -> Layout {
        let cast = Cast { brokers: 3, partitions: 1, producers: 1, groups: vec![1], tall: Vec::new(), legend: false };
        layout((964.0, 524.0), 1.0, &cast)
    }
    const B1: Actor = Actor::Broker(BrokerId(1));
    const B2: Actor = Actor::Broker(BrokerId(2));
    const P: Actor = Actor::Producer(ProducerIx(0));

    #[test]
    fn a_way_leads_from_the_sender_to_the_receiver() {
        let (l, seats) = (l(), vec![(0, 0)]);
        let there = route(&l, &seats, P, B1).unwrap();
        assert_eq!(there.at(0.0).x, l.producers[0].right());
        assert_eq!(there.at(1.0).x, l.brokers[0].x);
        let back = route(&l, &seats, B1, P).unwrap();
        assert_eq!(back.at(0.0).x, l.brokers[0].x);
        assert_ne!(there.at(0.5), back.at(0.5), "each direction has its lane");
    }

    #[test]
    fn ways_between_brokers_stay_between_the_brokers_and_the_groups() {
        let (l, seats) = (l(), vec![(0, 0)]);
        for (a, b) in [(B1, B2), (B2, B1), (B1, Actor::Broker(BrokerId(3)))] {
            let way = route(&l, &seats, a, b).unwrap();
            for i in 0..=50 {
                let x = way.at(f64::from(i) / 50.0).x;
                assert!(x >= l.brokers[0].right() - 1e-9 && x < l.groups[0].rect.x, "{a:?} {b:?} {x}");
            }
        }
    }

    #[test]
    fn clients_never_speak_with_the_controller() {
        assert_eq!(route(&l(), &vec![], P, Actor::Controller), None);
    }
}
