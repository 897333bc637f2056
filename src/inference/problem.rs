use candle_core::Tensor;

use super::bounds::Bounds;
use super::energy_model::EnergyModel;
use crate::error::Result;
use crate::random::{Purpose, Stream, stream};

/// Questions with everything that a search for answers needs.
pub struct Problem<'a> {
    /// The energy.
    pub model: &'a EnergyModel,
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
        let (energies, slopes) = self.model.slope(self.codes, &self.tensor(points)?)?;
        Ok((flat(&energies)?, flat(&slopes)?))
    }

    /// Energies (N·K) at `points` (N·K·D).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn energies(&self, points: &[f32]) -> Result<Vec<f32>> {
        flat(&self.model.energies(self.codes, &self.tensor(points)?)?)
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
    pub(super) fn starts(&self, count: usize) -> Result<Vec<f32>> {
        let mut points = Vec::new();
        for question in 0..self.questions()? {
            let mut rng = self.stream(question, 0);
            for _ in 0..count {
                points.extend(self.bounds.draw(&mut rng));
            }
        }
        Ok(points)
    }

    pub(super) fn stream(&self, question: usize, view: u64) -> Stream {
        let purpose = Purpose::Inference;
        stream(self.seed, purpose, 0, self.first + question as u64, view)
    }
}

/// The values of a tensor, row by row.
pub(super) fn flat(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.detach().flatten_all()?.to_vec1()?)
}
