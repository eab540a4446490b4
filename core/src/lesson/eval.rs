//! What an expression is worth in a run at an instant.

use super::cost::CostRun;
use super::grammar::{Arg, Cmp, Expr, Func, Quantifier, Sum};
use super::names::RecordNames;
use super::witness::{Witness, kind_of_word};
use crate::ids::*;
use crate::kafka::consumer::Consumer;
use crate::order;
use crate::sim::Sim;
use litemap::LiteMap;

/// A value.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // as the types of the grammar
pub enum Value {
    Bool(bool),
    Int(i64),
    /// In thousandths.
    Real(i64),
    /// In microseconds.
    Time(i64),
    Set(Vec<i64>),
    Record(RecordId),
    Records(Vec<RecordId>),
    Word(String),
    None,
}

/// A run at an instant, with what was noticed on the way.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// The run.
    pub sim: &'a Sim,
    /// Its witness.
    pub witness: &'a Witness,
    /// What its records are called.
    pub names: &'a RecordNames,
}

/// What an expression is looked at in: a run at a moment, or a cost scene.
#[derive(Clone, Copy)]
pub enum At<'a> {
    /// A run.
    Run(Moment<'a>),
    /// A cost scene.
    Cost(&'a CostRun),
}

impl At<'_> {
    fn record(&self, name: &str) -> Option<RecordId> {
        match self {
            At::Run(m) => m.record(name),
            At::Cost(_) => None,
        }
    }
    fn answer(&self, f: Func, given: &Given) -> Option<Value> {
        match (self, f) {
            (_, Func::Max | Func::Min) => given.extreme(f == Func::Max),
            (At::Run(m), _) => m.answer(f, given),
            (At::Cost(c), _) => c.answer(f),
        }
    }
    /// What a record is called.
    pub(super) fn name(&self, r: RecordId) -> String {
        match self {
            At::Run(m) => m.names.name(r, m.sim),
            At::Cost(_) => String::new(),
        }
    }
}

/// Where an expression is looked at: here and now, and other runs of the step at their ends.
pub struct Context<'a> {
    /// Here and now.
    pub now: At<'a>,
    /// `…@name`.
    pub others: LiteMap<&'a str, At<'a>>,
}

impl Context<'_> {
    /// Does it hold?
    pub fn holds(&self, e: &Expr) -> bool {
        self.value(e) == Value::Bool(true)
    }

    /// What it is worth. Names that are not there are worth `none`.
    pub fn value(&self, e: &Expr) -> Value {
        self.eval(e, &mut Vec::new())
    }

    fn eval(&self, e: &Expr, vars: &mut Vec<(String, RecordId)>) -> Value {
        match e {
            Expr::Int(n) => Value::Int(*n),
            Expr::Real(n) => Value::Real(*n),
            Expr::Time(us) => Value::Time(*us),
            Expr::None => Value::None,
            Expr::Set(n) => set(n.iter().copied()),
            Expr::Names(names) => Value::Records(names.iter().filter_map(|n| self.now.record(n)).collect()),
            Expr::Name(n) => self.now.record(n).map_or(Value::None, Value::Record),
            Expr::Quoted(w) => Value::Word(w.clone()),
            Expr::Var(v) => vars.iter().rev().find(|x| x.0 == *v).map_or(Value::None, |x| Value::Record(x.1)),
            Expr::Call { func, args, run } => self.call(*func, args, run.as_deref(), vars),
            Expr::Not(a) => Value::Bool(self.eval(a, vars) != Value::Bool(true)),
            Expr::And(a, b) => Value::Bool(self.eval(a, vars) == Value::Bool(true) && self.eval(b, vars) == Value::Bool(true)),
            Expr::Or(a, b) => Value::Bool(self.eval(a, vars) == Value::Bool(true) || self.eval(b, vars) == Value::Bool(true)),
            Expr::Cmp(op, a, b) => Value::Bool(compare(*op, &self.eval(a, vars), &self.eval(b, vars))),
            Expr::In(a, b) => Value::Bool(contains(&self.eval(a, vars), &self.eval(b, vars))),
            Expr::Between(a, b, c) => {
                let [a, b, c] = [a, b, c].map(|x| self.eval(x, vars));
                Value::Bool(compare(Cmp::Le, &b, &a) && compare(Cmp::Le, &a, &c))
            }
            Expr::Sum(op, a, b) => add(*op, self.eval(a, vars), self.eval(b, vars)),
            Expr::Quant { how, var, over, body } => {
                let Value::Records(all) = self.eval(over, vars) else { return Value::None };
                let mut holds = |r: RecordId| {
                    vars.push((var.clone(), r));
                    let yes = self.eval(body, vars) == Value::Bool(true);
                    vars.pop();
                    yes
                };
                Value::Bool(match how {
                    Quantifier::Forall => all.into_iter().all(&mut holds),
                    Quantifier::Exists => all.into_iter().any(&mut holds),
                })
            }
        }
    }

    fn call(&self, func: Func, args: &[Arg], run: Option<&str>, vars: &mut Vec<(String, RecordId)>) -> Value {
        let at = match run {
            None => self.now,
            Some(name) => match self.others.get(name) {
                Some(m) => *m,
                None => return Value::None,
            },
        };
        let mut given = Given::default();
        for a in args {
            match a {
                Arg::Number(n) => given.number = Some(*n),
                Arg::Name(n) => given.names.push(n),
                Arg::Record(e) => {
                    // In another run, a name means that run's record of the name.
                    let r = match &**e {
                        Expr::Name(n) => at.record(n).map_or(Value::None, Value::Record),
                        e => self.eval(e, vars),
                    };
                    given.record = if let Value::Record(r) = r { Some(r) } else { None };
                }
                Arg::Value(e) => given.values.push(self.eval(e, vars)),
            }
        }
        at.answer(func, &given).unwrap_or(Value::None)
    }
}

