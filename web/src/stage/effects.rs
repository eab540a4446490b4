//! What is seen for a moment after it happened: a message that breaks, records that are cut off, a record that lands.

use super::Manner;
use super::cells::cell_rect;
use super::ink::Ink;
use crate::scene::geometry::{Point, Rect, pt};
use crate::scene::layout::Layout;
use crate::scene::mark::Mark;
use crate::scene::traffic::Weight;
use crate::scene::{Scene, link, seats};
use crate::session::Session;
use highwater_core::event::{DropReason, EventKind, MessageKind};
use highwater_core::ids::*;

/// How long they are seen.
const LIFE_MS: f64 = 1100.0;
/// A jump over more events than this shows none of them.
const JUMP: usize = 60;

#[derive(Clone, Debug)]
enum Kind {
    /// A message broke here.
    Broke { at: Point, small: bool },
    /// These records were cut off.
    CutOff { broker: BrokerId, partition: PartitionId, cells: Vec<(Offset, Mark)> },
    /// A record was written here.
    Landed { broker: BrokerId, partition: PartitionId, from: Offset, to: Offset },
}

#[derive(Clone, Debug)]
struct Effect {
    kind: Kind,
    began_ms: f64,
}

/// The records that a tape showed.
type Shown = (BrokerId, PartitionId, Vec<(Offset, Mark)>);

/// All of them.
#[derive(Default)]
pub struct Effects {
    list: Vec<Effect>,
    seen: Option<usize>,
    /// Where messages were in the last frame.
    tokens: Vec<(MsgId, Point, Weight)>,
    /// What the tapes showed in the last frame.
    cells: Vec<Shown>,
}

impl Effects {
    /// Is there any?
    pub fn any(&self) -> bool {
        !self.list.is_empty()
    }

    /// Looks at the events since the last frame.
    pub fn notice(&mut self, s: &Session, l: &Layout, manner: Manner) {
        let events = s.sim().events();
        let seen = self.seen.replace(events.len()).unwrap_or(events.len());
        self.list.retain(|e| manner.now_ms - e.began_ms < LIFE_MS && seen <= events.len());
        if seen > events.len() || events.len() - seen > JUMP {
            return;
        }
        let seats = seats(s.sim());
        for e in events.iter_from(seen) {
            let kind = match e.kind {
                EventKind::Dropped { msg, from, to, message, why } => self.broke(l, &seats, msg, from, to, message, why),
                EventKind::Truncated { broker, partition, from, to } => self.cut_off(broker, partition, from.min(to)),
                EventKind::Appended { broker, partition, base, count, .. } => {
                    Some(Kind::Landed { broker, partition, from: base, to: base.plus(u32::from(count)) })
                }
                EventKind::Replicated { broker, partition, from, to } => Some(Kind::Landed { broker, partition, from, to }),
                _ => None,
            };
            if let Some(kind) = kind {
                self.list.push(Effect { kind, began_ms: manner.now_ms });
            }
        }
    }

    #[allow(clippy::too_many_arguments)] // the fields of one event
    fn broke(
        &self,
        l: &Layout,
        seats: &link::Seats,
        msg: MsgId,
        from: Actor,
        to: Actor,
        message: MessageKind,
        why: DropReason,
    ) -> Option<Kind> {
        let small = matches!(
            message,
            MessageKind::BrokerHeartbeat | MessageKind::Metadata | MessageKind::MetadataResponse | MessageKind::Disconnect
        );
        let seen = self.tokens.iter().find(|t| t.0 == msg);
        let at = match seen {
            Some(t) => t.1,
            None => {
                let t = if why == DropReason::ReceiverDown { 0.94 } else { 0.3 };
                link::route(l, seats, from, to)?.at(t)
            }
        };
        Some(Kind::Broke { at, small: small || seen.is_some_and(|t| t.2 < Weight::Normal) })
    }

    fn cut_off(&self, broker: BrokerId, partition: PartitionId, at: Offset) -> Option<Kind> {
        let shown = self.cells.iter().find(|c| (c.0, c.1) == (broker, partition))?;
        let cells: Vec<(Offset, Mark)> = shown.2.iter().filter(|c| c.0 >= at).copied().collect();
        (!cells.is_empty()).then_some(Kind::CutOff { broker, partition, cells })
    }

