//! The Learn door: the list of lessons, the open lesson's panel, the handout.

pub mod bench;
pub mod challenge;
pub mod handout;
pub mod lesson;
pub mod list;
mod step;

use super::terms::Terms;
use super::{Go, ask};
use crate::app::msg::{BehindMsg, Msg};
use crate::learn::Ask;
use crate::learn::panel::Choice;
use yew::prelude::*;

/// A list of choices: buttons with a figure, as the keys 1 to 9 choose them.
fn choices(go: &Go, name: &'static str, label: &str, all: &[Choice], frozen: bool) -> Html {
    let one = |(n, c): (usize, &Choice)| {
        let verdict = c.right.filter(|r| *r || c.chosen).map(|right| if right { "right" } else { "wrong" });
        let sign = match verdict {
            Some("right") => "✓",
            Some(_) => "≠",
            None => "",
        };
        html! {
            <li key={n}><button type="button" class={classes!("option", verdict)} aria-pressed={c.chosen.to_string()} disabled={frozen}
                data-testid={format!("{name}-{}", n + 1)} onclick={ask(go, Msg::Behind(BehindMsg::Learn(Ask::Choose(n))))}>
                <kbd>{ n + 1 }</kbd><span>{ &c.text }</span><b aria-hidden="true">{ sign }</b></button></li>
        }
    };
    html! { <ol class="options" id={name} aria-label={label.to_owned()}>{ for all.iter().enumerate().map(one) }</ol> }
}

/// The one button that leads on.
fn onward(go: &Go, label: &str, msg: Ask, disabled: bool) -> Html {
    html! {
        <button type="button" class="onward" data-testid="onward" {disabled} onclick={ask(go, Msg::Behind(BehindMsg::Learn(msg)))}>
            { label }<kbd>{ "N" }</kbd></button>
    }
}

/// A lesser button.
fn lesser(go: &Go, id: &'static str, label: &str, title: &str, msg: Msg) -> Html {
    html! { <button type="button" class="plain" data-testid={id} title={title.to_owned()} onclick={ask(go, msg)}>{ label }</button> }
}

/// A command and what it prints. What has no blank in it is a config, which nobody types at a prompt.
fn terminal(command: &str, output: Option<&str>) -> Html {
    html! {
        <div class="terminal"><code class={if command.contains(' ') { "typed" } else { "typed config" }}>{ for command.split(' ').map(|w| html! { <><span>{ w }</span>{ " " }</> }) }</code>
            if let Some(o) = output { <pre tabindex="0">{ o.trim_matches('\n') }</pre> }</div>
    }
}
