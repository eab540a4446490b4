//! The inspector on those who act: controller, brokers, producers, consumers.

use super::cards::{self, Condition};
use super::configs;
use super::inspect::*;
use crate::i18n::{self, Lang};
use crate::scene::{committed, standing};
use crate::session::Session;
use highwater_core::event::{Event, EventKind};
use highwater_core::ids::*;
use highwater_core::kafka::share::state::RecordState;
use highwater_core::scenario::configs::Scope;
use highwater_core::scenario::{Do, End};
use highwater_core::sim::Sim;

/// The controller.
pub fn controller(s: &Session, lang: Lang) -> Inspection {
    let (t, sim) = (lang.text(), s.sim());
    let c = &sim.world().controller;
    let facts = cards::controller(sim, lang);
    let mut rows = vec![row(t.metadata_offset, c.end)];
    rows.extend(pause_row(sim, Actor::Controller, lang));
    for v in &sim.world().voters {
        let role = cards::role(v, lang);
        let value = if v.up { format!("{role} · e{} · LEO {}", v.epoch, v.end()) } else { role.to_owned() };
        rows.push(row(&actor_name(sim, Actor::Voter(v.id), lang), value));
        rows.extend(pause_row(sim, Actor::Voter(v.id), lang));
    }
    rows.extend(facts.brokers.iter().map(|(b, _, word)| {
        let epoch = c.brokers[b.ix()].epoch;
        row(&i18n::broker_n(lang, b), format!("{word} · {} {epoch}", t.broker_epoch))
    }));
    let parts = crate::session::user_partitions(sim)
        .take(12)
        .map(|p| {
            let h = cards::head(sim, p);
            let leader = h.leader.map_or(t.no_leader.to_owned(), |l| format!("{} {l}", t.leader));
            row(&h.name, format!("{leader} · e{} · ISR {}", h.epoch, c.partitions[p.ix()].isr))
        })
        .collect();
    Inspection {
        title: t.controller.to_owned(),
        subtitle: t.as_seen.to_owned(),
        acts: controller_acts(sim, lang),
        sections: vec![Section::of(t.state, rows), Section::of(t.partition, parts)],
        why: why_newest(sim, lang, |e| {
            matches!(e.kind, EventKind::LeaderElected { .. } | EventKind::Leaderless { .. } | EventKind::IsrChanged { .. })
        }),
        ..Inspection::default()
    }
}

/// What can be done to the controller, or to those of a quorum and to the links of the one that is active.
fn controller_acts(sim: &Sim, lang: Lang) -> Vec<Act> {
    if sim.setup().voters == 1 {
        return pause_act(sim, Actor::Controller, lang).into_iter().collect();
    }
    let t = lang.text();
    let mut acts = Vec::new();
    for v in &sim.world().voters {
        let (voter, name) = (v.id.0, actor_name(sim, Actor::Voter(v.id), lang));
        let act = |word: &str, hint, what, fault, id: &str| Act {
            label: format!("{name}: {word}"),
            hint,
            what,
            fault,
            id: format!("{id}-v{voter}"),
        };
        if v.up {
            acts.push(act(t.crash, t.crash_voter_hint, Do::CrashVoter { voter }, true, "crash"));
            let pause = pause_act(sim, Actor::Voter(v.id), lang);
            acts.extend(pause.map(|p| Act { label: format!("{name}: {}", p.label), id: format!("pause-v{voter}"), ..p }));
        } else {
            acts.push(act(t.start, t.start_hint, Do::StartVoter { voter }, false, "start"));
        }
    }
    if let Some(me) = sim.world().active_voter().map(|v| Actor::Voter(v.id)) {
        let others = sim.setup().voter_ids().map(Actor::Voter).filter(|o| *o != me);
        others.for_each(|o| acts.extend(link_acts(sim, me, o, lang)));
    }
    acts
}

