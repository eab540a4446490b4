//! Runs of a lesson: from the scene with its changes to a run that is over, and to whether something held in it.

use super::cost::CostRun;
use super::data::{Pattern, RunSpec};
use super::eval::{At, Context, Moment, Value, partition_named};
use super::grammar::{Cond, Expr, Fact, When};
use super::names::RecordNames;
use super::witness::{Witness, kind_name, kind_of_word};
use crate::event::{Event, EventKind};
use crate::kafka::Out;
use crate::order;
use crate::scenario::{Scenario, ScenarioError};
use crate::sim::Sim;
use litemap::LiteMap;
use serde_json::Value as Json;

/// A scenario of a run set, under its name.
#[derive(Clone, PartialEq, Debug)]
pub struct Planned {
    /// The run set that it belongs to.
    pub name: String,
    /// What runs.
    pub scenario: Scenario,
}

/// A run that is over.
#[derive(Debug)]
pub struct Ran {
    /// The run set that it belongs to.
    pub name: String,
    /// What ran.
    pub scenario: Scenario,
    /// Its end.
    pub sim: Sim,
    /// What was noticed on the way.
    pub witness: Witness,
}

/// The runs of a step.
#[derive(Debug)]
pub enum Runs {
    /// Of a cluster.
    Cluster(Vec<Ran>),
    /// Cost scenes.
    Cost(Vec<CostRun>),
}

impl Default for Runs {
    fn default() -> Self {
        Runs::Cluster(Vec::new())
    }
}

impl Runs {
    /// The run that the stage shows, if it shows a cluster.
    pub fn shown(&self) -> Option<&Ran> {
        match self {
            Runs::Cluster(all) => all.first(),
            Runs::Cost(_) => None,
        }
    }

    /// The run of a cluster that a report names, with or without its seed.
    pub(super) fn named(&self, title: &str) -> Option<&Ran> {
        match self {
            Runs::Cluster(all) => all.iter().find(|r| title.starts_with(&r.name)).or(all.first()),
            Runs::Cost(_) => None,
        }
    }

    /// How many.
    pub fn count(&self) -> usize {
        match self {
            Runs::Cluster(all) => all.len(),
            Runs::Cost(all) => all.len(),
        }
    }

    /// The end of the first run, and all runs by name.
    pub(super) fn context<'a>(&'a self, names: &'a RecordNames) -> Context<'a> {
        match self {
            Runs::Cluster(all) => Context { now: At::Run(all[0].moment(names)), others: others(all, names) },
            Runs::Cost(all) => Context { now: At::Cost(&all[0]), others: all.iter().map(|r| (r.name.as_str(), At::Cost(r))).collect() },
        }
    }
}

/// Why a fact does not hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Unmet {
    /// The run, with its seed.
    pub run: String,
    /// The clause that fails.
    pub clause: String,
    /// What its sides are worth, as `left is 3`.
    pub found: String,
    /// The event after which it did not hold any more; else the last notable one.
    pub event: Option<Event>,
}

/// A JSON merge patch (RFC 7396): objects are merged, everything else replaces what was there; null changes nothing.
pub fn merge(base: &Json, patch: &Json) -> Json {
    match (base, patch) {
        (_, Json::Null) => base.clone(),
        (Json::Object(a), Json::Object(b)) => {
            let mut out = a.clone();
            for (k, v) in b {
                let was = a.get(k).unwrap_or(&Json::Null);
                out.insert(k.clone(), merge(was, v));
            }
            Json::Object(out)
        }
        _ => patch.clone(),
    }
}

/// The scenarios of a run set, one a seed.
///
/// # Errors
/// What [`Scenario::parse`] says of the scene with its changes.
pub fn plan(scene: &Json, spec: &RunSpec) -> Result<Vec<Planned>, ScenarioError> {
    let mut json = merge(scene, &spec.change);
    add_commands(&mut json, &spec.commands);
    let seeds: Vec<Option<u64>> = if spec.seeds.is_empty() { vec![None] } else { spec.seeds.iter().copied().map(Some).collect() };
    let mut all = Vec::new();
    for seed in seeds {
        if let (Some(seed), Json::Object(o)) = (seed, &mut json) {
            o.insert("seed".into(), seed.into());
        }
        all.push(Planned { name: spec.name.clone(), scenario: Scenario::parse(&json.to_string())? });
    }
    Ok(all)
}

