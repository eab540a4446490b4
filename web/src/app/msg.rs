//! Everything that a person, a key or a frame can ask of the app.

use crate::door::Door;
use crate::facts::inspect::Owner;
use crate::session::pacing::Speed;
use crate::session::select::Selection;
use highwater_core::scenario::Do;

/// A request to the app.
#[derive(Clone, PartialEq, Debug)]
pub enum Msg {
    /// The address changed.
    Routed,
    /// Through a door.
    Open(Door),
    /// Past the header, to the controls.
    Skip,
    /// Play or pause.
    Toggle,
    /// To the next event.
    StepForward,
    /// One event back.
    StepBack,
    /// To an instant.
    Seek(u64),
    /// Another speed.
    SetSpeed(Speed),
    /// Back to the beginning, without what was done by hand.
    Reset,
    /// Do something to the cluster.
    Act(Do),
    /// Another config: a new run.
    Configure(Owner, &'static str, String),
    /// Look into something.
    Select(Selection),
    /// Show partitions further left (-1) or right (1).
    Shift(i32),
    /// A click on the stage, in its coordinates, and what lies under it if nothing painted does.
    Click(f64, f64, Option<Selection>),
    /// The inspector (false) or the event list (true).
    Tab(bool),
    /// The other language.
    SwitchLang,
    /// The other colours.
    SwitchTheme,
    /// Show or hide the help.
    Help(bool),
    /// Escape: close what is open, or deselect.
    Escape,
    /// The coach's mark was understood.
    DismissCoach,
    /// A notice was read.
    DismissNotice,
    /// The window changed.
    Resize,
    /// The colours changed by themselves.
    Recolour,
    /// What there is to read may have changed.
    Refresh,
    /// Keep the scene for a reload.
    Save,
}