/// A broker.
pub fn broker(s: &Session, b: BrokerId, lang: Lang) -> Inspection {
    let (t, sim) = (lang.text(), s.sim());
    let shown = s.shown_partitions(usize::MAX);
    let facts = cards::broker(sim, b, &shown, lang);
    let me = sim.world().broker(b);
    let mut rows =
        vec![row(t.up_word, facts.condition.word(lang)), row(t.broker_epoch, me.epoch.map_or("–".to_owned(), |e| e.to_string()))];
    rows.extend(s.timeline().scenario().topology.racks.get(b.ix()).map(|rack| row("broker.rack", rack)));
    rows.extend(pause_row(sim, Actor::Broker(b), lang));
    let replicas = me.replicas.iter().filter(|r| !sim.setup().is_internal(r.partition));
    for r in replicas.take(6) {
        let name = sim.setup().partition_name(r.partition);
        let role = match standing(sim, b, r.partition) {
            crate::scene::Standing::Leader => format!("{} e{}", t.leader, r.le),
            _ => t.follower.to_owned(),
        };
        rows.push(row(&name, format!("{role} · LEO {} · HW {}", r.log.leo(), r.hw)));
        if let Some(l) = r.leading() {
            let known: Vec<String> =
                l.followers.iter().map(|f| format!("{}→{}", f.broker, f.leo.map_or("?".to_owned(), |o| o.to_string()))).collect();
            rows.push(row(t.followers_known, known.join("  ")));
        }
        let dirty = r.log.leo().0.saturating_sub(r.flushed.0);
        if dirty > 0 {
            rows.push(row(t.unflushed, i18n::records_n(lang, dirty as usize)));
        }
    }
    Inspection {
        title: i18n::broker_n(lang, b),
        subtitle: facts.status,
        acts: broker_acts(sim, b, facts.condition, lang),
        sections: vec![
            Section::of(t.state, rows),
            Section::of(t.costs, costs(sim, b, lang)),
            configs::section(Scope::Broker, &[&s.timeline().scenario().configs], s.timeline().scenario(), lang),
        ],
        why: why_newest(sim, lang, |e| about_broker(e, b)),
        ..Inspection::default()
    }
}

/// What the machine's memory, disk and copies did; nothing where the scenario has no `cost`.
fn costs(sim: &Sim, b: BrokerId, lang: Lang) -> Vec<Row> {
    let Some(c) = sim.costs().map(|c| c.broker(b)) else { return Vec::new() };
    let t = lang.text();
    let cache = c.cache();
    vec![
        row(t.cache_memory, format!("{} / {}", cache.len(), cache.capacity())),
        row(t.cache_dirty, cache.dirty()),
        row(t.cache_hits, c.hits),
        row(t.cache_misses, c.disk_pages_read),
        row(t.cache_written, c.disk_pages_written),
        row(t.cache_evicted, c.evicted),
        row(t.disk_jumps, format!("{} / {}", c.arm().jumps, c.arm().requests)),
        row(t.disk_busy, i18n::millis(c.arm().busy_us() as u64)),
        row(t.cpu_copies, c.served.cpu_copies),
        row(t.dma_copies, c.served.dma_copies),
    ]
}

fn about_broker(e: &Event, b: BrokerId) -> bool {
    use EventKind as E;
    match e.kind {
        E::BecameLeader { broker, .. }
        | E::BecameFollower { broker, .. }
        | E::Crashed { broker }
        | E::PowerCut { broker }
        | E::Stopped { broker }
        | E::Started { broker }
        | E::Fenced { broker }
        | E::Unfenced { broker }
        | E::Truncated { broker, .. } => broker == b,
        E::LeaderElected { leader, .. } => leader == b,
        _ => false,
    }
}

fn broker_acts(sim: &Sim, b: BrokerId, condition: Condition, lang: Lang) -> Vec<Act> {
    let (t, broker) = (lang.text(), b.0);
    let act = |label: &str, hint, what, fault, id: &str| Act { label: label.to_owned(), hint, what, fault, id: id.to_owned() };
    let mut acts = if condition.up() {
        vec![
            act(t.crash, t.crash_hint, Do::Crash { broker }, true, "crash"),
            act(t.power_cut, t.power_cut_hint, Do::PowerCut { broker }, true, "power-cut"),
            act(t.stop, t.stop_hint, Do::Stop { broker }, false, "stop"),
        ]
        .into_iter()
        .chain(pause_act(sim, Actor::Broker(b), lang))
        .collect()
    } else {
        vec![act(t.start, t.start_hint, Do::Start { broker }, false, "start")]
    };
    let others = sim.setup().broker_ids().filter(|o| *o != b);
    let me = Actor::Broker(b);
    for o in others {
        acts.extend(link_acts(sim, me, Actor::Broker(o), lang));
    }
    let control = sim.world().active_voter().map_or(Actor::Controller, |v| Actor::Voter(v.id));
    if control != Actor::Controller || sim.setup().voters == 1 {
        acts.extend(link_acts(sim, me, control, lang));
    }
    acts
}

