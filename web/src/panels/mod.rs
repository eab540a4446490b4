//! What is read and pressed. Pure functions of the facts; they ask the app through [`Go`].

pub mod cards;
pub mod coach;
pub mod events;
pub mod header;
pub mod help;
pub mod icons;
pub mod inspector;
pub mod keep;
pub mod learn;
pub mod ledger;
pub mod mark;
pub mod meters;
pub mod people;
pub mod placed;
pub mod transport;
pub mod trial;

use crate::app::msg::Msg;
use yew::Callback;

/// Asks the app for something.
pub type Go = Callback<Msg>;

/// A callback that asks for one thing whatever happened.
pub fn ask<E>(go: &Go, msg: Msg) -> Callback<E> {
    let go = go.clone();
    Callback::from(move |_: E| go.emit(msg.clone()))
}
