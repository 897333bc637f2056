//! Inference: the answers y of low energy for a question x, several where several are right.
//!
//! | energy | method |
//! |---|---|
//! | of classes, or of few numbers | [`Enumerate`] |
//! | of a difference, or a decoder with a set of z | [`ClosedForm`] |
//! | smooth in y | [`Descent`], from many starts in one batch |
//! | rugged | [`Langevin`] |
//! | without a gradient | [`Evolution`] |

mod bounds;
mod closed_form;
mod descent;
mod enumerate;
mod evolution;
mod langevin;
mod machine;
mod minima;
mod search;

pub use bounds::{Bounds, offered};
pub use closed_form::ClosedForm;
pub use descent::Descent;
pub use enumerate::Enumerate;
pub use evolution::Evolution;
pub use langevin::{Langevin, advance};
pub use machine::{Answered, Machine, attach};
pub use minima::{Minimum, answers, distinct};
pub use search::outside;

use candle_core::Tensor;

use crate::error::Result;

/// Questions with everything that a search for answers needs.
pub struct Problem<'a> {
    /// The energy.
    pub machine: &'a Machine,
    /// Codes of N questions.
    pub codes: &'a [Tensor],
    /// Where answers are looked for.
    pub bounds: &'a Bounds,
    /// Decides every start and every noise.
    pub seed: u64,
    /// Number of the first question: keeps the random numbers of two calls apart.
    pub first: u64,
}

impl Problem<'_> {
    /// Number of questions.
    ///
    /// # Errors
    /// There is no code.
    pub fn questions(&self) -> Result<usize> {
        Ok(self.codes[0].dim(0)?)
    }

    /// Energies (N·K) and their slopes (N·K·D) at `points` (N·K·D).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn slope(&self, points: &[f32]) -> Result<(Vec<f32>, Vec<f32>)> {
        let (energies, slopes) = self.machine.slope(self.codes, &self.tensor(points)?)?;
        Ok((search::flat(&energies)?, search::flat(&slopes)?))
    }

    /// Energies (N·K) at `points` (N·K·D).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn energies(&self, points: &[f32]) -> Result<Vec<f32>> {
        search::flat(&self.machine.energies(self.codes, &self.tensor(points)?)?)
    }

    fn tensor(&self, points: &[f32]) -> Result<Tensor> {
        let (n, dim) = (self.questions()?, self.bounds.dim());
        let k = points.len() / (n * dim).max(1);
        Ok(Tensor::from_vec(
            points.to_vec(),
            (n, k, dim),
            self.codes[0].device(),
        )?)
    }

    /// `count` starts for each question, drawn uniformly from the box: (N·count·D).
    fn starts(&self, count: usize) -> Result<Vec<f32>> {
        let mut points = Vec::new();
        for question in 0..self.questions()? {
            let mut rng = self.stream(question, 0);
            for _ in 0..count {
                points.extend(self.bounds.draw(&mut rng));
            }
        }
        Ok(points)
    }

    fn stream(&self, question: usize, view: u64) -> crate::random::Stream {
        let purpose = crate::random::Purpose::Inference;
        crate::random::stream(self.seed, purpose, 0, self.first + question as u64, view)
    }
}

/// A search for answers.
pub trait Inference: Send + Sync {
    /// The distinct minima of each question, the lowest first.
    ///
    /// # Errors
    /// The method does not go with this energy, or a tensor operation failed.
    fn minima(&self, problem: &Problem) -> Result<Vec<Vec<Minimum>>>;

    /// Refuse settings out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()>;
}

crate::family! {
    /// Searches for answers by name.
    InferenceKind: Inference {
        "descent" => Descent(Descent),
        "enumerate" => Enumerate(Enumerate),
        "closed_form" => ClosedForm(ClosedForm),
        "langevin" => Langevin(Langevin),
        "evolution" => Evolution(Evolution),
    }
}

/// The minima of each question among its own `count` points, which no longer move.
fn collect(points: &[f32], energies: &[f32], problem: &Problem) -> Result<Vec<Vec<Minimum>>> {
    let (n, dim) = (problem.questions()?, problem.bounds.dim());
    let count = energies.len() / n.max(1);
    let radius = 0.02 * problem.bounds.diagonal();
    Ok((0..n)
        .map(|question| {
            let own = question * count..(question + 1) * count;
            let points = &points[own.start * dim..own.end * dim];
            distinct(points, &energies[own], dim, radius)
        })
        .collect())
}

/// Larger counts of answers or steps are typing errors.
const MOST: usize = 1_000_000;

/// Refuse points of a grid that are no grid, or one that no machine gets through.
pub(crate) fn points(key: &str, count: usize) -> Result<()> {
    if (2..=MOST).contains(&count) {
        return Ok(());
    }
    Err(crate::error::Error::key(
        key,
        format!("must be between 2 and {MOST}, not {count}"),
    ))
}

/// Refuse a count of zero, and one that no machine gets through.
pub(crate) fn some(key: &str, count: usize) -> Result<()> {
    if (1..=MOST).contains(&count) {
        return Ok(());
    }
    Err(crate::error::Error::key(
        key,
        format!("must be between 1 and {MOST}, not {count}"),
    ))
}
