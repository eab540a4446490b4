//! What is measured and for how long: the full table, the quick one, or a choice.

use std::time::Duration;

use super::args::{Common, DiskArgs};
use super::cell::{self, Access, Cell};
use super::sys::pages::PageKind;
use super::units::{GIB, MIB};

/// A disk run before it starts.
#[derive(Debug, Clone)]
pub(crate) struct DiskPlan {
    pub(crate) cells: Vec<Cell>,
    pub(crate) rounds: u32,
    pub(crate) pages: PageKind,
    /// Size asked for; `None` lets the free space and the disk's speed decide.
    pub(crate) size: Option<u64>,
    pub(crate) default_size: u64,
    /// How long filling may take before a smaller file will do.
    pub(crate) patience: Option<Duration>,
    /// When measuring stops, counted from the start of the run, whatever is missing.
    pub(crate) cap: Option<Duration>,
    slice: Option<Duration>,
    quick: bool,
}

impl DiskPlan {
    /// The plan for these arguments. Asking for a size, rounds or slices lifts the time limit:
    /// whoever asks for more gets it.
    pub(crate) fn new(disk: &DiskArgs, common: &Common) -> DiskPlan {
        let quick = common.quick;
        let free_hand = common.size.is_some() || common.rounds.is_some() || common.slice.is_some();
        let mut cells = disk.cells().unwrap_or_else(|| standard(quick));
        if disk.pages == PageKind::Huge {
            cells.iter_mut().for_each(|cell| cell.pages = PageKind::Huge);
            cells.dedup();
        }
        let seconds = |full, short| Duration::from_secs(if quick { short } else { full });
        DiskPlan {
            cells,
            rounds: common.rounds.unwrap_or(if quick { 3 } else { 5 }),
            pages: disk.pages,
            size: common.size,
            default_size: if quick { 512 * MIB } else { GIB },
            patience: common.size.is_none().then(|| seconds(10, 3)),
            cap: (!free_hand).then(|| seconds(56, 13)),
            slice: common.slice.map(Duration::from_secs_f64),
            quick,
        }
    }

    /// How long one slice of a cell lasts.
    pub(crate) fn slice(&self, cell: &Cell) -> Duration {
        let full = match cell.access {
            Access::Direct => 500,
            Access::Queued(_) => 150,
            Access::Cold => 150,
            Access::AppendSync => 250,
        };
        let standard = Duration::from_millis(if self.quick { full.min(200) } else { full });
        self.slice.unwrap_or(standard)
    }

    /// All slices together.
    pub(crate) fn measuring(&self) -> Duration {
        self.cells.iter().map(|cell| self.slice(cell)).sum::<Duration>() * self.rounds
    }
}

/// The cells of a run that names none.
fn standard(quick: bool) -> Vec<Cell> {
    let all = cell::all();
    if quick { all.into_iter().filter(|cell| cell.group() == "direct").collect() } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_fit_their_promises() {
        let plan = |quick| {
            let common = Common { quick, ..Common::default() };
            DiskPlan::new(&DiskArgs::default(), &common)
        };
        assert!(plan(false).measuring() < Duration::from_secs(50));
        assert!(plan(true).measuring() < Duration::from_secs(8));
        assert_eq!(plan(true).cells.len(), 12);
    }

    #[test]
    fn asking_for_more_lifts_the_cap() {
        let common = Common { size: Some(GIB), ..Common::default() };
        assert!(DiskPlan::new(&DiskArgs::default(), &common).cap.is_none());
    }
}
