//! Members of groups: application loops over librdkafka's consumer, each on a thread.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use highwater_core::scenario::{App, CommitSpec};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::Message;

use super::cluster::Cluster;
use super::plan::Plan;

/// A group forms within this, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

struct Member {
    name: String,
    app: usize,
    handled: Arc<Mutex<Vec<String>>>,
    has_joined: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// All members.
pub(crate) struct Members(Vec<Member>);

impl Members {
    /// Starts those that run at the beginning, and waits until their groups have formed.
    pub(crate) fn start(cluster: &Cluster, plan: &Plan) -> Result<Self> {
        let mut members = Members(Vec::new());
        let mut waited = Vec::new();
        for (i, (name, app, starts)) in plan.members().into_iter().enumerate() {
            let flag = || Arc::new(AtomicBool::new(false));
            members.0.push(Member { name, app, handled: Arc::default(), has_joined: flag(), stop: flag(), thread: None });
            if starts {
                members.start_one(cluster, plan, i)?;
                waited.push(i);
            }
        }
        let end = Instant::now() + PATIENCE;
        while waited.iter().any(|i| !members.0[*i].has_joined.load(Ordering::Relaxed)) {
            if Instant::now() > end {
                bail!("the groups did not form within {} s", PATIENCE.as_secs());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(members)
    }

    /// Starts a member that does not run.
    pub(crate) fn start_one(&mut self, cluster: &Cluster, plan: &Plan, i: usize) -> Result<()> {
        self.stop_one(i);
        let m = &mut self.0[i];
        let app = plan.apps[m.app].clone();
        let mut config = cluster.client(&m.name, &app.configs);
        // No group of anybody else's.
        config.set("group.id", format!("{}-replay-{}", app.group, process::id()));
        if app.commit.is_some() {
            config.set("enable.auto.commit", "false");
        }
        if let Some(strategies) = app.configs.get("partition.assignment.strategy") {
            config.set("partition.assignment.strategy", strategies_of(strategies.as_str().unwrap_or_default()));
        }
        config.remove("max.poll.records"); // librdkafka gives records one by one
        let consumer: BaseConsumer = config.create().with_context(|| format!("consumer {}", m.name))?;
        let topics: Vec<&str> = app.topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).with_context(|| format!("subscribing {}", m.name))?;
        let stop = Arc::new(AtomicBool::new(false));
        m.stop = stop.clone();
        let (handled, joined) = (m.handled.clone(), m.has_joined.clone());
        m.thread = Some(thread::spawn(move || read(&consumer, &app, &stop, &joined, &handled)));
        Ok(())
    }

    /// Ends its loop, which closes its consumer.
    pub(crate) fn stop_one(&mut self, i: usize) {
        let m = &mut self.0[i];
        m.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = m.thread.take() {
            let _ = thread.join();
        }
    }

    /// Ends all of them: what each has handled.
    pub(crate) fn finish(mut self) -> Vec<(String, Vec<String>)> {
        (0..self.0.len()).for_each(|i| self.stop_one(i));
        let of = |m: Member| (m.name, m.handled.lock().expect("nobody panics with it").clone());
        self.0.into_iter().map(of).collect()
    }
}

/// librdkafka's words for the Java classes.
fn strategies_of(classes: &str) -> String {
    let word = |class: &str| match class.trim().rsplit('.').next() {
        Some("RoundRobinAssignor") => "roundrobin",
        Some("CooperativeStickyAssignor") => "cooperative-sticky",
        _ => "range", // it has no eager sticky assignor
    };
    classes.split(',').map(word).collect::<Vec<_>>().join(",")
}

fn read(consumer: &BaseConsumer, app: &App, stop: &AtomicBool, joined: &AtomicBool, handled: &Mutex<Vec<String>>) {
    while !stop.load(Ordering::Relaxed) {
        let polled = consumer.poll(Duration::from_millis(100));
        if !joined.load(Ordering::Relaxed) && consumer.assignment().is_ok_and(|a| a.count() > 0) {
            joined.store(true, Ordering::Relaxed);
        }
        let Some(Ok(message)) = polled else { continue };
        if app.commit == Some(CommitSpec::BeforeHandling) {
            let _ = consumer.commit_message(&message, CommitMode::Sync); // a refused one is told by what comes again
        }
        thread::sleep(Duration::from_micros(app.handling_us));
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let key = message.key().map_or_else(|| "-".into(), |k| String::from_utf8_lossy(k).into_owned());
        handled.lock().expect("nobody panics with it").push(key);
        if app.commit == Some(CommitSpec::AfterHandling) {
            let _ = consumer.commit_message(&message, CommitMode::Sync);
        }
    }
}
