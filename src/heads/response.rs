use candle_core::Tensor;

use crate::error::Result;
use crate::graph::Gradients;

/// The gradients that a second network hands back.
#[derive(Default)]
pub struct HeadGradients {
    /// By its parameters.
    pub gradients: Gradients,
    /// By the code, when it was an input.
    pub code: Option<Tensor>,
    /// By the answers (N, K, D), when they were an input.
    pub y: Option<Tensor>,
    /// By the latent values, when they were an input.
    pub z: Option<Tensor>,
}

/// Pulls d loss / d response (one a tensor) back through the second network.
pub type HeadPullback = Box<dyn FnOnce(&[Option<Tensor>]) -> Result<HeadGradients>>;

/// What the second network answered: detached tensors whose first dimension is the batch, and the way back.
pub struct HeadOutput {
    /// None for heads without a second network.
    pub tensors: Vec<Tensor>,
    /// The way back.
    pub pull: HeadPullback,
}

impl HeadOutput {
    /// That of a head without a second network.
    #[must_use]
    pub fn none() -> Self {
        Self {
            tensors: Vec::new(),
            pull: Box::new(|_| Ok(HeadGradients::default())),
        }
    }
}
