//! Metrics of the selected thing, with their course and what the last fault did to them.

use super::inspect::sentence;
use crate::i18n::{self, Lang};
use crate::session::Session;
use crate::session::meters::Meters;
use crate::session::select::Selection;
use highwater_core::event::Event;
use highwater_core::fold::metrics::{AFTER_FAULT_US, is_fault};
use highwater_core::order;

/// Width and height of a sparkline in its own units.
pub const WIDE: i64 = 64;
/// See [`WIDE`].
pub const HIGH: i64 = 14;
/// How far back a fault is looked for, in events.
const RECENT: usize = 50_000;

/// A metric.
#[derive(Clone, PartialEq, Debug)]
pub struct Meter {
    /// Its attribute, or what comes after its bean's type.
    pub name: String,
    /// Its value now.
    pub value: String,
    /// The points of its sparkline, as SVG wants them; empty where it never moved.
    pub course: String,
    /// What it was before the last fault, if that changed it.
    pub before: Option<String>,
}

/// The metrics of a bean.
#[derive(Clone, PartialEq, Debug)]
pub struct Bean {
    /// Its name: `kafka.server:type=ReplicaManager`.
    pub name: String,
    /// Its metrics.
    pub meters: Vec<Meter>,
}

/// The metrics of the selected thing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Sheet {
    /// The last fault, in words.
    pub fault: Option<String>,
    /// By bean.
    pub beans: Vec<Bean>,
}

/// What the meters show of the selected thing, if somebody looks at them.
pub fn sheet(s: &Session, lang: Lang) -> Option<Sheet> {
    let meters = s.meters()?;
    let now_us = s.sim().now_us();
    let newest;
    let now = if now_us >= meters.reached_us() {
        newest = meters.newest();
        &newest
    } else {
        meters.at(now_us)?
    };
    let fault = last_fault(s);
    let span = fault.map(|f| (f.at_us.saturating_sub(1), f.at_us + AFTER_FAULT_US));
    let (before, after) = match span {
        Some((from, to)) => (meters.at(from), if to < now_us { meters.at(to) } else { Some(now) }),
        None => (None, None),
    };
    let moved = |name: &str| {
        let (b, a) = (before?.get(name), after?.get(name));
        (b != a).then(|| shown(b))
    };
    let mut beans: Vec<Bean> = Vec::new();
    for (name, value) in now {
        let Some(rest) = of(s, name) else { continue };
        let (bean, short) = split(rest);
        let meter = Meter {
            name: short.strip_suffix(",attribute=Count").unwrap_or(short).to_owned(),
            value: shown(Some(value)),
            course: course(meters, now_us, name),
            before: moved(name),
        };
        match beans.iter_mut().find(|b| b.name == bean) {
            Some(b) => b.meters.push(meter),
            None => beans.push(Bean { name: bean.to_owned(), meters: vec![meter] }),
        }
    }
    // What the fault changed comes first.
    let still = |m: &Meter| m.before.is_none();
    beans.iter_mut().for_each(|b| order::sort_by_key(&mut b.meters, still));
    order::sort_by_key(&mut beans, |b| b.meters.iter().all(still));
    Some(Sheet { fault: fault.map(|f| format!("{} · {}", i18n::clock(f.at_us), sentence(f, s.sim(), lang))), beans })
}

fn last_fault(s: &Session) -> Option<&Event> {
    s.sim().events().iter().rev().take(RECENT).find(|e| is_fault(&e.kind))
}

