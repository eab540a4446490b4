//! Terms that explain themselves on hover and focus, and the list of all of them.

use crate::i18n::Lang;
use crate::learn::glossary::{Glossary, Term};
use std::cell::RefCell;
use yew::prelude::*;

/// Texts whose terms explain themselves on hover and focus, each the first time that it is met.
pub struct Terms<'a> {
    glossary: &'a Glossary,
    seen: RefCell<Vec<usize>>,
}

impl<'a> Terms<'a> {
    /// None met yet.
    pub fn of(glossary: &'a Glossary) -> Self {
        Terms { glossary, seen: RefCell::default() }
    }

    /// A text with its terms.
    pub fn html(&self, text: &str) -> Html {
        let piece = |(text, term): (&str, Option<usize>)| match term {
            Some(n) => self.explained(n, html! { { text.to_owned() } }),
            None => html! { { text.to_owned() } },
        };
        self.glossary.pieces(text, &mut self.seen.borrow_mut()).into_iter().map(piece).collect()
    }

    /// A name that is a term as a whole, however it is `set`.
    pub fn name(&self, text: &str, set: Html) -> Html {
        let mut seen = self.seen.borrow_mut();
        match self.glossary.term(text).filter(|n| !seen.contains(n)) {
            Some(n) => {
                seen.push(n);
                self.explained(n, set)
            }
            None => set,
        }
    }

    fn explained(&self, n: usize, set: Html) -> Html {
        let id = format!("term-{n}");
        html! {
            <dfn class="term" tabindex="0" aria-describedby={id.clone()}>{ set }
                <span class="tip" role="tooltip" {id}>{ self.glossary.terms()[n].means.clone() }</span></dfn>
        }
    }
}

/// All terms, as a list that opens.
pub fn words(glossary: &Glossary, lang: Lang) -> Html {
    let term = |w: &Term| html! { <div key={w.forms[0].clone()}><dt>{ &w.forms[0] }</dt><dd>{ &w.means }</dd></div> };
    if glossary.terms().is_empty() {
        return Html::default();
    }
    html! {
        <details class="words"><summary data-testid="glossary">{ lang.text().learn_words }</summary>
            <dl tabindex="0">{ for glossary.terms().iter().map(term) }</dl></details>
    }
}
