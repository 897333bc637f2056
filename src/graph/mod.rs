//! Networks as data: a [`Graph`] is a list of ops with named parameters; an [`Executor`] runs it.
//!
//! One op a file. Every op knows its output shape, its parameters, its plain-candle forward (the
//! reference, with a working gradient on every device) and its floating-point operations. From the same
//! graph come the summary table, the parameter list and both executors.

mod builder;
mod candle_executor;
pub mod check;
mod cpu;
mod executor;
mod network;
mod samples;
mod summary;

pub mod add;
pub mod attention;
pub mod batch_norm;
pub mod conv2d;
pub mod flatten;
pub mod gelu;
pub mod global_avg_pool;
pub mod layer_norm;
pub mod linear;
pub mod max_pool;
pub mod prototypes;
pub mod relu;
pub mod tanh;
pub mod to_tokens;
pub mod token_embed;
pub mod token_pool;

pub use builder::{Graph, Node, NodeId};
pub use candle_executor::CandleExecutor;
pub use cpu::CpuExecutor;
pub use executor::{Executor, Forward, Gradients, Mode, Precision, Tape};
pub use network::Network;
pub use samples::samples;
pub use summary::Summary;

use candle_core::Tensor;

use crate::error::Result;
use crate::params::ParamSpec;

/// What every op must tell; shapes are those of one sample, without the batch dimension.
pub trait Layer {
    /// The op's name in summaries, for example `conv2d`.
    fn name(&self) -> &'static str;

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
}

/// All ops: an executor matches on this list, so a new op cannot be forgotten silently.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each struct is documented in its file")]
pub enum Op {
    Conv2d(conv2d::Conv2d),
    BatchNorm(batch_norm::BatchNorm),
    Relu(relu::Relu),
    Add(add::Add),
    MaxPool(max_pool::MaxPool),
    GlobalAvgPool(global_avg_pool::GlobalAvgPool),
    Flatten(flatten::Flatten),
    Linear(linear::Linear),
    LayerNorm(layer_norm::LayerNorm),
    Gelu(gelu::Gelu),
    ToTokens(to_tokens::ToTokens),
    TokenEmbed(token_embed::TokenEmbed),
    Attention(attention::Attention),
    TokenPool(token_pool::TokenPool),
    Tanh(tanh::Tanh),
    Prototypes(prototypes::Prototypes),
}

impl Op {
    /// The op behind its trait.
    #[must_use]
    pub fn layer(&self) -> &dyn Layer {
        match self {
            Self::Conv2d(op) => op,
            Self::BatchNorm(op) => op,
            Self::Relu(op) => op,
            Self::Add(op) => op,
            Self::MaxPool(op) => op,
            Self::GlobalAvgPool(op) => op,
            Self::Flatten(op) => op,
            Self::Linear(op) => op,
            Self::LayerNorm(op) => op,
            Self::Gelu(op) => op,
            Self::ToTokens(op) => op,
            Self::TokenEmbed(op) => op,
            Self::Attention(op) => op,
            Self::TokenPool(op) => op,
            Self::Tanh(op) => op,
            Self::Prototypes(op) => op,
        }
    }
}
