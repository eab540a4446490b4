//! The inspector on what is not an actor: the run, a partition, a record, a message, an event.

use super::actors::actor_name;
use super::cards;
use super::configs;
use super::inspect::*;
use super::lines::moment;
use crate::i18n::{self, Lang};
use crate::scene::mark::Mark;
use crate::scene::traffic::{self, Weight};
use crate::scene::{Fate, fate, mark_of, share, stable_of, tide_of};
use crate::session::Session;
use crate::session::select::Selection;
use highwater_core::event::EventKind;
use highwater_core::fold::narration;
use highwater_core::ids::*;
use highwater_core::kafka::share::state::RecordState;
use highwater_core::scenario::configs::Scope;
use highwater_core::sim::Sim;

/// Most things in a list to pick from.
const PICKS: usize = 12;

/// Nothing is selected: the run as a whole.
pub fn run(s: &Session, lang: Lang) -> Inspection {
    let (t, sim) = (lang.text(), s.sim());
    let scenario = s.timeline().scenario();
    let net = &scenario.network;
    let least = i18n::millis(net.delay_us);
    let delays = if net.jitter_us == 0 { least } else { format!("{least} – {}", i18n::millis(net.delay_us + net.jitter_us)) };
    let rows = vec![
        row(t.kafka_release, &scenario.kafka),
        row(t.seed, scenario.seed),
        row(t.network_delay, delays),
        row(t.trace, format!("{:016x}", sim.trace_hash())),
    ];
    let lost = sim.events().iter().rev().find(|e| matches!(e.kind, EventKind::Lost { .. }));
    let lost = lost.filter(|_| sim.ledger().figures(sim.world()).lost > 0);
    // Of what stands in the scenario; what an application makes for itself has no configs there.
    let mut choices: Vec<Choice> = (0..scenario.topology.producers.len().min(4) as u8).map(|p| acks_choice(sim, ProducerIx(p))).collect();
    choices.extend(scenario.topology.topics.iter().take(4).map(|x| min_isr_choice(s, &x.name)));
    choices.push(release_choice(s));
    Inspection {
        title: t.nothing_selected.to_owned(),
        subtitle: if scenario.title.is_empty() { t.nothing_selected_hint.to_owned() } else { scenario.title_in(lang.core()).to_owned() },
        choices,
        sections: vec![Section::of(t.run_settings, rows)],
        why: lost.and_then(|e| why(e.seq, sim, lang, t.why_lost)),
        picks: vec![wire(sim, lang)],
        ..Inspection::default()
    }
}

/// Messages on their way that are worth a look.
fn wire(sim: &Sim, lang: Lang) -> Picks {
    let t = lang.text();
    let mark = |b: BatchId, i: u16| mark_of(sim, b, i);
    let picks = sim
        .in_flight()
        .map(|(f, _, _)| (f, traffic::look(f, sim.world(), &mark)))
        .filter(|(_, look)| look.weight >= Weight::Normal)
        .take(PICKS)
        .map(|(f, look)| Pick {
            mark: first_mark(&look.cargo),
            text: if look.label.is_empty() { format!("{:?}", f.body.kind()) } else { look.label },
            note: format!("{} → {}", actor_name(sim, f.from, lang), actor_name(sim, f.to, lang)),
            what: Selection::Message(f.id),
        });
    Picks { title: t.on_the_wire, picks: picks.collect(), none: t.wire_empty }
}

fn first_mark(cargo: &traffic::Cargo) -> Option<Mark> {
    match cargo {
        traffic::Cargo::Records { marks, .. } | traffic::Cargo::Ack { marks } => marks.first().copied(),
        _ => None,
    }
}

