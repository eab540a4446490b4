//! The view model: from a run at an instant to shapes and places. No browser in here.
//!
//! Nothing of Kafka's rules is decided here; the scene only says what the world's state looks like.

pub mod geometry;
pub mod hint;
pub mod layout;
pub mod link;
pub mod mark;
pub mod share;
pub mod tape;
pub mod traffic;

use crate::session::select::Selection;
use geometry::{Curve, Point, ease};
use highwater_core::ids::*;
use highwater_core::kafka::broker::Power;
use highwater_core::kafka::log::{Entry, Payload};
use highwater_core::kafka::replica::Replica;
use highwater_core::kafka::share::state::RecordState;
use highwater_core::order;
use highwater_core::sim::Sim;
use layout::{Cast, Layout};
use link::Seats;
use mark::Mark;
use tape::Window;
use traffic::Weight;

/// What became of the transaction that a cell of a log belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It was in none, or that one is committed.
    Settled,
    /// Not decided yet: no marker.
    Open,
    /// Aborted: read_committed readers never see it.
    Aborted,
    /// It is a control marker itself: commit (true) or abort.
    Marker(bool),
}

/// One offset in a log.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cell {
    /// Its offset.
    pub offset: Offset,
    /// How its record is drawn.
    pub mark: Mark,
    /// Its transaction.
    pub fate: Fate,
    /// How it stands with a share group, on the leader's tape, and how often it was delivered.
    pub share: Option<(RecordState, u8)>,
}

/// What a replica is at present, as far as its look goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Leads, by the controller's word and its own.
    Leader,
    /// In the ISR.
    InSync,
    /// Out of the ISR.
    OutOfSync,
}

/// One replica's log.
#[derive(Clone, PartialEq, Debug)]
pub struct Tape {
    /// On which broker.
    pub broker: BrokerId,
    /// Of which partition.
    pub partition: PartitionId,
    /// Index of its column.
    pub column: usize,
    /// Its standing.
    pub standing: Standing,
    /// Is its broker down?
    pub down: bool,
    /// Log end offset.
    pub leo: Offset,
    /// Its own high watermark.
    pub hw: Offset,
    /// Its records, as far as they are shown.
    pub cells: Vec<Cell>,
    /// Leader epochs and where they begin, as far as they are shown.
    pub epochs: Vec<(LeaderEpoch, Offset)>,
    /// Committed offsets on the leader's tape, in their order, and whose they are; where there is one group only, nothing is said of it.
    pub pennants: Vec<(String, Offset)>,
}

/// A partition's high watermark over all its replicas.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tide {
    /// Which partition.
    pub partition: PartitionId,
    /// Index of its column.
    pub column: usize,
    /// Its value.
    pub hw: Offset,
    /// Does a leader vouch for it? Otherwise it is the last one known.
    pub certain: bool,
    /// The leader's last stable offset, where its log knows of transactions.
    pub lso: Option<Offset>,
}

/// A link that is drawn.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// From.
    pub from: Actor,
    /// To.
    pub to: Actor,
    /// Its way.
    pub way: Curve,
    /// Nothing gets through, in this direction.
    pub cut: bool,
    /// The next response on it will be lost.
    pub armed: bool,
}

/// A message on its way.
#[derive(Clone, PartialEq, Debug)]
pub struct Token {
    /// Which message.
    pub msg: MsgId,
    /// From.
    pub from: Actor,
    /// To.
    pub to: Actor,
    /// Where it is.
    pub at: Point,
    /// Where it goes: direction of length 1.
    pub heading: Point,
    /// The way that it takes.
    pub way: Curve,
    /// How much of its way is done, 0 to 1.
    pub done: f64,
    /// How it looks.
    pub look: traffic::Look,
}

/// Everything that is painted.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// Columns: partition and what part of it is shown.
    pub windows: Vec<(PartitionId, Window)>,
    /// Logs.
    pub tapes: Vec<Tape>,
    /// High watermarks.
    pub tides: Vec<Tide>,
    /// Links.
    pub links: Vec<Link>,
    /// Messages, quiet ones first.
    pub tokens: Vec<Token>,
}

/// What stands still between events: logs and high watermarks.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Logs {
    /// Columns: partition and what part of it is shown.
    pub windows: Vec<(PartitionId, Window)>,
    /// Logs.
    pub tapes: Vec<Tape>,
    /// High watermarks.
    pub tides: Vec<Tide>,
}