/// Cut and heal, both directions at once: what pulling a cable does.
fn link_acts(sim: &Sim, a: Actor, b: Actor, lang: Lang) -> Vec<Act> {
    let name = actor_name(sim, b, lang);
    let cut = |x, y| sim.world().cut.contains(&(x, y));
    let one = |x: Actor, y: Actor, back: &str| {
        let (from, to) = (end(x), end(y));
        if cut(x, y) {
            Act {
                label: i18n::heal_link(lang, &arrow(back, &name)),
                hint: lang.text().links,
                what: Do::HealLink { from, to },
                fault: false,
                id: format!("heal-{}", slug(x, y)),
            }
        } else {
            Act {
                label: i18n::cut_link(lang, &arrow(back, &name)),
                hint: lang.text().links,
                what: Do::CutLink { from, to },
                fault: true,
                id: format!("cut-{}", slug(x, y)),
            }
        }
    };
    let pace = |x: Actor, y: Actor, back: &str| {
        let (from, to, slow) = (end(x), end(y), sim.slowed_us(x, y) > 0);
        let label = if slow { i18n::fast_link } else { i18n::slow_link };
        Act {
            label: label(lang, &arrow(back, &name)),
            hint: lang.text().links,
            what: Do::SlowLink { from, to, extra_us: if slow { 0 } else { SLOW_LINK_US } },
            fault: !slow,
            id: format!("{}-{}", if slow { "fast" } else { "slow" }, slug(x, y)),
        }
    };
    let mut acts = vec![one(a, b, "→"), one(b, a, "←")];
    acts.extend([(a, b, "→"), (b, a, "←")].into_iter().filter(|l| !cut(l.0, l.1)).map(|(x, y, back)| pace(x, y, back)));
    acts
}

/// How much slower a link becomes by hand.
const SLOW_LINK_US: u64 = 400_000;
/// How long a pause by hand lasts: longer than `broker.session.timeout.ms`.
const PAUSE_US: u64 = 12_000_000;
/// How long a slow handler needs for each record.
const SLOW_HANDLER_US: u64 = 2_000_000;

/// The pause of a process, unless it stands still already.
fn pause_act(sim: &Sim, a: Actor, lang: Lang) -> Option<Act> {
    let t = lang.text();
    let what = Do::Pause { who: end(a), for_us: PAUSE_US };
    sim.paused_until_us(a).is_none().then(|| Act {
        label: t.pause_process.to_owned(),
        hint: t.pause_hint,
        what,
        fault: true,
        id: "pause".to_owned(),
    })
}

/// Until when it stands still, if it does.
fn pause_row(sim: &Sim, a: Actor, lang: Lang) -> Option<Row> {
    sim.paused_until_us(a).map(|us| row(lang.text().stands_still, i18n::clock(us)))
}

fn arrow(a: &str, name: &str) -> String {
    format!("{a} {name}")
}

fn slug(a: Actor, b: Actor) -> String {
    let one = |x| match x {
        Actor::Controller => "controller".to_owned(),
        Actor::Broker(b) => format!("b{b}"),
        Actor::Producer(p) => format!("p{p}"),
        Actor::Consumer(c) => format!("c{c}"),
        Actor::Voter(v) => format!("v{v}"),
    };
    format!("{}-{}", one(a), one(b))
}

/// An actor as a scenario names it.
pub fn end(a: Actor) -> End {
    match a {
        Actor::Controller => End::Controller,
        Actor::Broker(b) => End::Broker(b.0),
        Actor::Producer(p) => End::Producer(p.0),
        Actor::Consumer(c) => End::Consumer(c.0),
        Actor::Voter(v) => End::Voter(v.0),
    }
}

/// An actor's name.
pub fn actor_name(sim: &Sim, a: Actor, lang: Lang) -> String {
    match a {
        Actor::Controller => lang.text().controller.to_owned(),
        Actor::Broker(b) => i18n::broker_n(lang, b),
        Actor::Producer(p) => sim.setup().producers[p.ix()].name.clone(),
        Actor::Consumer(c) => sim.setup().consumers[c.ix()].name.clone(),
        Actor::Voter(v) => format!("{} {v}", lang.text().controller),
    }
}