#[derive(Default)]
struct Given<'a> {
    number: Option<i64>,
    names: Vec<&'a str>,
    record: Option<RecordId>,
    values: Vec<Value>,
}

impl Given<'_> {
    fn extreme(&self, largest: bool) -> Option<Value> {
        let all = self.values.iter().map(number).collect::<Option<Vec<_>>>()?.into_iter();
        if largest { all.max() } else { all.min() }.map(Value::Int)
    }
}

impl<'a> Moment<'a> {
    fn record(&self, name: &str) -> Option<RecordId> {
        self.names.find(name, self.sim)
    }

    fn partition(&self, name: &str) -> Option<PartitionId> {
        partition_named(self.sim, name)
    }

    /// `None` where something named is not there.
    fn answer(&self, func: Func, given: &Given) -> Option<Value> {
        let name = |i: usize| given.names.get(i).copied();
        let partition = || self.partition(name(0)?);
        let int = |n: u64| Some(Value::Int(n as i64));
        let (world, ledger) = (self.sim.world(), self.sim.ledger());
        let replica = |b: BrokerId, p| world.broker(b).replica(p);
        let of_leader = |p: PartitionId| replica(ledger.view(p), p);
        let control = |p: PartitionId| &world.controller.partitions[p.ix()];
        let group = || self.sim.setup().groups.iter().position(|g| Some(g.name.as_str()) == name(0)).map(|i| GroupIx(i as u8));
        let broker = || {
            let n = u8::try_from(given.number?).ok().filter(|n| (1..=self.sim.setup().brokers).contains(n))?;
            Some(BrokerId(n))
        };
        match func {
            Func::Leo => int(replica(broker()?, partition()?)?.log.leo().0.into()),
            Func::Hw => int(replica(broker()?, partition()?)?.hw.0.into()),
            Func::HwLeader => int(of_leader(partition()?)?.hw.0.into()),
            Func::LogStart => int(of_leader(partition()?)?.log.start().0.into()),
            Func::Leader => int(control(partition()?).leader?.0.into()),
            Func::Epoch => int(control(partition()?).le.0.into()),
            Func::Isr => Some(brokers(control(partition()?).isr)),
            Func::Elr => Some(brokers(control(partition()?).elr)),
            Func::Committed | Func::Lag => {
                let (g, p) = (group()?, self.partition(name(1)?)?);
                let at = self.committed(g, p)?;
                int(if func == Func::Committed { at } else { u64::from(of_leader(p)?.hw.0).saturating_sub(at) })
            }
            Func::Log => Some(Value::Records(self.log(broker()?, partition()?))),
            Func::InLog => partition().map(|p| Value::Records(self.log(ledger.view(p), p))),
            Func::Sent => Some(Value::Records(self.all().collect())),
            Func::Acked => Some(self.those(|b| b.acked)),
            Func::Failed => Some(self.those(|b| b.failed)),
            Func::Lost => Some(self.those(|b| b.lost)),
            Func::Dups => Some(self.those(|b| b.copies > 1)),
            Func::Delivered => Some(Value::Records(self.witness.delivered(group()?).collect())),
            Func::Order => Some(Value::Records(self.witness.handled(group()?).collect())),
            Func::Effects => int(self.witness.effects(given.record?) as u64),
            Func::InvSubject => int(self.inversions(|n| n.split('.').next() == name(0))),
            Func::InvAll => int(self.inversions(|_| true)),
            Func::Events => int(self.witness.kind(kind_of_word(name(0)?)?).map_or(0, |k| k.0)),
            Func::First => self.witness.kind(kind_of_word(name(0)?)?).map(|k| Value::Time(k.1 as i64)),
            Func::AckLatency => {
                let (r, b) = self.batch_of(given)?;
                Some(Value::Time((self.witness.acked_us(b)? - self.witness.sent_us(r)?) as i64))
            }
            Func::CopiesAtAck => int(self.witness.copies_at_ack(self.batch_of(given)?.1)? as u64),
            Func::Holders => Some(brokers(self.witness.holders(self.batch_of(given)?.1))),
            Func::Acks => Some(Value::Word(self.sim.setup().producers[given.record?.producer.ix()].acks.name().to_string())),
            Func::PartitionOf => {
                let p = ledger.record(given.record?)?.partition;
                int(self.sim.setup().partitions[p.ix()].number.into())
            }
            Func::PartitionsUsed => self.partitions_used(name(0)?),
            Func::FetchedFrom => Some(brokers(self.witness.fetched_from(group()?).collect())),
            Func::ActiveMembers => int(self.running(group()?).filter(|c| !c.assigned.is_empty()).count() as u64),
            Func::Idle => int(self.running(group()?).filter(|c| c.assigned.is_empty()).count() as u64),
            Func::Assign => {
                let (setup, g) = (self.sim.setup(), group()?);
                let c = self.running(g).find(|c| Some(setup.consumers[c.id.ix()].name.as_str()) == name(1));
                Some(set(c.into_iter().flat_map(|c| c.partitions()).map(|p| setup.partitions[p.ix()].number.into())))
            }
            Func::Gen => {
                let g = group()?;
                int(world.broker(self.coordinator(g)?).group(g)?.generation.into())
            }
            Func::Coordinator => int(self.coordinator(group()?)?.0.into()),
            Func::StopMs => {
                let stopped_us = self.witness.stopped_us(group()?, self.partition(name(1)?)?, self.sim.now_us());
                Some(Value::Time(stopped_us as i64))
            }
            Func::Lso => int(of_leader(partition()?)?.last_stable().0.into()),
            Func::Count => {
                let g = group()?;
                let all = self.sim.setup().consumers.iter().zip(&self.sim.world().consumers);
                let threads = all.filter(|(setup, _)| setup.group == g).filter_map(|(_, c)| c.streams.as_ref());
                int(threads.flat_map(|t| &t.tasks).flat_map(|t| t.store.values()).map(|a| u64::from(a.count)).sum())
            }
            Func::Shown => {
                let r = self.witness.handled(group()?).last()?;
                let batch = ledger.record(r)?.batch?;
                let index = ledger.batch(batch)?.records.iter().position(|n| *n == r.n)?;
                int(world.data.of(batch).get(index)?.count.into())
            }
            Func::Size => match given.values.first()? {
                Value::Set(s) => int(s.len() as u64),
                Value::Records(r) => int(r.len() as u64),
                _ => None,
            },
            // Answered before, or a figure of a cost scene.
            _ => None,
        }
    }

