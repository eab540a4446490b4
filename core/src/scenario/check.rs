//! What a scenario has to hold beyond its types: names that exist, figures within reason. Each error says where, and what
//! would be right.

use super::configs::{self, Configs, Scope};
use super::versions::{VERSIONS, has_share_groups};
use super::{App, Do, End, FORMAT, Scenario, ScenarioError, TimedCommand, build, error};
use crate::cost::service::CostSpec;

/// Partitions that all topics may have together.
const MOST_PARTITIONS: u32 = 10_000;

impl Scenario {
    /// Everything that the types don't say.
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        if self.format != FORMAT {
            return error("format", format!("is {}; this version reads {FORMAT}", self.format));
        }
        if !VERSIONS.contains(&self.kafka.as_str()) {
            return error("kafka", format!("is {:?}; the engine knows {}", self.kafka, VERSIONS.join(", ")));
        }
        if self.features.elr.is_some_and(|v| v > 1) {
            return error("features.eligible.leader.replicas.version", "must be 0 or 1");
        }
        if self.features.transaction.is_some_and(|v| v > 2) {
            return error("features.transaction.version", "must be 0, 1 or 2");
        }
        let hour = 3_600_000_000;
        if self.until_us > 24 * hour {
            return error("until_us", format!("is {}; a run lasts at most 24 hours ({})", self.until_us, 24 * hour));
        }
        if self.network.delay_us > hour || self.network.jitter_us > hour {
            return error("network", "a delay is at most an hour");
        }
        if let Some(Err((field, what))) = self.cost.as_ref().map(CostSpec::check) {
            return error(format!("cost.{field}"), what);
        }
        self.check_configs(&self.configs, Scope::Broker, "configs")?;
        self.check_topology()?;
        self.check_apps()?;
        self.check_workload()?;
        self.commands
            .iter()
            .enumerate()
            .try_for_each(|(i, c)| self.check_command(c).map_err(|what| ScenarioError { at: format!("commands[{i}]"), what }))?;
        if let Some(i) = self.commands.windows(2).position(|w| w[0].at_us > w[1].at_us) {
            return error(
                format!("commands[{}].at_us", i + 1),
                "is before the command above it; commands stand in the order of their times",
            );
        }
        build::build(self)?;
        self.check_schedule()
    }

    fn check_schedule(&self) -> Result<(), ScenarioError> {
        if self.schedule.is_empty() {
            return Ok(());
        }
        if !self.commands.is_empty() {
            return error("commands", "a scenario has commands with their times or a schedule without times, not both");
        }
        crate::trial::Trial::new(self)?
            .check_schedule(&self.schedule)
            .map_err(|(i, what)| ScenarioError { at: format!("schedule[{i}]"), what })
    }

    fn check_configs(&self, c: &Configs, scope: Scope, at: &str) -> Result<(), ScenarioError> {
        configs::check(c, scope).map_err(|(name, what)| ScenarioError { at: format!("{at}.{name}"), what })
    }

    fn check_topology(&self) -> Result<(), ScenarioError> {
        let t = &self.topology;
        if !(1..=32).contains(&t.brokers) {
            return error("topology.brokers", format!("is {}; there can be 1 to 32", t.brokers));
        }
        if !matches!(t.voters, 1 | 3) {
            return error("topology.voters", format!("is {}; there can be 3, or 1 that never fails", t.voters));
        }
        if !t.racks.is_empty() && t.racks.len() != usize::from(t.brokers) {
            return error(
                "topology.broker.rack",
                format!("names {} racks; there must be one for each of {} brokers", t.racks.len(), t.brokers),
            );
        }
        for (i, rack) in t.racks.iter().enumerate() {
            check_name(rack, &format!("topology.broker.rack[{i}]"))?;
        }
        if t.topics.is_empty() {
            return error("topology.topics", "is empty; there must be at least one topic");
        }
        let total: u32 = t.topics.iter().map(|x| u32::from(x.partitions)).sum();
        if total > MOST_PARTITIONS {
            return error("topology.topics", format!("have {total} partitions together; there can be {MOST_PARTITIONS}"));
        }
        for (i, topic) in t.topics.iter().enumerate() {
            let at = format!("topology.topics[{i}]");
            check_name(&topic.name, &format!("{at}.name"))?;
            if topic.name.starts_with("__") {
                return error(format!("{at}.name"), "names that begin with __ are Kafka's own");
            }
            if t.topics[..i].iter().any(|x| x.name == topic.name) {
                return error(format!("{at}.name"), format!("{:?} is there already", topic.name));
            }
            if topic.partitions == 0 {
                return error(format!("{at}.partitions"), "must be at least 1");
            }
            if !(1..=t.brokers).contains(&topic.replication_factor) {
                return error(
                    format!("{at}.replication.factor"),
                    format!("is {}; with {} brokers it can be 1 to {}", topic.replication_factor, t.brokers, t.brokers),
                );
            }
            self.check_configs(&topic.configs, Scope::Topic, &format!("{at}.configs"))?;
        }
        if t.producers.len() > 200 {
            return error("topology.producers", "there can be 200 at most");
        }
        for (i, p) in t.producers.iter().enumerate() {
            let at = format!("topology.producers[{i}]");
            check_name(&p.name, &format!("{at}.name"))?;
            if t.producers[..i].iter().any(|x| x.name == p.name) {
                return error(format!("{at}.name"), format!("{:?} is there already", p.name));
            }
            self.check_configs(&p.configs, Scope::Producer, &format!("{at}.configs"))?;
        }
        Ok(())
    }

    fn check_apps(&self) -> Result<(), ScenarioError> {
        if self.apps.iter().map(App::everybody).sum::<u32>() > 200 {
            return error("apps", "there can be 200 members at most, over all groups");
        }
        for (i, a) in self.apps.iter().enumerate() {
            let at = format!("apps[{i}]");
            check_name(&a.group, &format!("{at}.group"))?;
            if self.apps[..i].iter().any(|x| x.group == a.group) {
                return error(format!("{at}.group"), format!("{:?} is there already", a.group));
            }
            for (j, t) in a.topics.iter().enumerate() {
                self.topic_index(t).ok_or_else(|| self.no_topic(format!("{at}.topics[{j}]"), t))?;
            }
            if a.handling_us > 3_600_000_000 {
                return error(format!("{at}.handling_us"), "is more than an hour");
            }
            let scope = if a.share.is_some() { Scope::Share } else { Scope::Consumer };
            self.check_configs(&a.configs, scope, &format!("{at}.configs"))?;
            if a.share.is_some() {
                self.check_share(a, &at)?;
            }
            if let Some(o) = &a.output {
                self.topic_index(&o.topic).ok_or_else(|| self.no_topic(format!("{at}.output.topic"), &o.topic))?;
                self.check_configs(&o.configs, Scope::Producer, &format!("{at}.output.configs"))?;
                if o.configs.contains_key("transactional.id") && a.commit.is_some() {
                    return error(format!("{at}.commit"), "must be left out: the offsets are part of the transaction");
                }
            }
            if let Some(s) = &a.streams {
                if a.configs.contains_key("client.rack") {
                    return error(format!("{at}.configs.client.rack"), "must be left out: Streams threads read from leaders here");
                }
                let at = format!("{at}.streams");
                self.topic_index(&s.to).ok_or_else(|| self.no_topic(format!("{at}.to"), &s.to))?;
                a.check_streams(s, &at)?;
            }
        }
        Ok(())
    }

    fn check_share(&self, a: &App, at: &str) -> Result<(), ScenarioError> {
        if !has_share_groups(&self.kafka) {
            return error(format!("{at}.share"), "UnsupportedVersionException: share groups are there from 4.2 on");
        }
        let others = [("commit", a.commit.is_some()), ("output", a.output.is_some()), ("streams", a.streams.is_some())];
        match others.into_iter().find(|x| x.1) {
            Some((field, _)) => error(format!("{at}.{field}"), "must be left out: a share consumer acknowledges records"),
            None => Ok(()),
        }
    }

    fn check_workload(&self) -> Result<(), ScenarioError> {
        for (i, w) in self.workload.iter().enumerate() {
            let at = format!("workload[{i}]");
            self.topic_index(&w.topic).ok_or_else(|| self.no_topic(format!("{at}.topic"), &w.topic))?;
            if !self.topology.producers.iter().any(|p| p.name == w.producer) {
                return error(format!("{at}.producer"), format!("there is no producer {:?} in topology.producers", w.producer));
            }
            if w.every_us == 0 {
                return error(format!("{at}.every_us"), "must be at least 1");
            }
            if w.count > 10_000_000 {
                return error(format!("{at}.count"), "can be 10000000 at most");
            }
            let transactional = self.topology.producers.iter().any(|p| p.name == w.producer && p.configs.contains_key("transactional.id"));
            if (w.records_per_transaction > 0 || w.abort_every > 0) && !transactional {
                return error(
                    format!("{at}.records_per_transaction"),
                    format!("needs transactional.id in the configs of {:?}", w.producer),
                );
            }
            if w.bytes == 0 || w.bytes > 1_048_576 {
                return error(format!("{at}.bytes"), "must be 1 to 1048576");
            }
        }
        Ok(())
    }

    fn no_topic(&self, at: String, name: &str) -> ScenarioError {
        let known: Vec<&str> = self.topology.topics.iter().map(|t| t.name.as_str()).collect();
        ScenarioError { at, what: format!("there is no topic {name:?}; there is {}", known.join(", ")) }
    }

    fn check_command(&self, c: &TimedCommand) -> Result<(), String> {
        let broker = |b: &u8| {
            let n = self.topology.brokers;
            if (1..=n).contains(b) { Ok(()) } else { Err(format!("there is no broker {b}; ids are 1 to {n}")) }
        };
        let members = self.apps.iter().map(App::everybody).sum::<u32>();
        let consumer = |c: &u8| {
            if u32::from(*c) < members { Ok(()) } else { Err(format!("there is no consumer {c}; there are {members}, from 0")) }
        };
        let members_with = self.apps.iter().filter(|a| a.writes_to().is_some()).map(|a| a.everybody() as usize).sum::<usize>();
        let producers = self.topology.producers.len() + members_with;
        let voter = |v: &u8| match self.topology.voters {
            1 => Err("there is one controller, which never fails; topology.voters makes it 3".to_string()),
            n if (1..=n).contains(v) => Ok(()),
            n => Err(format!("there is no voter {v}; ids are 1 to {n}")),
        };
        let end = |e: &End| match e {
            End::Controller if self.topology.voters == 1 => Ok(()),
            End::Controller => Err(format!("there are {} controllers; say which: {{\"voter\": 1}}", self.topology.voters)),
            End::Voter(v) => voter(v),
            End::Broker(b) => broker(b),
            End::Consumer(c) => consumer(c),
            End::Producer(p) if usize::from(*p) < producers => Ok(()),
            End::Producer(p) => Err(format!("there is no producer {p}; there are {producers}, from 0")),
        };
        match &c.what {
            Do::Send { producer, topic, .. } => {
                if !self.topology.producers.iter().any(|p| p.name == *producer) {
                    return Err(format!("there is no producer {producer:?}"));
                }
                self.topic_index(topic).map(|_| ()).ok_or_else(|| format!("there is no topic {topic:?}"))
            }
            Do::CommitTransaction { producer } | Do::AbortTransaction { producer } => {
                match self.topology.producers.iter().find(|p| p.name == *producer) {
                    None => Err(format!("there is no producer {producer:?}")),
                    Some(p) if !p.configs.contains_key("transactional.id") => Err(format!("producer {producer:?} has no transactional.id")),
                    Some(_) => Ok(()),
                }
            }
            Do::AlterConfig { name, .. } if name != "min.insync.replicas" => {
                Err(format!("{name:?} can't change during a run; min.insync.replicas can"))
            }
            Do::AlterConfig { value: 0, .. } => Err("min.insync.replicas must be at least 1".into()),
            Do::AlterConfig { topic, .. } => self.topic_index(topic).map(|_| ()).ok_or_else(|| format!("there is no topic {topic:?}")),
            Do::CreatePartitions { topic, count } => {
                let Some(i) = self.topic_index(topic) else { return Err(format!("there is no topic {topic:?}")) };
                let (now, others) = (self.partitions_at(i, c), self.topology.topics.iter().map(|t| u32::from(t.partitions)).sum::<u32>());
                if *count <= now {
                    return Err(format!("INVALID_PARTITIONS: {topic:?} has {now} then, so count must be at least {}", now + 1));
                }
                if others + u32::from(*count) > MOST_PARTITIONS {
                    return Err(format!("all topics have {others} partitions already; there can be {MOST_PARTITIONS}"));
                }
                match self.apps.iter().find(|a| a.streams.is_some() && a.topics.contains(topic)) {
                    Some(a) => Err(format!(
                        "{topic:?} is read by {:?}, a Streams application: its tasks and its store's partitions can't change",
                        a.group
                    )),
                    None => Ok(()),
                }
            }
            Do::CrashVoter { voter: v } | Do::StartVoter { voter: v } => voter(v),
            Do::DeleteRecords { topic, partition, .. } | Do::ElectPreferredLeader { topic, partition } => {
                match self.topic_index(topic).map(|i| self.partitions_at(i, c)) {
                    Some(n) if *partition < n => Ok(()),
                    Some(n) => Err(format!("{topic:?} has {n} partitions, from 0")),
                    None => Err(format!("there is no topic {topic:?}")),
                }
            }
            Do::Crash { broker: b } | Do::PowerCut { broker: b } | Do::Stop { broker: b } | Do::Start { broker: b } => broker(b),
            Do::CutLink { from, to } | Do::HealLink { from, to } | Do::SlowLink { from, to, .. } if from == to => {
                Err("a link has two ends".into())
            }
            Do::SlowLink { extra_us: us, .. } | Do::Pause { for_us: us, .. } | Do::SlowHandler { handling_us: Some(us), .. }
                if *us > 3_600_000_000 =>
            {
                Err("is more than an hour".into())
            }
            Do::Pause { who, .. } => end(who),
            Do::CutLink { from, to } | Do::HealLink { from, to } | Do::SlowLink { from, to, .. } => end(from).and_then(|()| end(to)),
            Do::DropNextResponse { broker: b, client } => broker(b).and_then(|()| match client {
                End::Producer(_) | End::Consumer(_) => end(client),
                _ => Err("responses go to a producer or a consumer".into()),
            }),
            Do::SlowHandler { consumer: c, .. }
            | Do::CrashConsumer { consumer: c }
            | Do::StartConsumer { consumer: c }
            | Do::StopConsumer { consumer: c }
            | Do::ThrowInHandler { consumer: c } => consumer(c),
        }
    }

    /// How many partitions a topic has when a command comes, if those before it did what they say.
    fn partitions_at(&self, topic: usize, command: &TimedCommand) -> u16 {
        let t = &self.topology.topics[topic];
        let before = self.commands.iter().take_while(|c| !std::ptr::eq(*c, command) && c.at_us <= command.at_us);
        let counts = before.filter_map(|c| match &c.what {
            Do::CreatePartitions { topic, count } if *topic == t.name => Some(*count),
            _ => None,
        });
        counts.fold(t.partitions, u16::max)
    }

    fn topic_index(&self, name: &str) -> Option<usize> {
        self.topology.topics.iter().position(|t| t.name == name)
    }
}

pub(super) fn check_name(name: &str, at: &str) -> Result<(), ScenarioError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > 249 || !name.chars().all(legal) {
        return error(at, format!("{name:?} is no name; use 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'"));
    }
    Ok(())
}