/// Who has to be placed for a run that shows `partitions`.
pub fn cast(sim: &Sim, partitions: usize) -> Cast {
    let setup = sim.setup();
    let groups = (0..setup.groups.len()).map(|g| setup.consumers.iter().filter(|c| c.group.ix() == g).count()).collect();
    let is_streams = |g: usize| setup.consumers.iter().any(|c| c.group.ix() == g && c.streams.is_some());
    let tall = (0..setup.groups.len()).map(is_streams).collect();
    let legend = setup.has_share_groups();
    Cast { brokers: usize::from(setup.brokers), partitions, producers: setup.producers.len(), groups, tall, legend }
}

/// Where consumers sit: group and place in it.
pub fn seats(sim: &Sim) -> Seats {
    let mut taken = vec![0; sim.setup().groups.len()];
    sim.setup()
        .consumers
        .iter()
        .map(|c| {
            let seat = taken[c.group.ix()];
            taken[c.group.ix()] += 1;
            (c.group.ix(), seat)
        })
        .collect()
}

/// How the record at a place in a batch is drawn.
pub fn mark_of(sim: &Sim, batch: BatchId, index: u16) -> Mark {
    let ledger = sim.ledger();
    let id = ledger.record_in(batch, index);
    let key = id.and_then(|id| ledger.record(id)).and_then(|r| r.key);
    let mark = key.map_or(Mark::KEYLESS, |k| Mark::of_key(usize::from(k.0), ledger.key_name(k)));
    Mark { poison: id.is_some_and(|id| sim.is_poison(id)), ..mark }
}

/// The high watermark that counts for a partition: its leader's, or else the last that was known.
pub fn tide_of(sim: &Sim, p: PartitionId) -> (Offset, bool) {
    let w = sim.world();
    match w.leader_replica(p).filter(|_| w.controller.partitions[p.ix()].leader.is_some_and(|l| w.broker(l).is_up())) {
        Some(r) => (r.hw, true),
        None => {
            let b = sim.ledger().view(p);
            let known = w.broker(b).replica(p).map_or(Offset::ZERO, |r| r.hw);
            (known, false)
        }
    }
}

/// The last stable offset beside that high watermark, where the log knows of transactions.
pub fn stable_of(sim: &Sim, p: PartitionId) -> Option<Offset> {
    let replica = sim.world().leader_replica(p).or_else(|| sim.world().broker(sim.ledger().view(p)).replica(p))?;
    (!replica.txns.is_empty()).then(|| replica.last_stable())
}

/// The standing of a replica.
pub fn standing(sim: &Sim, b: BrokerId, p: PartitionId) -> Standing {
    let s = &sim.world().controller.partitions[p.ix()];
    if s.leader == Some(b) {
        Standing::Leader
    } else if s.isr.has(b) {
        Standing::InSync
    } else {
        Standing::OutOfSync
    }
}

/// The logs of a run.
pub fn logs(sim: &Sim, shown: &[PartitionId], l: &Layout, selection: Selection) -> Logs {
    let Logs { mut windows, mut tapes, mut tides } = Logs::default();
    for (column, p) in shown.iter().enumerate().take(l.columns.len()) {
        let ((hw, certain), lso) = (tide_of(sim, *p), stable_of(sim, *p));
        let window = window(sim, *p, lso.unwrap_or(hw).min(hw), l, column);
        let replicas = sim.world().brokers.iter().filter_map(|b| b.replica(*p).map(|r| (b.id, r)));
        let group = share::group_shown(sim, *p, selection);
        tapes.extend(replicas.map(|(b, r)| tape(sim, b, r, column, &window, group)));
        windows.push((*p, window));
        tides.push(Tide { partition: *p, column, hw, certain, lso });
    }
    Logs { windows, tapes, tides }
}

/// The scene of a run at `view_us`.
pub fn build(sim: &Sim, view_us: f64, shown: &[PartitionId], l: &Layout, selection: Selection) -> Scene {
    let Logs { windows, tapes, tides } = logs(sim, shown, l, selection);
    let seats = seats(sim);
    let tokens = tokens(sim, view_us, l, &seats);
    Scene { links: links(sim, l, &seats, shown, &tokens, selection), windows, tapes, tides, tokens }
}

