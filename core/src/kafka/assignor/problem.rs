//! An assignment problem as JSON: what `highwater assign` reads and writes.

use super::{Assignor, Group, Member, Part, assign};
use crate::json::decode;
use crate::scenario::{ScenarioError, error};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// One assignor, topics, members.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Whose rule.
    pub assignor: Assignor,
    /// Number of partitions of each topic.
    pub topics: BTreeMap<String, u16>,
    /// The members.
    pub members: Vec<MemberSpec>,
}

/// A member.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberSpec {
    /// `member.id`.
    pub id: String,
    /// `group.instance.id` of a static member.
    #[serde(default)]
    pub instance_id: Option<String>,
    /// Topics that it reads.
    pub topics: Vec<String>,
    /// Partitions that it has.
    #[serde(default)]
    pub owned: Vec<(String, u16)>,
    /// The generation in which it got them.
    #[serde(default)]
    pub generation: Option<i32>,
}

impl Problem {
    /// Reads and checks a problem.
    ///
    /// # Errors
    /// What is wrong, at which field or line, and what would be right.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let p: Problem = decode(text)?;
        p.check()?;
        Ok(p)
    }

    fn check(&self) -> Result<(), ScenarioError> {
        if self.members.is_empty() {
            return error("members", "is empty; there must be at least one member");
        }
        if let Some((name, n)) = self.topics.iter().find(|t| *t.1 > 10_000) {
            return error(format!("topics.{name}"), format!("is {n}; a topic can have 0 to 10000 partitions here"));
        }
        let mut owners: BTreeMap<&(String, u16), usize> = BTreeMap::new();
        for (i, m) in self.members.iter().enumerate() {
            let at = format!("members[{i}]");
            self.check_member(m, &at)?;
            if let Some(j) = self.members[..i].iter().position(|o| o.id == m.id) {
                return error(format!("{at}.id"), format!("{:?} is that of members[{j}] already; ids differ", m.id));
            }
            let instance = |j: &usize| m.instance_id.is_some() && self.members[*j].instance_id == m.instance_id;
            if let Some(j) = (0..i).find(instance) {
                return error(format!("{at}.instance_id"), format!("is that of members[{j}] already; instance ids differ"));
            }
            for (k, part) in m.owned.iter().enumerate() {
                if let Some(o) = owners.insert(part, i)
                    && self.assignor == Assignor::ServerUniform
                {
                    let what = format!("{}-{} is owned by members[{o}] already; the coordinator never has two owners", part.0, part.1);
                    return error(format!("{at}.owned[{k}]"), what);
                }
            }
        }
        Ok(())
    }

    fn check_member(&self, m: &MemberSpec, at: &str) -> Result<(), ScenarioError> {
        if m.id.is_empty() {
            return error(format!("{at}.id"), "is empty; a member has an id");
        }
        if m.generation.is_some_and(|g| g < -1) {
            return error(format!("{at}.generation"), "must be -1 (none) or more");
        }
        let mut seen = BTreeSet::new();
        for (j, t) in m.topics.iter().enumerate() {
            let at = format!("{at}.topics[{j}]");
            self.partitions_of(t, &at)?;
            if !seen.insert(t) {
                return error(at, format!("{t:?} stands there twice"));
            }
        }
        let mut seen = BTreeSet::new();
        for (j, part) in m.owned.iter().enumerate() {
            let at = format!("{at}.owned[{j}]");
            let n = self.partitions_of(&part.0, &at)?;
            if part.1 >= n {
                return error(at, format!("is {}-{}; topic {:?} has {n} partitions, from 0", part.0, part.1, part.0));
            }
            if !seen.insert(part) {
                return error(at, format!("{}-{} stands there twice", part.0, part.1));
            }
        }
        Ok(())
    }

    fn partitions_of(&self, topic: &str, at: &str) -> Result<u16, ScenarioError> {
        match self.topics.get(topic) {
            Some(n) => Ok(*n),
            None => {
                let known: Vec<&str> = self.topics.keys().map(String::as_str).collect();
                let known = if known.is_empty() { "no topic at all".to_string() } else { known.join(", ") };
                error(at, format!("there is no topic {topic:?} in topics; there is {known}"))
            }
        }
    }

    /// Who gets what, by member id; partitions in the order in which the assignor gave them.
    pub fn solve(&self) -> BTreeMap<&str, Vec<(&str, u16)>> {
        let topics: Vec<(String, u16)> = self.topics.iter().map(|(t, n)| (t.clone(), *n)).collect();
        let place = |name: &String| topics.binary_search_by(|t| t.0.cmp(name)).expect("checked: the topic is there");
        let member = |m: &MemberSpec| Member {
            id: m.id.clone(),
            instance_id: m.instance_id.clone(),
            topics: m.topics.iter().map(place).collect(),
            owned: m.owned.iter().map(|(t, n)| (place(t), *n)).collect(),
            generation: m.generation.unwrap_or(-1),
        };
        let group = Group { members: self.members.iter().map(member).collect(), topics: topics.clone() };
        let names: Vec<&str> = self.topics.keys().map(String::as_str).collect();
        let name = |p: &Part| (names[p.0], p.1);
        let shares = assign(self.assignor, &group);
        self.members.iter().zip(shares).map(|(m, share)| (m.id.as_str(), share.iter().map(name).collect())).collect()
    }
}
