//! What the types of a lesson's files don't say: names that must be there, words that must not be missing.

use super::cost::CostRun;
use super::data::{Condition, Pattern};
use super::grammar::{Arg, Expr, Func, When};
use super::run::Planned;
use super::witness::{KINDS, kind_of_word};
use super::words::Words;
use super::{FORMAT, Lesson, LessonError, fill};
use crate::order;
use crate::scenario::{Do, Scenario};

type Checked = Result<(), LessonError>;

pub(super) fn check(l: &Lesson) -> Checked {
    if l.data.format != FORMAT {
        return Err(l.error("format".into(), format!("is {}; this version reads {FORMAT}", l.data.format)));
    }
    if l.data.steps.is_empty() {
        return Err(l.error("steps".into(), "is empty; a lesson has at least one step".into()));
    }
    for i in 0..l.data.steps.len() {
        step(l, i)?;
    }
    challenge(l)?;
    words(l, &l.en, "en")?;
    words(l, &l.ko, "ko")
}

fn step(l: &Lesson, i: usize) -> Checked {
    let s = &l.data.steps[i];
    let at = |field: &str| format!("steps[{i}].{field}");
    if l.data.steps[..i].iter().any(|x| x.id == s.id) {
        return Err(l.error(at("id"), format!("{:?} is there already", s.id)));
    }
    let ids: Vec<&str> = s.options.iter().map(|o| o.id.as_str()).collect();
    one_of(l, &at("answer"), &s.answer, &ids)?;
    let reasons: Vec<&str> = s.because.options.iter().map(String::as_str).collect();
    one_of(l, &at("because.answer"), &s.because.answer, &reasons)?;
    let known = if l.is_cost() { Known::of_costs(&l.costs(i)?) } else { Known::of(l, &l.plan(i)?) };
    for (j, o) in s.options.iter().enumerate() {
        o.holds.0.clauses.iter().try_for_each(|c| known.expr(&c.expr)).map_err(|e| l.error(at(&format!("options[{j}].holds")), e))?;
        if !o.belief.is_null() && l.is_cost() {
            return Err(l.error(at(&format!("options[{j}].belief")), "a cost scene has nothing to run a belief in".into()));
        }
    }
    for (j, f) in s.facts.iter().enumerate() {
        let place = at(&format!("facts[{j}]"));
        if l.is_cost() && f.0.when != When::End {
            return Err(l.error(place, "a cost scene has no time in it; write \"at end\"".into()));
        }
        for run in &f.0.runs {
            known.run(run).map_err(|e| l.error(place.clone(), e))?;
        }
        f.0.cond.clauses.iter().try_for_each(|c| known.expr(&c.expr)).map_err(|e| l.error(place.clone(), e))?;
    }
    match &s.focus {
        _ if l.is_cost() => {
            if s.focus.is_some() || s.twin.is_some() || s.from_us > 0 {
                return Err(l.error(at("focus"), "a cost scene has no events, no commands and no time: no focus, twin or from_us".into()));
            }
        }
        Some(focus) => pattern(l, focus, &known, &at("focus"))?,
        None => return Err(l.error(at("focus"), "is missing: the decisive event".into())),
    }
    for (lang, w) in [("en", &l.en), ("ko", &l.ko)] {
        let Some(w) = w.steps.get(&s.id) else { continue };
        for (field, text) in [("outcome", &w.outcome), ("explain", &w.explain), ("ask", &w.ask), ("setting", &w.setting)] {
            blanks(l, &known, lang, &format!("steps.{}.{field}", s.id), text)?;
        }
        for (field, texts) in [("notes", &w.notes), ("beliefs", &w.beliefs)] {
            for (id, text) in texts {
                blanks(l, &known, lang, &format!("steps.{}.{field}.{id}", s.id), text)?;
            }
        }
    }
    Ok(())
}

