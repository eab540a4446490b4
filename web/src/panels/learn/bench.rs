//! The stage of a lesson about disks and copies: the pictures of the Measure door, and once they have run the figures,
//! with those of a measurement beside them where there is one.

use crate::i18n::{Lang, MeasureText};
use crate::learn::bench::Bench;
use crate::measure::charts::{self, Scale};
use crate::measure::disk::DiskScene;
use crate::measure::figures::{self, End, Kind, Row};
use crate::measure::source::Source;
use crate::measure::units::size;
use crate::measure::view::{copies, disk, parts};
use highwater_core::cost::disk::Preset;
use highwater_core::lesson::cost::{CostScene, DiskWork};
use yew::prelude::*;

/// The stage. `told`: the run is over, its figures may be seen.
pub fn bench(b: &Bench, told: bool, source: &Source, lang: Lang, still: bool) -> Html {
    let w = lang.measure();
    let ways = b.diagrams().map(|(way, scene)| copies::diagram(&way, scene.conditions, still, lang));
    html! {
        <main class="stage bench" data-testid="stage" aria-label={w.disk_and_copies} id="bench" tabindex="0">
            if let Some((scene, _)) = &b.disk { { disk_card(scene, told, lang, still) } }
            if !b.ways.is_empty() { <section class="mcard">{ for ways }</section> }
            if told { { chart(b, source, lang) } }
        </main>
    }
}

fn disk_card(scene: &DiskScene, told: bool, lang: Lang, still: bool) -> Html {
    html! {
        <section class="mcard">
            { disk::picture(scene, &Source::Presets, lang, still, lang.measure().disk_title) }
            if told { <p class="formula">{ figures::formula(scene, &Source::Presets, lang) }</p> }
        </section>
    }
}

fn device(p: Preset, w: &MeasureText) -> &'static str {
    match p {
        Preset::DesignPage => w.kafka_page, // the whole name is longer than a bar
        Preset::Hdd => w.d_hdd,
        Preset::SataSsd => w.d_sata,
        Preset::Nvme => w.d_nvme,
    }
}

/// A run as a row: in line, and beside it what else the disk does.
fn row(d: &DiskWork, w: &MeasureText) -> Row {
    let (line, write) = (d.disk().rate_of(d.bytes, true), d.beside().0);
    let end = End::Times(line / write);
    Row { name: device(d.disk, w).into(), note: size(d.bytes), value: line, other: Some(write), end, kind: Kind::Model }
}

/// What a core that others keep busy sends: by sendfile, and by read and write.
fn busy_rows(b: &Bench, w: &MeasureText) -> Vec<Row> {
    let works = || {
        b.runs.iter().filter_map(|r| match r.scene {
            CostScene::Copies(c) if c.busy > 0 => Some(c),
            _ => None,
        })
    };
    let row = |c: highwater_core::lesson::cost::CopyWork| {
        let other = works().find(|o| o.busy == c.busy && !o.sendfile)?.rate();
        let name = format!("CPU {} %", c.busy);
        Some(Row { name, note: w.busy.into(), value: c.rate(), other: Some(other), end: End::Times(c.rate() / other), kind: Kind::Model })
    };
    works().filter(|c| c.sendfile).filter_map(row).collect()
}

fn chart(b: &Bench, source: &Source, lang: Lang) -> Html {
    let w = lang.measure();
    let of_runs = b.runs.iter().filter_map(|r| match r.scene {
        CostScene::Disk(d) => Some(row(&d, w)),
        CostScene::Copies(_) => None,
    });
    let mut rows: Vec<Row> = of_runs.collect();
    let measured = source.measurement();
    let disk = !rows.is_empty();
    let busy = busy_rows(b, w);
    if disk && measured.is_some_and(|m| m.disk.is_some()) {
        rows.extend(figures::disk_rows(source, lang).into_iter().filter(|r| r.kind == Kind::Measured));
    } else if !busy.is_empty() {
        rows = busy;
    } else if !disk && measured.is_some_and(|m| m.copy.is_some()) {
        rows = figures::copy_rows(source);
    }
    if rows.is_empty() {
        return Html::default();
    }
    let title = if rows.iter().any(|r| r.kind == Kind::Measured) { w.bench_both } else { w.bench_model };
    let (scale, axis) = match b.runs.first().map(|r| r.scene) {
        Some(CostScene::Disk(_)) => (Scale::Log, w.chart_axis),
        Some(CostScene::Copies(c)) if c.busy > 0 => (Scale::Linear, "MB/s"),
        _ => (Scale::Linear, w.copy_axis),
    };
    let legend = match &b.disk {
        Some((scene, _)) => disk::lane_names(scene, lang),
        None if rows.iter().any(|r| r.kind == Kind::Model) => [w.m_sendfile, w.m_rw].map(String::from),
        None => ["transferTo", "read + write"].map(String::from),
    };
    let below = html! { <p class="legend"><i class="full"></i>{ &legend[0] }<i class="hollow"></i>{ &legend[1] }</p> };
    parts::chart(title, charts::bars(&rows, scale, 40, axis), &parts::spoken(&rows), below)
}
