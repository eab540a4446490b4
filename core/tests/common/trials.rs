//! Configurations on trial: three brokers and one partition, unless said otherwise.

use highwater_core::scenario::Scenario;
use highwater_core::trial::{Bounds, Property, Search, Trial, TrialSpec, Verdict};

/// A row of the verdict table.
#[derive(Clone)]
pub struct Row {
    pub kafka: &'static str,
    pub brokers: u8,
    /// Any further part of the scenario, such as `"features":{…},`.
    pub rules: &'static str,
    pub topic: &'static str,
    pub producer: &'static str,
    pub app: &'static str,
    pub bounds: Bounds,
    pub property: Property,
}

impl Default for Row {
    fn default() -> Self {
        let bounds = Bounds { max_bytes: 1 << 30, ..Bounds::default() };
        Row {
            kafka: "4.1",
            brokers: 3,
            rules: "",
            topic: r#""min.insync.replicas":2"#,
            producer: "",
            app: "",
            bounds,
            property: Property::Lost,
        }
    }
}

/// Bounds of a row: one record and one crash, unless said otherwise.
pub fn bounds() -> Bounds {
    Row::default().bounds
}

pub const NOT_IDEMPOTENT: &str = r#""enable.idempotence":false"#;

impl Row {
    pub fn scenario(&self) -> Scenario {
        let Row { kafka, brokers, rules, topic, producer, app, .. } = self;
        let text = format!(
            r#"{{"format":1,"kafka":"{kafka}",{rules}"until_us":1000000,
            "topology":{{"brokers":{brokers},"topics":[{{"name":"t","partitions":1,"replication.factor":{brokers},"configs":{{{topic}}}}}],
            "producers":[{{"name":"p","configs":{{{producer}}}}}]}},"apps":[{app}],
            "workload":[{{"producer":"p","topic":"t","start_us":0,"every_us":1,"count":9}}]}}"#
        );
        let mut s = Scenario::parse(&text).unwrap_or_else(|e| panic!("{e}"));
        s.trial = Some(TrialSpec { bounds: self.bounds, properties: vec![self.property] });
        s
    }

    pub fn trial(&self) -> Trial {
        Trial::new(&self.scenario()).unwrap_or_else(|e| panic!("{e}"))
    }

    pub fn search(&self) -> Search {
        let mut search = Search::new(self.trial());
        search.finish();
        let (b, p) = (self.bounds, search.progress());
        println!(
            "{:?}: {b:?}\n  {} states, {} steps tried, depth {}, {} MB",
            self.property,
            p.states,
            p.transitions,
            p.depth,
            p.bytes >> 20
        );
        search
    }

    /// The story's faults and number of steps.
    pub fn found(&self) -> (u32, usize) {
        match self.search().finish() {
            Verdict::Found(s) => {
                assert_eq!(s.property, self.property);
                for x in &s.steps {
                    println!("    {:?} -> {:?}", x.action, x.events.iter().filter(|e| e.notable()).collect::<Vec<_>>());
                }
                (s.faults, s.steps.len())
            }
            v => panic!("no story: {}", in_short(v)),
        }
    }

    /// The number of states of a search that found nothing.
    pub fn none(&self) -> u64 {
        let mut s = self.search();
        assert!(matches!(s.finish(), Verdict::None), "{}", in_short(s.finish()));
        s.progress().states
    }
}

fn in_short(v: &Verdict) -> String {
    match v {
        Verdict::Found(s) => format!("a story: {:?} with {} faults in {} steps", s.property, s.faults, s.steps.len()),
        other => format!("{other:?}"),
    }
}