fn blanks(l: &Lesson, known: &Known, lang: &str, at: &str, text: &str) -> Checked {
    let wrong = |what: String| LessonError { file: format!("{}.{lang}.json", l.id), at: at.to_string(), what };
    for p in fill::pieces(text).map_err(wrong)? {
        if let fill::Piece::Worth(e) = p {
            known.expr(&e).map_err(wrong)?;
        }
    }
    Ok(())
}

fn challenge(l: &Lesson) -> Checked {
    let c = &l.data.challenge;
    let choices: Vec<&str> = c.choices.iter().map(|x| x.name.as_str()).collect();
    let (mut planned, mut costs) = (Vec::new(), Vec::new());
    if l.is_cost() && choices.is_empty() {
        return Err(l.error("challenge.choices".into(), "is empty; a cost scene has nothing to act on but choices".into()));
    }
    let attempts = std::iter::once(("solution".to_string(), &c.solution))
        .chain(c.misses.iter().enumerate().map(|(i, m)| (format!("misses[{i}].attempt"), &m.attempt)));
    for (at, a) in attempts {
        let at = format!("challenge.{at}");
        match &a.choice {
            Some(id) => one_of(l, &format!("{at}.choice"), id, &choices)?,
            None if !choices.is_empty() => return Err(l.error(at, format!("needs a choice, one of {}", choices.join(", ")))),
            None => {}
        }
        if l.is_cost() {
            costs.push(l.challenge_cost(a.choice.as_deref()).map_err(|e| l.error(at, e.what))?);
            continue;
        }
        let scenario = l.attempt(a.choice.as_deref(), &a.commands).map_err(|e| l.error(at, e.what))?;
        planned.push(Planned { name: "main".into(), scenario });
    }
    if c.misses.len() < 2 {
        return Err(l.error("challenge.misses".into(), format!("has {}; a challenge has at least 2 near misses", c.misses.len())));
    }
    let known = if l.is_cost() { Known::of_costs(&costs) } else { Known::of(l, &planned) };
    let ids: Vec<&str> = c.win.iter().map(|x| x.id.as_str()).collect();
    for (i, m) in c.misses.iter().enumerate() {
        one_of(l, &format!("challenge.misses[{i}].unmet"), &m.unmet, &ids)?;
        let at = format!("challenge.misses[{i}].event");
        match &m.event {
            Some(_) if l.is_cost() => return Err(l.error(at, "a cost scene has no events".into())),
            Some(word) => kind(l, word, &at)?,
            None if l.is_cost() => {}
            None => return Err(l.error(at, "is missing: the kind of event that broke it".into())),
        }
    }
    c.win.iter().enumerate().try_for_each(|(i, w)| condition(l, w, &known, &format!("challenge.win[{i}]")))
}

fn condition(l: &Lesson, w: &Condition, known: &Known, at: &str) -> Checked {
    w.holds.0.clauses.iter().try_for_each(|c| known.expr(&c.expr)).map_err(|e| l.error(format!("{at}.holds"), e))?;
    w.broken_by.iter().enumerate().try_for_each(|(i, p)| pattern(l, p, known, &format!("{at}.broken_by[{i}]")))
}

fn kind(l: &Lesson, word: &str, at: &str) -> Checked {
    match kind_of_word(word) {
        Some(_) => Ok(()),
        None => Err(l.error(at.into(), no_kind(word))),
    }
}

fn no_kind(word: &str) -> String {
    format!("{word:?} is no kind of event that a lesson can name; there is {} (in snake_case)", KINDS.join(", "))
}

fn pattern(l: &Lesson, p: &Pattern, known: &Known, at: &str) -> Checked {
    kind(l, &p.event, &format!("{at}.event"))?;
    if let Some(r) = &p.record {
        known.record(r).map_err(|e| l.error(format!("{at}.record"), e))?;
    }
    if let Some(n) = &p.partition {
        known.has(&known.partitions, "partition", n).map_err(|e| l.error(format!("{at}.partition"), e))?;
    }
    Ok(())
}

fn one_of(l: &Lesson, at: &str, id: &str, known: &[&str]) -> Checked {
    if known.contains(&id) { Ok(()) } else { Err(l.error(at.into(), format!("is {id:?}; there is {}", known.join(", ")))) }
}

