use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::graph::Op;
use crate::graph::ops::{Gelu, Pointwise, Relu, Tanh};
use crate::kernels::curve::Curve;

/// The function between the layers of a network.
///
/// `relu` learns fast, `tanh` gives the smooth energies that gradients by y and the tutorial's experiments
/// (LeCun et al. 2006, section 3) want, `gelu` and `silu` are smooth ReLUs, `hard_swish` is a quick one, and `quick_gelu`
/// is the GELU that CLIP was trained with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(0, x)`.
    #[default]
    Relu,
    /// `tanh(x)`.
    Tanh,
    /// `x · Φ(x)`.
    Gelu,
    /// `x · sigmoid(1.702 x)`.
    QuickGelu,
    /// `x · sigmoid(x)`.
    Silu,
    /// `x · min(max(x + 3, 0), 6) / 6`.
    HardSwish,
}

impl Activation {
    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Tanh => "tanh",
            Self::Gelu => "gelu",
            Self::QuickGelu => "quick_gelu",
            Self::Silu => "silu",
            Self::HardSwish => "hard_swish",
        }
    }

    /// The op of a graph.
    #[must_use]
    pub fn op(self) -> Op {
        match self {
            Self::Relu => Op::Relu(Relu),
            Self::Tanh => Op::Tanh(Tanh),
            Self::Gelu => Op::Gelu(Gelu),
            Self::QuickGelu => Op::Pointwise(Pointwise(Curve::QuickGelu)),
            Self::Silu => Op::Pointwise(Pointwise(Curve::Silu)),
            Self::HardSwish => Op::Pointwise(Pointwise(Curve::HardSwish)),
        }
    }
}