fn window(sim: &Sim, p: PartitionId, tide: Offset, l: &Layout, column: usize) -> Window {
    let logs = || sim.world().brokers.iter().filter_map(|b| b.replica(p)).map(|r| &r.log);
    let start = logs().map(|x| x.start().0).min().unwrap_or(0);
    let end = logs().map(|x| x.leo().0).max().unwrap_or(0);
    Window::choose(l.columns[column], l.unit, start, end, tide.0)
}

fn tape(sim: &Sim, b: BrokerId, r: &Replica, column: usize, w: &Window, group: Option<GroupIx>) -> Tape {
    let standing = standing(sim, b, r.partition);
    let group = group.filter(|_| standing == Standing::Leader);
    let state = |o: Offset| sim.ledger().shares().state(sim.world(), group.filter(|_| o < r.hw)?, r.partition, o);
    let mut cells = Vec::new();
    let start = r.log.start();
    for e in r.log.iter_from(start.max(Offset(w.first))) {
        let fate = fate(r, e);
        if let Fate::Marker(_) = fate {
            cells.extend(w.shows(e.base.0).then_some(Cell { offset: e.base, mark: Mark::KEYLESS, fate, share: None }));
        }
        if let Some((batch, first, count)) = e.payload.records() {
            cells.extend(
                (0..count)
                    .map(|i| (e.base.plus(u32::from(i)), first + i))
                    .filter(|(o, _)| w.shows(o.0) && *o >= start)
                    .map(|(offset, i)| Cell { offset, mark: mark_of(sim, batch, i), fate, share: state(offset) }),
            );
        }
    }
    let leo = r.log.leo();
    Tape {
        broker: b,
        partition: r.partition,
        column,
        standing,
        down: sim.world().broker(b).power != Power::Up,
        leo,
        hw: r.hw,
        cells,
        epochs: epochs(r, w),
        pennants: if standing == Standing::Leader { pennants(sim, r.partition) } else { Vec::new() },
    }
}

/// What became of the transaction of a batch, as a replica's log has it.
pub fn fate(r: &Replica, e: &Entry) -> Fate {
    match e.payload {
        Payload::Control(m) => Fate::Marker(m.commit),
        Payload::Data(b) if b.pid.txn().is_some() => match r.txns.outcome(b.pid, e.base) {
            None => Fate::Open,
            Some(true) => Fate::Settled,
            Some(false) => Fate::Aborted,
        },
        _ => Fate::Settled,
    }
}

/// Epochs that begin within the window, and the one in which the window begins.
fn epochs(r: &Replica, w: &Window) -> Vec<(LeaderEpoch, Offset)> {
    let all = r.log.epochs();
    let open = all.iter().rposition(|e| e.start.0 <= w.first).unwrap_or(0);
    all.iter().skip(open).map(|e| (e.epoch, Offset(e.start.0.max(w.first)))).filter(|(_, start)| start.0 <= w.first + w.capacity).collect()
}

/// Where the groups stand that read the partition, as their coordinators have it.
fn pennants(sim: &Sim, p: PartitionId) -> Vec<(String, Offset)> {
    let groups = &sim.setup().groups;
    let mut all: Vec<(String, Offset)> = Vec::new();
    for g in (0..groups.len() as u8).map(GroupIx) {
        let Some(offset) = committed(sim, g, p) else { continue };
        let name = if groups.len() > 1 { groups[g.ix()].name.clone() } else { String::new() };
        match all.iter_mut().find(|x| x.1 == offset) {
            Some(same) => same.0 = format!("{}, {name}", same.0),
            None => all.push((name, offset)),
        }
    }
    all.sort_by_key(|x| x.1);
    all
}

/// A group's committed offset of a partition, in the log of its coordinator; of a share group the start offset, at the leader.
pub fn committed(sim: &Sim, g: GroupIx, p: PartitionId) -> Option<Offset> {
    let w = sim.world();
    if sim.setup().groups[g.ix()].share.is_some() {
        return w.broker(w.controller.partitions[p.ix()].leader?).share_partition(g, p).map(|s| s.start);
    }
    let home = sim.setup().groups[g.ix()].coordinator;
    let coordinator = w.controller.partitions[home.ix()].leader.unwrap_or_else(|| sim.ledger().view(home));
    w.broker(coordinator).committed(sim.setup(), g).iter().find(|c| c.0 == p).map(|c| c.1)
}

