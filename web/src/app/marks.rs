//! The timeline's marks: what happened when, coloured by kind and of different height, so that colour is not all.

use super::browser;
use crate::facts::lines::{Tone, tone};
use highwater_core::sim::timeline::Mark;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Room at both ends for half the thumb of the range, in units; as in the style sheet.
const INSET: f64 = 8.0;

/// Right end of a timeline that was used up to `reached_us`: a round time with room to go on.
pub fn span(reached_us: u64, until_us: u64) -> u64 {
    let wanted = (reached_us + reached_us / 4).max(400_000);
    let mut step = 100_000;
    loop {
        for factor in [1, 2, 5] {
            if step * factor >= wanted {
                return (step * factor).min(until_us.max(1));
            }
        }
        step *= 10;
    }
}

/// Rank and height of a tone, in units of the track's height. The higher rank wins a pixel.
fn weight(t: Tone) -> (u8, f64) {
    match t {
        Tone::Read => (1, 0.28),
        Tone::Write => (2, 0.36),
        Tone::Commit => (3, 0.52),
        Tone::Snag => (4, 0.36),
        Tone::Control => (5, 0.78),
        Tone::Trouble => (6, 1.0),
    }
}

/// Paints the marks of a run on its canvas.
pub fn paint(canvas: &HtmlCanvasElement, marks: &[Mark], span_us: u64, reached_us: u64) {
    let (w, h) = browser::size_of(canvas);
    let dpr = browser::dpr();
    let (pw, ph) = ((w * dpr).round() as u32, (h * dpr).round() as u32);
    if canvas.width() != pw || canvas.height() != ph {
        canvas.set_width(pw);
        canvas.set_height(ph);
    }
    let Some(cx) = canvas.get_context("2d").ok().flatten().and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok()) else {
        return;
    };
    let _ = cx.set_transform(dpr, 0.0, 0.0, dpr, 0.0, 0.0);
    cx.clear_rect(0.0, 0.0, w, h);
    let inset = INSET * browser::unit();
    let room = (w - 2.0 * inset).max(1.0);
    let at = |us: u64| inset + room * (us as f64 / span_us.max(1) as f64).min(1.0);
    let mid = h / 2.0;
    cx.set_fill_style_str(&browser::css("--line"));
    cx.fill_rect(inset, mid - 1.0, room, 2.0);
    cx.set_fill_style_str(&browser::css("--follow"));
    cx.fill_rect(inset, mid - 1.0, at(reached_us) - inset, 2.0);
    let colours = [
        (Tone::Read, browser::css("--lso")),
        (Tone::Write, browser::css("--leader")),
        (Tone::Commit, browser::css("--tide")),
        (Tone::Snag, browser::css("--accent")),
        (Tone::Control, browser::css("--ink")),
        (Tone::Trouble, browser::css("--bad")),
    ];
    // One mark a slot of three pixels: a long run stays readable, and cheap.
    let slots = (room / 3.0).ceil() as usize + 1;
    let mut best: Vec<Option<Tone>> = vec![None; slots];
    for m in marks.iter().filter(|m| m.event.at_us <= span_us) {
        let slot = ((at(m.event.at_us) - inset) / 3.0) as usize;
        let t = tone(&m.event.kind);
        if let Some(b) = best.get_mut(slot)
            && b.is_none_or(|old| weight(old).0 < weight(t).0)
        {
            *b = Some(t);
        }
    }
    for (colour_tone, colour) in &colours {
        cx.set_fill_style_str(colour);
        for (slot, t) in best.iter().enumerate() {
            if *t == Some(*colour_tone) {
                let tall = (h - 4.0) * weight(*colour_tone).1;
                cx.fill_rect(inset + slot as f64 * 3.0 - 1.0, mid - tall / 2.0, 2.0, tall);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeline_ends_at_a_round_time_beyond_what_was_reached() {
        assert_eq!(span(0, 600_000_000), 500_000);
        assert_eq!(span(3_000_000, 600_000_000), 5_000_000);
        assert_eq!(span(599_000_000, 600_000_000), 600_000_000);
    }
}
