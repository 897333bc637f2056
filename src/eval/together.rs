//! Two models asked together: what their energies say raw, and what after calibration.

use super::calibration::gibbs;

/// `−log P(y | x)` (N·C) of energies (N·C) at inverse temperature `beta`: calibrated energies, in nats.
///
/// LeCun et al. 2006, section 1.3: energies of models trained apart have units of their own; probabilities compare.
#[must_use]
pub fn surprise(energies: &[f32], classes: usize, beta: f64) -> Vec<f32> {
    let rows = energies.chunks_exact(classes.max(1));
    rows.flat_map(|row| gibbs(row, beta))
        .map(|p| -(p.max(f64::MIN_POSITIVE).ln()) as f32)
        .collect()
}

/// The sum of two models' energies (N·C): their product of experts.
#[must_use]
pub fn sum(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// For each question the row (C) of the model whose best answer has the lower energy: (N·C).
#[must_use]
pub fn lower(a: &[f32], b: &[f32], classes: usize) -> Vec<f32> {
    let best = |row: &[f32]| row.iter().copied().fold(f32::INFINITY, f32::min);
    let rows = a
        .chunks_exact(classes.max(1))
        .zip(b.chunks_exact(classes.max(1)));
    rows.flat_map(|(a, b)| if best(a) <= best(b) { a } else { b })
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_with_small_units_is_drowned_raw_and_heard_calibrated() {
        // The second model is as sure as can be, in units a hundred times smaller.
        let (loud, quiet) = ([-2.0, -1.0], [0.05, -0.05]);
        assert_eq!(lower(&loud, &quiet, 2), loud);
        assert!(sum(&loud, &quiet)[0] < sum(&loud, &quiet)[1]);
        let (loud, quiet) = (surprise(&loud, 2, 1.0), surprise(&quiet, 2, 100.0));
        assert_eq!(lower(&loud, &quiet, 2), quiet);
        let both = sum(&loud, &quiet);
        assert!(both[1] < both[0]);
        let total: f32 = loud.iter().map(|s| (-s).exp()).sum();
        assert!((total - 1.0).abs() < 1e-6);
    }
}
