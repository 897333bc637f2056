//! Can energies be read as probabilities P(y | x) = exp(−beta E(x, y)) / Σ exp(−beta E)?

use serde::{Deserialize, Serialize};

use super::features::argmax;
use crate::error::{Error, Result};

/// How far confidence and accuracy are apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error: Σ over bins of |Σ in the bin of (correct − confidence)| / N.
    pub ece: f64,
    /// Share of rows whose lowest energy is that of the right answer.
    pub accuracy: f64,
    /// Mean of −log P(right answer).
    pub nll: f64,
    /// Rows in each bin of confidence.
    pub bin_count: Vec<usize>,
}

/// Expected calibration error, accuracy and likelihood of `energies` (N, C) at inverse temperature `beta`.
///
/// Confidence is the largest probability; bin b of B holds confidences in (b/B, (b + 1)/B]. Source: Guo, Pleiss, Sun,
/// Weinberger, *On Calibration of Modern Neural Networks*, 2017 (15 bins). Fit `beta` with [`fit_beta`] on other rows first.
///
/// # Errors
/// [`Error::Failed`] when energies and labels do not fit together or an energy is not finite.
pub fn calibration(
    energies: &[f32],
    labels: &[u32],
    beta: f64,
    bins: usize,
) -> Result<Calibration> {
    let classes = check(energies, labels)?;
    let bins = bins.max(1);
    let (mut nll, mut hits) = (0.0, 0.0);
    let (mut surplus, mut bin_count) = (vec![0.0; bins], vec![0; bins]);
    for (row, label) in energies.chunks_exact(classes).zip(labels) {
        let p = gibbs(row, beta);
        let (answer, label) = (argmax(&p), *label as usize);
        let correct = f64::from(u8::from(answer == label));
        let bin = ((p[answer] * bins as f64).ceil() as usize).clamp(1, bins) - 1;
        surplus[bin] += correct - p[answer];
        bin_count[bin] += 1;
        hits += correct;
        nll += beta * f64::from(row[label]) + log_partition(row, beta);
    }
    let n = labels.len() as f64;
    Ok(Calibration {
        ece: surplus.iter().map(|s: &f64| s.abs()).sum::<f64>() / n,
        accuracy: hits / n,
        nll: nll / n,
        bin_count,
    })
}

/// The beta > 0 that minimises the mean of beta E(right) + log Σ_y exp(−beta E(y)): temperature scaling.
///
/// The objective is convex in beta; its slope, mean of E(right) − ⟨E⟩ under P, is brought to zero by bisection.
/// `energies` (N, C), on rows that did not train the model. Source: Guo et al. 2017, section 4.2 (beta = 1 / T).
///
/// # Errors
/// [`Error::Failed`] as [`calibration`], and where no beta is best: right answers are no lower than average
/// (the best is 0), or always the lowest (the best is infinite).
pub fn fit_beta(energies: &[f32], labels: &[u32]) -> Result<f64> {
    let classes = check(energies, labels)?;
    let slope = |beta: f64| {
        let rows = energies.chunks_exact(classes).zip(labels);
        rows.map(|(row, label)| {
            let p = gibbs(row, beta);
            let mean: f64 = p.iter().zip(row).map(|(p, e)| p * f64::from(*e)).sum();
            f64::from(row[*label as usize]) - mean
        })
        .sum::<f64>()
    };
    if slope(0.0) >= 0.0 {
        return Err(Error::Failed(
            "the energies say nothing about the right answers (they are not lower than average), \
             so no temperature makes probabilities of them"
                .into(),
        ));
    }
    let certain = |(row, label): (&[f32], &u32)| row.iter().all(|e| row[*label as usize] <= *e);
    if energies.chunks_exact(classes).zip(labels).all(certain) {
        return Err(Error::Failed(
            "right answers always have the lowest energy, so every larger beta fits better; \
             fit the temperature on more or harder rows"
                .into(),
        ));
    }
    let (mut low, mut high) = (0.0, 1.0);
    while slope(high) < 0.0 {
        (low, high) = (high, 2.0 * high); // ends: the slope rises to Σ E(right) − min E > 0
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if slope(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(0.5 * (low + high))
}

/// The number of classes, after checking that everything fits together.
fn check(energies: &[f32], labels: &[u32]) -> Result<usize> {
    let classes = energies.len().checked_div(labels.len()).unwrap_or(0);
    let known = labels.iter().all(|l| (*l as usize) < classes);
    if classes == 0 || classes * labels.len() != energies.len() || !known {
        return Err(Error::Failed(format!(
            "{} energies do not give {} labelled rows an energy for each class",
            energies.len(),
            labels.len()
        )));
    }
    if energies.iter().any(|e| !e.is_finite()) {
        return Err(Error::Failed("an energy is not finite".into()));
    }
    Ok(classes)
}

/// P(y) = exp(−beta E(y)) / Σ exp(−beta E), (C,).
pub(super) fn gibbs(row: &[f32], beta: f64) -> Vec<f64> {
    let log_z = log_partition(row, beta);
    row.iter()
        .map(|e| (-beta * f64::from(*e) - log_z).exp())
        .collect()
}

/// log Σ_y exp(−beta E(y))
fn log_partition(row: &[f32], beta: f64) -> f64 {
    let lowest = f64::from(row.iter().copied().fold(f32::INFINITY, f32::min));
    let sum: f64 = row
        .iter()
        .map(|e| (-beta * (f64::from(*e) - lowest)).exp())
        .sum();
    sum.ln() - beta * lowest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beta_is_refused_where_none_is_best() {
        let certain = fit_beta(&[0.0, 1.0, 1.0, 0.0], &[0, 1]).unwrap_err();
        assert!(certain.to_string().contains("always"), "{certain}");
        let useless = fit_beta(&[1.0, 0.0, 0.0, 1.0], &[0, 1]).unwrap_err();
        assert!(useless.to_string().contains("nothing"), "{useless}");
    }

    #[test]
    fn huge_energies_do_not_overflow() {
        let c = calibration(&[1e30, 0.0, 0.0, 1e30], &[1, 0], 1.0, 15).unwrap();
        assert_eq!((c.accuracy, c.nll, c.ece), (1.0, 0.0, 0.0));
        assert_eq!(c.bin_count[14], 2);
    }

    #[test]
    fn a_bin_holds_its_upper_border() {
        let c = calibration(&[0.0, 0.0], &[0], 1.0, 2).unwrap(); // confidence 1/2
        assert_eq!(c.bin_count, [1, 0]);
    }
}
