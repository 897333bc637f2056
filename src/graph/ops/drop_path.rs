//! Stochastic depth.

use candle_core::Tensor;

use crate::error::Result;
use crate::graph::draws::Draws;
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;

/// `x · k / (1 − rate)` with k = 0 for a share `rate` of the samples, drawn anew for every step, sample and view, else 1.
///
/// At the end of a residual branch this is stochastic depth, the "drop path" of timm: a sample skips the branch. Any
/// shape, the same after it; without [`Draws`] it is the identity.
///
/// Source: Huang et al. 2016, equation 2, scaled while training instead of afterwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropPath {
    /// Share of samples dropped, in [0, 1).
    pub rate: f64,
    /// Number of this branch in its network: two branches share no draws.
    pub branch: u32,
}

impl DropPath {
    /// What each of `rows` rows is multiplied with; 1 where nothing is drawn.
    pub(in crate::graph) fn factors(self, draws: Option<Draws>, rows: usize) -> Vec<f32> {
        let Some(draws) = draws else {
            return vec![1.0; rows];
        };
        let kept = (1.0 / (1.0 - self.rate)) as f32;
        let numbers = draws.uniform(self.branch, rows);
        numbers
            .map(|number| if number < self.rate { 0.0 } else { kept })
            .collect()
    }
}

impl Layer for DropPath {
    fn name(&self) -> &'static str {
        "drop_path"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], mode: Mode) -> Result<Tensor> {
        let x = &inputs[0];
        if mode.draws().is_none() {
            return Ok(x.clone());
        }
        let mut shape = vec![1; x.rank()];
        shape[0] = x.dim(0)?;
        let factors = self.factors(mode.draws(), shape[0]);
        let factors = Tensor::from_vec(factors, shape, x.device())?;
        Ok(x.broadcast_mul(&factors.to_dtype(x.dtype())?)?)
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let op = |branch| Self { rate: 0.5, branch };
        vec![
            (op(0), vec![3, 4, 5]),
            (op(1), vec![4, 3]),
            (op(2), vec![6]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_dropped_at_the_rate_and_the_mean_stays() {
        let draws = Draws::whole(0, 7, 20_000);
        for rate in [0.1, 0.7] {
            let factors = DropPath { rate, branch: 5 }.factors(Some(draws), 20_000);
            let dropped = factors.iter().filter(|&&factor| factor == 0.0).count();
            let mean = factors.iter().map(|&f| f64::from(f)).sum::<f64>() / 20_000.0;
            assert!((dropped as f64 / 20_000.0 - rate).abs() < 0.01);
            assert!((mean - 1.0).abs() < 0.04, "{mean}");
        }
    }
}