/// Names that expressions may use: those of any of the runs.
#[derive(Default)]
struct Known {
    runs: Vec<String>,
    partitions: Vec<String>,
    topics: Vec<String>,
    /// With their members.
    groups: Vec<(String, Vec<String>)>,
    records: Vec<String>,
    brokers: u8,
    /// It is a cost scene.
    costs: bool,
}

impl Known {
    fn of(l: &Lesson, planned: &[Planned]) -> Known {
        let mut k = Known { records: l.names.0.values().flatten().cloned().collect(), ..Known::default() };
        for p in planned {
            k.runs.push(p.name.clone());
            k.scene(&p.scenario);
        }
        k
    }

    fn of_costs(runs: &[CostRun]) -> Known {
        Known { runs: runs.iter().map(|r| r.name.clone()).collect(), costs: true, ..Known::default() }
    }

    fn scene(&mut self, s: &Scenario) {
        self.brokers = self.brokers.max(s.topology.brokers);
        for t in &s.topology.topics {
            self.topics.push(t.name.clone());
            self.partitions.extend((0..t.partitions).map(|n| format!("{}-{n}", t.name)));
        }
        for a in &s.apps {
            let members = (1..=a.everybody()).map(|n| format!("c{n}"));
            match self.groups.iter_mut().find(|g| g.0 == a.group) {
                Some(g) => g.1.extend(members),
                None => self.groups.push((a.group.clone(), members.collect())),
            }
        }
        self.records.extend(s.workload.iter().flat_map(|w| w.keys.iter().cloned()));
        let keys = s.commands.iter().filter_map(|c| if let Do::Send { key, .. } = &c.what { key.clone() } else { None });
        self.records.extend(keys);
    }

    fn has(&self, all: &[String], what: &str, name: &str) -> Result<(), String> {
        if all.iter().any(|x| x == name) {
            return Ok(());
        }
        let mut list: Vec<&str> = all.iter().map(String::as_str).collect();
        order::sort(&mut list);
        list.dedup();
        Err(format!("there is no {what} {name:?}; there is {}", list.join(", ")))
    }

    fn group(&self, name: &str) -> Result<&Vec<String>, String> {
        let list: Vec<&str> = self.groups.iter().map(|g| g.0.as_str()).collect();
        let found = self.groups.iter().find(|g| g.0 == name).map(|g| &g.1);
        found.ok_or_else(|| format!("there is no group {name:?}; there is {}", list.join(", ")))
    }

    fn run(&self, name: &str) -> Result<(), String> {
        self.has(&self.runs, "run", name)
    }

    fn record(&self, name: &str) -> Result<(), String> {
        self.has(&self.records, "record", name)
    }

    fn expr(&self, e: &Expr) -> Result<(), String> {
        let mut found = Ok(());
        e.visit(&mut |e| {
            if found.is_ok() {
                found = self.one(e);
            }
        });
        found
    }

    fn one(&self, e: &Expr) -> Result<(), String> {
        match e {
            Expr::Name(n) => self.record(n),
            Expr::Names(all) => all.iter().try_for_each(|n| self.record(n)),
            Expr::Call { func, args, run } => {
                run.iter().try_for_each(|r| self.run(r))?;
                self.args(*func, args)
            }
            _ => Ok(()),
        }
    }

