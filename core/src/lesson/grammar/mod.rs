//! The assertion grammar: what a lesson says must be so, as text that is parsed and type-checked before anything runs.
//!
//! ```text
//! fact   := ["on" RUN {"," RUN} ":"] when ":" cond
//! when   := "at end" | "at" TIME | "always" | "within" TIME ".." TIME
//! cond   := cond "||" cond | cond "&&" cond | "!" cond | sum (("=="|"!="|"<"|"<="|">"|">=") sum | "in" sum [".." sum])
//!         | ("forall"|"exists") NAME "in" sum ":" cond
//! sum    := sum ("+"|"-"|"*") sum | NUMBER | TIME | "{" … "}" | "none" | NAME | NAME "(" … ")" ["@" RUN] | "(" cond ")"
//! ```
//!
//! `within A..B: C` means that C becomes true for the first time at an instant from A to B. A time is a number with a
//! unit: `4 ms`, `9.1 s`, `250 us`; without one a fraction is a figure, such as a ratio of `13.2`. `f(…)@other` asks another run of the step, at its end. An operator that stands
//! between two names has spaces around it, because names may contain `-` (`pay-0`).

mod lex;
mod parse;
mod vocabulary;

pub use parse::{parse_cond, parse_fact, parse_value};
pub use vocabulary::{ArgKind, Func, VOCABULARY, Word};

use std::fmt;
use std::ops::Range;

/// What is wrong with an assertion, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrammarError {
    /// Column, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for GrammarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.what)
    }
}

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number: an offset, a count, a broker's id.
    Int,
    /// A figure of a model, with three digits after the point: MB/s, a ratio.
    Real,
    /// A span of virtual time.
    Time,
    /// A set of numbers: brokers, partitions.
    Set,
    /// A record.
    Record,
    /// Records in order, each perhaps more than once.
    Records,
    /// A word: a config's value.
    Word,
    /// `none` alone: it goes with everything.
    None,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Bool => "a condition",
            Type::Int => "a number",
            Type::Real => "a figure",
            Type::Time => "a time",
            Type::Set => "a set of numbers",
            Type::Record => "a record",
            Type::Records => "records",
            Type::Word => "a word",
            Type::None => "none",
        })
    }
}

/// A comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // what they are called
pub enum Cmp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// An operation on numbers or times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Sum {
    Add,
    Sub,
    Mul,
}

/// How a quantifier joins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantifier {
    /// Every one of them.
    Forall,
    /// At least one of them.
    Exists,
}

/// An argument of a function, by the kind that its place asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum Arg {
    /// A broker or a member, by number.
    Number(i64),
    /// A name: a partition, a group, a topic, a kind of event, a subject.
    Name(String),
    /// A record: by its name, or a quantifier's variable.
    Record(Box<Expr>),
    /// Any value of a built-in function such as `size`.
    Value(Expr),
}

/// An expression that is well typed.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // the grammar above names them
pub enum Expr {
    Int(i64),
    Real(i64),
    Time(i64),
    None,
    Set(Vec<i64>),
    /// Records by name.
    Names(Vec<String>),
    /// A record by name.
    Name(String),
    /// A word in quotes.
    Quoted(String),
    Var(String),
    Call {
        func: Func,
        args: Vec<Arg>,
        run: Option<String>,
    },
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Cmp(Cmp, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Box<Expr>),
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    Sum(Sum, Box<Expr>, Box<Expr>),
    Quant {
        how: Quantifier,
        var: String,
        over: Box<Expr>,
        body: Box<Expr>,
    },
}

/// One of the conditions that a whole condition joins with `&&`, and where it stands in the text.
#[derive(Clone, PartialEq, Debug)]
pub struct Clause {
    /// The condition.
    pub expr: Expr,
    /// Its place.
    pub place: Range<usize>,
}

/// A condition: all of its clauses.
#[derive(Clone, PartialEq, Debug)]
pub struct Cond {
    /// As it was written.
    pub text: String,
    /// What must hold.
    pub clauses: Vec<Clause>,
}

impl Cond {
    /// A clause as it was written.
    pub fn clause_text(&self, i: usize) -> &str {
        self.text[self.clauses[i].place.clone()].trim()
    }
}

/// When a condition must hold; times in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// At the end of the run.
    End,
    /// At this instant, after everything that happens in it.
    At(u64),
    /// After every input.
    Always,
    /// For the first time at an instant of this span.
    Within(u64, u64),
}

/// Something that must be so.
#[derive(Clone, PartialEq, Debug)]
pub struct Fact {
    /// In which runs of the step; empty = in all of them.
    pub runs: Vec<String>,
    /// When.
    pub when: When,
    /// What.
    pub cond: Cond,
}

impl Expr {
    /// Calls `f` for this expression and all below it.
    pub fn visit(&self, f: &mut impl FnMut(&Expr)) {
        f(self);
        match self {
            Expr::Not(a) => a.visit(f),
            Expr::And(a, b) | Expr::Or(a, b) | Expr::Cmp(_, a, b) | Expr::In(a, b) | Expr::Sum(_, a, b) => {
                a.visit(f);
                b.visit(f);
            }
            Expr::Between(a, b, c) => [a, b, c].into_iter().for_each(|x| x.visit(f)),
            Expr::Quant { over, body, .. } => {
                over.visit(f);
                body.visit(f);
            }
            Expr::Call { args, .. } => {
                for a in args {
                    match a {
                        Arg::Record(e) => e.visit(f),
                        Arg::Value(e) => e.visit(f),
                        Arg::Number(_) | Arg::Name(_) => {}
                    }
                }
            }
            _ => {}
        }
    }
}
