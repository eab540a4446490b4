//! Median, spread and bootstrap intervals. A figure without its uncertainty is an anecdote.

use super::rng::Rng;
use crate::report::model::{Ratio, Summary};

/// Relative spread above which a result is flagged as unsteady.
pub(crate) const CV_FLAG: f64 = 0.15;
/// Operations below which no 99th percentile is given.
pub(crate) const P99_MIN_COUNT: u64 = 1000;
const RESAMPLES: usize = 10_000;

/// The middle value; the mean of the two middle ones of an even number. NaN for none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    median_of(&mut sorted)
}

fn median_of(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_unstable_by(f64::total_cmp);
    let mid = values.len() / 2;
    if values.len() % 2 == 1 { values[mid] } else { (values[mid - 1] + values[mid]) / 2.0 }
}

/// Median, range and coefficient of variation; `None` for no values.
pub(crate) fn summary(values: &[f64]) -> Option<Summary> {
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let cv = (values.len() > 1 && mean > 0.0).then(|| {
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        (squares / (values.len() - 1) as f64).sqrt() / mean
    });
    Some(Summary {
        median: median(values),
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        cv,
    })
}

/// Median ratio of figures taken in the same rounds, with a 95 % interval from resampling rounds.
/// `pairs` holds (over, under) of each round in which both were measured.
pub(crate) fn paired_ratio(over: &str, under: &str, pairs: &[(f64, f64)]) -> Option<Ratio> {
    let ratios: Vec<f64> = pairs.iter().filter(|(_, under)| *under > 0.0).map(|(over, under)| over / under).collect();
    let (low, high) = bootstrap(|rng, scratch| {
        resample(rng, &ratios, scratch);
        median_of(scratch)
    })
    .filter(|_| !ratios.is_empty())?;
    Some(Ratio { over: over.into(), under: under.into(), median: median(&ratios), low, high, pairs: ratios.len(), paired: true })
}

/// Ratio of two medians from separate runs, each side resampled on its own.
pub(crate) fn unpaired_ratio(name: &str, new: &[f64], old: &[f64]) -> Option<Ratio> {
    if new.is_empty() || old.is_empty() {
        return None;
    }
    let (low, high) = bootstrap(|rng, scratch| {
        resample(rng, new, scratch);
        let over = median_of(scratch);
        resample(rng, old, scratch);
        over / median_of(scratch)
    })?;
    Some(Ratio {
        over: format!("{name} (now)"),
        under: format!("{name} (then)"),
        median: median(new) / median(old),
        low,
        high,
        pairs: new.len().min(old.len()),
        paired: false,
    })
}

fn resample(rng: &mut Rng, from: &[f64], into: &mut Vec<f64>) {
    into.clear();
    if !from.is_empty() {
        into.extend(from.iter().map(|_| from[rng.below(from.len() as u64) as usize]));
    }
}

/// The central 95 % of a statistic over resamples, from a fixed seed so that a report repeats.
fn bootstrap(mut statistic: impl FnMut(&mut Rng, &mut Vec<f64>) -> f64) -> Option<(f64, f64)> {
    let mut rng = Rng::new(0x5eed);
    let mut scratch = Vec::new();
    let mut values: Vec<f64> = (0..RESAMPLES).map(|_| statistic(&mut rng, &mut scratch)).filter(|v| v.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() as f64 - 1.0) * share).round() as usize);
    Some((*at(0.025)?, *at(0.975)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_counts() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn summary_knows_spread_and_when_it_cannot() {
        let s = summary(&[8.0, 10.0, 12.0]).unwrap();
        assert_eq!((s.median, s.min, s.max), (10.0, 8.0, 12.0));
        assert!((s.cv.unwrap() - 0.2).abs() < 1e-12);
        assert!(summary(&[5.0]).unwrap().cv.is_none());
        assert!(summary(&[]).is_none());
    }

    #[test]
    fn a_constant_ratio_has_no_width_and_noise_has_some() {
        let steady = paired_ratio("a", "b", &[(2.0, 1.0), (4.0, 2.0), (6.0, 3.0)]).unwrap();
        assert_eq!((steady.low, steady.median, steady.high), (2.0, 2.0, 2.0));
        let noisy = paired_ratio("a", "b", &[(2.0, 1.0), (3.0, 1.0), (2.5, 1.0), (9.0, 1.0)]).unwrap();
        assert!(noisy.low < noisy.median && noisy.median < noisy.high);
        assert!(paired_ratio("a", "b", &[]).is_none());
    }

    #[test]
    fn pairing_cancels_what_rounds_share() {
        // The machine halves its speed each round: the ratio does not move.
        let pairs: Vec<_> = (0..8).map(|i| (3.0 / f64::from(1 << i), 1.0 / f64::from(1 << i))).collect();
        let ratio = paired_ratio("a", "b", &pairs).unwrap();
        assert!(ratio.high - ratio.low < 1e-9);
    }

    #[test]
    fn intervals_cover_the_truth_about_as_often_as_they_say() {
        let mut rng = Rng::new(42);
        let mut uniform = || rng.next() as f64 / u64::MAX as f64;
        let covered = (0..100)
            .filter(|_| {
                let pairs: Vec<_> = (0..15).map(|_| (2.0 + uniform() - 0.5, 1.0)).collect();
                let r = paired_ratio("a", "b", &pairs).unwrap();
                r.low <= 2.0 && 2.0 <= r.high
            })
            .count();
        assert!(covered >= 85, "{covered} of 100");
    }
}
