//! Mean and variance.

/// Mean and variance (N − 1) of `values`, in two passes in f64; the variance of a single value is 0.
pub(super) fn moments(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares = values.map(|v| (v - mean).powi(2)).sum::<f64>();
    (mean, squares / (n - 1.0).max(1.0))
}
