use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::graph::Op;
use crate::graph::ops::{Gelu, Relu, Tanh};

/// The function between the linear layers of a perceptron.
///
/// `relu` learns fast, `tanh` gives the smooth energies that gradients by y and the tutorial's experiments
/// (LeCun et al. 2006, section 3) want, `gelu` is a smooth ReLU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// `max(0, x)`.
    #[default]
    Relu,
    /// `tanh(x)`.
    Tanh,
    /// `x · Φ(x)`.
    Gelu,
}

impl Activation {
    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Tanh => "tanh",
            Self::Gelu => "gelu",
        }
    }

    /// The op of a graph.
    #[must_use]
    pub fn op(self) -> Op {
        match self {
            Self::Relu => Op::Relu(Relu),
            Self::Tanh => Op::Tanh(Tanh),
            Self::Gelu => Op::Gelu(Gelu),
        }
    }
}
