//! Links: thin lines that tokens travel on, broken ones visibly broken.

use super::ink::Ink;
use crate::scene::{Link, Scene};
use crate::session::select::Selection;
use highwater_core::ids::Actor;

/// Paints all links.
pub fn paint(ink: &mut Ink, scene: &Scene, selection: Selection) {
    for link in scene.links.iter().filter(|l| !l.cut) {
        let quorum = selection == Selection::Controller && matches!(link.to, Actor::Voter(_) | Actor::Zookeeper);
        let mine = quorum || selected(selection).is_some_and(|a| link.from == a || link.to == a);
        let colour = if mine { &ink.palette.soft } else { &ink.palette.line };
        ink.stroke(colour, if mine { 1.8 } else { 1.5 });
        ink.curve(&link.way);
    }
    for link in scene.links.iter().filter(|l| l.cut) {
        paint_cut(ink, link);
    }
    for link in scene.links.iter().filter(|l| l.armed) {
        let at = link.way.at(0.22);
        ink.stroke(&ink.palette.accent, 2.0);
        ink.fill(&ink.palette.bg);
        ink.circle(at, 7.0 * ink.unit);
        ink.fill_path();
        ink.stroke_path();
        ink.cross(at, 2.6 * ink.unit);
    }
}

fn selected(s: Selection) -> Option<Actor> {
    match s {
        Selection::Controller => Some(Actor::Controller),
        Selection::Broker(b) => Some(Actor::Broker(b)),
        Selection::Producer(p) => Some(Actor::Producer(p)),
        Selection::Consumer(c) => Some(Actor::Consumer(c)),
        _ => None,
    }
}

fn paint_cut(ink: &mut Ink, link: &Link) {
    ink.dash(&[3.0, 6.0]);
    ink.stroke(&ink.palette.bad, 2.0);
    ink.curve(&link.way);
    ink.dash(&[]);
    let at = link.way.at(0.5);
    ink.fill(&ink.palette.bg);
    ink.circle(at, 8.0 * ink.unit);
    ink.fill_path();
    ink.stroke(&ink.palette.bad, 2.2);
    ink.cross(at, 4.0 * ink.unit);
    // Which way nothing gets through.
    let tip = link.way.at(0.62);
    let heading = link.way.heading(0.62);
    ink.fill(&ink.palette.bad);
    ink.pointing(tip, &super::tokens::CHEVRON, 5.0 * ink.unit, heading);
    ink.fill_path();
}
