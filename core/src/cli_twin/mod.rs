//! Kafka's own command lines, parsed and answered from a run's state in the format of Kafka's tools (4.x).
//!
//! What the model does not have is made up in one way only, so that the format stays whole: a topic's id is derived from
//! its name, a member's host is `/127.0.0.1`.

mod dump;
mod groups;
mod topics;

use crate::lesson::names::RecordNames;
use crate::sim::Sim;

/// A command line taken apart.
pub(crate) struct Line<'a> {
    tool: &'a str,
    options: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Line<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let command = text.split(" #").next().unwrap_or(text);
        let mut words = command.split_whitespace().peekable();
        let tool = words.next().ok_or("there is no command")?.trim_start_matches("bin/").trim_end_matches(".sh");
        let mut options = Vec::new();
        while let Some(w) = words.next() {
            if !w.starts_with("--") {
                return Err(format!("{w:?} belongs to no option"));
            }
            let value = words.next_if(|v| !v.starts_with("--"));
            options.push((w, value));
        }
        Ok(Line { tool, options })
    }

    fn has(&self, name: &str) -> bool {
        self.options.iter().any(|o| o.0 == name)
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        self.options.iter().find(|o| o.0 == name).and_then(|o| o.1)
    }

    fn need(&self, name: &str) -> Result<&'a str, String> {
        self.value(name).ok_or_else(|| format!("{} needs {name}", self.tool))
    }

    /// Refuses what this tool is not asked here.
    fn only(&self, known: &[&str]) -> Result<(), String> {
        let other = self.options.iter().find(|o| o.0 != "--bootstrap-server" && !known.contains(&o.0));
        other.map_or(Ok(()), |o| Err(format!("{} {} is not answered here; there is {}", self.tool, o.0, known.join(", "))))
    }
}

/// What Kafka's tool would print, at the run's present instant.
///
/// # Errors
/// A tool or option that is not answered, or a name that is not there.
pub fn answer(command: &str, sim: &Sim, names: &RecordNames) -> Result<String, String> {
    let line = Line::parse(command)?;
    match line.tool {
        "kafka-topics" => topics::describe(&line, sim),
        "kafka-get-offsets" => topics::offsets(&line, sim),
        "kafka-consumer-groups" => groups::describe(&line, sim),
        "kafka-console-consumer" => topics::consume(&line, sim, names),
        "kafka-dump-log" => dump::dump(&line, sim, names),
        other => {
            let known = "kafka-topics, kafka-get-offsets, kafka-consumer-groups, kafka-console-consumer and kafka-dump-log";
            Err(format!("{other} is not answered here; there is {known}"))
        }
    }
}