/// The choice of `acks`.
pub fn acks_choice(sim: &Sim, p: ProducerIx) -> Choice {
    let setup = &sim.setup().producers[p.ix()];
    Choice {
        owner: Owner::Producer(setup.name.clone()),
        whose: (sim.setup().producers.len() > 1).then(|| setup.name.clone()),
        config: "acks",
        options: ["0", "1", "all"].map(str::to_owned).to_vec(),
        value: setup.acks.name().to_owned(),
        refused: Vec::new(),
    }
}

/// The choice of the release: one of each kind, and the one in force.
fn release_choice(s: &Session) -> Choice {
    let kafka = &s.timeline().scenario().kafka;
    let mut options = ["2.8", "3.9", "4.0", "4.4"].map(str::to_owned).to_vec();
    if !options.contains(kafka) {
        options.insert(3, kafka.clone());
    }
    let refused = s.refusals(&options).to_vec();
    Choice { owner: Owner::Release, whose: None, config: "kafka", options, value: kafka.clone(), refused }
}

/// The choice of `min.insync.replicas`.
fn min_isr_choice(s: &Session, topic: &str) -> Choice {
    let scenario = s.timeline().scenario();
    let spec = scenario.topology.topics.iter().find(|x| x.name == topic);
    let rf = spec.map_or(1, |x| x.replication_factor);
    let value = spec.map_or_else(String::new, |x| {
        highwater_core::scenario::configs::value("min.insync.replicas", Scope::Topic, &[&x.configs, &scenario.configs])
    });
    Choice {
        owner: Owner::Topic(topic.to_owned()),
        whose: (scenario.topology.topics.len() > 1).then(|| topic.to_owned()),
        config: "min.insync.replicas",
        options: (1..=rf).map(|n| n.to_string()).collect(),
        value,
        refused: Vec::new(),
    }
}