    fn batch_of(&self, given: &Given) -> Option<(RecordId, BatchId)> {
        let r = given.record?;
        Some((r, self.sim.ledger().record(r)?.batch?))
    }

    fn all(&self) -> impl Iterator<Item = RecordId> + 'a {
        all_records(self.sim)
    }

    fn those(&self, which: impl Fn(&crate::fold::ledger::BatchInfo) -> bool) -> Value {
        let ledger = self.sim.ledger();
        let yes = |r: &RecordId| ledger.record(*r).and_then(|x| ledger.batch(x.batch?)).is_some_and(&which);
        Value::Records(self.all().filter(yes).collect())
    }

    fn log(&self, b: BrokerId, p: PartitionId) -> Vec<RecordId> {
        let Some(r) = self.sim.world().broker(b).replica(p) else { return Vec::new() };
        let batches = r.log.iter_from(r.log.start()).filter_map(|e| e.payload.batch());
        batches.flat_map(|b| (0..b.count).filter_map(|i| self.sim.ledger().record_in(b.id, i)).collect::<Vec<_>>()).collect()
    }

    /// Members whose process runs.
    fn running(&self, g: GroupIx) -> impl Iterator<Item = &'a Consumer> {
        let all = self.sim.setup().consumers.iter().zip(&self.sim.world().consumers);
        all.filter(move |(setup, c)| setup.group == g && c.up).map(|(_, c)| &**c)
    }

    fn coordinator(&self, g: GroupIx) -> Option<BrokerId> {
        self.sim.world().controller.partitions[self.sim.setup().groups[g.ix()].coordinator.ix()].leader
    }

    fn committed(&self, g: GroupIx, p: PartitionId) -> Option<u64> {
        let setup = self.sim.setup();
        let coordinator = self.sim.ledger().view(setup.groups[g.ix()].coordinator);
        let all = self.sim.world().broker(coordinator).committed(setup, g);
        all.iter().find(|c| c.0 == p).map(|c| c.1.0.into())
    }

    fn partitions_used(&self, topic: &str) -> Option<Value> {
        let setup = self.sim.setup();
        let t = setup.topics.iter().find(|t| t.name == topic)?;
        let used = t.partitions.iter().copied().filter(|p| !self.log(self.sim.ledger().view(*p), *p).is_empty());
        Some(set(used.map(|p| i64::from(setup.partitions[p.ix()].number))))
    }

    /// Pairs of records of one subject of which the later sent was handled first, summed over groups.
    fn inversions(&self, which: impl Fn(&str) -> bool) -> u64 {
        let mut n = 0;
        for g in 0..self.sim.setup().groups.len() as u8 {
            let mut order: Vec<RecordId> = Vec::new();
            for r in self.witness.handled(GroupIx(g)) {
                if !order.contains(&r) {
                    order.push(r);
                }
            }
            let named: Vec<(String, u64, u32)> = order
                .iter()
                .map(|r| (self.names.name(*r, self.sim), self.witness.sent_us(*r).unwrap_or(0), r.n))
                .filter(|x| which(&x.0))
                .collect();
            for (i, a) in named.iter().enumerate() {
                let same = |b: &&(String, u64, u32)| a.0.split('.').next() == b.0.split('.').next();
                n += named[i + 1..].iter().filter(same).filter(|b| (b.1, b.2) < (a.1, a.2)).count() as u64;
            }
        }
        n
    }
}

