//! Activations number by number: sigmoid, SiLU and their relatives.

use candle_core::Tensor;

use crate::error::Result;
use crate::graph::layer::Layer;
use crate::graph::mode::Mode;
use crate::kernels::curve::Curve;

/// `y = f(x)` of every number, f one of [`Curve`]: SiLU in EfficientNets, hard-swish in MobileNetV3, the quick GELU in CLIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointwise(pub Curve);

/// The logistic function by tanh, whose gradient exists on every device.
pub(super) fn sigmoid(x: &Tensor) -> candle_core::Result<Tensor> {
    ((x * 0.5)?.tanh()? * 0.5)? + 0.5
}

/// `min(max(x + 3, 0), 6) / 6`
fn hard_sigmoid(x: &Tensor) -> candle_core::Result<Tensor> {
    (x + 3.0)?.clamp(0.0, 6.0)? / 6.0
}

impl Layer for Pointwise {
    fn name(&self) -> &'static str {
        match self.0 {
            Curve::Sigmoid => "sigmoid",
            Curve::Silu => "silu",
            Curve::HardSigmoid => "hard_sigmoid",
            Curve::HardSwish => "hard_swish",
            Curve::QuickGelu => "quick_gelu",
        }
    }

    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor], _: Mode) -> Result<Tensor> {
        let x = &inputs[0];
        Ok(match self.0 {
            Curve::Sigmoid => sigmoid(x)?,
            Curve::Silu => (x * sigmoid(x)?)?,
            Curve::HardSigmoid => hard_sigmoid(x)?,
            Curve::HardSwish => (x * hard_sigmoid(x)?)?,
            Curve::QuickGelu => (x * sigmoid(&(x * 1.702)?)?)?,
        })
    }

    fn operations(&self, _: &[&[usize]], output: &[usize]) -> u64 {
        8 * output.iter().product::<usize>() as u64
    }

    fn samples() -> Vec<(Self, Vec<usize>)> {
        Curve::ALL
            .map(|curve| (Self(curve), vec![3, 4, 5]))
            .to_vec()
    }
}
