//! What a sign of the picture is, where somebody points at it.

use super::geometry::{Point, Rect};
use super::layout::Layout;
use super::{Cell, Fate, Logs, Standing, Tape};
use highwater_core::ids::Offset;
use highwater_core::kafka::share::state::RecordState;

/// A sign that may want an explanation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// The tide line's label, or a follower's mark.
    HighWatermark,
    /// The second line's label.
    LastStable,
    /// The end of a log.
    LogEnd,
    /// A stamp above a tape.
    Epoch,
    /// A pennant; of a share group the start offset.
    Committed(bool),
    /// A record as it stands with a share group.
    Share(RecordState),
    /// A poison record.
    Poison,
    /// A control marker.
    Marker,
    /// A record of an open transaction.
    Open,
    /// A record of an aborted one.
    Aborted,
}

/// Half the width of a label under a line, in units.
const CHIP: f64 = 44.0;

/// The sign at a point, and the room that it takes; `shares`: all groups are share groups.
pub fn sign(logs: &Logs, l: &Layout, at: Point, shares: bool) -> Option<(Sign, Rect)> {
    chip(logs, l, at).or_else(|| logs.tapes.iter().find_map(|t| on_tape(logs, t, l, at, shares)))
}

/// The label of a line, the nearest one where there are two.
fn chip(logs: &Logs, l: &Layout, at: Point) -> Option<(Sign, Rect)> {
    let u = l.unit;
    if !(l.tide_foot..=l.tide_foot + 23.0 * u).contains(&at.y) {
        return None;
    }
    let mut near: Option<(f64, Sign, f64)> = None;
    for t in &logs.tides {
        let Some((_, w)) = logs.windows.get(t.column) else { continue };
        let lines = [(Sign::HighWatermark, Some(t.hw)), (Sign::LastStable, t.lso.filter(|o| *o < t.hw))];
        for (sign, x) in lines.into_iter().filter_map(|(s, o)| Some((s, w.boundary(o?.0)))) {
            let away = (x - at.x).abs();
            if away < CHIP * u && near.is_none_or(|n| away < n.0) {
                near = Some((away, sign, x));
            }
        }
    }
    near.map(|(_, sign, x)| (sign, Rect { x: x - CHIP * u, y: l.tide_foot, w: 2.0 * CHIP * u, h: 23.0 * u }))
}

fn on_tape(logs: &Logs, t: &Tape, l: &Layout, at: Point, shares: bool) -> Option<(Sign, Rect)> {
    let u = l.unit;
    let (w, card) = (logs.windows.get(t.column)?.1, l.brokers.get(t.broker.ix())?);
    if !card.holds(at) {
        return None;
    }
    let (top, h) = (card.y + l.rows.cells, l.rows.cell_h);
    let found = |sign, x: f64, y: f64, w: f64, h: f64| Some((sign, Rect { x, y, w, h })).filter(|f| f.1.holds(at));
    let under = top + h;
    let x_of = |o: Offset| w.boundary(o.0);
    let cell = |c: &Cell| found(of_cell(c)?, w.x_of(c.offset.0), top - 4.0 * u, w.cell, h + 4.0 * u);
    let stamp = |o: Offset| found(Sign::Epoch, x_of(o), top - 15.0 * u, 22.0 * u, 13.0 * u);
    let pennant = |o: Offset| found(Sign::Committed(shares), x_of(o) - 6.0 * u, under + 2.0 * u, 34.0 * u, 20.0 * u);
    let own = t.standing != Standing::Leader && t.hw.0 >= w.first;
    None.or_else(|| t.cells.iter().find_map(cell))
        .or_else(|| found(Sign::LogEnd, x_of(t.leo), top, 52.0 * u, h))
        .or_else(|| t.epochs.iter().filter(|_| l.rows.roomy).find_map(|e| stamp(e.1)))
        .or_else(|| t.pennants.iter().filter(|_| l.rows.roomy).find_map(|p| pennant(p.1)))
        .or_else(|| found(Sign::HighWatermark, x_of(t.hw) - 9.0 * u, under, 14.0 * u, 12.0 * u).filter(|_| own))
}

/// What is out of the ordinary about a cell.
fn of_cell(c: &Cell) -> Option<Sign> {
    match (c.fate, c.share) {
        (Fate::Marker(_), _) => Some(Sign::Marker),
        (Fate::Open, _) => Some(Sign::Open),
        (Fate::Aborted, _) => Some(Sign::Aborted),
        (_, Some((RecordState::Available, 0)) | None) => c.mark.poison.then_some(Sign::Poison),
        (_, Some((state, _))) => Some(Sign::Share(state)),
    }
}
