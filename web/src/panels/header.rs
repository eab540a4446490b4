//! The top of the page: name, doors, language, colours, help.

use super::{Go, ask, icons};
use crate::app::msg::{Keeping, Msg};
use crate::door::Door;
use crate::i18n::Lang;
use yew::prelude::*;

/// The header. `story`: a story plays; the way back, and the way out.
pub fn header(door: Door, title: String, story: bool, dark: bool, lang: Lang, go: &Go) -> Html {
    let t = lang.text();
    let skip = {
        let go = go.clone();
        Callback::from(move |e: MouseEvent| {
            e.prevent_default();
            go.emit(Msg::Skip);
        })
    };
    let way = |d: &Door| {
        let here = (*d == door).then_some("page");
        html! { <a key={d.word()} href={d.address()} class="door" aria-current={here} data-testid={format!("door-{}", d.word())}>{ d.name(t) }</a> }
    };
    let theme = if dark { t.theme_light } else { t.theme_dark };
    html! {
        <header class="top">
            <a class="skip" href="#controls" onclick={skip}>{ t.skip }</a>
            <h1>{ icons::logo() }{ "Highwater" }</h1>
            <nav aria-label={t.doors}>
                { for Door::ALL.iter().map(way) }
            </nav>
            <p class="where" title={title.clone()}><span>{ title }</span></p>
            if story {
                <div class="ways" title={t.story_plays}>
                    <a class="plain" href={Door::Trial.address()} data-testid="back-to-trial">{ t.back_to_trial }</a>
                    <button type="button" class="plain" data-testid="play-freely" onclick={ask(go, Msg::PlayFreely)}>{ t.play_freely }</button>
                </div>
            }
            <div class="tools">
                if door.has_scenario() {
                    <button type="button" data-testid="share" title={t.keep_title} onclick={ask(go, Msg::Keep(Keeping::Here))}>{ t.keep_button }</button>
                }
                <button type="button" data-testid="lang" lang={lang.other().tag()} title={t.switch_language_hint}
                    onclick={ask(go, Msg::SwitchLang)}>{ t.switch_language }</button>
                <button type="button" data-testid="theme" class="square" aria-label={theme} title={theme}
                    onclick={ask(go, Msg::SwitchTheme)}>{ if dark { icons::sun() } else { icons::moon() } }</button>
                <button type="button" data-testid="help" class="square" aria-label={t.help} title={t.help}
                    onclick={ask(go, Msg::Help(true))}>{ "?" }</button>
            </div>
        </header>
    }
}
