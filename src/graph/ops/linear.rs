//! Fully connected layer.

use candle_core::{D, Tensor};

use super::features::over_last;
use crate::error::{Error, Result};
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::params::{Init, ParamSpec, Role};

/// `y = x Wᵀ + b` over the features: (in), (tokens, in) or the channels of (in, H, W); W is (out, in).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// Features of the input.
    pub input: usize,
    /// Features of the output.
    pub output: usize,
    /// Whether a bias is added.
    pub bias: bool,
    /// Start of the weight; the bias starts at 0 unless this is uniform.
    pub init: Init,
}

impl Linear {
    /// PyTorch's start: uniform on ±1/√in for weight and bias.
    #[must_use]
    pub fn new(input: usize, output: usize, bias: bool) -> Self {
        let init = Init::Uniform(1.0 / (input as f64).sqrt());
        Self {
            input,
            output,
            bias,
            init,
        }
    }
}

impl Layer for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [[channels, height, width]] if *channels == self.input => {
                Ok(vec![self.output, *height, *width])
            }
            [[before @ .., last]] if before.len() < 2 && *last == self.input => {
                Ok([before, &[self.output]].concat())
            }
            _ => Err(Error::Usage(format!(
                "a linear layer of {} inputs cannot take {inputs:?}",
                self.input
            ))),
        }
    }

    fn parameters(&self, prefix: &str) -> Vec<ParamSpec> {
        let mut specs = vec![ParamSpec {
            name: format!("{prefix}.weight"),
            shape: vec![self.output, self.input],
            init: self.init,
            role: Role::Weight,
        }];
        if self.bias {
            let init = match self.init {
                Init::Uniform(_) => self.init,
                _ => Init::Constant(0.0),
            };
            specs.push(ParamSpec {
                name: format!("{prefix}.bias"),
                shape: vec![self.output],
                init,
                role: Role::Plain,
            });
        }
        specs
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], _: Mode) -> Result<Tensor> {
        over_last(&inputs[0], |x| {
            let mut shape = x.dims().to_vec();
            let rows = x.elem_count() / self.input;
            let y = x.reshape((rows, self.input))?.matmul(&weights[0].t()?)?;
            let y = match weights.get(1) {
                Some(bias) => y.broadcast_add(bias)?,
                None => y,
            };
            shape.pop();
            shape.push(y.dim(D::Minus1)?);
            Ok(y.reshape(shape)?)
        })
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        2 * (self.input * output.iter().product::<usize>()) as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        let op = Self::new(6, 4, true);
        vec![(op, vec![6]), (op, vec![6, 3, 2])]
    }
}
