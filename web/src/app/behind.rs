//! What nobody sees before the first moving record: the doors other than Play, keeping and opening scenarios, the search.
//!
//! [`Behind`] is the only way there from the rest of the app. So with the feature `apart`, as `scripts/lib/page.sh` builds
//! the page, a tool can take all that only [`Behind`] leads to out of the app's module into one of its own; both share one
//! memory. It is fetched when it is wanted for the first time. Whoever calls something in there directly, past [`Behind`],
//! makes the first visit larger, and nothing else: the limit on the page's size notices.

use super::msg::{BehindMsg, Keeping};
use super::{App, rooms};
use crate::door::Route;
use crate::panels::Go;
use std::cell::Cell;
use yew::prelude::*;

/// The ways behind.
pub struct Behind {
    /// Goes where an address leads.
    pub enter: fn(&mut App, &Context<App>, Route<'_>),
    /// Does what was asked for there.
    pub update: fn(&mut App, &Context<App>, BehindMsg),
    /// A look at how far an open lesson has come: true if there is news.
    pub look: fn(&mut App) -> bool,
    /// Says the same in the language that is chosen now.
    pub reread: fn(&mut App),
    /// What is behind the open door.
    pub view: fn(&App, &Go) -> Html,
    /// How to keep a scenario.
    pub keep: fn(&App, Keeping, &Go) -> Html,
    /// Waits for a search, in the worker.
    pub work: fn(),
}

static BEHIND: Behind = Behind {
    enter: App::enter,
    update: App::ask_behind,
    look: App::look_behind,
    reread: App::reread,
    view: rooms::view,
    keep: rooms::keep,
    work: crate::worker::work,
};

thread_local! {
    static HERE: Cell<Option<&'static Behind>> = const { Cell::new(None) };
}

/// The ways behind, if they are here.
pub fn here() -> Option<&'static Behind> {
    HERE.get()
}

/// The ways behind; the first time they have to be fetched.
///
/// # Errors
/// They can't be had; it can be tried again.
pub async fn fetch() -> Result<&'static Behind, Missing> {
    let behind = fetched::behind().await?;
    HERE.set(Some(behind));
    Ok(behind)
}

/// What is behind can't be had. The browser's console says why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Missing;

#[cfg(feature = "apart")]
mod fetched {
    use super::{BEHIND, Behind, Missing};
    use wasm_split_helpers::{SplitLoaderError, wasm_split};

    impl From<SplitLoaderError> for Missing {
        fn from(_: SplitLoaderError) -> Self {
            Missing
        }
    }

    #[wasm_split(behind, fallible)]
    pub fn behind() -> Result<&'static Behind, Missing> {
        Ok(&BEHIND)
    }
}

#[cfg(not(feature = "apart"))]
mod fetched {
    use super::{BEHIND, Behind, Missing};

    pub async fn behind() -> Result<&'static Behind, Missing> {
        Ok(&BEHIND)
    }
}
