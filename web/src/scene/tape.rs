//! A partition's column: which offsets are shown, and where each one is.

use super::layout::Column;

/// Which part of a partition's logs is shown, the same for all replicas: offsets align.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Window {
    /// Left edge of the cell of `first`.
    pub x: f64,
    /// Width of a cell with its gap.
    pub cell: f64,
    /// The first offset that is shown.
    pub first: u32,
    /// How many cells fit.
    pub capacity: u32,
    /// The logs begin further left than what is shown.
    pub cut_off: bool,
}

/// Room for the "LEO 12" at the right of a tape, in units.
const LEO_LABEL: f64 = 56.0;
/// Room for the "12 …" at the left of a tape that is cut off, in units.
const CUT_LABEL: f64 = 22.0;
const CELL_MAX: f64 = 54.0;
const CELL_MIN: f64 = 20.0;
/// Logs this short are shown whole for as long as they can be read.
const HANDFUL: u32 = 6;

impl Window {
    /// Chooses the window for logs that reach from `start` to `end` (the longest), with the tide at `tide`.
    /// Newest offsets and the tide stay in sight: cells first become narrower, then the oldest leave at the left.
    pub fn choose(column: Column, unit: f64, start: u32, end: u32, tide: u32) -> Window {
        let room = (column.w - LEO_LABEL * unit).max(CELL_MIN * unit * 2.0);
        let wide = CELL_MAX * unit;
        let fits = |cell: f64, room: f64| (room / cell).floor().max(2.0) as u32;
        if end - start <= fits(wide, room) {
            return Window { x: column.x, cell: wide, first: start, capacity: fits(wide, room), cut_off: false };
        }
        let narrow = room / f64::from(end - start);
        if end - start <= HANDFUL && narrow >= CELL_MIN * unit {
            return Window { x: column.x, cell: narrow, first: start, capacity: end - start, cut_off: false };
        }
        let room = room - CUT_LABEL * unit;
        // What has to be seen: one committed record before the tide, and all that is newer.
        let wanted = end - start.max(tide.saturating_sub(1).min(end));
        let comfortable = 40.0_f64.min(CELL_MAX) * unit;
        let cell = (room / f64::from(wanted.max(1))).clamp(CELL_MIN * unit, comfortable);
        let capacity = fits(cell, room);
        let first = start.max(end.saturating_sub(capacity));
        Window { x: column.x + if first > start { CUT_LABEL * unit } else { 0.0 }, cell, first, capacity, cut_off: first > start }
    }

    /// Left edge of an offset's cell; the boundary before it.
    pub fn x_of(&self, offset: u32) -> f64 {
        self.x + (f64::from(offset) - f64::from(self.first)) * self.cell
    }

    /// The same, but never left of the tape: where a boundary is drawn that has scrolled out.
    pub fn boundary(&self, offset: u32) -> f64 {
        self.x_of(offset.max(self.first))
    }

    /// A boundary in words: with an arrow if it has scrolled out to the left, and how far behind the first shown record it is.
    pub fn word(&self, name: &str, offset: u32) -> String {
        match self.first.checked_sub(offset) {
            Some(behind) if behind > 0 => format!("◂ {name} {offset} (−{behind})"),
            _ => format!("{name} {offset}"),
        }
    }

    /// Is the offset's cell shown?
    pub fn shows(&self, offset: u32) -> bool {
        offset >= self.first && offset < self.first + self.capacity
    }

    /// The offset whose cell is at `x`.
    pub fn offset_at(&self, x: f64) -> Option<u32> {
        let i = ((x - self.x) / self.cell).floor();
        (i >= 0.0 && i < f64::from(self.capacity)).then(|| self.first + i as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMN: Column = Column { x: 100.0, w: 456.0 };

    #[test]
    fn short_logs_are_shown_whole_at_full_width() {
        let w = Window::choose(COLUMN, 1.0, 0, 5, 3);
        assert_eq!((w.first, w.cut_off), (0, false));
        assert_eq!(w.x_of(0), 100.0);
        assert_eq!(w.cell, CELL_MAX);
    }

    #[test]
    fn a_handful_is_shown_whole_in_a_narrow_column() {
        let w = Window::choose(Column { x: 0.0, w: 127.0 }, 1.0, 0, 3, 3);
        assert!(!w.cut_off && w.shows(0) && w.shows(2) && w.cell >= CELL_MIN, "{w:?}");
    }

    #[test]
    fn long_logs_keep_the_newest_and_the_tide() {
        let w = Window::choose(COLUMN, 1.0, 0, 500, 496);
        assert!(w.cut_off && w.shows(499) && w.shows(495), "{w:?}");
        assert!(w.x_of(500) <= COLUMN.x + COLUMN.w - LEO_LABEL + 1e-6);
    }

    #[test]
    fn a_tide_that_lags_makes_the_cells_narrower() {
        let near = Window::choose(COLUMN, 1.0, 0, 100, 99);
        let far = Window::choose(COLUMN, 1.0, 0, 100, 85);
        assert!(far.cell < near.cell && far.shows(84) && far.shows(99), "{far:?}");
    }

    #[test]
    fn a_tide_too_far_away_is_drawn_at_the_edge() {
        let w = Window::choose(COLUMN, 1.0, 0, 1000, 3);
        assert!(w.shows(999) && !w.shows(3));
        assert_eq!(w.boundary(3), w.x_of(w.first));
    }

    #[test]
    fn what_has_scrolled_out_says_how_far() {
        let w = Window::choose(COLUMN, 1.0, 0, 1000, 3);
        assert_eq!(w.word("HW", 3), format!("◂ HW 3 (−{})", w.first - 3));
        assert_eq!(w.word("LEO", 1000), "LEO 1000");
    }

    #[test]
    fn a_click_finds_the_offset_that_was_drawn_there() {
        let w = Window::choose(COLUMN, 1.0, 0, 5, 3);
        assert_eq!(w.offset_at(w.x_of(4) + 1.0), Some(4));
        assert_eq!(w.offset_at(w.x - 1.0), None);
    }
}
