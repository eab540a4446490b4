//! What the signs on a share-partition's cells mean.

use super::icons;
use super::placed::Placed;
use crate::i18n::Lang;
use crate::scene::geometry::Rect;
use yew::prelude::*;

/// The legend.
pub fn legend(at: Rect, lang: Lang) -> Html {
    let t = lang.text();
    let signs = [
        ("acquired", "×1", t.share_acquired, t.share_word_acquired),
        ("again", "×2", t.share_available, t.share_available),
        ("done", "✓", t.share_done, t.share_word_done),
        ("archived", "✗", t.share_archived, t.share_word_archived),
    ];
    let line = |(class, sign, word, term): (&'static str, &'static str, &'static str, &'static str)| {
        html! { <li key={class} data-term={term}><b class={class} aria-hidden="true">{ sign }</b>{ word }</li> }
    };
    html! {
        <Placed {at} class="legend" testid="legend" label={t.share_legend}>
            <ul>
                { for signs.into_iter().map(line) }
                <li data-term={t.poison_record}><svg class="icon" viewBox="-1 7 11 12" aria-hidden="true">{ icons::poison() }</svg>{ t.poison_record }</li>
            </ul>
        </Placed>
    }
}
