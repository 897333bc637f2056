//! Are right answers lower in energy than wrong ones?

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Equal bins of the two histograms whose common area is the overlap.
const BINS: usize = 64;

/// How far apart the energies of right (positive) and wrong (negative) answers lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnergyGap {
    /// Mean energy of the right answers.
    pub positive: f64,
    /// Mean energy of the wrong answers.
    pub negative: f64,
    /// `negative` − `positive`: above 0 when right answers are lower.
    pub gap: f64,
    /// Probability that a right answer is lower than a wrong one; ties count one half. 0.5 is chance.
    pub auroc: f64,
    /// Common area of the two normalised histograms (64 equal bins over the joint range): 0 apart, 1 equal.
    pub overlap: f64,
}

impl EnergyGap {
    /// Compare the energies of right answers (P,) with those of wrong answers (K,).
    ///
    /// Look at it beside the loss: the loss may fall by pulling all energies together, this cannot improve so.
    ///
    /// ```
    /// let gap = ravine::eval::energy_gap::EnergyGap::of(&[0.0, 0.5], &[0.5, 1.0])?;
    /// assert_eq!((gap.gap, gap.auroc), (0.5, 0.875));
    /// # Ok::<(), ravine::error::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Failed`] when either is empty or holds a number that is not finite.
    pub fn of(positive: &[f32], negative: &[f32]) -> Result<Self> {
        let finite = |e: &[f32]| !e.is_empty() && e.iter().all(|v| v.is_finite());
        if !finite(positive) || !finite(negative) {
            return Err(Error::Failed(
                "the energy gap needs finite energies of right and of wrong answers".into(),
            ));
        }
        let mean = |e: &[f32]| e.iter().map(|v| f64::from(*v)).sum::<f64>() / e.len() as f64;
        let (right, wrong) = (mean(positive), mean(negative));
        Ok(Self {
            positive: right,
            negative: wrong,
            gap: wrong - right,
            auroc: auroc(positive, negative),
            overlap: overlap(positive, negative),
        })
    }
}

/// Shares of the `energies` (N,) in `bins` equal parts of `range`, to four places: they sum to 1; what lies outside counts at
/// the ends.
///
/// Choose a fixed range to follow a run: both histograms of right and of wrong answers then move on one axis.
///
/// ```
/// let shares = ravine::eval::energy_gap::histogram(&[0.1, 0.2, 1.5, 2.0], (0.0, 2.0), 2);
/// assert_eq!(shares, [0.5, 0.5]);
/// ```
#[must_use]
pub fn histogram(energies: &[f32], (low, high): (f64, f64), bins: usize) -> Vec<f64> {
    let mut counts = vec![0_u64; bins.max(1)];
    let last = counts.len() - 1;
    let width = (high - low) / counts.len() as f64;
    for energy in energies {
        let bin = (f64::from(*energy) - low) / width; // NaN, cast to 0, when the range is empty
        counts[(bin.max(0.0) as usize).min(last)] += 1;
    }
    let all = energies.len().max(1) as f64;
    let share = |&count: &u64| (count as f64 / all * 1e4).round() / 1e4;
    counts.iter().map(share).collect()
}

/// (Σ over positives of the negatives above it + half of those equal to it) / (P · K), after sorting.
fn auroc(positive: &[f32], negative: &[f32]) -> f64 {
    let mut sorted = negative.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let wins = |p: &f32| {
        let below = sorted.partition_point(|n| n < p);
        let not_above = sorted.partition_point(|n| n <= p);
        (sorted.len() - not_above) as f64 + 0.5 * (not_above - below) as f64
    };
    let pairs = positive.len() as f64 * negative.len() as f64;
    positive.iter().map(wins).sum::<f64>() / pairs
}

fn overlap(positive: &[f32], negative: &[f32]) -> f64 {
    let all = || positive.iter().chain(negative);
    let low = all().copied().fold(f32::INFINITY, f32::min);
    let high = all().copied().fold(f32::NEG_INFINITY, f32::max);
    let width = (f64::from(high) - f64::from(low)) / BINS as f64;
    let histogram = |energies: &[f32]| {
        let mut bins = [0.0; BINS];
        for e in energies {
            let bin = (f64::from(*e) - f64::from(low)) / width; // NaN, cast to 0, when all are equal
            bins[(bin as usize).min(BINS - 1)] += 1.0 / energies.len() as f64;
        }
        bins
    };
    let (right, wrong) = (histogram(positive), histogram(negative));
    right.iter().zip(wrong).map(|(r, w)| r.min(w)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separate_energies_do_not_overlap_and_equal_ones_do() {
        let apart = EnergyGap::of(&[0.0, 0.1], &[0.9, 1.0]).unwrap();
        assert_eq!((apart.auroc, apart.overlap), (1.0, 0.0));
        let equal = EnergyGap::of(&[0.5; 3], &[0.5; 7]).unwrap();
        assert_eq!((equal.gap, equal.auroc), (0.0, 0.5));
        assert!((equal.overlap - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_and_nan_are_refused() {
        assert!(EnergyGap::of(&[], &[1.0]).is_err());
        assert!(EnergyGap::of(&[1.0], &[f32::NAN]).is_err());
    }
}
