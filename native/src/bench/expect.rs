//! `--expect 'seq-read-1m/rand-read-4k>=5'`: a claim about the measurement, checked.

use crate::report::model::{CellResult, CopyResult, Expectation, Measurement, Ratio};

use super::{ratios, stats, units};

/// A parsed claim: one figure, or one over another, against a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expect {
    text: String,
    over: Term,
    under: Option<Term>,
    comparison: Comparison,
    bound: f64,
}

/// A result and which of its figures.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    id: String,
    metric: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    AtLeast,
    AtMost,
    Above,
    Below,
}

const METRICS: [&str; 8] = ["mb_s", "iops", "p50_us", "p99_us", "gib_s", "cpu_s_per_gib", "calls_per_gib", "values_s"];

impl Expect {
    /// Reads `NAME[:METRIC][/NAME[:METRIC]] OP NUMBER` with OP one of >= <= > <.
    pub(crate) fn parse(text: &str) -> Result<Expect, String> {
        let wrong = |what: &str| {
            format!(
                "{what} in `{text}`; write NAME>=NUMBER or NAME/NAME>=NUMBER, as in \
                     'seq-read-1m/rand-read-4k>=5' or 'rand-read-4k:p99_us<2000'"
            )
        };
        let symbols = [(">=", Comparison::AtLeast), ("<=", Comparison::AtMost), (">", Comparison::Above), ("<", Comparison::Below)];
        let (at, symbol, comparison) = symbols
            .iter()
            .filter_map(|(symbol, comparison)| Some((text.find(symbol)?, *symbol, *comparison)))
            .min_by_key(|(at, symbol, _)| (*at, 2 - symbol.len()))
            .ok_or_else(|| wrong("no >=, <=, > or <"))?;
        let bound = text[at + symbol.len()..].trim();
        let bound: f64 = bound.parse().map_err(|_| wrong(&format!("`{bound}` is not a number")))?;
        if !bound.is_finite() {
            return Err(wrong("the bound is not finite"));
        }
        let mut terms = text[..at].split('/').map(Term::parse);
        let over = terms.next().unwrap_or(Err("no name".into())).map_err(|what| wrong(&what))?;
        let under = terms.next().transpose().map_err(|what| wrong(&what))?;
        if terms.next().is_some() {
            return Err(wrong("more than one /"));
        }
        Ok(Expect { text: text.trim().into(), over, under, comparison, bound })
    }

    /// Names of results that this claim needs.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.over).chain(&self.under).map(|term| term.id.as_str())
    }

    /// The claim as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Looks whether the claim holds. What was not measured does not hold.
    pub(crate) fn check(&self, measurement: &Measurement) -> Expectation {
        let (holds, found) = match self.value(measurement) {
            Ok((value, words)) => (self.comparison.holds(value, self.bound), words),
            Err(why) => (false, why),
        };
        Expectation { text: self.text.clone(), holds, found }
    }

    fn value(&self, measurement: &Measurement) -> Result<(f64, String), String> {
        let Some(under) = &self.under else {
            let value = self.over.value(measurement)?;
            return Ok((value, units::figure(value)));
        };
        if self.over.metric.is_none()
            && under.metric.is_none()
            && let Some(ratio) = paired(measurement, &self.over.id, &under.id)
        {
            let words = format!("{} [{}, {}]", units::figure(ratio.median), units::figure(ratio.low), units::figure(ratio.high));
            return Ok((ratio.median, words));
        }
        let value = self.over.value(measurement)? / under.value(measurement)?;
        Ok((value, units::figure(value)))
    }
}

impl Comparison {
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Comparison::AtLeast => value >= bound,
            Comparison::AtMost => value <= bound,
            Comparison::Above => value > bound,
            Comparison::Below => value < bound,
        }
    }
}

