//! A record's mark beside text: the same shape, letter and colour as on the stage.

use super::icons;
use crate::scene::geometry::decimal;
use crate::scene::mark::{Mark, Shape};
use yew::prelude::*;

/// A record's mark as a small picture.
pub fn key_mark(m: &Mark) -> Html {
    let hue = m.hue.map_or("keyless".to_owned(), |h| format!("key-{}", h + 1));
    let r = 7.6;
    let shape = match m.shape {
        Shape::Circle => html! { <circle cx="10" cy="10" r="7.6" /> },
        Shape::Dot => html! { <circle cx="10" cy="10" r="5.4" /> },
        other => {
            let points: Vec<String> =
                other.corners().iter().map(|c| format!("{},{}", decimal(10.0 + c.x * r), decimal(10.0 + c.y * r))).collect();
            html! { <polygon points={points.join(" ")} stroke-linejoin="round" /> }
        }
    };
    let y = if m.shape == Shape::Triangle { "13.6" } else { "12.9" };
    let letter = m.letter.map(String::from).unwrap_or_default();
    html! {
        <svg class={classes!("mark", hue)} viewBox="0 0 20 20" role="img" aria-label={letter.clone()}>
            { shape }
            <text x="10" y={y} text-anchor="middle">{ letter }</text>
            if m.poison { { icons::poison() } }
        </svg>
    }
}
