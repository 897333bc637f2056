//! Encoders: functions that build graphs from images (or vectors) to features.

mod activation;
mod convnet;
pub mod lora;
mod mlp;
mod projector;
mod resnet;
mod vit;
pub mod weights;

pub use activation::Activation;
pub use convnet::Convnet;
pub use lora::Lora;
pub use mlp::Mlp;
pub use projector::{Projector, network};
pub use resnet::{Resnet, Stem};
pub use vit::Vit;

use crate::error::Result;
use crate::graph::Graph;

/// Builds the graph of a network whose single output, `features`, is one vector a sample.
pub trait Encoder: Send + Sync {
    /// The graph for samples of shape `input`, for images (channels, height, width).
    ///
    /// # Errors
    /// Settings that make no network, or images too small for it.
    fn graph(&self, input: &[usize]) -> Result<Graph>;

    /// Whether samples may be plain rows of numbers, as those of a table, instead of images.
    fn takes_rows(&self) -> bool {
        false
    }

    /// The file that its parameters start from, see [`weights::load`]; `None` for random ones.
    fn weights(&self) -> Option<&str> {
        None
    }

    /// Which of several sets of weights in that file is meant; `None` for the one that its authors evaluate.
    fn weights_key(&self) -> Option<&str> {
        None
    }
}

crate::family! {
    /// Encoders by name.
    EncoderKind: Encoder {
        "convnet" => Convnet(Convnet),
        "resnet" => Resnet(Resnet),
        "vit" => Vit(Vit),
        "mlp" => Mlp(Mlp),
    }
}