/// Is a metric about the selected thing? Then its name, without the broker that reports it. The run has those that no
/// single broker reports.
fn of<'a>(s: &Session, name: &'a str) -> Option<&'a str> {
    let setup = s.sim().setup();
    let (broker, rest) = match name.split_once(' ') {
        Some((b, rest)) => (b.strip_prefix("broker="), rest),
        None => (None, name),
    };
    let client = |id: &str| rest.contains(&format!(",client-id={id},"));
    let is = match s.selection {
        Selection::Broker(b) => broker == Some(b.to_string().as_str()),
        Selection::Controller => rest.starts_with("kafka.controller"),
        Selection::Partition(p) => {
            let x = &setup.partitions[p.ix()];
            // The leader's word: each replica reports its own log.
            let leader = s.sim().world().controller.partitions[p.ix()].leader;
            let place = format!(",topic={},partition={}", setup.topics[x.topic].name, x.number);
            rest.ends_with(&place) && leader.is_some_and(|l| broker == Some(l.to_string().as_str()))
        }
        Selection::Producer(p) => client(&setup.producers[p.ix()].name),
        Selection::Consumer(c) => {
            let x = &setup.consumers[c.ix()];
            client(&format!("{}-{}", setup.groups[x.group.ix()].name, x.name))
        }
        Selection::Run | Selection::Record(..) | Selection::Message(_) | Selection::Event(_) => broker.is_none(),
    };
    is.then_some(rest)
}

/// Bean and the rest of a name.
fn split(name: &str) -> (&str, &str) {
    let cut = |at: &str| name.split_once(at);
    cut(",name=").or_else(|| cut(",attribute=")).unwrap_or((name, "Value"))
}

fn shown(value: Option<&f64>) -> String {
    let Some(v) = value else { return "–".to_owned() };
    let tenths = (v * 10.0).round() as i64;
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

/// The run so far as points: x from 0 to [`WIDE`], y from [`HIGH`], the least, up to 1, the most.
fn course(meters: &Meters, now_us: u64, name: &str) -> String {
    let all = meters.until(now_us);
    let stride = all.len().div_ceil(WIDE as usize).max(1);
    let values: Vec<i64> = all.iter().step_by(stride).map(|(_, s)| s.get(name).map_or(0, |v| (v * 10.0) as i64)).collect();
    let (least, most) = values.iter().fold((i64::MAX, i64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    if least >= most {
        return String::new();
    }
    let x = |i: usize| i as i64 * WIDE / (values.len() as i64 - 1);
    let y = |v: i64| HIGH - (v - least) * (HIGH - 1) / (most - least);
    values.iter().enumerate().map(|(i, v)| format!("{},{} ", x(i), y(*v))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_core::ids::BrokerId;
    use highwater_core::scenario::{DEFAULT, Do, Scenario};

    fn after_a_crash(selection: Selection) -> Sheet {
        let mut s = Session::new(Scenario::parse(DEFAULT).unwrap()).unwrap();
        s.seek(200_000);
        s.act(Do::Crash { broker: 1 });
        s.seek(20_000_000);
        s.select(selection);
        s.look_at_meters(true);
        sheet(&s, Lang::En).unwrap()
    }

    fn find<'a>(s: &'a Sheet, bean: &str, name: &str) -> &'a Meter {
        let b = s.beans.iter().find(|b| b.name == bean).expect(bean);
        b.meters.iter().find(|m| m.name == name).expect(name)
    }

    #[test]
    fn a_fault_shows_what_it_changed() {
        let s = after_a_crash(Selection::Run);
        assert!(s.fault.as_deref().unwrap().contains("crash"), "{:?}", s.fault);
        let m = find(&s, "kafka.controller:type=KafkaController", "ActiveBrokerCount");
        assert_eq!((m.value.as_str(), m.before.as_deref()), ("2", Some("3")));
        assert!(!m.course.is_empty());
    }

    #[test]
    fn each_thing_shows_its_own() {
        let s = after_a_crash(Selection::Broker(BrokerId(2)));
        let m = find(&s, "kafka.server:type=ReplicaManager", "LeaderCount");
        assert_eq!((m.value.as_str(), m.before.as_deref()), ("2", Some("0")), "pay-0 and __consumer_offsets-0");
        assert!(after_a_crash(Selection::Broker(BrokerId(1))).beans.is_empty(), "who is down reports nothing");
        let s = after_a_crash(Selection::Partition(highwater_core::ids::PartitionId(0)));
        assert_eq!(find(&s, "kafka.cluster:type=Partition", "InSyncReplicasCount,topic=pay,partition=0").value, "2");
    }

    #[test]
    fn values_are_short() {
        assert_eq!([Some(&3.0), Some(&2.25), None].map(shown), ["3", "2.3", "–"]);
    }
}
