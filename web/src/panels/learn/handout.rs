//! A lesson on paper: questions with boxes, a ledger to fill in, commands, and the answers on a page of their own.

use crate::i18n::Lang;
use highwater_core::lesson::Lesson;
use std::rc::Rc;
use yew::prelude::*;

/// What it shows.
#[derive(Properties)]
pub struct Props {
    /// The lesson.
    pub lesson: Rc<Lesson>,
    /// Language.
    pub lang: Lang,
}

impl PartialEq for Props {
    fn eq(&self, o: &Self) -> bool {
        self.lesson.id == o.lesson.id && self.lang == o.lang
    }
}

/// The handout: seen on paper only.
#[component]
pub fn Handout(p: &Props) -> Html {
    let (t, w, data) = (p.lang.text(), p.lesson.words(p.lang.core()), &p.lesson.data);
    let figures = [t.l_sent, t.l_acked, t.l_in_log, t.l_visible, t.l_delivered, t.l_effects, t.l_lost, t.l_duplicated, t.l_out_of_order];
    let plain = |s: &str| !s.contains('{');
    let step = |(i, s): (usize, &highwater_core::lesson::data::Step)| {
        let x = &w.steps[&s.id];
        html! {
            <section key={s.id.clone()}><h3>{ i + 1 }{ ". " }{ &x.title }</h3><p>{ &x.setting }</p><p><b>{ &x.ask }</b></p>
                <ul>{ for s.options.iter().map(|o| html! { <li key={o.id.clone()}>{ "☐ " }{ &x.options[&o.id] }</li> }) }</ul>
                <p class="blank">{ t.learn_note_here }</p></section>
        }
    };
    let answer = |(i, s): (usize, &highwater_core::lesson::data::Step)| {
        let x = &w.steps[&s.id];
        html! { <li key={s.id.clone()}><b>{ i + 1 }{ ". " }{ &x.options[&s.answer] }</b>{ " " }{ if plain(&x.explain) { x.explain.as_str() } else { "" } }</li> }
    };
    html! {
        <article class="handout" aria-hidden="true">
            <h1>{ &p.lesson.id }{ " " }{ &w.title }</h1>
            <p><b>{ &w.question }</b></p><p>{ &w.intro }</p>
            { for data.steps.iter().enumerate().map(step) }
            <h3>{ t.ledger }</h3>
            <table><tr>{ for figures.iter().map(|f| html! { <th key={*f}>{ *f }</th> }) }</tr><tr>{ for figures.iter().map(|f| html! { <td key={*f}></td> }) }</tr></table>
            <h3>{ t.learn_challenge }{ ": " }{ &w.challenge.title }</h3><p>{ &w.challenge.task }</p>
            <h3>{ t.learn_real }</h3>
            { for data.real.iter().zip(&w.real).map(|(c, r)| html! { <p key={c.command.clone()}>{ r }<br /><code>{ &c.command }</code></p> }) }
            <div class="answers"><h2>{ t.learn_answers }</h2><ol>{ for data.steps.iter().enumerate().map(answer) }</ol>
                <p><b>{ &w.challenge.title }</b>{ " " }{ &w.challenge.solution }</p>
                <h3>{ t.learn_left_out }</h3><ul>{ for w.left_out.iter().map(|x| html! { <li key={x.clone()}>{ x }</li> }) }</ul></div>
        </article>
    }
}