    /// Remembers a frame, for what happens in the next.
    pub fn remember(&mut self, scene: &Scene) {
        self.tokens.clear();
        self.tokens.extend(scene.tokens.iter().map(|t| (t.msg, t.at, t.look.weight)));
        self.cells.clear();
        self.cells.extend(scene.tapes.iter().map(|t| {
            let cells = t.cells.iter().map(|c| (c.offset, c.mark)).collect();
            (t.broker, t.partition, cells)
        }));
    }

    /// Paints them.
    pub fn paint(&self, ink: &mut Ink, scene: &Scene, l: &Layout, manner: Manner) {
        for e in &self.list {
            let age = ((manner.now_ms - e.began_ms) / LIFE_MS).clamp(0.0, 1.0);
            match &e.kind {
                Kind::Broke { at, small } => paint_broken(ink, *at, *small, age, manner.still),
                Kind::CutOff { broker, partition, cells } => {
                    for (offset, mark) in cells {
                        paint_ghost(ink, scene, l, (*broker, *partition, *offset), mark, age, manner.still);
                    }
                }
                Kind::Landed { broker, partition, from, to } => {
                    for o in (from.0..to.0).take(24) {
                        paint_landing(ink, scene, l, *broker, *partition, Offset(o), age);
                    }
                }
            }
        }
        ink.alpha(1.0);
    }
}

/// Two halves that part, and a cross.
fn paint_broken(ink: &mut Ink, at: Point, small: bool, age: f64, still: bool) {
    let u = ink.unit;
    let size = if small { 0.55 } else { 1.0 } * u;
    let apart = if still { 4.0 } else { 2.0 + 9.0 * age } * size;
    ink.alpha((1.0 - age).powi(2).max(0.0) * if small { 0.7 } else { 1.0 });
    ink.fill(&ink.palette.bad);
    ink.half_disc(pt(at.x - apart, at.y + apart * 0.4), 7.0 * size, std::f64::consts::PI);
    ink.fill_path();
    ink.half_disc(pt(at.x + apart, at.y + apart * 0.7), 7.0 * size, 0.0);
    ink.fill_path();
    ink.alpha(1.0 - age);
    ink.stroke(&ink.palette.bad, if small { 1.6 } else { 2.6 });
    ink.cross(pt(at.x, at.y - 16.0 * size), 5.0 * size);
}

/// A record that was cut off sinks away.
fn paint_ghost(ink: &mut Ink, scene: &Scene, l: &Layout, (b, p, o): (BrokerId, PartitionId, Offset), mark: &Mark, age: f64, still: bool) {
    let Some((_, w)) = scene.windows.iter().find(|w| w.0 == p) else {
        return;
    };
    let Some(mut r) = cell_rect(l, w, b.ix(), o).filter(|_| w.shows(o.0)) else {
        return;
    };
    // Below its place: the log's new end and its number stand there now.
    let below = r.h * 0.45;
    r = Rect { y: r.bottom() - below + 4.0 * l.unit, h: below, ..r };
    if !still {
        r.y += 14.0 * l.unit * age * age;
    }
    ink.alpha(1.0 - age);
    ink.stroke(&ink.palette.bad, 1.6);
    ink.dash(&[3.0, 3.0]);
    ink.rounded(r, 6.0 * l.unit);
    ink.stroke_path();
    ink.dash(&[]);
    ink.mark(mark, pt(r.mid_x(), r.mid_y()), (r.w * 0.3).min(r.h * 0.4).min(9.0 * l.unit));
    ink.stroke(&ink.palette.bad, 2.2);
    ink.line(pt(r.x + 4.0 * l.unit, r.bottom() - 4.0 * l.unit), pt(r.right() - 4.0 * l.unit, r.y + 4.0 * l.unit));
}

/// A ring around a cell that was just written; it fades, it does not move.
fn paint_landing(ink: &mut Ink, scene: &Scene, l: &Layout, b: BrokerId, p: PartitionId, o: Offset, age: f64) {
    let Some((_, w)) = scene.windows.iter().find(|w| w.0 == p) else {
        return;
    };
    if let Some(r) = cell_rect(l, w, b.ix(), o).filter(|_| w.shows(o.0)) {
        ink.alpha((1.0 - age) * 0.8);
        ink.stroke(&ink.palette.accent, 2.0);
        ink.rounded(r.grown(1.5 * l.unit), 7.5 * l.unit);
        ink.stroke_path();
    }
}
