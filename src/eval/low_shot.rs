//! A probe that may see only a few labels of each class, repeated over draws of them.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::moments::moments;
use crate::error::{Error, Result};
use crate::random::{self, Purpose};

/// What several repetitions of a measurement gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// Mean over the repetitions.
    pub mean: f64,
    /// 95 % interval of the mean; `None` for a single repetition.
    pub interval: Option<[f64; 2]>,
    /// Every repetition, in order.
    pub values: Vec<f64>,
}

impl Repeated {
    /// Mean and 95 % interval mean ± t s / √R of R repetitions: s their standard deviation (R − 1), t the
    /// 97.5 % quantile of Student's distribution with R − 1 degrees of freedom.
    ///
    /// It speaks of the draw of labels only: the encoder and the rows judged are the same each time.
    ///
    /// ```
    /// let r = ravine::eval::low_shot::Repeated::of(vec![0.9, 0.8]);
    /// let [low, high] = r.interval.unwrap();
    /// assert!((r.mean - 0.85).abs() < 1e-12 && (high - low - 2.0 * 12.706 * 0.05).abs() < 1e-4);
    /// ```
    #[must_use]
    pub fn of(values: Vec<f64>) -> Self {
        let (mean, variance) = moments(values.iter().copied());
        let interval = (values.len() > 1).then(|| {
            let half = student(values.len() - 1) * (variance / values.len() as f64).sqrt();
            [mean - half, mean + half]
        });
        Self {
            mean,
            interval,
            values,
        }
    }
}

/// Resamples of a bootstrap.
const RESAMPLES: usize = 1000;

/// 95 % interval of an `accuracy` measured on `rows` images, by the percentile bootstrap over them (Efron 1979): 1,000 times
/// as many images are drawn with replacement, and of the shares of hits the 2.5 % and 97.5 % quantiles are given.
///
/// It speaks of the images judged only: the encoder and the labels learned from are the same each time. Where all are hits,
/// or none is, resamples tell nothing: the other end is then that of Clopper and Pearson (1934), 0.025^(1/n) from it.
///
/// ```
/// # use ravine::eval::low_shot::bootstrap;
/// assert_eq!(bootstrap(1.0, 4), [0.025_f64.powf(0.25), 1.0]);
/// let [low, high] = ravine::eval::low_shot::bootstrap(0.7, 10);
/// assert!(low <= 0.5 && high >= 0.9); // ten images tell little
/// let [low, high] = ravine::eval::low_shot::bootstrap(0.7, 10_000);
/// assert!((high - low - 2.0 * 1.96 * (0.7_f64 * 0.3 / 1e4).sqrt()).abs() < 0.002);
/// ```
#[must_use]
pub fn bootstrap(accuracy: f64, rows: usize) -> [f64; 2] {
    let n = rows.max(1);
    let rare = 0.025_f64.powf(1.0 / n as f64);
    let hits = (accuracy * n as f64).round() as usize;
    if hits == n {
        return [rare, 1.0];
    }
    if hits == 0 {
        return [0.0, 1.0 - rare];
    }
    let mut rng = random::stream(0, Purpose::Probe, 2, hits as u64, n as u64);
    let mut shares: Vec<usize> = (0..RESAMPLES)
        .map(|_| (0..n).filter(|_| rng.random_range(0..n) < hits).count())
        .collect();
    shares.sort_unstable();
    let quantile =
        |share: f64| shares[(share * (RESAMPLES - 1) as f64).round() as usize] as f64 / n as f64;
    [quantile(0.025), quantile(0.975)]
}

/// One interval around `mean` of two causes of chance that do not depend on each other: their half-widths are added in
/// quadrature, on each side by itself, within [0, 1].
///
/// ```
/// let [low, high] = ravine::eval::low_shot::together(0.5, [[0.47, 0.53], [0.46, 0.54]]);
/// assert!((low - 0.45).abs() < 1e-12 && (high - 0.55).abs() < 1e-12);
/// ```
#[must_use]
pub fn together(mean: f64, [a, b]: [[f64; 2]; 2]) -> [f64; 2] {
    let half = |end: usize| (a[end] - mean).hypot(b[end] - mean);
    [(mean - half(0)).max(0.0), (mean + half(1)).min(1.0)]
}

