//! Tokens to well-typed expressions.

use super::lex::{Spanned, Token, tokens};
use super::vocabulary::{ArgKind, VOCABULARY, Word};
use super::{Arg, Clause, Cmp, Cond, Expr, Fact, GrammarError, Quantifier, Sum, Type, When};

type Parsed<T> = Result<T, GrammarError>;

/// Reads a fact: in which runs, when, what.
///
/// # Errors
/// What does not fit, at which column, and what would.
pub fn parse_fact(text: &str) -> Parsed<Fact> {
    let mut p = Parser::new(text)?;
    let mut runs = Vec::new();
    if p.take_name("on") {
        loop {
            runs.push(p.name("the name of a run")?);
            if !p.take(",") {
                break;
            }
        }
        p.expect(":")?;
    }
    let when = p.when()?;
    p.expect(":")?;
    Ok(Fact { runs, when, cond: p.whole_cond()? })
}

/// Reads a condition.
///
/// # Errors
/// As [`parse_fact`].
pub fn parse_cond(text: &str) -> Parsed<Cond> {
    Parser::new(text)?.whole_cond()
}

/// Reads any expression, such as stands between `{` and `}` in a lesson's words.
///
/// # Errors
/// As [`parse_fact`].
pub fn parse_value(text: &str) -> Parsed<(Expr, Type)> {
    let mut p = Parser::new(text)?;
    let e = p.or()?;
    p.end()?;
    Ok(e)
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Spanned>,
    at: usize,
    vars: Vec<String>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parsed<Self> {
        Ok(Parser { text, tokens: tokens(text)?, at: 0, vars: Vec::new() })
    }

    // ---- tokens

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|t| &t.token)
    }
    fn from(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |t| t.from)
    }
    fn err<T>(&self, what: impl Into<String>) -> Parsed<T> {
        Err(GrammarError { column: self.from() + 1, what: what.into() })
    }
    fn found(&self) -> String {
        self.tokens.get(self.at).map_or_else(|| "the end".to_string(), |t| format!("{:?}", &self.text[t.from..t.to]))
    }
    fn take(&mut self, sign: &str) -> bool {
        let yes = matches!(self.peek(), Some(Token::Sign(s)) if *s == sign);
        self.at += usize::from(yes);
        yes
    }
    fn take_name(&mut self, name: &str) -> bool {
        let yes = matches!(self.peek(), Some(Token::Name(n)) if n == name);
        self.at += usize::from(yes);
        yes
    }
    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign) { Ok(()) } else { self.err(format!("{sign:?} must stand here, not {}", self.found())) }
    }
    fn name(&mut self, what: &str) -> Parsed<String> {
        match self.peek().cloned() {
            Some(Token::Name(n)) => {
                self.at += 1;
                Ok(n)
            }
            _ => self.err(format!("{what} must stand here, not {}", self.found())),
        }
    }
    fn end(&self) -> Parsed<()> {
        if self.at == self.tokens.len() { Ok(()) } else { self.err(format!("nothing may follow here, but {} does", self.found())) }
    }

    // ---- when

    fn when(&mut self) -> Parsed<When> {
        let word = self.name("\"at end\", \"at TIME\", \"always\" or \"within TIME..TIME\"")?;
        match word.as_str() {
            "always" => Ok(When::Always),
            "at" if self.take_name("end") => Ok(When::End),
            "at" => Ok(When::At(self.time()?)),
            "within" => {
                let from = self.time()?;
                self.expect("..")?;
                let to = self.time()?;
                if from > to {
                    return self.err("the span ends before it begins");
                }
                Ok(When::Within(from, to))
            }
            _ => {
                self.at -= 1;
                self.err(format!("{word:?} is no time; there is \"at end\", \"at TIME\", \"always\" and \"within TIME..TIME\""))
            }
        }
    }

    fn time(&mut self) -> Parsed<u64> {
        match self.peek() {
            Some(Token::Time(us)) => {
                let us = *us as u64;
                self.at += 1;
                Ok(us)
            }
            _ => self.err(format!("a time such as 4 ms must stand here, not {}", self.found())),
        }
    }

    // ---- conditions

    fn whole_cond(&mut self) -> Parsed<Cond> {
        let begin = self.from();
        let mut clauses = Vec::new();
        loop {
            let from = self.from();
            let (expr, t) = self.or()?;
            if t != Type::Bool {
                self.at = self.tokens.iter().position(|x| x.from == from).unwrap_or(self.at);
                return self.err(format!("this is {t}; a condition must stand here"));
            }
            split(expr, from - begin..self.tokens[self.at - 1].to - begin, &mut clauses);
            if self.at == self.tokens.len() {
                break;
            }
            self.expect("&&")?;
        }
        let text = self.text[begin..].trim_end().to_string();
        // Clauses that `&&` joins inside one parse share a place; find the parts' own.
        places(&text, &mut clauses);
        Ok(Cond { text, clauses })
    }

    fn or(&mut self) -> Parsed<(Expr, Type)> {
        let mut left = self.and()?;
        while self.take("||") {
            let right = self.and()?;
            self.both(&left, &right, Type::Bool)?;
            left = (Expr::Or(Box::new(left.0), Box::new(right.0)), Type::Bool);
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<(Expr, Type)> {
        let mut left = self.not()?;
        while self.take("&&") {
            let right = self.not()?;
            self.both(&left, &right, Type::Bool)?;
            left = (Expr::And(Box::new(left.0), Box::new(right.0)), Type::Bool);
        }
        Ok(left)
    }

    fn both(&self, a: &(Expr, Type), b: &(Expr, Type), want: Type) -> Parsed<()> {
        match [a.1, b.1].into_iter().find(|t| *t != want) {
            Some(t) => self.err(format!("this needs {want} on both sides, and has {t}")),
            None => Ok(()),
        }
    }

    fn not(&mut self) -> Parsed<(Expr, Type)> {
        if self.take("!") {
            let (e, t) = self.not()?;
            return if t == Type::Bool { Ok((Expr::Not(Box::new(e)), t)) } else { self.err(format!("! needs a condition, and has {t}")) };
        }
        let quantifier = match self.peek() {
            Some(Token::Name(n)) if n == "forall" => Some(Quantifier::Forall),
            Some(Token::Name(n)) if n == "exists" => Some(Quantifier::Exists),
            _ => None,
        };
        match quantifier {
            Some(how) => self.quantified(how),
            None => self.compared(),
        }
    }

    fn quantified(&mut self, how: Quantifier) -> Parsed<(Expr, Type)> {
        self.at += 1;
        let var = self.name("a variable")?;
        if !self.take_name("in") {
            return self.err("\"in\" must stand here");
        }
        let (over, t) = self.sum()?;
        if t != Type::Records {
            return self.err(format!("a quantifier goes over records, not over {t}"));
        }
        self.expect(":")?;
        self.vars.push(var.clone());
        let body = self.and();
        self.vars.pop();
        let (body, t) = body?;
        if t != Type::Bool {
            return self.err(format!("a quantifier needs a condition, and has {t}"));
        }
        Ok((Expr::Quant { how, var, over: Box::new(over), body: Box::new(body) }, Type::Bool))
    }

    fn compared(&mut self) -> Parsed<(Expr, Type)> {
        let (a, ta) = self.sum()?;
        if self.take_name("in") {
            return self.contained(a, ta);
        }
        let cmp = [("==", Cmp::Eq), ("!=", Cmp::Ne), ("<=", Cmp::Le), (">=", Cmp::Ge), ("<", Cmp::Lt), (">", Cmp::Gt)];
        let Some((_, op)) = cmp.into_iter().find(|(s, _)| self.take(s)) else {
            return Ok((a, ta));
        };
        let (b, tb) = self.sum()?;
        let b = empty_like(b, ta);
        let tb = if matches!(b, Expr::Names(ref n) if n.is_empty()) && ta == Type::Records { Type::Records } else { tb };
        let same = ta == tb || ta == Type::None || tb == Type::None || (numeric(ta) && numeric(tb));
        if !same {
            return self.err(format!("{ta} can't be compared with {tb}"));
        }
        if !matches!(op, Cmp::Eq | Cmp::Ne) && !matches!(ta, Type::Int | Type::Real | Type::Time) {
            return self.err(format!("{ta} can only be equal or not"));
        }
        Ok((Expr::Cmp(op, Box::new(a), Box::new(b)), Type::Bool))
    }

    fn contained(&mut self, a: Expr, ta: Type) -> Parsed<(Expr, Type)> {
        let (b, tb) = self.sum()?;
        if self.take("..") {
            let (c, tc) = self.sum()?;
            let times = [ta, tb, tc].iter().all(|t| *t == Type::Time);
            if !times && ![ta, tb, tc].into_iter().all(numeric) {
                return self.err(format!("a span needs numbers or times alone; this has {ta}, {tb} and {tc}"));
            }
            return Ok((Expr::Between(Box::new(a), Box::new(b), Box::new(c)), Type::Bool));
        }
        match (ta, tb) {
            (Type::Int, Type::Set) | (Type::Record, Type::Records) => Ok((Expr::In(Box::new(a), Box::new(b)), Type::Bool)),
            _ => self.err(format!("{ta} can't be in {tb}")),
        }
    }

    // ---- values

    fn sum(&mut self) -> Parsed<(Expr, Type)> {
        let mut left = self.value()?;
        loop {
            let op = [("+", Sum::Add), ("-", Sum::Sub), ("*", Sum::Mul)].into_iter().find(|(s, _)| self.take(s));
            let Some((sign, op)) = op else { return Ok(left) };
            let right = self.value()?;
            let t = match (op, left.1, right.1) {
                (_, Type::Int, Type::Int) => Type::Int,
                (_, a, b) if numeric(a) && numeric(b) => Type::Real,
                (Sum::Add | Sum::Sub, Type::Time, Type::Time) | (Sum::Mul, Type::Time, Type::Int) => Type::Time,
                (_, a, b) => return self.err(format!("{a} {sign} {b} means nothing")),
            };
            left = (Expr::Sum(op, Box::new(left.0), Box::new(right.0)), t);
        }
    }

    fn value(&mut self) -> Parsed<(Expr, Type)> {
        let token = self.peek().cloned();
        match token {
            Some(Token::Int(n)) => {
                self.at += 1;
                Ok((Expr::Int(n), Type::Int))
            }
            Some(Token::Real(n)) => {
                self.at += 1;
                Ok((Expr::Real(n), Type::Real))
            }
            Some(Token::Time(us)) => {
                self.at += 1;
                Ok((Expr::Time(us), Type::Time))
            }
            Some(Token::Quoted(w)) => {
                self.at += 1;
                Ok((Expr::Quoted(w), Type::Word))
            }
            Some(Token::Sign("(")) => {
                self.at += 1;
                let inner = self.or()?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(Token::Sign("{")) => self.set(),
            Some(Token::Name(n)) => {
                self.at += 1;
                self.named(n)
            }
            _ => self.err(format!("a value must stand here, not {}", self.found())),
        }
    }

    fn set(&mut self) -> Parsed<(Expr, Type)> {
        self.expect("{")?;
        let (mut numbers, mut names) = (Vec::new(), Vec::new());
        while !self.take("}") {
            if !numbers.is_empty() || !names.is_empty() {
                self.expect(",")?;
            }
            match self.peek().cloned() {
                Some(Token::Int(n)) => numbers.push(n),
                Some(Token::Name(n)) => names.push(n),
                _ => return self.err(format!("a number or a record must stand here, not {}", self.found())),
            }
            self.at += 1;
        }
        match (numbers.is_empty(), names.is_empty()) {
            (_, true) => Ok((Expr::Set(numbers), Type::Set)),
            (true, false) => Ok((Expr::Names(names), Type::Records)),
            _ => self.err("a set has numbers or records, not both"),
        }
    }

    fn named(&mut self, n: String) -> Parsed<(Expr, Type)> {
        if n == "none" {
            return Ok((Expr::None, Type::None));
        }
        if self.vars.contains(&n) {
            return Ok((Expr::Var(n), Type::Record));
        }
        let called = matches!(self.peek(), Some(Token::Sign("(")));
        let words: Vec<&Word> = VOCABULARY.iter().filter(|w| w.name == n).collect();
        if words.is_empty() && called {
            self.at -= 1;
            let mut known: Vec<&str> = VOCABULARY.iter().map(|w| w.name).collect();
            known.dedup();
            return self.err(format!("{n:?} is not in the vocabulary; there is {}", known.join(", ")));
        }
        match words.iter().any(|w| w.args.is_empty()) && !called {
            true => {
                let word = **words.iter().find(|w| w.args.is_empty()).unwrap_or(&words[0]);
                let run = self.other_run()?;
                Ok((Expr::Call { func: word.func, args: Vec::new(), run }, word.gives))
            }
            false if called => self.call(&n, &words),
            false => Ok((Expr::Name(n), Type::Record)),
        }
    }

    fn call(&mut self, name: &str, words: &[&Word]) -> Parsed<(Expr, Type)> {
        let begin = self.at;
        // The number of arguments chooses among entries of one name.
        let n = self.count_args();
        let Some(word) = words.iter().find(|w| w.args.len() == n || (w.func.variadic() && n > 0)) else {
            let may: Vec<String> = words.iter().map(|w| w.args.len().to_string()).collect();
            return self.err(format!("{name} takes {} arguments, not {n}", may.join(" or ")));
        };
        self.at = begin;
        self.expect("(")?;
        let mut args = Vec::new();
        for i in 0..n {
            if i > 0 {
                self.expect(",")?;
            }
            let kind = word.args.get(i).or(word.args.last()).copied().unwrap_or(ArgKind::Int);
            args.push(self.arg(kind)?);
        }
        self.expect(")")?;
        let run = self.other_run()?;
        Ok((Expr::Call { func: word.func, args, run }, word.gives))
    }

    fn count_args(&self) -> usize {
        let (mut depth, mut n, mut any) = (0, 1, false);
        for t in &self.tokens[self.at..] {
            match t.token {
                Token::Sign("(" | "{") => depth += 1,
                Token::Sign(")" | "}") if depth == 1 => return if any { n } else { 0 },
                Token::Sign(")" | "}") => depth -= 1,
                Token::Sign(",") if depth == 1 => n += 1,
                _ => {}
            }
            any |= depth >= 1 && !matches!(t.token, Token::Sign("(")) || depth > 1;
        }
        n
    }

    fn other_run(&mut self) -> Parsed<Option<String>> {
        if self.take("@") { self.name("the name of a run").map(Some) } else { Ok(None) }
    }

    fn arg(&mut self, kind: ArgKind) -> Parsed<Arg> {
        match kind {
            ArgKind::Broker => match self.peek() {
                Some(Token::Int(n)) => {
                    let n = *n;
                    self.at += 1;
                    Ok(Arg::Number(n))
                }
                _ => self.err(format!("a broker's id must stand here, not {}", self.found())),
            },
            ArgKind::Partition => self.name("a partition such as pay-0").map(Arg::Name),
            ArgKind::Topic => self.name("a topic").map(Arg::Name),
            ArgKind::Group => self.name("a group").map(Arg::Name),
            ArgKind::Member => self.name("a member such as c1").map(Arg::Name),
            ArgKind::Subject => self.name("a subject").map(Arg::Name),
            ArgKind::Event => self.name("a kind of event").map(Arg::Name),
            ArgKind::Record => self.typed(&[Type::Record]).map(|e| Arg::Record(Box::new(e))),
            ArgKind::Records => self.typed(&[Type::Records]).map(Arg::Value),
            ArgKind::Several => self.typed(&[Type::Records, Type::Set]).map(Arg::Value),
            ArgKind::Int => self.typed(&[Type::Int]).map(Arg::Value),
        }
    }

    fn typed(&mut self, want: &[Type]) -> Parsed<Expr> {
        let (e, t) = self.sum()?;
        if want.contains(&t) {
            return Ok(e);
        }
        let want: Vec<String> = want.iter().map(Type::to_string).collect();
        self.err(format!("{} must stand here, not {t}", want.join(" or ")))
    }
}

/// May stand beside other numbers.
fn numeric(t: Type) -> bool {
    matches!(t, Type::Int | Type::Real)
}

/// `{}` beside records is no record.
fn empty_like(e: Expr, other: Type) -> Expr {
    match e {
        Expr::Set(n) if n.is_empty() && other == Type::Records => Expr::Names(Vec::new()),
        e => e,
    }
}

fn split(e: Expr, place: std::ops::Range<usize>, out: &mut Vec<Clause>) {
    match e {
        Expr::And(a, b) => {
            split(*a, place.clone(), out);
            split(*b, place, out);
        }
        expr => out.push(Clause { expr, place }),
    }
}

/// Gives clauses their own places: the text between the `&&` that stand outside of brackets.
fn places(text: &str, clauses: &mut [Clause]) {
    let (mut depth, mut from, mut cuts) = (0usize, 0, Vec::new());
    for (i, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            '&' if depth == 0 && text[i..].starts_with("&&") => {
                cuts.push(from..i);
                from = i + 2;
            }
            _ => {}
        }
    }
    cuts.push(from..text.len());
    if cuts.len() == clauses.len() {
        clauses.iter_mut().zip(cuts).for_each(|(c, place)| c.place = place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::grammar::Func;

    #[test]
    fn facts_have_runs_a_time_and_clauses() {
        let f = parse_fact("on one, two: within 7 s..9.1 s: leader(pay-0) == 2 && ISR(pay-0) == {2,3}").unwrap();
        assert_eq!(f.runs, ["one", "two"]);
        assert_eq!(f.when, When::Within(7_000_000, 9_100_000));
        assert_eq!(f.cond.clauses.len(), 2);
        assert_eq!(f.cond.clause_text(1), "ISR(pay-0) == {2,3}");
        assert_eq!(parse_fact("at end: lost == {}").unwrap().when, When::End);
        assert!(parse_fact("always: forall r in acked: !(r in lost)").is_ok());
        assert!(parse_fact("at 3 s: size(delivered(g)) in 40..42 && ack_latency(D) == none").is_ok());
        assert!(parse_fact("at end: order(g)@one != order(g)@two").is_ok());
        let (e, t) = parse_value("max(HW(o-0), HW(o-1)) - 1").unwrap();
        assert_eq!(t, Type::Int);
        let mut funcs = Vec::new();
        e.visit(&mut |e| {
            if let Expr::Call { func, .. } = e {
                funcs.push(*func);
            }
        });
        assert_eq!(funcs, [Func::Max, Func::HwLeader, Func::HwLeader]);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        for (text, column, part) in [
            ("sometimes: lost == {}", 1, "is no time"),
            ("at end: lust(A) == 1", 9, "not in the vocabulary"),
            ("at end: HW(pay-0)", 9, "a condition must stand here"),
            ("at end: HW(pay-0) == 4 ms", 26, "can't be compared"),
            ("at end: LEO(pay-0) == 4", 12, "takes 2 arguments, not 1"),
            ("at end: LEO(x, pay-0) == 4", 13, "broker's id"),
            ("at end: lost < 3", 17, "can't be compared"),
            ("at end: lost == {} extra", 20, "\"&&\" must stand here"),
            ("at end: forall r in ISR(pay-0): r in lost", 31, "goes over records"),
            ("within 9 s..7 s: lost == {}", 16, "ends before"),
        ] {
            let e = parse_fact(text).unwrap_err();
            assert!(e.what.contains(part) && e.column == column, "{text}: {e}");
        }
    }
}