/// A record that makes its handler fail, to the topic that is shown first.
fn poison_act(s: &Session, producer: &str, lang: Lang) -> Option<Act> {
    let (t, setup) = (lang.text(), s.sim().setup());
    let p = *s.shown_partitions(1).first()?;
    let topic = setup.topics[setup.partitions[p.ix()].topic].name.clone();
    let what =
        Do::Send { producer: producer.to_owned(), topic, key: Some("X".to_owned()), tombstone: false, timestamp_ms: None, poison: true };
    let read = !setup.consumers.is_empty();
    read.then(|| Act { label: t.poison.to_owned(), hint: t.poison_hint, what, fault: true, id: "poison".to_owned() })
}

/// A producer.
pub fn producer(s: &Session, p: ProducerIx, lang: Lang) -> Inspection {
    let (t, sim) = (lang.text(), s.sim());
    let (me, setup) = (&sim.world().producers[p.ix()], &sim.setup().producers[p.ix()]);
    let leaders: Vec<String> = s
        .shown_partitions(6)
        .iter()
        .map(|x| {
            let leader = me.meta.leader(*x);
            format!("{} → {}", sim.setup().partition_name(*x), leader.map_or("?".to_owned(), |b| b.to_string()))
        })
        .collect();
    let mut rows = vec![
        row(t.records_given, me.records),
        row(t.batches_made, me.batches),
        row(t.in_flight, me.conns.iter().map(|c| c.in_flight.len()).sum::<usize>()),
        row(t.known_leader, leaders.join("  ")),
    ];
    rows.extend(pause_row(sim, Actor::Producer(p), lang));
    if setup.idempotence {
        rows.push(row(t.next_sequence, me.parts.iter().map(|x| x.next_seq).max().unwrap_or(0)));
    }
    let scenario = s.timeline().scenario();
    let configs_of = scenario.topology.producers.iter().find(|x| x.name == setup.name).map(|x| &x.configs);
    let me = Actor::Producer(p);
    let believed = client_broker(s, me);
    Inspection {
        title: setup.name.clone(),
        subtitle: format!("{} · acks={}", t.producer, setup.acks.name()),
        acts: poison_act(s, &setup.name, lang)
            .into_iter()
            .chain(pause_act(sim, me, lang))
            .chain(client_acts(sim, me, believed, lang))
            .collect(),
        choices: vec![super::things::acks_choice(sim, p)],
        sections: [
            Some(Section::of(t.state, rows)),
            configs_of.map(|c| configs::section(Scope::Producer, &[c], s.timeline().scenario(), lang)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        why: why_newest(sim, lang, |e| {
            matches!(e.kind,
            EventKind::Acked { batch, .. } | EventKind::AttemptFailed { batch, .. } | EventKind::SendFailed { batch, .. }
                if batch.producer == p)
        }),
        ..Inspection::default()
    }
}

/// The broker that a client speaks with about the first shown partition.
fn client_broker(s: &Session, a: Actor) -> Option<BrokerId> {
    let p = *s.shown_partitions(1).first()?;
    let w = s.sim().world();
    match a {
        Actor::Producer(x) => w.producers[x.ix()].meta.leader(p),
        Actor::Consumer(x) => w.consumers[x.ix()].reads_from(p),
        _ => None,
    }
}

fn client_acts(sim: &Sim, me: Actor, broker: Option<BrokerId>, lang: Lang) -> Vec<Act> {
    let mut acts = Vec::new();
    if let Some(b) = broker {
        let armed = sim.world().drop_next.contains(&(Actor::Broker(b), me));
        if !armed {
            let name = format!("← {}", i18n::broker_n(lang, b));
            acts.push(Act {
                label: i18n::drop_response(lang, &name),
                hint: lang.text().links,
                what: Do::DropNextResponse { broker: b.0, client: end(me) },
                fault: true,
                id: "drop-next".to_owned(),
            });
        }
        acts.extend(link_acts(sim, me, Actor::Broker(b), lang));
    }
    acts
}

/// What a share consumer has of each of its partitions: the records that it holds, each with its deliveries. It has no position.
fn shared(sim: &Sim, c: ConsumerIx, lang: Lang) -> Vec<Row> {
    let (t, w) = (lang.text(), sim.world());
    let group = sim.setup().consumers[c.ix()].group;
    let mut rows = Vec::new();
    for p in w.consumers[c.ix()].partitions() {
        let leader = w.controller.partitions[p.ix()].leader;
        let Some(kept) = leader.and_then(|b| w.broker(b).share_partition(group, p)) else { continue };
        let of = |what: &str| format!("{}: {what}", sim.setup().partition_name(p));
        rows.extend([row(&of(t.share_start), kept.start), row(&of(t.share_end), kept.end())]);
        let held = kept.offsets(|r| r.state == RecordState::Acquired && r.owner.is_some_and(|o| o.consumer == c));
        let held: Vec<String> = held.iter().filter_map(|o| Some(format!("{o} ×{}", kept.get(*o)?.count))).collect();
        rows.push(row(t.share_holds, if held.is_empty() { t.share_nothing.to_owned() } else { held.join(", ") }));
        let done = kept.offsets(|r| matches!(r.state, RecordState::Acknowledged | RecordState::Archived)).len() as u32;
        let (hw, _) = crate::scene::tide_of(sim, p);
        rows.push(row(t.lag, hw.0.saturating_sub(kept.start.0 + done)));
    }
    let limit = sim.setup().groups[group.ix()].share.as_ref().map(|s| s.deliveries);
    rows.extend(limit.map(|n| Row { code: true, ..row("group.share.delivery.count.limit", n) }));
    rows
}

/// A consumer.
pub fn consumer(s: &Session, c: ConsumerIx, lang: Lang) -> Inspection {
    let (t, sim) = (lang.text(), s.sim());
    let (me, setup) = (&sim.world().consumers[c.ix()], &sim.setup().consumers[c.ix()]);
    let group = &sim.setup().groups[setup.group.ix()];
    let mut rows = vec![row(t.up_word, if me.up { t.running } else { t.not_running })];
    if setup.share.is_some() {
        rows.push(row(t.group_type, t.group_type_share));
        rows.extend(shared(sim, c, lang));
    }
    for s in me.assigned.iter().filter(|_| setup.share.is_none()) {
        let (p, position) = (&s.partition, s.position);
        let at = committed(sim, setup.group, *p);
        let show = |o: Option<Offset>| o.map_or("–".to_owned(), |o| o.to_string());
        rows.push(row(&sim.setup().partition_name(*p), format!("{} {} · {} {}", t.position, show(position), t.committed, show(at))));
        let (hw, _) = crate::scene::tide_of(sim, *p);
        rows.push(row(t.lag, hw.0.saturating_sub(at.map_or(0, |o| o.0))));
    }
    rows.push(row(t.buffer, i18n::records_n(lang, me.work.len() + me.buffer.len())));
    let consumer = c.0;
    let act = |label: &str, hint, what, fault, id: &str| Act { label: label.to_owned(), hint, what, fault, id: id.to_owned() };
    let mut acts = if me.up {
        vec![
            act(t.crash, t.crash_hint, Do::CrashConsumer { consumer }, true, "crash"),
            act(t.stop, t.stop_consumer_hint, Do::StopConsumer { consumer }, false, "stop"),
        ]
    } else {
        vec![act(t.start, t.start_hint, Do::StartConsumer { consumer }, false, "start")]
    };
    let actor = Actor::Consumer(c);
    rows.extend(pause_row(sim, actor, lang));
    if me.up {
        acts.extend(pause_act(sim, actor, lang));
        let slow = sim.handler_us(c).is_some();
        let (label, hint) = if slow { (t.fast_handler, t.fast_handler_hint) } else { (t.slow_handler, t.slow_handler_hint) };
        let what = Do::SlowHandler { consumer, handling_us: (!slow).then_some(SLOW_HANDLER_US) };
        acts.push(Act { label: label.to_owned(), hint, what, fault: !slow, id: "handler".to_owned() });
    }
    acts.extend(client_acts(sim, actor, client_broker(s, actor), lang));
    let scenario = s.timeline().scenario();
    let app = scenario.apps.iter().find(|a| a.group == group.name);
    let scope = if setup.share.is_some() { Scope::Share } else { Scope::Consumer };
    Inspection {
        title: setup.name.clone(),
        subtitle: format!("{} {}", t.group, group.name),
        acts,
        sections: [
            Some(Section::of(t.state, rows)),
            app.and_then(|a| a.streams.as_ref()).map(|x| configs::section(Scope::Streams, &[&x.configs], s.timeline().scenario(), lang)),
            app.map(|a| configs::section(scope, &[&a.configs], s.timeline().scenario(), lang)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        why: why_newest(sim, lang, |e| {
            matches!(e.kind,
            EventKind::Handled { consumer, .. } | EventKind::PositionReset { consumer, .. } | EventKind::ConsumerCrashed { consumer }
                if consumer == c)
        }),
        ..Inspection::default()
    }
}