fn tokens(sim: &Sim, view_us: f64, l: &Layout, seats: &Seats) -> Vec<Token> {
    let mark = |b: BatchId, i: u16| mark_of(sim, b, i);
    let mut tokens: Vec<Token> = sim
        .in_flight()
        .filter_map(|(f, sent, due)| {
            let way = link::route(l, seats, f.from, f.to)?;
            let done = progress(sent, due, view_us);
            let t = ease(done);
            Some(Token {
                msg: f.id,
                from: f.from,
                to: f.to,
                at: way.at(t),
                heading: way.heading(t),
                way,
                done,
                look: traffic::look(f, sim.world(), &mark),
            })
        })
        .collect();
    tokens.sort_unstable_by_key(|t| (t.look.weight, t.msg));
    tokens
}

/// How much of its way a message has done.
pub fn progress(sent_us: u64, due_us: u64, view_us: f64) -> f64 {
    let whole = (due_us as f64 - sent_us as f64).max(1.0);
    ((view_us - sent_us as f64) / whole).clamp(0.0, 1.0)
}

/// Links that are drawn: those that carry what one reads about, those in trouble, those of the selected actor.
fn links(sim: &Sim, l: &Layout, seats: &Seats, shown: &[PartitionId], tokens: &[Token], selection: Selection) -> Vec<Link> {
    let w = sim.world();
    let mut pairs: Vec<(Actor, Actor)> = Vec::new();
    for p in shown {
        for (i, x) in w.producers.iter().enumerate() {
            if let Some(b) = x.meta.leader(*p) {
                pairs.push((Actor::Producer(ProducerIx(i as u8)), Actor::Broker(b)));
            }
        }
        for c in &w.consumers {
            if let (true, Some(b)) = (c.partitions().any(|x| x == *p), c.reads_from(*p)) {
                pairs.push((Actor::Broker(b), Actor::Consumer(c.id)));
            }
        }
        for b in &w.brokers {
            if let Some(leader) = b.replica(*p).and_then(|r| r.follows()).filter(|_| b.is_up()) {
                pairs.push((Actor::Broker(leader), Actor::Broker(b.id)));
            }
        }
    }
    let busy = tokens.iter().filter(|t| t.look.weight >= Weight::Normal);
    pairs.extend(busy.map(|t| (t.from, t.to)));
    if let Selection::Controller = selection {
        let control = w.active_voter().map_or(Actor::Controller, |v| Actor::Voter(v.id));
        pairs.extend(sim.setup().broker_ids().map(|b| (control, Actor::Broker(b))));
    }
    for (a, b) in &mut pairs {
        if a > b {
            std::mem::swap(a, b);
        }
    }
    pairs.extend(w.cut.iter().chain(&w.drop_next).copied());
    order::sort(&mut pairs);
    pairs.dedup();
    pairs
        .into_iter()
        .filter_map(|(from, to)| {
            Some(Link {
                way: link::route(l, seats, from, to)?,
                cut: w.cut.contains(&(from, to)),
                armed: w.drop_next.contains(&(from, to)),
                from,
                to,
            })
        })
        .collect()
}

impl Scene {
    /// For people who want no motion: messages wait half-way, as arrows, and jump when they arrive.
    pub fn hold_still(&mut self) {
        for t in &mut self.tokens {
            t.at = t.way.at(0.5);
            t.heading = t.way.heading(0.5);
        }
    }

    /// What is drawn at a point: a message, or a record.
    pub fn hit(&self, l: &Layout, at: Point) -> Option<Selection> {
        let near = |t: &&Token| {
            let (dx, dy) = (t.at.x - at.x, t.at.y - at.y);
            t.look.weight >= Weight::Quiet && dx * dx + dy * dy < (16.0 * l.unit) * (16.0 * l.unit)
        };
        if let Some(t) = self.tokens.iter().rev().find(near) {
            return Some(Selection::Message(t.msg));
        }
        self.tapes.iter().find_map(|t| {
            let card = l.brokers.get(t.broker.ix())?;
            let top = card.y + l.rows.cells;
            let window = self.windows.get(t.column)?.1;
            let inside = at.y >= top && at.y <= top + l.rows.cell_h;
            let offset = Offset(window.offset_at(at.x).filter(|_| inside)?);
            t.cells.iter().any(|c| c.offset == offset).then_some(Selection::Record(t.broker, t.partition, offset))
        })
    }
}

#[cfg(test)]
mod tests;