    fn args(&self, func: Func, args: &[Arg]) -> Result<(), String> {
        if self.costs != func.of_costs() && !func.variadic() {
            let (is, not) = if self.costs { ("a disk or a copy", "clusters") } else { ("a cluster", "disks and copies") };
            return Err(format!("this scene is {is}, and that word is about {not}"));
        }
        let names: Vec<&str> = args.iter().filter_map(|a| if let Arg::Name(n) = a { Some(n.as_str()) } else { None }).collect();
        for a in args {
            if let Arg::Number(n) = a
                && !(1..=i64::from(self.brokers)).contains(n)
            {
                return Err(format!("there is no broker {n}; ids are 1 to {}", self.brokers));
            }
        }
        let Some(first) = names.first() else { return Ok(()) };
        match func {
            Func::Committed | Func::Lag | Func::StopMs => {
                self.group(first)?;
                names.get(1).map_or(Ok(()), |p| self.has(&self.partitions, "partition", p))
            }
            Func::Assign => {
                let members = self.group(first)?;
                names.get(1).map_or(Ok(()), |m| self.has(members, "member", m))
            }
            Func::Delivered | Func::Order | Func::FetchedFrom | Func::ActiveMembers => self.group(first).map(|_| ()),
            Func::Idle | Func::Gen | Func::Coordinator | Func::Count | Func::Shown => self.group(first).map(|_| ()),
            Func::PartitionsUsed => self.has(&self.topics, "topic", first),
            Func::Events | Func::First => kind_of_word(first).map(|_| ()).ok_or_else(|| no_kind(first)),
            Func::InvSubject => {
                let subjects: Vec<String> = self.records.iter().filter_map(|r| r.split('.').next()).map(String::from).collect();
                self.has(&subjects, "subject", first)
            }
            _ => self.has(&self.partitions, "partition", first),
        }
    }
}

/// Has this file the words of every step, option, reason, condition, …, and none too many?
fn words(l: &Lesson, w: &Words, lang: &str) -> Checked {
    let wrong = |at: String, what: String| LessonError { file: format!("{}.{lang}.json", l.id), at, what };
    let same = |at: String, have: Vec<&str>, want: Vec<&str>| {
        if let Some(m) = want.iter().find(|x| !have.contains(x)) {
            return Err(wrong(at, format!("lacks {m:?}")));
        }
        match have.iter().find(|x| !want.contains(x)) {
            Some(m) => Err(wrong(at, format!("has {m:?}, which the lesson's data does not"))),
            None => Ok(()),
        }
    };
    fn keys<T>(m: &litemap::LiteMap<String, T>) -> Vec<&str> {
        m.keys().map(String::as_str).collect()
    }
    let d = &l.data;
    same("steps".into(), keys(&w.steps), d.steps.iter().map(|s| s.id.as_str()).collect())?;
    for s in &d.steps {
        let x = &w.steps[&s.id];
        let options: Vec<&str> = s.options.iter().map(|o| o.id.as_str()).collect();
        same(format!("steps.{}.options", s.id), keys(&x.options), options.clone())?;
        let notes: Vec<&str> = options.into_iter().filter(|o| *o != s.answer).collect();
        same(format!("steps.{}.notes", s.id), keys(&x.notes), notes)?;
        let beliefs: Vec<&str> = s.options.iter().filter(|o| !o.belief.is_null()).map(|o| o.id.as_str()).collect();
        same(format!("steps.{}.beliefs", s.id), keys(&x.beliefs), beliefs)?;
        same(format!("steps.{}.because", s.id), keys(&x.because), s.because.options.iter().map(String::as_str).collect())?;
    }
    let c = &d.challenge;
    same("challenge.choices".into(), keys(&w.challenge.choices), c.choices.iter().map(|x| x.name.as_str()).collect())?;
    same("challenge.conditions".into(), keys(&w.challenge.conditions), c.win.iter().map(|x| x.id.as_str()).collect())?;
    same("challenge.misses".into(), keys(&w.challenge.misses), c.misses.iter().map(|x| x.id.as_str()).collect())?;
    same("cards".into(), keys(&w.cards), d.cards.iter().map(String::as_str).collect())?;
    for (at, have, want) in [("real", w.real.len(), d.real.len()), ("challenge.hints", w.challenge.hints.len(), c.hints)] {
        if have != want {
            return Err(wrong(at.into(), format!("has {have} entries; the lesson's data has {want}")));
        }
    }
    match w.texts().into_iter().find(|(_, t)| t.trim().is_empty()) {
        Some((at, _)) => Err(wrong(at, "is empty".into())),
        None => Ok(()),
    }
}
