//! The controller on a broker (ctrl.Z2, Z3, Z4): the rules of [`crate::kafka::controller`] on what it has read of ZooKeeper.
//!
//! It deals with one thing at a time (the controller's event queue), and waits meanwhile for ZooKeeper.

use super::{News, Push, PushKind, States, Writes, Written, ZkBody, ZkOp, ZkTimer};
use crate::event::{ErrorCode, ZkEvent};
use crate::ids::*;
use crate::kafka::broker::Cx;
use crate::kafka::controller::{Controller, ControllerCx, PartitionState};
use crate::kafka::message::{Body, Change};
use crate::kafka::setup::Setup;
use crate::kafka::step::Out;
use smallvec::SmallVec;

/// Something that the controller has to deal with.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Task {
    /// It has just read everything: who leads what, and who is told everything.
    TakeOver,
    /// Brokers came or went: those that are there, with their epochs.
    Brokers(SmallVec<[Option<BrokerEpoch>; 4]>),
    /// Leaders have written other ISRs to ZooKeeper (before PV5).
    Notes(States),
    /// A leader asks for another ISR (from PV5 on).
    Alter(BrokerId, Body),
    /// A broker of this epoch wants to stop.
    Shutdown(BrokerId, BrokerEpoch),
    /// Elect the preferred leader (repl.E11).
    Preferred(PartitionId),
}

/// A task whose outcome ZooKeeper has not written yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Doing {
    task: Task,
    /// The controller's state when it is done.
    then: Controller,
    outcome: Outcome,
}

/// What is done when it is written.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Outcome {
    /// Partitions that the controller has decided on, for their replicas.
    decided: SmallVec<[PartitionId; 2]>,
    /// Partitions that are not as before, for everybody.
    changed: SmallVec<[PartitionId; 2]>,
    /// Brokers to be told everything.
    newcomers: BrokerSet,
    /// Brokers are to be told who lives.
    brokers: bool,
    answers: SmallVec<[(BrokerId, Body); 1]>,
}

/// What a broker has as the controller.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Acting {
    /// In which epoch.
    pub epoch: ControllerEpoch,
    /// What it knows; `None` while it reads.
    pub state: Option<Box<Controller>>,
    /// What it is at.
    pub doing: Option<Box<Doing>>,
    /// What comes after that.
    pub queue: SmallVec<[Task; 1]>,
    /// Requests to brokers, by id, of which the first has been sent: one at a time to each.
    outbox: SmallVec<[SmallVec<[Push; 1]>; 3]>,
    next_seq: u32,
}

impl Acting {
    /// It has just created `/controller`.
    pub fn new(epoch: ControllerEpoch) -> Self {
        // Numbers of another term do not come again.
        let next_seq = u32::from(epoch.0) << 16;
        Acting { epoch, state: None, doing: None, queue: SmallVec::new(), outbox: SmallVec::new(), next_seq }
    }

    /// That of a settled cluster.
    pub fn settled(setup: &Setup) -> Self {
        let state = Controller { zk: None, ..Controller::settled(setup) };
        Acting { state: Some(Box::new(state)), ..Acting::new(ControllerEpoch(1)) }
    }

    /// Brokers that it waits for.
    pub(super) fn waiting_for(&self) -> impl Iterator<Item = BrokerId> {
        self.outbox.iter().enumerate().filter(|(_, o)| !o.is_empty()).map(|(i, _)| BrokerId(i as u8 + 1))
    }
}

impl Controller {
    /// The epoch of a broker that the controller takes for alive, one that is about to stop too.
    fn counted_on(&self, b: BrokerId) -> Option<BrokerEpoch> {
        let r = &self.brokers[b.ix()];
        (r.live || r.stopping).then_some(r.epoch)
    }

    /// It counts on those whose node is there.
    fn count_on(&mut self, alive: &[Option<BrokerEpoch>]) {
        for (r, now) in self.brokers.iter_mut().zip(alive) {
            if !(r.stopping && *now == Some(r.epoch)) {
                (r.live, r.fenced, r.stopping) = (now.is_some(), now.is_none(), false);
                r.epoch = now.unwrap_or(r.epoch);
            }
        }
    }
}