impl Term {
    fn parse(text: &str) -> Result<Term, String> {
        let (id, metric) = match text.trim().split_once(':') {
            Some((id, metric)) => (id, Some(metric)),
            None => (text.trim(), None),
        };
        if id.is_empty() {
            return Err("no name".into());
        }
        if let Some(metric) = metric.filter(|metric| !METRICS.contains(metric)) {
            return Err(format!("no figure is called `{metric}` (there are {})", METRICS.join(", ")));
        }
        Ok(Term { id: id.into(), metric: metric.map(String::from) })
    }

    fn value(&self, measurement: &Measurement) -> Result<f64, String> {
        let missing = || format!("{} was not measured", self.id);
        let no_such = || format!("{} has no {}", self.id, self.metric.as_deref().unwrap_or("such figure"));
        let metric = self.metric.as_deref();
        if let Some(cell) = cell(measurement, &self.id) {
            let stats = cell.stats.as_ref().ok_or_else(missing)?;
            return match metric {
                None | Some("mb_s") => Ok(stats.mb_s.median),
                Some("iops") => Ok(stats.iops.median),
                Some("p50_us") => Ok(stats.latency_us.p50),
                Some("p99_us") => stats.latency_us.p99.ok_or_else(|| format!("{} has too few operations for a p99", self.id)),
                Some(_) => Err(no_such()),
            };
        }
        if let Some(path) = path(measurement, &self.id) {
            let stats = path.stats.as_ref().ok_or_else(missing)?;
            return match metric {
                None | Some("gib_s") => Ok(stats.gib_s.median),
                Some("cpu_s_per_gib") => Ok(stats.sender_cpu_seconds_per_gib.median),
                Some("calls_per_gib") => Ok(stats.calls_per_gib),
                Some(_) => Err(no_such()),
            };
        }
        let memory = measurement.memory.iter().flat_map(|memory| &memory.results);
        let found = memory.into_iter().find(|result| result.id == self.id).ok_or_else(missing)?;
        match metric {
            None | Some("values_s") => Ok(stats::median(&found.samples)),
            Some(_) => Err(no_such()),
        }
    }
}

fn cell<'a>(measurement: &'a Measurement, id: &str) -> Option<&'a CellResult> {
    measurement.disk.as_ref()?.cells.iter().find(|cell| cell.id == id)
}

fn path<'a>(measurement: &'a Measurement, id: &str) -> Option<&'a CopyResult> {
    measurement.copy.as_ref()?.paths.iter().find(|path| path.id == id)
}

fn paired(measurement: &Measurement, over: &str, under: &str) -> Option<Ratio> {
    if let (Some(a), Some(b)) = (cell(measurement, over), cell(measurement, under)) {
        return ratios::between(a, b);
    }
    ratios::between_copies(path(measurement, over)?, path(measurement, under)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read() {
        let claim = Expect::parse("seq-read-1m/rand-read-4k >= 5").unwrap();
        assert_eq!(claim.names().collect::<Vec<_>>(), ["seq-read-1m", "rand-read-4k"]);
        assert_eq!((claim.comparison, claim.bound), (Comparison::AtLeast, 5.0));
        let claim = Expect::parse("rand-read-4k:p99_us<2000").unwrap();
        assert_eq!(claim.over.metric.as_deref(), Some("p99_us"));
        assert_eq!(claim.comparison, Comparison::Below);
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        for bad in ["seq-read-4k", "a/b/c>1", ">=3", "a>=x", "a:speed>1", "a>=nan"] {
            let error = Expect::parse(bad).unwrap_err();
            assert!(error.contains("seq-read-1m/rand-read-4k>=5"), "{bad}: {error}");
        }
    }

    #[test]
    fn bounds_are_inclusive_or_not_as_written() {
        assert!(Comparison::AtLeast.holds(5.0, 5.0) && !Comparison::Above.holds(5.0, 5.0));
        assert!(Comparison::AtMost.holds(5.0, 5.0) && !Comparison::Below.holds(5.0, 5.0));
    }
}