/// Every record that was handed to a producer.
pub(super) fn all_records(sim: &Sim) -> impl Iterator<Item = RecordId> + '_ {
    (0..sim.setup().producers.len() as u8).flat_map(move |p| {
        let producer = ProducerIx(p);
        (0..).map(move |n| RecordId { producer, n }).take_while(|r| sim.ledger().record(*r).is_some())
    })
}

/// `pay-0` by name.
pub(super) fn partition_named(sim: &Sim, name: &str) -> Option<PartitionId> {
    sim.setup().partition_ids().find(|p| sim.setup().partition_name(*p) == name)
}

fn brokers(s: BrokerSet) -> Value {
    set(s.iter().map(|b| b.0.into()))
}

/// Each number once, in order.
fn set(numbers: impl Iterator<Item = i64>) -> Value {
    let mut all: Vec<i64> = numbers.collect();
    order::sort(&mut all);
    all.dedup();
    Value::Set(all)
}

fn number(v: &Value) -> Option<i64> {
    match v {
        Value::Int(n) | Value::Time(n) | Value::Real(n) => Some(*n),
        _ => None,
    }
}

/// Numbers side by side: thousandths, if one of them has any.
fn alike(a: &Value, b: &Value) -> Option<(i64, i64)> {
    let (x, y) = (number(a)?, number(b)?);
    Some(match (a, b) {
        (Value::Real(_), Value::Int(_)) => (x, y.saturating_mul(1000)),
        (Value::Int(_), Value::Real(_)) => (x.saturating_mul(1000), y),
        _ => (x, y),
    })
}

fn compare(op: Cmp, a: &Value, b: &Value) -> bool {
    match (op, alike(a, b)) {
        (Cmp::Eq, Some((x, y))) => x == y,
        (Cmp::Ne, Some((x, y))) => x != y,
        (Cmp::Eq, None) => a == b,
        (Cmp::Ne, None) => a != b,
        (_, None) => false,
        (Cmp::Lt, Some((x, y))) => x < y,
        (Cmp::Le, Some((x, y))) => x <= y,
        (Cmp::Gt, Some((x, y))) => x > y,
        (Cmp::Ge, Some((x, y))) => x >= y,
    }
}

fn contains(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(n), Value::Set(s)) => s.contains(n),
        (Value::Record(r), Value::Records(all)) => all.contains(r),
        _ => false,
    }
}

fn add(op: Sum, a: Value, b: Value) -> Value {
    let real = [&a, &b].iter().any(|v| matches!(v, Value::Real(_)));
    let Some((x, y)) = alike(&a, &b) else { return Value::None };
    let n = match op {
        Sum::Add => x.saturating_add(y),
        Sum::Sub => x.saturating_sub(y),
        Sum::Mul if real => x.saturating_mul(y) / 1000,
        Sum::Mul => x.saturating_mul(y),
    };
    match a {
        _ if real => Value::Real(n),
        Value::Time(_) => Value::Time(n),
        _ => Value::Int(n),
    }
}
