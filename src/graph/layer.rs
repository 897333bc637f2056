//! What an op tells about itself.

use candle_core::Tensor;

use crate::error::Result;
use crate::graph::mode::Mode;
use crate::params::ParamSpec;

/// What every op must tell; shapes are those of one sample, without the batch dimension.
pub trait Layer {
    /// The op's name in summaries, for example `conv2d`.
    fn name(&self) -> &'static str;

    /// Number of inputs.
    fn inputs(&self) -> usize {
        1
    }

    /// Output shape from the input shapes.
    ///
    /// # Errors
    /// Inputs of a shape the op cannot take.
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>>;

    /// The parameters of a node called `prefix`, in a fixed order (`forward` receives them in it).
    fn parameters(&self, _prefix: &str) -> Vec<ParamSpec> {
        Vec::new()
    }

    /// The value, by candle operations whose backward exists on every device. `weights` follow `parameters`.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn forward(&self, inputs: &[Tensor], weights: &[Tensor], mode: Mode) -> Result<Tensor>;

    /// New values of the running statistics after a training pass, in the order of the buffers among `parameters`.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn updated_buffers(&self, _inputs: &[Tensor], _weights: &[Tensor]) -> Result<Vec<Tensor>> {
        Ok(Vec::new())
    }

    /// Floating-point operations of the forward pass for one sample (a multiply-add counts two).
    fn operations(&self, inputs: &[&[usize]], output: &[usize]) -> u64;

    /// Small ops of this kind, one for each way of computing, each with an input shape it takes: what laws and
    /// self-checks loop over.
    fn samples() -> Vec<(Self, Vec<usize>)>
    where
        Self: Sized;
}