/// A partition.
pub fn partition(s: &Session, p: PartitionId, lang: Lang) -> Inspection {
    let (t, sim) = (lang.text(), s.sim());
    let h = cards::head(sim, p);
    let c = &sim.world().controller.partitions[p.ix()];
    let (hw, certain) = tide_of(sim, p);
    let mut rows = vec![
        row(t.leader, h.leader.map_or(t.no_leader.to_owned(), |b| b.to_string())),
        row(t.leader_epoch, c.le),
        row(t.partition_epoch, c.pe),
        row(t.isr, c.isr),
        row(t.elr, c.elr),
        row(t.high_watermark, if certain { hw.to_string() } else { format!("{hw} ?") }),
    ];
    rows.extend(stable_of(sim, p).map(|o| row(t.last_stable, o)));
    for b in &sim.setup().partitions[p.ix()].replicas {
        if let Some(r) = sim.world().broker(*b).replica(p) {
            rows.push(row(&i18n::broker_n(lang, b), format!("LEO {} · HW {}", r.log.leo(), r.hw)));
        }
    }
    let topic = sim.setup().topics[sim.setup().partitions[p.ix()].topic].name.clone();
    let scenario = s.timeline().scenario();
    let spec = scenario.topology.topics.iter().find(|x| x.name == topic);
    Inspection {
        title: h.name,
        subtitle: format!("{} · e{}", t.partition, c.le),
        choices: vec![min_isr_choice(s, &topic)],
        sections: [
            Some(Section::of(t.state, rows)),
            spec.map(|x| configs::section(Scope::Topic, &[&x.configs, &scenario.configs], scenario, lang)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        why: why_newest(sim, lang, |e| {
            matches!(e.kind,
            EventKind::HighWatermark { partition, .. } | EventKind::LeaderElected { partition, .. }
            | EventKind::Leaderless { partition, .. } | EventKind::Lost { partition, .. }
                if partition == p)
        }),
        picks: vec![newest_records(s, p, lang)],
        ..Inspection::default()
    }
}

/// The newest records of the log that counts.
fn newest_records(s: &Session, p: PartitionId, lang: Lang) -> Picks {
    let (t, sim) = (lang.text(), s.sim());
    let b = sim.ledger().view(p);
    let group = share::group_shown(sim, p, s.selection);
    let mut picks = Vec::new();
    if let Some(r) = sim.world().broker(b).replica(p) {
        for e in r.log.iter_back().take(PICKS) {
            let Some((batch, first, count)) = e.payload.records() else {
                continue;
            };
            for i in (0..count).rev() {
                let offset = e.base.plus(u32::from(i));
                let mark = mark_of(sim, batch, first + i);
                let state = group.filter(|_| offset < r.hw).and_then(|g| sim.ledger().shares().state(sim.world(), g, p, offset));
                let seen = if offset < r.hw { t.visible_word } else { t.not_visible };
                let note = state.map_or_else(|| seen.to_owned(), |x| shared(x, lang));
                picks.push(Pick {
                    mark: Some(mark),
                    text: format!("{} {offset}", t.offset),
                    note: if mark.poison { format!("{} · {note}", t.poison_record) } else { note },
                    what: Selection::Record(b, p, offset),
                });
            }
        }
    }
    picks.truncate(PICKS);
    Picks { title: t.records, picks, none: t.no_events }
}

/// How a record stands with a share group: `acquired ×2`.
fn shared((state, count): (RecordState, u8), lang: Lang) -> String {
    let t = lang.text();
    let word = match state {
        RecordState::Available => t.share_word_available,
        RecordState::Acquired => t.share_word_acquired,
        RecordState::Acknowledged => t.share_word_done,
        RecordState::Archived => t.share_word_archived,
    };
    if count > 0 { format!("{word} ×{count}") } else { word.to_owned() }
}

/// A record in a replica's log.
pub fn record(s: &Session, b: BrokerId, p: PartitionId, offset: Offset, lang: Lang) -> Inspection {
    let (t, sim) = (lang.text(), s.sim());
    let name = format!("{}@{offset}", sim.setup().partition_name(p));
    let found = sim.world().broker(b).replica(p).and_then(|r| r.log.at(offset).map(|e| (r, *e)));
    let Some((r, e)) = found else {
        return Inspection { title: name, subtitle: t.no_record.to_owned(), ..Inspection::default() };
    };
    let fate = fate(r, &e);
    let Some((batch, first, count)) = e.payload.records() else {
        let what = match fate {
            Fate::Marker(true) => t.commit_marker,
            Fate::Marker(false) => t.abort_marker,
            _ => "",
        };
        return Inspection { title: name, subtitle: what.to_owned(), ..Inspection::default() };
    };
    let index = first + (offset.0 - e.base.0) as u16;
    let ledger = sim.ledger();
    let key = ledger
        .record_in(batch, index)
        .and_then(|id| ledger.record(id))
        .and_then(|x| x.key)
        .map_or(t.none.to_owned(), |k| ledger.key_name(k).to_owned());
    let acked = ledger.batch(batch).is_some_and(|x| x.acked);
    let copies: BrokerSet = sim
        .setup()
        .broker_ids()
        .filter(|o| {
            let there = sim.world().broker(*o).replica(p);
            there.and_then(|x| x.log.at(offset)).is_some_and(|x| {
                x.payload.records().is_some_and(|(id, at, _)| (id, u32::from(at) + offset.0 - x.base.0) == (batch, u32::from(index)))
            })
        })
        .collect();
    let producer = &sim.setup().producers[batch.producer.ix()].name;
    let (hw, _) = tide_of(sim, p);
    let visible = offset < hw && offset < r.log.leo();
    let mut rows = vec![row(t.key, key), row(t.producer, producer), row(t.batch, batch.n), row(t.leader_epoch, e.epoch)];
    if let Some(seq) = e.payload.batch().and_then(|b| b.seq) {
        rows.push(row(t.sequence, seq + u32::from(index)));
    }
    if e.payload.batch().is_some_and(|b| b.pid.txn().is_some()) {
        let word = match fate {
            Fate::Open => t.txn_open,
            Fate::Aborted => t.txn_aborted,
            _ => t.committed,
        };
        rows.push(row(t.transaction, word));
    }
    rows.extend(ledger.record_in(batch, index).filter(|id| sim.is_poison(*id)).map(|_| row(t.handler, t.handler_fails)));
    for (i, g) in sim.setup().groups.iter().enumerate().filter(|g| g.1.share.is_some()) {
        let g_ix = GroupIx(i as u8);
        let state = ledger.shares().state(sim.world(), g_ix, p, offset);
        rows.extend(state.map(|x| row(&format!("{} {}", t.group, g.name), shared(x, lang))));
    }
    rows.extend([
        row(t.copies_on, copies),
        row(t.acked_word, if acked { t.yes } else { t.no }),
        row(t.visible_word, if visible { t.yes } else { t.not_visible }),
    ]);
    Inspection {
        title: i18n::on_broker(lang, &name, b),
        subtitle: i18n::records_n(lang, usize::from(count)),
        sections: vec![Section::of(t.state, rows)],
        why: trouble(sim, batch, lang).or_else(|| {
            why_newest(sim, lang, |ev| match ev.kind {
                EventKind::HighWatermark { partition, from, to, .. } => partition == p && from <= offset && offset < to,
                EventKind::Acked { batch: x, .. } | EventKind::Lost { batch: x, .. } | EventKind::Appended { batch: x, .. } => x == batch,
                _ => false,
            })
        }),
        ..Inspection::default()
    }
}

/// What is wrong with a record, if anything is: lost, hidden, there twice, late.
fn trouble(sim: &Sim, batch: BatchId, lang: Lang) -> Option<Why> {
    let (_, title, chain) = narration::troubles_of(batch, sim, lang.core()).into_iter().next()?;
    Some(Why { title, chain })
}

/// A message.
pub fn message(s: &Session, m: MsgId, lang: Lang) -> Inspection {
    let (t, sim) = (lang.text(), s.sim());
    let Some((f, sent, due)) = sim.in_flight().find(|(f, _, _)| f.id == m) else {
        return Inspection {
            title: t.on_the_wire.to_owned(),
            subtitle: t.gone.to_owned(),
            picks: vec![wire(sim, lang)],
            ..Inspection::default()
        };
    };
    let mark = |b: BatchId, i: u16| mark_of(sim, b, i);
    let look = traffic::look(f, sim.world(), &mark);
    let mut rows = vec![
        row(t.from, actor_name(sim, f.from, lang)),
        row(t.to, actor_name(sim, f.to, lang)),
        row(t.sent_at, exactly(sim, sent, lang)),
        row(t.due_at, exactly(sim, due, lang)),
    ];
    if !look.label.is_empty() {
        rows.push(row(t.carries, &look.label));
    }
    let sent_event = sim.events().iter().rev().find(|e| matches!(e.kind, EventKind::Sent { msg, .. } if msg == m)).map(|e| e.seq);
    Inspection {
        title: format!("{:?}", f.body.kind()),
        subtitle: t.on_the_wire.to_owned(),
        sections: vec![Section::of(t.state, rows)],
        why: sent_event.and_then(|seq| why(seq, sim, lang, t.why)),
        ..Inspection::default()
    }
}

/// Something that happened.
pub fn event(s: &Session, seq: u32, lang: Lang) -> Inspection {
    let (t, sim) = (lang.text(), s.sim());
    let Some(e) = sim.events().get(seq as usize) else {
        return run(s, lang);
    };
    Inspection {
        title: sentence(e, sim, lang),
        subtitle: exactly(sim, e.at_us, lang),
        why: why(seq, sim, lang, t.why),
        moment_us: Some(e.at_us),
        ..Inspection::default()
    }
}

/// An instant to the microsecond.
fn exactly(sim: &Sim, us: u64, lang: Lang) -> String {
    if sim.is_story() { moment(sim, us, lang) } else { i18n::clock_us(us) }
}