/// Adds timed commands where they belong in time; one without a time is left for the decoder to refuse.
pub(super) fn add_commands(scene: &mut Json, more: &[Json]) {
    if more.is_empty() {
        return;
    }
    let Json::Object(o) = scene else { return };
    let at = |c: &Json| c.get("at_us").and_then(Json::as_u64).unwrap_or(u64::MAX);
    let list = o.entry("commands").or_insert_with(|| Json::Array(Vec::new()));
    if let Json::Array(list) = list {
        list.extend(more.iter().cloned());
        order::sort_by_key(list, at);
    }
}

impl Ran {
    /// Runs it to its end.
    ///
    /// # Errors
    /// What [`Sim::new`] says.
    pub fn to_end(p: Planned) -> Result<Ran, ScenarioError> {
        Ran::until(p, u64::MAX)
    }

    /// Runs it up to and including `t_us`.
    ///
    /// # Errors
    /// What [`Sim::new`] says.
    pub fn until(p: Planned, t_us: u64) -> Result<Ran, ScenarioError> {
        let mut sim = Sim::new(&p.scenario)?;
        let mut witness = Witness::default();
        let mut out = Out::default();
        witness.notice(&sim);
        while sim.next_due_us().is_some_and(|due| due <= t_us) && sim.step(&mut out) {
            witness.notice(&sim);
        }
        sim.advance_to(t_us);
        Ok(Ran { name: p.name, scenario: p.scenario, sim, witness })
    }

    /// Its end.
    pub fn moment<'a>(&'a self, names: &'a RecordNames) -> Moment<'a> {
        Moment { sim: &self.sim, witness: &self.witness, names }
    }

    /// The first event that fits.
    pub fn find(&self, p: &Pattern, names: &RecordNames) -> Option<Event> {
        self.sim.events().iter().find(|e| fits(p, e, &self.sim, names)).copied()
    }

    /// The last event that fits.
    pub fn find_last(&self, p: &Pattern, names: &RecordNames) -> Option<Event> {
        self.sim.events().iter().rev().find(|e| fits(p, e, &self.sim, names)).copied()
    }

    fn title(&self) -> String {
        format!("{} (seed {})", self.name, self.scenario.seed)
    }
}

/// Is it the event that is meant?
pub fn fits(p: &Pattern, e: &Event, sim: &Sim, names: &RecordNames) -> bool {
    if kind_of_word(&p.event) != Some(kind_name(&e.kind)) {
        return false;
    }
    if let Some(name) = &p.partition
        && e.kind.partition() != partition_named(sim, name)
    {
        return false;
    }
    if let Some(name) = &p.record {
        let Some(r) = names.find(name, sim) else { return false };
        let about = match e.kind {
            EventKind::RecordSent { record, .. } => record == r,
            EventKind::Handled { batch, index, .. } => sim.ledger().record_in(batch, index) == Some(r),
            k => k.batch().is_some() && k.batch() == sim.ledger().record(r).and_then(|x| x.batch),
        };
        if !about {
            return false;
        }
    }
    p.fields.is_empty() || {
        let json = serde_json::to_value(e.kind).unwrap_or(Json::Null);
        p.fields.iter().all(|(k, v)| json.get(k) == Some(v))
    }
}

/// Is a fact so in all runs that it speaks of? The first that is not so, if any.
pub fn unmet(fact: &Fact, runs: &Runs, names: &RecordNames) -> Option<Unmet> {
    let spoken_of = |name: &String| fact.runs.is_empty() || fact.runs.contains(name);
    match runs {
        Runs::Cluster(all) => all.iter().filter(|r| spoken_of(&r.name)).find_map(|r| unmet_in(fact, r, all, names)),
        Runs::Cost(all) => all.iter().filter(|r| spoken_of(&r.name)).find_map(|r| {
            let cx = Context { now: At::Cost(r), ..runs.context(names) };
            let i = fact.cond.clauses.iter().position(|c| !cx.holds(&c.expr))?;
            let clause = fact.cond.clause_text(i).to_string();
            Some(Unmet { run: r.name.clone(), clause, found: found(&fact.cond, i, &cx), event: None })
        }),
    }
}

/// Other runs of the step by name: the first of each run set.
fn others<'a>(runs: &'a [Ran], names: &'a RecordNames) -> LiteMap<&'a str, At<'a>> {
    let mut all = LiteMap::new_vec();
    for r in runs {
        all.entry(r.name.as_str()).or_insert_with(|| At::Run(r.moment(names)));
    }
    all
}

