//! The counterfactuals: one thing flipped, and the verdict for it.

use super::class_of;
use super::setting::name;
use crate::app::msg::{BehindMsg, Msg, TrialMsg};
use crate::i18n::Lang;
use crate::panels::{Go, ask, icons};
use crate::trial::sheet::{FlipFacts, Sheet};
use yew::prelude::*;

/// The right side.
pub fn flips(s: &Sheet, lang: Lang, go: &Go) -> Html {
    let t = lang.trial();
    let row = |f: &FlipFacts| {
        let class = classes!(f.mood.map_or("none", class_of), f.changes.then_some("changes"));
        let label = format!("{}: {} {}", t.play_this, f.name, f.change);
        html! {
            <tr key={f.run} data-testid={format!("flip-{}", f.run)}>
                <th scope="row">{ name(&f.name, f.code) }{ " " }<b>{ &f.change }</b></th>
                <td class={class} title={f.detail.clone()}>{ &f.word }
                    if f.story {
                        <button type="button" class="square" aria-label={label.clone()} title={label}
                            onclick={ask(go, Msg::Behind(BehindMsg::Trial(TrialMsg::PlayStory(f.run))))}>{ icons::play() }</button>
                    }
                </td>
            </tr>
        }
    };
    html! {
        <section class="sheet flips" aria-label={t.flip}>
            <div class="scrolls" tabindex="-1">
                <h2>{ t.flip }</h2>
                if s.flips.is_empty() { <p class="shape">{ t.flip_idle }</p> } else {
                    <p class="shape">{ t.flip_hint }</p>
                    <table data-testid="flips"><tbody>{ for s.flips.iter().map(row) }</tbody></table>
                    if let Some(d) = &s.decides { <p class="decides" data-testid="decides">{ d }</p> }
                }
            </div>
        </section>
    }
}