/// Indices of `per_class` rows of each class that occurs in `labels`, drawn for (`seed`, `repetition`), ascending.
///
/// Draws are nested: the rows for 5 labels a class are among those for 10 of the same seed and repetition.
///
/// # Errors
/// [`Error::Usage`] when `per_class` is 0 or some class has fewer rows.
pub fn draw(labels: &[u32], per_class: usize, seed: u64, repetition: u64) -> Result<Vec<usize>> {
    if per_class == 0 {
        return Err(Error::Usage("give at least one label per class".into()));
    }
    let classes = labels.iter().max().map_or(0, |&m| m as usize + 1);
    let mut rows = vec![Vec::new(); classes];
    for (i, label) in labels.iter().enumerate() {
        rows[*label as usize].push(i);
    }
    let mut drawn = Vec::new();
    for (class, rows) in rows.iter().enumerate().filter(|(_, r)| !r.is_empty()) {
        if rows.len() < per_class {
            return Err(Error::Usage(format!(
                "{per_class} labels per class were asked for, but class {class} has only {} rows; \
                 ask for fewer",
                rows.len()
            )));
        }
        let mut stream = random::stream(seed, Purpose::Labels, repetition, class as u64, 0);
        let order = random::permutation(rows.len(), &mut stream);
        drawn.extend(order[..per_class].iter().map(|&i| rows[i]));
    }
    drawn.sort_unstable();
    Ok(drawn)
}

/// 97.5 % quantiles of Student's t for 1 to 30 degrees of freedom.
const STUDENT: [f64; 30] = [
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010,
    2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687,
    2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];

/// The 97.5 % quantile of Student's t: a table, beyond it the Cornish-Fisher expansion (error below 1e-4).
fn student(degrees: usize) -> f64 {
    if let Some(t) = STUDENT.get(degrees - 1) {
        return *t;
    }
    let (z, v) = (1.959_964_f64, degrees as f64);
    z + (z.powi(3) + z) / (4.0 * v)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * v * v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expansion_continues_the_table() {
        // scipy.stats.t.ppf(0.975, [31, 40, 120])
        for (degrees, t) in [(31, 2.039_513), (40, 2.021_075), (120, 1.979_930)] {
            assert!((student(degrees) - t).abs() < 1e-4, "{degrees}");
        }
    }

    #[test]
    fn equal_accuracies_have_an_interval_of_no_width() {
        let [low, high] = Repeated::of(vec![0.75; 5]).interval.unwrap();
        assert_eq!((low, high), (0.75, 0.75));
        assert_eq!(Repeated::of(vec![0.5]).interval, None);
    }

    #[test]
    fn draws_are_balanced_repeatable_nested_and_differ_between_repetitions() {
        let labels: Vec<u32> = (0..300).map(|i| i % 3).collect();
        let ten = draw(&labels, 10, 7, 0).unwrap();
        for class in 0..3 {
            assert_eq!(ten.iter().filter(|&&i| labels[i] == class).count(), 10);
        }
        assert_eq!(ten, draw(&labels, 10, 7, 0).unwrap());
        assert_ne!(ten, draw(&labels, 10, 7, 1).unwrap());
        assert_ne!(ten, draw(&labels, 10, 8, 0).unwrap());
        let five = draw(&labels, 5, 7, 0).unwrap();
        assert!(five.iter().all(|i| ten.contains(i)));
    }

    #[test]
    fn too_few_rows_of_a_class_are_refused() {
        let error = draw(&[0, 0, 0, 1], 2, 0, 0).unwrap_err().to_string();
        assert!(error.contains("class 1 has only 1"), "{error}");
    }
}
