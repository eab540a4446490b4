//! The door without a browser.

use super::cache::Who;
use super::charts::{Scale, bars};
use super::disk::{Device, Phase, SLOTS};
use super::figures::{self, End, Kind};
use super::model::{Act, Measure, Tab};
use crate::i18n::Lang;
use highwater_core::cost::calibrate::Direction;
use highwater_core::cost::copy::{Conditions, Counts, Method, Place};
use highwater_core::cost::disk::Preset;

/// Written by `highwater bench all --quick`.
const FILE: &str = include_str!("../../../core/tests/data/measurement.json");

fn door(acts: impl IntoIterator<Item = Act>) -> Measure {
    let mut m = Measure::default();
    acts.into_iter().for_each(|a| m.act(a));
    m
}

fn open() -> Act {
    Act::Open("mine.json".into(), FILE.into(), false)
}

/// Lets `ms` of screen time go by, in frames.
fn watch(m: &mut Measure, ms: u32) {
    (0..ms / 20).for_each(|_| m.tick(20.0));
}

#[test]
fn in_line_is_done_before_the_scattered_lane_has_begun() {
    let mut m = door([Act::Toggle]);
    watch(&mut m, 400);
    let [line, scattered] = m.disk.lanes(&m.source);
    assert_eq!((line.done, line.phase), (SLOTS, Phase::Done));
    assert_eq!(scattered.done, 0);
    assert!(matches!(scattered.phase, Phase::Access(part) if part > 0.5));
    watch(&mut m, 12_000);
    let [line, scattered] = m.disk.lanes(&m.source);
    assert_eq!(scattered.done, SLOTS);
    assert!((scattered.total_us / line.total_us - 6000.0).abs() < 1e-3);
    assert!(!m.playing(), "it stops at the end");
    assert!(figures::disk_said(&m.disk, &m.source, Lang::En).contains("6000×"));
}

#[test]
fn every_place_of_the_file_is_visited_once_either_way() {
    let m = Measure::default();
    for lane in m.disk.lanes(&m.source) {
        let mut order = lane.order;
        order.sort_unstable();
        assert_eq!(order, std::array::from_fn(|i| i));
    }
}

#[test]
fn steps_go_request_by_request_and_back() {
    let mut m = door([Act::Forward, Act::Forward, Act::Forward]);
    let done = |m: &Measure| m.disk.lanes(&m.source)[1].done;
    assert_eq!(done(&m), 3);
    m.act(Act::Back);
    assert_eq!(done(&m), 2);
    (0..SLOTS).for_each(|_| m.act(Act::Forward));
    assert_eq!(done(&m), SLOTS);
    m.act(Act::Reset);
    assert_eq!(done(&m), 0);
}

#[test]
fn larger_requests_close_the_gap() {
    let m = door([Act::Device(Device::Preset(Preset::Hdd)), Act::Block(16 << 20)]);
    assert!(m.disk.disk(&m.source).ratio(16 << 20) < 1.1);
    assert!(figures::formula(&m.disk, &m.source, Lang::En).contains("10.0\u{a0}ms"));
}

#[test]
fn the_copy_scene_counts_hop_by_hop() {
    let mut m = door([Act::Show(Tab::Copies)]);
    let [rw, sf] = m.copies.ways();
    assert_eq!((rw.counts, sf.counts), (Counts::default(), Counts::default()));
    m.act(Act::Forward);
    assert_eq!(m.copies.ways()[0].counts.calls, 1);
    assert!(m.copies.ways().iter().all(|w| w.in_kernel()));
    m.act(Act::Forward);
    assert!(m.copies.ways()[0].holds(Place::PageCache));
    (0..20).for_each(|_| m.act(Act::Forward));
    let [rw, sf] = m.copies.ways();
    assert!(rw.over() && sf.over());
    assert_eq!((rw.counts.cpu_copies, rw.counts.dma_copies, rw.counts.calls, rw.counts.mode_switches), (2, 2, 2, 4));
    assert_eq!((sf.counts.cpu_copies, sf.counts.dma_copies, sf.counts.calls, sf.counts.mode_switches), (0, 2, 1, 2));
    (0..30).for_each(|_| m.act(Act::Back));
    assert_eq!(m.copies.ways()[0].done, 0);
}

#[test]
fn under_tls_sendfile_is_not_used() {
    let m = door([Act::Show(Tab::Copies), Act::Conditions(Conditions { cached: false, tls: true, gather: true }, 1)]);
    let [rw, sf] = m.copies.ways();
    assert_eq!(sf.used, Method::ReadWrite);
    assert_eq!(rw.total, sf.total);
    assert_eq!(sf.total.encryptions, 1);
}

