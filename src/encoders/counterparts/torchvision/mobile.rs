//! torchvision's names of EfficientNets and MobileNets: layers of a block are numbered by their place.

use std::collections::BTreeMap;

use crate::encoders::{Efficientnet, EfficientnetSize, Encoder, MobilenetSize, MobilenetV3};
use crate::error::Result;

/// What follows the prefix of an EfficientNet's parameter, and of a MobileNetV3's, in every file of theirs.
pub(in crate::encoders) const ANCHORS: [&str; 2] = [
    "features.1.0.block.0.0.weight",
    "features.1.block.0.0.weight",
];

/// How blocks are numbered there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Stages, and blocks within each: EfficientNet.
    OfStages,
    /// Blocks throughout: MobileNetV3.
    Throughout,
}

/// torchvision's names of the parameters `own`, which come in the order of the layers.
pub(super) fn there<'a>(own: impl Iterator<Item = &'a str>, numbers: Numbers) -> Vec<String> {
    let mut place = Place::default();
    own.map(|name| place.name(name, numbers)).collect()
}

/// By torchvision's names those here, of each network that files are of; EfficientNet b4 has all blocks of smaller ones.
///
/// # Errors
/// None that these sizes have.
pub(in crate::encoders) fn here() -> Result<Vec<BTreeMap<String, String>>> {
    let efficient = [EfficientnetSize::B4, EfficientnetSize::V2S].map(|size| Efficientnet {
        size,
        ..Efficientnet::default()
    });
    let small = [MobilenetSize::Small, MobilenetSize::Large].map(|size| MobilenetV3 {
        size,
        ..MobilenetV3::default()
    });
    let efficient = efficient
        .iter()
        .map(|net| (net as &dyn Encoder, Numbers::OfStages));
    let small = small
        .iter()
        .map(|net| (net as &dyn Encoder, Numbers::Throughout));
    let table = |(net, numbers): (&dyn Encoder, Numbers)| -> Result<BTreeMap<String, String>> {
        let own = net.graph(&[3, 64, 64])?.parameters();
        let there = there(own.iter().map(|spec| spec.name.as_str()), numbers);
        Ok(there
            .into_iter()
            .zip(own.into_iter().map(|spec| spec.name))
            .collect())
    };
    efficient.chain(small).map(table).collect()
}

/// Whether the first convolution of a mobile network has torchvision's name, which is `original` in its file.
pub(in crate::encoders) fn is_mobile(original: &str) -> bool {
    original.ends_with("features.0.0.weight")
}

/// What torchvision adds to the variances of the network that has the parameters that `has` says.
pub(in crate::encoders) fn eps(has: impl Fn(&str) -> bool) -> f64 {
    let (mobilenet, second) = (has("conv_head.bias"), has("blocks.0.0.conv.weight"));
    if mobilenet || second { 1e-3 } else { 1e-5 }
}

/// Where a walk through the layers stands.
#[derive(Default)]
struct Place {
    /// Stages so far.
    stages: usize,
    /// Blocks so far.
    blocks: usize,
    /// The stage and the number of this block.
    block: (String, String),
    /// The layer in it that names are of.
    layer: String,
    /// The number of that layer.
    number: usize,
    /// Whether this block is a single convolution.
    single: bool,
}

impl Place {
    fn name(&mut self, own: &str, numbers: Numbers) -> String {
        let parts: Vec<&str> = own.splitn(5, '.').collect();
        if let ["blocks", stage, block, layer, rest] = parts[..] {
            self.enter(stage, block, layer);
            return self.within(rest, numbers);
        }
        let last = self.stages + 1;
        match own.split_once('.') {
            Some(("conv_stem", rest)) => format!("features.0.0.{rest}"),
            Some(("bn1", rest)) => format!("features.0.1.{rest}"),
            Some(("conv_head", rest)) if numbers == Numbers::Throughout => {
                format!("classifier.0.{rest}")
            }
            Some(("conv_head", rest)) => format!("features.{last}.0.{rest}"),
            Some(("bn2", rest)) => format!("features.{last}.1.{rest}"),
            _ => own.into(),
        }
    }

    /// Go on to the layer of a name.
    fn enter(&mut self, stage: &str, block: &str, layer: &str) {
        let same = self.block.0 == stage;
        if !same {
            self.stages += 1;
        }
        if !same || self.block.1 != block {
            self.blocks += 1;
            self.number = 0;
            self.single = layer == "conv";
            self.block = (stage.into(), block.into());
        } else if layer != self.layer && !layer.starts_with("bn") {
            self.number += 1;
        }
        self.layer = layer.into();
    }

    /// The name of a parameter of this layer; batch norms have the number of their convolution.
    fn within(&self, rest: &str, numbers: Numbers) -> String {
        let member = match self.layer.as_str() {
            "se" => rest
                .replace("conv_reduce", "fc1")
                .replace("conv_expand", "fc2"),
            layer => format!("{}.{rest}", usize::from(layer.starts_with("bn"))),
        };
        let (blocks, number) = (self.blocks, self.number);
        match numbers {
            Numbers::OfStages => {
                let (stages, block) = (self.stages, &self.block.1);
                format!("features.{stages}.{block}.block.{number}.{member}")
            }
            // A MobileNet's last convolution is a block here.
            Numbers::Throughout if self.single => format!("features.{blocks}.{member}"),
            Numbers::Throughout => format!("features.{blocks}.block.{number}.{member}"),
        }
    }
}
