//! Cosines with learned directions.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::params::{Init, ParamSpec, Role};

/// `y_k = cos(x, w_k)`: each output is the cosine of the input with one of `output` learned prototypes.
///
/// Takes (input), gives (output) in [−1, 1]; `weight` is (output, input). It is DINO's last layer (Caron et al. 2021:
/// bottleneck normalised, weights normalised at length 1), and SwAV's. Choose it before a softmax whose temperature
/// should mean the same for all samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prototypes {
    /// Numbers of the input.
    pub input: usize,
    /// Number of prototypes.
    pub output: usize,
}

/// `x / max(|x|, 1e-12)` row by row.
fn normalized(x: &Tensor) -> Result<Tensor> {
    let square = x.sqr()?.sum_keepdim(1)?;
    Ok(x.broadcast_div(&square.maximum(1e-24)?.sqrt()?)?)
}

impl Layer for Prototypes {
    fn name(&self) -> &'static str {
        "prototypes"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            &[&[input]] if input == self.input => Ok(vec![self.output]),
            _ => Err(Error::Usage(format!(
                "prototypes of {} numbers cannot take {inputs:?}",
                self.input
            ))),
        }
    }

    fn parameters(&self, prefix: &str) -> Vec<ParamSpec> {
        vec![ParamSpec {
            name: format!("{prefix}.weight"),
            shape: vec![self.output, self.input],
            init: Init::TruncatedNormal(1.0 / (self.input as f64).sqrt()),
            role: Role::Weight,
        }]
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], _: Mode) -> Result<Tensor> {
        let directions = normalized(&weights[0])?;
        Ok(normalized(&inputs[0])?.matmul(&directions.t()?)?)
    }

    fn operations(&self, _: &[&[usize]], _: &[usize]) -> u64 {
        2 * (self.input * self.output) as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let op = Self {
            input: 6,
            output: 5,
        };
        vec![(op, vec![6])]
    }
}
