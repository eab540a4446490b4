//! Everything that a person, a key or a frame can ask of the app.

use super::behind::Missing;
use crate::door::Door;
use crate::facts::inspect::Owner;
use crate::i18n::Lang;
use crate::learn::Ask;
use crate::scene::geometry::Rect;
use crate::scene::hint::Sign;
use crate::session::pacing::Speed;
use crate::session::select::Selection;
use crate::trial::wire::Tell;
use highwater_core::scenario::Do;
use highwater_core::trial::Property;
use highwater_core::trial::knobs::Knob;

/// A request to the Trial door.
#[derive(Clone, PartialEq, Debug)]
pub enum TrialMsg {
    /// The texts of the shipped scenarios, or why they can't be had.
    Shipped(Result<Vec<String>, String>),
    /// A shipped configuration, by name.
    Pick(String),
    /// The cluster of the Play door.
    FromPlay,
    /// Another value of a knob.
    Turn(Knob, String),
    /// How often something may happen, by its place among the bounds.
    Bound(usize, u8),
    /// Look for a broken promise, or no longer.
    LookFor(Property, bool),
    /// The limit on states.
    States(u64),
    /// The limit on memory, in bytes.
    Memory(u64),
    /// Search.
    Search,
    /// Stop searching.
    Cancel,
    /// The search says something.
    Heard(Tell),
    /// Play the story of a search, by its place.
    PlayStory(usize),
}

/// What is to be kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeping {
    /// The scenario behind the open door.
    Here,
    /// The story of a search of the trial, by its place.
    Story(usize),
}

/// A request to what is behind the doors ([`super::behind`]).
#[derive(Clone, PartialEq, Debug)]
pub enum BehindMsg {
    /// Asked of the Trial door.
    Trial(TrialMsg),
    /// Something of the open lesson.
    Learn(Ask),
    /// The texts of the lessons' files, or why they can't be had.
    Lessons(Result<Vec<String>, String>),
    /// Play or pause the pictures of a lesson without a cluster.
    Bench,
    /// The lesson's scene at this instant, behind the Play door.
    TakeScene,
    /// Progress as a file.
    SaveProgress,
    /// Progress from a file.
    LoadProgress(web_sys::File),
    /// The file was read.
    Progress(String),
    /// Open a file with this text.
    OpenFile(String),
    /// What comes with the app could not be loaded.
    NotLoaded(String),
}

/// What explains itself on the stage while somebody points at it.
#[derive(Clone, PartialEq, Debug)]
pub struct Hint {
    /// Where it is.
    pub at: Rect,
    /// What.
    pub of: HintOf,
}

/// A word or a sign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HintOf {
    /// A word of a card, as the glossary has it.
    Word(String),
    /// A sign of the picture.
    Sign(Sign),
}

/// A request to the app.
#[derive(Clone, PartialEq, Debug)]
pub enum Msg {
    /// Somebody points at something, and may want to know what words mean.
    WantWords,
    /// What terms mean in a language.
    Words(Lang, String),
    /// What is pointed at on the stage, if that explains itself.
    Hint(Option<Hint>),
    /// More of the earlier events in the list.
    Earlier,
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
    /// To another branch.
    Branch(u8),
    /// Leave the story, keep its cluster.
    PlayFreely,
    /// Do something to the cluster.
    Act(Do),
    /// Do the first of these to the selected thing that can be done to it, by name.
    ActNamed(&'static [&'static str]),
    /// Another config: a new run.
    Configure(Owner, &'static str, String),
    /// Look into something.
    Select(Selection),
    /// Show partitions further left (-1) or right (1).
    Shift(i32),
    /// A click on the stage, in its coordinates, and what lies under it if nothing painted does.
    Click(f64, f64, Option<Selection>),
    /// Show how to keep something.
    Keep(Keeping),
    /// Enough of that.
    CloseKeep,
    /// What is behind the doors was fetched, or not.
    Fetched(Result<(), Missing>),
    /// Asked of what is behind the doors.
    Behind(BehindMsg),
    /// What the side of the Play door shows.
    Tab(Tab),
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
    /// A figure was typed: a broker, or an answer.
    Digit(u8),
    /// To the answers.
    FocusChoices,
    /// Keep the scene for a reload.
    Save,
}

/// What the side of the Play door shows of the selected thing, or of the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tab {
    /// State, configs, why.
    #[default]
    Inspector,
    /// Metrics under their JMX names.
    Meters,
    /// What happened, in words.
    Events,
}
