//! Metrics over time, for whoever looks at them: the same run a second time, sampled as it goes. The run that is
//! watched keeps none, so nobody pays for what is not looked at.

use super::Session;
use highwater_core::fold::metrics::{Series, Snapshot};
use highwater_core::kafka::Out;
use highwater_core::sim::Sim;

/// How often they are sampled at first: slow motion shows milliseconds.
const EVERY_US: u64 = 20_000;
/// Most samples that are kept.
const MOST: usize = 256;

/// A run with its metrics.
#[derive(Debug)]
pub struct Meters {
    sim: Sim,
    series: Series,
    out: Out,
}

impl Meters {
    fn new(beginning: Sim) -> Self {
        Meters { series: Series::new(&beginning, EVERY_US, MOST), sim: beginning, out: Out::default() }
    }

    /// Runs on to an instant.
    fn follow(&mut self, to_us: u64) {
        self.series.follow(&self.sim);
        while self.sim.next_due_us().is_some_and(|due| due <= to_us) && self.sim.step(&mut self.out) {
            self.series.follow(&self.sim);
        }
    }

    /// What they showed at an instant that was reached, or at the sample before it.
    pub fn at(&self, us: u64) -> Option<&Snapshot> {
        self.series.at(us)
    }

    /// The samples until an instant.
    pub fn until(&self, us: u64) -> &[(u64, Snapshot)] {
        let all = self.series.samples();
        &all[..all.partition_point(|s| s.0 <= us)]
    }

    /// Everything that they show at the furthest instant; rates among it.
    pub fn newest(&self) -> Snapshot {
        self.series.now(&self.sim)
    }

    /// The instant of the last thing that happened in it.
    pub fn reached_us(&self) -> u64 {
        self.sim.now_us()
    }
}

impl Session {
    /// The metrics, if somebody looks at them.
    pub fn meters(&self) -> Option<&Meters> {
        self.meters.as_ref()
    }

    /// Brings the metrics up to the present instant, or drops them when nobody looks.
    pub fn look_at_meters(&mut self, look: bool) {
        if !look {
            self.meters = None;
            return;
        }
        let now = self.sim().now_us();
        let beginning = self.timeline.beginning();
        self.meters.get_or_insert_with(|| Meters::new(beginning.clone())).follow(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_core::scenario::{DEFAULT, Do, Scenario};

    const SENT: &str = "kafka.producer:type=producer-metrics,client-id=checkout,attribute=record-send-total";
    const BROKERS: &str = "kafka.controller:type=KafkaController,name=ActiveBrokerCount";

    #[test]
    fn they_are_those_of_the_run_that_is_watched() {
        let mut s = Session::new(Scenario::parse(DEFAULT).unwrap()).unwrap();
        s.seek(200_000);
        s.look_at_meters(true);
        let acked = s.sim().ledger().figures(s.sim().world()).acked;
        assert!(acked > 0);
        assert_eq!(s.meters().unwrap().newest()[SENT], acked as f64);
        s.act(Do::Crash { broker: 1 });
        s.seek(15_000_000);
        s.look_at_meters(true);
        let m = s.meters().unwrap();
        assert_eq!((m.at(190_000).unwrap()[BROKERS], m.newest()[BROKERS]), (3.0, 2.0));
        assert!(m.until(15_000_000).len() <= MOST);
        s.look_at_meters(false);
        assert!(s.meters().is_none());
    }
}