#[test]
fn three_groups_need_one_read_of_the_disk() {
    let m = door([Act::Conditions(Conditions { cached: false, tls: false, gather: true }, 3)]);
    assert_eq!(m.copies.ways()[1].total.disk_reads, 1);
    assert_eq!(m.copies.ways()[1].total.dma_copies, 4);
}

#[test]
fn readers_near_the_end_read_memory_until_one_far_behind_joins() {
    let mut m = door([Act::Show(Tab::Cache), Act::Toggle]);
    watch(&mut m, 8000);
    assert_eq!(m.cache.disk.1, 0, "nobody reads the disk");
    let before = m.cache.window();
    assert!(before > 8, "{before}");
    m.act(Act::CatchUp);
    watch(&mut m, 8000);
    let misses = |m: &Measure, who| m.cache.readers.iter().find(|r| r.who == who).map_or(0, |r| r.misses);
    assert!(misses(&m, Who::CatchUp) > 0);
    assert!(misses(&m, Who::Near) > 0, "the one 8 s behind lost its place in memory");
    assert_eq!(misses(&m, Who::Tail), 0);
    assert!(m.cache.window() < 8, "{}", m.cache.window());
    assert!(m.cache.evicted > 0);
}

#[test]
fn a_killed_process_keeps_memory_and_a_power_cut_does_not() {
    let mut m = door([Act::Show(Tab::Cache), Act::Forward]);
    let (blocks, dirty) = (m.cache.len(), m.cache.dirty());
    assert!(dirty > 0);
    m.act(Act::Kill);
    assert_eq!((m.cache.len(), m.cache.dirty()), (blocks, dirty));
    m.act(Act::PowerCut);
    assert_eq!((m.cache.len(), m.cache.window()), (blocks - dirty, 0));
    for lang in [Lang::En, Lang::Ko] {
        assert!(figures::cache_said(&m.cache, lang).contains(&dirty.to_string()));
    }
    let mut m = door([Act::Show(Tab::Cache), Act::Forward, Act::Flush, Act::PowerCut]);
    assert_eq!(m.cache.len(), blocks);
    watch(&mut m, 4000);
}

#[test]
fn w_of_the_rule_book() {
    let [alone, with] = Measure::default().broker.windows();
    assert_eq!((alone / 60.0).round() as u32, 10);
    assert!((3.4..3.6).contains(&(with / 60.0)), "{with}");
}

#[test]
fn a_measurement_takes_the_place_of_presets_and_goes_again() {
    let mut m = door([open()]);
    assert!(m.source.measurement().is_some());
    assert_eq!(m.disk.device, Device::Yours(Direction::Read));
    let rows = figures::disk_rows(&m.source, Lang::En);
    assert_eq!(rows.iter().filter(|r| r.kind == Kind::Measured).count(), 8);
    let published: Vec<&str> = rows.iter().filter(|r| r.kind == Kind::Published).map(|r| r.name.as_str()).collect();
    assert_eq!(published, ["Kafka's page", "Jacobs 2009"]);
    assert!(figures::disk_title(&m.source, Lang::En).starts_with("Here: "));
    assert!(m.disk.fit(&m.source).is_some_and(|f| f.checks.len() == 3));
    assert!(figures::copy_rows(&m.source).iter().all(|r| r.kind == Kind::Measured));
    m.act(Act::Presets);
    assert!(m.source.measurement().is_none() && m.disk.fit(&m.source).is_none());
    let rows = figures::disk_rows(&m.source, Lang::Ko);
    assert!(rows.iter().all(|r| r.kind != Kind::Measured), "nothing that was not measured is called so");
    assert!(rows.iter().any(|r| matches!(r.end, End::Times(x) if (x - 6000.0).abs() < 1e-6)));
}

#[test]
fn a_bad_file_is_refused_in_words_and_changes_nothing() {
    let mut m = door([open(), Act::Open("other.json".into(), "{}".into(), false)]);
    let (name, why) = m.refused.clone().unwrap();
    assert_eq!(name, "other.json");
    assert!(why.contains("highwater bench all --json"), "{why}");
    assert!(m.source.measurement().is_some());
    m.act(Act::Dismiss);
    assert!(m.refused.is_none());
}

#[test]
fn charts_take_their_colours_from_the_style_sheet() {
    for m in [door([]), door([open()])] {
        for lang in [Lang::En, Lang::Ko] {
            let svg = bars(&figures::disk_rows(&m.source, lang), Scale::Log, 40, "MB/s");
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
            assert!(svg.contains("var(--accent)") && !svg.contains("#FEDC"), "{svg}");
            assert!(!svg.contains("style="), "the page's policy forbids styles in the page");
            let svg = bars(&figures::copy_rows(&m.source), Scale::Linear, 40, "GiB/s");
            assert!(svg.contains("<rect"));
        }
    }
}
