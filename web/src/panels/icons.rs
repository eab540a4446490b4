//! Icons, drawn with one stroke width on a 20 px grid.

use yew::prelude::*;

fn svg(body: Html) -> Html {
    html! { <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">{ body }</svg> }
}

/// The house's mark: a wave over two shelves.
pub fn logo() -> Html {
    html! {
        <svg class="logo" viewBox="0 0 26 22" aria-hidden="true">
            <path class="wave" d="M1 7q4-5 8 0t8 0 8 0" />
            <rect class="shelf" x="3" y="12" width="20" height="3" rx="1.5" />
            <rect class="shelf low" x="3" y="17.5" width="13" height="3" rx="1.5" />
        </svg>
    }
}

/// Play.
pub fn play() -> Html {
    svg(html! { <path class="solid" d="M6 3.6v12.8c0 .8.9 1.3 1.6.8l9.2-6.4c.6-.4.6-1.2 0-1.6L7.6 2.8C6.900 2.300 6 2.800 6 3.600z" /> })
}
/// Pause.
pub fn pause() -> Html {
    svg(
        html! { <><rect class="solid" x="4.500" y="3" width="4" height="14" rx="1.200" /><rect class="solid" x="11.500" y="3" width="4" height="14" rx="1.200" /></> },
    )
}
/// One event forward.
pub fn forward() -> Html {
    svg(
        html! { <><path class="solid" d="M4 4.500v11c0 .6.700.9 1.200.6l7.600-5.500c.4-.3.4-.9 0-1.200L5.200 3.900C4.700 3.600 4 3.900 4 4.500z" /><rect class="solid" x="14" y="3.500" width="2.600" height="13" rx="1" /></> },
    )
}
/// One event back.
pub fn back() -> Html {
    svg(
        html! { <g transform="matrix(-1 0 0 1 20 0)"><path class="solid" d="M4 4.500v11c0 .6.700.9 1.200.6l7.600-5.500c.4-.3.4-.9 0-1.200L5.200 3.900C4.700 3.600 4 3.900 4 4.500z" /><rect class="solid" x="14" y="3.500" width="2.600" height="13" rx="1" /></g> },
    )
}
/// Back to the beginning.
pub fn reset() -> Html {
    svg(html! { <path d="M4 10a6 6 0 1 0 2-4.470M4.200 3v3.400h3.400" /> })
}
/// The moon: dark colours.
pub fn moon() -> Html {
    svg(html! { <path d="M16.500 11.800A6.800 6.800 0 0 1 8.200 3.500a6.800 6.800 0 1 0 8.300 8.300z" /> })
}
/// The sun: light colours.
pub fn sun() -> Html {
    svg(
        html! { <><circle cx="10" cy="10" r="3.600" /><path d="M10 1.800v2M10 16.200v2M1.800 10h2M16.200 10h2M4.200 4.200l1.400 1.400M14.400 14.400l1.400 1.400M4.200 15.800l1.400-1.400M14.400 5.600l1.400-1.400" /></> },
    )
}
/// A bolt: a fault.
pub fn bolt() -> Html {
    svg(html! { <path class="solid" d="M11.200 1.800 4 11.600h4.600l-1 6.600 7.400-10h-4.800z" /> })
}
/// Power: start again.
pub fn power() -> Html {
    svg(html! { <path d="M10 2.500v7M5.500 5.200a6.500 6.500 0 1 0 9 0" /> })
}
/// A plus.
pub fn plus() -> Html {
    svg(html! { <path d="M10 4v12M4 10h12" /> })
}
/// A cross.
pub fn cross() -> Html {
    svg(html! { <path d="M5 5l10 10M15 5L5 15" /> })
}
/// An arrow to the left.
pub fn left() -> Html {
    svg(html! { <path d="M12.500 4.500 7 10l5.500 5.500" /> })
}
/// An arrow to the right.
pub fn right() -> Html {
    svg(html! { <path d="M7.500 4.500 13 10l-5.500 5.500" /> })
}
/// The sign of a poison record, at the lower left of a mark.
pub fn poison() -> Html {
    html! { <g class="poison"><path d="M4.500 8.500 9.500 18h-10z" /><path class="stroke" d="M4.500 12v2.800M4.500 16.300v.4" /></g> }
}
/// A pennant.
pub fn pennant() -> Html {
    html! { <svg class="icon pennant" viewBox="0 0 20 20" aria-hidden="true"><path class="pole" d="M6 3v14" /><path class="solid" d="M6 4l9 3.500L6 11z" /></svg> }
}
