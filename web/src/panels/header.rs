//! The top of the page: name, doors, language, colours, help.

use super::{Go, ask, icons};
use crate::app::msg::{Keeping, Msg};
use crate::door::Door;
use crate::i18n::Lang;
use yew::prelude::*;

/// What it shows.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Language.
    pub lang: Lang,
    /// Are the colours dark?
    pub dark: bool,
    /// The open door.
    pub door: Door,
    /// A story plays: the way back, and the way out.
    pub story: bool,
    /// Title of the scenario.
    pub title: AttrValue,
    /// Asks the app.
    pub go: Go,
}

/// The header.
#[component]
pub fn Header(p: &Props) -> Html {
    let t = p.lang.text();
    let skip = {
        let go = p.go.clone();
        Callback::from(move |e: MouseEvent| {
            e.prevent_default();
            go.emit(Msg::Skip);
        })
    };
    let door = |d: &Door| {
        let here = (*d == p.door).then_some("page");
        html! { <a key={d.word()} href={d.address()} class="door" aria-current={here} data-testid={format!("door-{}", d.word())}>{ d.name(t) }</a> }
    };
    let theme = if p.dark { t.theme_light } else { t.theme_dark };
    html! {
        <header class="top">
            <a class="skip" href="#controls" onclick={skip}>{ t.skip }</a>
            <h1>{ icons::logo() }{ "Highwater" }</h1>
            <nav aria-label={t.doors}>
                { for Door::ALL.iter().map(door) }
            </nav>
            <p class="where">{ p.title.clone() }</p>
            if p.story {
                <div class="ways" title={p.lang.trial().story_plays}>
                    <a class="plain" href={Door::Trial.address()} data-testid="back-to-trial">{ p.lang.trial().back_to_trial }</a>
                    <button type="button" class="plain" data-testid="play-freely" onclick={ask(&p.go, Msg::PlayFreely)}>{ p.lang.trial().play_freely }</button>
                </div>
            }
            <div class="tools">
                if p.door.has_scenario() {
                    <button type="button" data-testid="share" title={t.keep_title} onclick={ask(&p.go, Msg::Keep(Keeping::Here))}>{ t.keep_button }</button>
                }
                <button type="button" data-testid="lang" lang={p.lang.other().tag()} title={t.switch_language_hint}
                    onclick={ask(&p.go, Msg::SwitchLang)}>{ t.switch_language }</button>
                <button type="button" data-testid="theme" class="square" aria-label={theme} title={theme}
                    onclick={ask(&p.go, Msg::SwitchTheme)}>{ if p.dark { icons::sun() } else { icons::moon() } }</button>
                <button type="button" data-testid="help" class="square" aria-label={t.help} title={t.help}
                    onclick={ask(&p.go, Msg::Help(true))}>{ "?" }</button>
            </div>
        </header>
    }
}