impl Cx<'_> {
    fn acting(&mut self) -> Option<&mut Acting> {
        self.b.zk.as_mut()?.acting.as_deref_mut()
    }

    /// It is the controller no more.
    pub(super) fn resign(&mut self) {
        let me = self.b.id;
        let Some(a) = self.b.zk().acting.take() else { return };
        a.waiting_for().for_each(|to| self.out.disarm(ZkTimer::Push(me, to).into()));
        self.ask_no_more(|op| matches!(op, ZkOp::ReadState | ZkOp::WriteStates { .. }));
        self.tell_zk(ZkEvent::ControllerResigned { broker: me, epoch: a.epoch });
    }

    /// ctrl.Z2: it has read all there is, and is the controller from now on.
    pub(super) fn take_over(&mut self, news: &News, partitions: &[PartitionState]) {
        let (me, setup) = (self.b.id, self.setup);
        let Some(a) = self.acting() else { return };
        let mut state = Controller { zk: None, partitions: partitions.into(), ..Controller::settled(setup) };
        state.count_on(&news.brokers);
        a.state = Some(Box::new(state));
        a.queue.push(Task::TakeOver);
        let epoch = a.epoch;
        self.tell_zk(ZkEvent::ControllerActive { broker: me, epoch });
        self.work();
    }

    /// A watch of `/brokers/ids`, or of what leaders wrote.
    pub(super) fn on_brokers(&mut self, news: &News) {
        let Some(a) = self.acting() else { return };
        a.queue.push(Task::Brokers(news.brokers.clone()));
        if !news.notes.is_empty() {
            a.queue.push(Task::Notes(news.notes.clone()));
        }
        self.work();
    }

    /// Something for the controller. From somebody who does not know yet that it is another broker.
    pub(in crate::kafka) fn for_controller(&mut self, task: Task) {
        match self.acting() {
            Some(a) => {
                if !a.queue.contains(&task) {
                    a.queue.push(task);
                }
                self.work();
            }
            None => {
                if let Task::Alter(b, Body::AlterPartition { partition, le, .. }) = task {
                    let refusal = Body::AlterPartitionResponse { partition, le, result: Err(ErrorCode::NotController) };
                    self.answer(b, refusal);
                }
            }
        }
    }

    /// Deals with one thing after the other, until it has to wait for ZooKeeper.
    fn work(&mut self) {
        loop {
            let Some(a) = self.acting() else { return };
            if a.doing.is_some() || a.state.is_none() || a.queue.is_empty() {
                return;
            }
            let task = a.queue.remove(0);
            self.begin(task);
        }
    }

    fn begin(&mut self, task: Task) {
        let setup = self.setup;
        let Some(a) = self.acting() else { return };
        let (epoch, Some(before)) = (a.epoch, a.state.clone()) else { return };
        let (mut then, mut out, mut outcome) = (*before.clone(), Out::default(), Outcome::default());
        if let Task::Brokers(alive) = &task {
            let differs = setup.broker_ids().filter(|b| alive[b.ix()] != before.counted_on(*b));
            outcome.newcomers = differs.collect();
            outcome.brokers = !outcome.newcomers.is_empty();
            then.count_on(alive);
        }
        let mut cx = ControllerCx { c: &mut then, setup, out: &mut out, changes: SmallVec::new(), written: Some(SmallVec::new()) };
        match &task {
            Task::TakeOver => {
                (outcome.newcomers, outcome.brokers) = (setup.broker_ids().collect(), true);
                cx.settle(BrokerSet::EMPTY);
            }
            // KIP-380: one that came back with another epoch was gone meanwhile.
            Task::Brokers(_) => cx.settle(outcome.newcomers),
            Task::Notes(notes) => {
                for (p, s) in notes.iter().filter(|(p, s)| s.pe > before.partitions[p.ix()].pe) {
                    cx.c.partitions[p.ix()] = *s;
                    outcome.changed.push(*p);
                }
            }
            Task::Alter(b, body) => cx.on_message(Actor::Broker(*b), body),
            // KIP-380: not the process that came after the one that asked.
            Task::Shutdown(b, be) => {
                if before.brokers[b.ix()].epoch == *be {
                    outcome.brokers = true;
                    cx.shut_down(*b);
                }
            }
            Task::Preferred(p) => cx.elect_preferred(*p),
        }
        let decided = !matches!(task, Task::Alter(..));
        let mut writes = Writes::new();
        for change in cx.written.take().unwrap_or_default() {
            if let Change::Partition { partition: p, .. } = change
                && !outcome.changed.contains(&p)
            {
                writes.push((p, before.partitions[p.ix()].pe, then.partitions[p.ix()]));
                outcome.changed.push(p);
                if decided {
                    outcome.decided.push(p);
                }
            }
        }
        outcome.answers = out
            .sends
            .into_iter()
            .filter_map(|(_, to, body)| if let Actor::Broker(b) = to { Some((b, (*body).clone())) } else { None })
            .collect();
        if writes.is_empty() {
            self.out.events.extend(out.events);
            return self.done(then, outcome);
        }
        if let Some(a) = self.acting() {
            a.doing = Some(Box::new(Doing { task, then, outcome }));
        }
        self.ask(ZkOp::WriteStates { epoch, writes, told: out.events.into() });
    }

    /// ctrl.Z4: what ZooKeeper said of the write.
    pub(super) fn on_written(&mut self, written: &Written) {
        let Some(Doing { task, then, outcome }) = self.acting().and_then(|a| a.doing.take()).map(|d| *d) else { return };
        match written {
            Written::Yes => self.done(then, outcome),
            Written::ControllerMoved => return self.resign(),
            Written::BadVersion(now) => {
                let Some(a) = self.acting() else { return };
                if let Some(state) = &mut a.state {
                    now.iter().for_each(|(p, s)| state.partitions[p.ix()] = *s);
                }
                a.queue.insert(0, task); // once more, from what is there
            }
        }
        self.work();
    }

    /// It is written: brokers are told, and those who asked.
    fn done(&mut self, state: Controller, outcome: Outcome) {
        let Some(a) = self.acting() else { return };
        a.state = Some(Box::new(state.clone()));
        let all: SmallVec<[PartitionId; 2]> = self.setup.partition_ids().collect();
        for b in self.setup.broker_ids() {
            let newcomer = outcome.newcomers.has(b);
            if newcomer || !state.brokers[b.ix()].live {
                self.drop_outbox(b);
            }
            if !state.brokers[b.ix()].live {
                continue;
            }
            let hosted = |p: &&PartitionId| self.setup.partitions[p.ix()].replicas.contains(&b);
            let (decided, changed) = if newcomer { (&all, &all) } else { (&outcome.decided, &outcome.changed) };
            let offices: SmallVec<[Change; 2]> = decided.iter().filter(hosted).map(|p| state.change_of(*p)).collect();
            if !offices.is_empty() {
                self.push(b, PushKind::LeaderAndIsr, offices);
            }
            if newcomer || outcome.brokers || !changed.is_empty() {
                let brokers = self.setup.broker_ids().map(|x| state.broker_change(x));
                self.push(b, PushKind::UpdateMetadata, brokers.chain(changed.iter().map(|p| state.change_of(*p))).collect());
            }
        }
        outcome.answers.into_iter().for_each(|(b, body)| self.answer(b, body));
    }

    fn answer(&mut self, b: BrokerId, body: Body) {
        if b != self.b.id {
            return self.send(Actor::Broker(b), body);
        }
        match body {
            Body::AlterPartitionResponse { partition, le, result } => self.on_alter_response(partition, le, result),
            Body::ControlledShutdown => self.finish_stop(),
            _ => {}
        }
    }

    // ---- requests to brokers (ctrl.Z3)

    fn push(&mut self, to: BrokerId, kind: PushKind, changes: SmallVec<[Change; 2]>) {
        if to == self.b.id {
            return self.take_push(kind, &changes);
        }
        let brokers = usize::from(self.setup.brokers);
        let Some(a) = self.acting() else { return };
        let be = a.state.as_ref().map_or(BrokerEpoch(0), |s| s.brokers[to.ix()].epoch);
        a.next_seq += 1;
        let push = Push { kind, epoch: a.epoch, be, seq: a.next_seq, changes };
        a.outbox.resize(brokers, SmallVec::new());
        a.outbox[to.ix()].push(push);
        if a.outbox[to.ix()].len() == 1 {
            self.push_next(to);
        }
    }

    /// Sends the first request that waits; again, if nobody answered it.
    pub(super) fn push_next(&mut self, to: BrokerId) {
        let me = self.b.id;
        if let Some(push) = self.acting().and_then(|a| a.outbox.get(to.ix())?.first().cloned()) {
            self.send(Actor::Broker(to), Body::Zk(ZkBody::Push(push)));
            self.out.arm(ZkTimer::Push(me, to).into());
        }
    }

    /// A broker answered.
    pub(super) fn on_pushed(&mut self, from: BrokerId, seq: u32) {
        let me = self.b.id;
        let Some(waiting) = self.acting().and_then(|a| a.outbox.get_mut(from.ix())) else { return };
        if waiting.first().is_none_or(|p| p.seq != seq) {
            return;
        }
        waiting.remove(0);
        if waiting.is_empty() {
            self.out.disarm(ZkTimer::Push(me, from).into());
        } else {
            self.push_next(from);
        }
    }

    /// A broker that is gone is told nothing more.
    fn drop_outbox(&mut self, b: BrokerId) {
        let me = self.b.id;
        let Some(waiting) = self.acting().and_then(|a| a.outbox.get_mut(b.ix())) else { return };
        if !std::mem::take(waiting).is_empty() {
            self.out.disarm(ZkTimer::Push(me, b).into());
        }
    }
}
