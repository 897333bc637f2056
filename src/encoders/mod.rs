//! Encoders: functions that build graphs from images (or vectors) to features.

mod activation;
mod auto;
mod convnet;
mod convnext;
pub mod counterparts;
mod drop_path;
mod efficientnet;
mod graph_file;
mod inverted_residual;
mod layers;
pub mod lora;
mod mlp;
mod mobilenet_v3;
mod projector;
mod regnet;
mod resnet;
mod swin;
mod vit;
pub mod weights;

pub use activation::Activation;
pub use auto::{Auto, architecture};
pub use convnet::Convnet;
pub use convnext::Convnext;
pub use efficientnet::{Efficientnet, EfficientnetSize};
pub use graph_file::GraphFile;
pub use lora::Lora;
pub use mlp::Mlp;
pub use mobilenet_v3::{MobilenetSize, MobilenetV3};
pub use projector::{Projector, network};
pub use regnet::Regnet;
pub use resnet::{Resnet, Stem};
pub use swin::Swin;
pub use vit::{MlpKind, Pool, Vit};

use std::collections::HashMap;

use candle_core::Tensor;

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

    /// What height and width of its images must be multiples of, in pixels.
    fn tile(&self) -> usize {
        1
    }

    /// Whether it is made from a file, so that its settings alone make no network.
    fn needs_file(&self) -> bool {
        false
    }

    /// The file that the network itself is read from; `None` where it is built here.
    fn file(&self) -> Option<&str> {
        None
    }

    /// Values that its parameters start from by name, where that file has some, for samples of shape `input`.
    ///
    /// # Errors
    /// As [`Encoder::graph`].
    fn start(&self, _input: &[usize]) -> Result<HashMap<String, Tensor>> {
        Ok(HashMap::new())
    }

    /// The file that its parameters start from, see [`weights::load`]; `None` for random ones.
    fn weights(&self) -> Option<&str> {
        None
    }

    /// Whether its parameters start from some file: values that are good for something.
    fn starts_from_file(&self) -> bool {
        self.weights().is_some() || self.file().is_some()
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
        "convnext" => Convnext(Convnext),
        "efficientnet" => Efficientnet(Efficientnet),
        "mobilenet_v3" => MobilenetV3(MobilenetV3),
        "regnet" => Regnet(Regnet),
        "swin" => Swin(Swin),
        "mlp" => Mlp(Mlp),
        "auto" => Auto(Auto),
        "graph" => GraphFile(GraphFile),
    }
}
