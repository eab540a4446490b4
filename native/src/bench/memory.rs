//! Memory in order and out of order, for Jacobs' comparison: 4-byte values a second.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::interrupt::Interrupt;
use super::machine;
use super::progress::Progress;
use super::rng::Rng;
use super::stats::summary;
use super::sys::pages::{PageKind, Pages};
use super::units::{MIB, size};
use crate::report::model::{MemoryReport, MemoryResult};

/// Names of the three results.
pub(crate) const NAMES: [&str; 3] = ["mem-seq", "mem-rand", "mem-chase"];
const VALUE: usize = 4;
/// One step of the chase a cache line, or neighbours would come for free.
const LINE: usize = 64;

/// A memory run before it starts.
#[derive(Debug, Clone)]
pub(crate) struct MemoryPlan {
    bytes: u64,
    rounds: u32,
    slice: Duration,
}

impl MemoryPlan {
    /// An array far larger than most caches; a power of two.
    pub(crate) fn new(quick: bool) -> MemoryPlan {
        MemoryPlan { bytes: if quick { 64 * MIB } else { 256 * MIB }, rounds: if quick { 3 } else { 5 }, slice: Duration::from_millis(150) }
    }

    /// All slices together.
    pub(crate) fn measuring(&self) -> Duration {
        self.slice * self.rounds * NAMES.len() as u32
    }
}

/// Measures, in shuffled rounds. An interruption leaves what was measured.
pub(crate) fn measure(plan: &MemoryPlan, progress: &Progress, interrupt: &Interrupt) -> Result<MemoryReport> {
    let fits = machine::memory_available().map_or(plan.bytes, |free| plan.bytes.min(free / 4));
    let bytes = (fits.max(MIB) + 1).next_power_of_two() / 2;
    progress.now(format!("making an array of {}", size(bytes)));
    let mut rng = Rng::new(bytes);
    let mut array = Pages::new(bytes as usize, PageKind::Small)?;
    link(&mut array, &mut rng);
    let mut samples: [Vec<f64>; 3] = Default::default();
    let mut turn = [0, 1, 2];
    for round in 1..=plan.rounds {
        rng.shuffle(&mut turn);
        for which in turn {
            if interrupt.raised() {
                break;
            }
            progress.now(format!("round {round} of {}: {}", plan.rounds, NAMES[which]));
            samples[which].push(match which {
                0 => rate(plan.slice, sequential(&array)),
                1 => rate(plan.slice, random(&array, rng.next())),
                _ => rate(plan.slice, chase(&array)),
            });
            progress.done(plan.slice);
        }
    }
    let results = NAMES
        .iter()
        .zip(samples)
        .filter_map(|(name, samples)| Some(MemoryResult { id: (*name).into(), values_s: summary(&samples)?, samples }));
    Ok(MemoryReport { array_bytes: bytes, value_bytes: VALUE as u64, results: results.collect() })
}

/// Calls `batch`, which reads some values and says how many, until the time is up.
fn rate(duration: Duration, mut batch: impl FnMut() -> usize) -> f64 {
    let start = Instant::now();
    let mut values = 0;
    while start.elapsed() < duration {
        values += batch();
    }
    values as f64 / start.elapsed().as_secs_f64()
}

fn sequential(array: &[u8]) -> impl FnMut() -> usize {
    let mut blocks = array.chunks(MIB as usize).cycle();
    move || {
        let (values, _) = blocks.next().unwrap_or_default().as_chunks::<VALUE>();
        let sum = values.iter().fold(0u32, |sum, value| sum.wrapping_add(u32::from_le_bytes(*value)));
        black_box(sum);
        values.len()
    }
}

fn random(array: &[u8], seed: u64) -> impl FnMut() -> usize {
    const BATCH: usize = 4096;
    let (values, _) = array.as_chunks::<VALUE>();
    let mask = values.len() - 1;
    let mut rng = Rng::new(seed);
    move || {
        let sum = (0..BATCH).fold(0u32, |sum, _| sum.wrapping_add(u32::from_le_bytes(values[rng.next() as usize & mask])));
        black_box(sum);
        BATCH
    }
}

fn chase(array: &[u8]) -> impl FnMut() -> usize {
    const BATCH: usize = 1024;
    let mut line = 0;
    move || {
        for _ in 0..BATCH {
            line = next(array, line);
        }
        black_box(line);
        BATCH
    }
}

/// The line that a line points to.
fn next(array: &[u8], line: usize) -> usize {
    let mut value = [0; VALUE];
    value.copy_from_slice(&array[line * LINE..][..VALUE]);
    u32::from_le_bytes(value) as usize
}

/// Links all lines into one cycle (Sattolo's shuffle), so that a chase visits every one.
fn link(array: &mut [u8], rng: &mut Rng) {
    let lines = array.len() / LINE;
    let mut order: Vec<u32> = (0..lines as u32).collect();
    for i in (1..lines).rev() {
        order.swap(i, rng.below(i as u64) as usize);
    }
    for (line, to) in order.into_iter().enumerate() {
        array[line * LINE..][..VALUE].copy_from_slice(&to.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chase_visits_every_line_once() {
        let mut array = vec![0; 1000 * LINE];
        link(&mut array, &mut Rng::new(3));
        let mut seen = vec![false; 1000];
        let mut line = 0;
        for _ in 0..1000 {
            assert!(!std::mem::replace(&mut seen[line], true));
            line = next(&array, line);
        }
        assert_eq!(line, 0);
    }
}