fn unmet_in(fact: &Fact, run: &Ran, runs: &[Ran], names: &RecordNames) -> Option<Unmet> {
    let others = others(runs, names);
    let fails = |now: Moment| {
        let cx = Context { now: At::Run(now), others: others.clone() };
        fact.cond.clauses.iter().position(|c| !cx.holds(&c.expr)).map(|i| (i, found(&fact.cond, i, &cx)))
    };
    let report = |(i, found): (usize, String), event: Option<Event>| Unmet {
        run: run.title(),
        clause: fact.cond.clause_text(i).to_string(),
        found,
        event,
    };
    match fact.when {
        When::End => fails(run.moment(names)).map(|f| {
            let event = last_change(&fact.cond.clauses[f.0].expr, run, u64::MAX, &others, names);
            report(f, event)
        }),
        When::At(t) => {
            let then = again(run, t)?;
            fails(then.moment(names)).map(|f| {
                let event = last_change(&fact.cond.clauses[f.0].expr, run, t, &others, names);
                report(f, event)
            })
        }
        When::Always => {
            let mut broken = None;
            walk(run, u64::MAX, names, |m, fresh| {
                if broken.is_none()
                    && let Some(f) = fails(m)
                {
                    broken = Some(report(f, fresh.or_else(|| m.sim.events().iter().next_back().copied())));
                }
                broken.is_none()
            });
            broken
        }
        When::Within(from, to) => {
            let mut first = None;
            walk(run, u64::MAX, names, |m, fresh| {
                if fails(m).is_none() {
                    first = Some((m.sim.now_us(), fresh));
                }
                first.is_none()
            });
            match first {
                Some((t, _)) if (from..=to).contains(&t) => None,
                Some((t, event)) => {
                    Some(Unmet { run: run.title(), clause: fact.cond.text.clone(), found: format!("first true at {} us", t), event })
                }
                None => fails(run.moment(names)).map(|f| report(f, None)),
            }
        }
    }
}

/// The same run, up to an instant.
fn again(run: &Ran, t_us: u64) -> Option<Ran> {
    Ran::until(Planned { name: run.name.clone(), scenario: run.scenario.clone() }, t_us).ok()
}

/// Goes through a run again, input by input, while `go_on` says so. It gets the last notable event of the input.
fn walk(run: &Ran, t_us: u64, names: &RecordNames, mut go_on: impl FnMut(Moment, Option<Event>) -> bool) {
    let Ok(mut sim) = Sim::new(&run.scenario) else { return };
    let (mut witness, mut out) = (Witness::default(), Out::default());
    witness.notice(&sim);
    if !go_on(Moment { sim: &sim, witness: &witness, names }, None) {
        return;
    }
    while sim.next_due_us().is_some_and(|due| due <= t_us) {
        let from = sim.events().len();
        if !sim.step(&mut out) {
            return;
        }
        witness.notice(&sim);
        if sim.events().len() == from {
            continue;
        }
        let news = sim.events().iter_from(from).filter(|e| sim.is_notable(e)).last().copied();
        if !go_on(Moment { sim: &sim, witness: &witness, names }, news) {
            return;
        }
    }
}

/// The event after which an expression was true no more, up to `t_us`; for one that was never true, the last notable event.
pub(super) fn last_change(e: &Expr, run: &Ran, t_us: u64, others: &LiteMap<&str, At>, names: &RecordNames) -> Option<Event> {
    let (mut was, mut broke, mut last) = (false, None, None);
    walk(run, t_us, names, |m, fresh| {
        let holds = Context { now: At::Run(m), others: others.clone() }.holds(e);
        if was && !holds {
            broke = fresh.or(last);
        }
        was = holds;
        last = fresh.or(last);
        true
    });
    broke.or(last)
}

/// Did it hold at some instant?
pub(super) fn held_once(cond: &Cond, run: &Ran, names: &RecordNames) -> bool {
    let mut held = false;
    walk(run, run.sim.now_us(), names, |m, _| {
        let cx = Context { now: At::Run(m), others: LiteMap::new_vec() };
        held = cond.clauses.iter().all(|c| cx.holds(&c.expr));
        !held
    });
    held
}

/// What the sides of a clause are worth.
fn found(cond: &Cond, i: usize, cx: &Context) -> String {
    let worth = |e: &Expr| show(&cx.value(e), cx);
    match &cond.clauses[i].expr {
        Expr::Cmp(_, a, b) if matches!(**b, Expr::Call { .. } | Expr::Sum(..)) => {
            format!("the left is {}, the right {}", worth(a), worth(b))
        }
        Expr::Cmp(_, a, _) | Expr::In(a, _) | Expr::Between(a, ..) => format!("it is {}", worth(a)),
        _ => "it is false".to_string(),
    }
}

fn show(v: &Value, cx: &Context) -> String {
    super::fill::value(v, cx.now, crate::fold::narration::Lang::En)
}
