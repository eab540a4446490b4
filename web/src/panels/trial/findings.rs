//! What was found: progress, verdict, story.

use super::class_of;
use crate::app::msg::{BehindMsg, Keeping, Msg, TrialMsg};
use crate::facts::lines::Tone;
use crate::i18n::Lang;
use crate::panels::{Go, ask, icons};
use crate::trial::sheet::{Sheet, StepFacts};
use yew::prelude::*;

/// The middle.
pub fn findings(s: &Sheet, lang: Lang, go: &Go) -> Html {
    let t = lang.trial();
    let idle = s.verdict.is_none() && !s.running;
    html! {
        <section class="sheet findings" aria-live="off">
            <div class="scrolls" tabindex="-1">
                if idle {
                    <div class="intro"><p>{ t.intro }</p><p class="do">{ t.intro_do }</p></div>
                }
                if let Some(v) = &s.verdict {
                    <div class={classes!("verdict", class_of(v.mood))} data-testid="verdict"><h2>{ &v.head }</h2><p>{ &v.detail }</p></div>
                } else if s.running {
                    <div class="verdict open" data-testid="searching"><h2>{ t.searching }</h2></div>
                }
                if let Some(e) = &s.effort { <p class="effort" data-testid="effort">{ e }</p> }
                if s.running { <progress max="1" value={s.share.to_string()} aria-label={t.limits}></progress> }
                if !s.steps.is_empty() {
                    <ol class="story" aria-label={t.story} data-testid="story">{ for s.steps.iter().map(|x| step(x, t.fault)) }</ol>
                    <div class="deeds">
                        <button type="button" class="go" data-testid="play-story" onclick={ask(go, Msg::Behind(BehindMsg::Trial(TrialMsg::PlayStory(0))))}>
                            { icons::play() }{ t.play_story }</button>
                        <button type="button" class="plain" data-testid="keep-story" onclick={ask(go, Msg::Keep(Keeping::Story(0)))}>{ t.keep_story }</button>
                    </div>
                }
                if !idle { <p class="fine">{ &s.caveat }</p> }
            </div>
        </section>
    }
}

fn step(x: &StepFacts, fault: &'static str) -> Html {
    let line = |(i, (tone, text)): (usize, &(Tone, String))| {
        html! { <p key={i} class={tone.class()}><i class="tone" aria-hidden="true"></i><span>{ text }</span></p> }
    };
    html! {
        <li key={x.n} class={classes!(x.fault.then_some("fault"))}>
            <span class="n">{ x.n }</span>
            <div>{ for x.lines.iter().enumerate().map(line) }</div>
            if x.fault { <span class="badge">{ fault }</span> }
        </li>
    }
}
