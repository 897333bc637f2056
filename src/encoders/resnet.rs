use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layers::{Layers, SqueezeExcite, starts_from_file};
use super::{Activation, Encoder, drop_path};
use crate::error::{Error, Result};
use crate::graph::ops::MaxPool;
use crate::graph::{Graph, NodeId, Op};
use crate::kernels::curve::Curve;

/// Residual network (He et al. 2015) with torchvision's structure and parameter names.
///
/// Depths 10, 18, 34 (basic blocks) and 14, 26, 50, 101, 152 (bottlenecks, stride on the 3×3 convolution) have four
/// stages of width, 2·width, 4·width, 8·width; depths 20, 32, 44, 56 are the three-stage CIFAR networks,
/// for which width 16 is usual. `groups = 32, width_per_group = 4` at depth 50 is ResNeXt-50 (Xie et al. 2017),
/// `width_per_group = 128` the wide ResNet-50-2 (Zagoruyko & Komodakis 2016), `squeeze_excite = true` timm's
/// SE-ResNet (Hu et al. 2018). Choose 18 for CIFAR-sized work, 50 for photographs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Resnet {
    /// 10, 14, 18, 26, 34, 50, 101, 152; or 20, 32, 44, 56.
    pub depth: usize,
    /// Channels of the first stage.
    pub width: usize,
    /// First layers.
    pub stem: Stem,
    /// Groups of the 3×3 convolutions of bottlenecks.
    #[serde(skip_serializing_if = "is_one")]
    pub groups: usize,
    /// Channels of a group in the first stage of a network of width 64; bottlenecks only.
    #[serde(skip_serializing_if = "is_usual_width")]
    pub width_per_group: usize,
    /// Squeeze-and-excitation at the end of every residual branch.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub squeeze_excite: bool,
    /// Stochastic depth: the rate of the last block, see `vit`.
    pub drop_path: f64,
    /// A .safetensors or .pth file that the parameters start from; left out: random. `augment.mean` and `std` should be
    /// those that it was trained with: they are taken from it, or from a file beside it, where one tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Of several sets of weights in that file the one below this name, for example `student`; left out: the one that
    /// the file's authors evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_key: Option<String>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_one(value: &usize) -> bool {
    *value == 1
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_usual_width(value: &usize) -> bool {
    *value == 64
}

/// The layers before the first stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stem {
    /// 3×3 convolution at stride 1, no pooling: for images up to about 64 pixels. In torchvision it takes another `conv1`
    /// and `maxpool = Identity()`; with `conv1` alone the weights load as well, and the features are others.
    #[default]
    Cifar,
    /// 7×7 convolution at stride 2 and 3×3 max pooling at stride 2: for photographs.
    Imagenet,
}

impl Default for Resnet {
    fn default() -> Self {
        Self {
            depth: 18,
            width: 64,
            stem: Stem::Cifar,
            groups: 1,
            width_per_group: 64,
            squeeze_excite: false,
            drop_path: 0.0,
            weights: None,
            weights_key: None,
        }
    }
}

/// Depths with four stages: the blocks of each, and whether they are bottlenecks.
const FOUR_STAGES: [(usize, [usize; 4], bool); 8] = [
    (10, [1, 1, 1, 1], false),
    (14, [1, 1, 1, 1], true),
    (18, [2, 2, 2, 2], false),
    (26, [2, 2, 2, 2], true),
    (34, [3, 4, 6, 3], false),
    (50, [3, 4, 6, 3], true),
    (101, [3, 4, 23, 3], true),
    (152, [3, 8, 36, 3], true),
];

/// Depths with three stages.
const THREE_STAGES: [usize; 4] = [20, 32, 44, 56];

/// Blocks of each stage, and whether they are bottlenecks.
fn stages(depth: usize) -> Result<(Vec<usize>, bool)> {
    if let Some((_, blocks, bottleneck)) = FOUR_STAGES.iter().find(|(known, ..)| *known == depth) {
        return Ok((blocks.to_vec(), *bottleneck));
    }
    if THREE_STAGES.contains(&depth) {
        return Ok((vec![(depth - 2) / 6; 3], false));
    }
    let mut known: Vec<usize> = FOUR_STAGES.iter().map(|(depth, ..)| *depth).collect();
    known.extend(THREE_STAGES);
    known.sort_unstable();
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    Err(Error::key(
        "encoder.depth",
        format!("{depth} is not one of {}", known.join(", ")),
    ))
}

/// The depth that has these blocks in its stages.
pub(super) fn depth_of(blocks: &[usize], bottleneck: bool) -> Option<usize> {
    let four = FOUR_STAGES.iter().map(|(depth, ..)| *depth);
    let mut all = four.chain(THREE_STAGES);
    all.find(|depth| {
        stages(*depth).is_ok_and(|(known, kind)| known == blocks && kind == bottleneck)
    })
}

impl Encoder for Resnet {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        let (blocks, bottleneck) = stages(self.depth)?;
        self.check(input, bottleneck)?;
        let mut rates = drop_path::rates(self.drop_path, blocks.iter().sum())?;
        let mut layers = Layers::new(input);
        let mut x = layers.graph.input();
        let first = match self.stem {
            Stem::Cifar => (3, 1, 1),
            Stem::Imagenet => (7, 2, 1),
        };
        x = layers.conv("conv1".into(), x, self.width, first)?;
        x = layers.batch_norm("bn1".into(), x)?;
        x = layers.activation("relu".into(), x, Activation::Relu)?;
        if self.stem == Stem::Imagenet {
            let pool = MaxPool {
                kernel: 3,
                stride: 2,
                padding: 1,
            };
            x = layers.push("maxpool".into(), Op::MaxPool(pool), x)?;
        }
        for (stage, &count) in blocks.iter().enumerate() {
            for block in 0..count {
                let name = format!("layer{}.{block}", stage + 1);
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let rate = rates.next().unwrap_or_default();
                let sizes = (self.width << stage, stride, bottleneck);
                x = self.block(&mut layers, &name, x, sizes, rate)?;
            }
        }
        x = layers.pool("avgpool", x)?;
        Ok(layers.finish(x))
    }

    starts_from_file!();
}

impl Resnet {
    fn check(&self, input: &[usize], bottleneck: bool) -> Result<()> {
        if input.len() != 3 {
            return Err(Error::Usage(format!(
                "a residual network takes (channels, height, width), not {input:?}"
            )));
        }
        if self.width == 0 {
            return Err(Error::key("encoder.width", "must be above 0"));
        }
        if self.groups == 0 || self.width_per_group == 0 {
            let key = if self.groups == 0 {
                "encoder.groups"
            } else {
                "encoder.width_per_group"
            };
            return Err(Error::key(key, "must be above 0"));
        }
        if !bottleneck && (self.groups, self.width_per_group) != (1, 64) {
            return Err(Error::key(
                "encoder.groups",
                "groups and encoder.width_per_group are for bottlenecks: choose encoder.depth 14, 26, 50, 101 or 152",
            ));
        }
        Ok(())
    }

    /// A residual block: basic (3×3, 3×3) or bottleneck (1×1, 3×3, 1×1 to four times the width).
    fn block(
        &self,
        layers: &mut Layers,
        name: &str,
        input: NodeId,
        (width, stride, bottleneck): (usize, usize, bool),
        rate: f64,
    ) -> Result<NodeId> {
        let of = |part: &str| format!("{name}.{part}");
        // (kernel, stride, groups) and channels of each convolution
        let convolutions = if bottleneck {
            let inner = width * self.width_per_group / 64 * self.groups;
            vec![
                ((1, 1, 1), inner),
                ((3, stride, self.groups), inner),
                ((1, 1, 1), 4 * width),
            ]
        } else {
            vec![((3, stride, 1), width), ((3, 1, 1), width)]
        };
        let last = convolutions.len();
        let mut x = input;
        for (i, &(sizes, channels)) in convolutions.iter().enumerate() {
            let n = i + 1;
            x = layers.conv(of(&format!("conv{n}")), x, channels, sizes)?;
            x = layers.batch_norm(of(&format!("bn{n}")), x)?;
            if n < last {
                x = layers.activation(of(&format!("relu{n}")), x, Activation::Relu)?;
            }
        }
        let leaving = layers.channels(x);
        if self.squeeze_excite {
            let se = SqueezeExcite {
                names: ["fc1", "fc2"],
                reduced: ((leaving as f64 / 16.0 + 4.0) / 8.0).floor().max(1.0) as usize * 8,
                activation: Activation::Relu,
                gate: Curve::Sigmoid,
            };
            x = layers.squeeze_excite(&of("se"), x, &se)?;
        }
        x = layers.drop_path(of("drop_path"), x, rate)?;
        let mut shortcut = input;
        if stride != 1 || layers.channels(input) != leaving {
            shortcut = layers.conv(of("downsample.0"), input, leaving, (1, stride, 1))?;
            shortcut = layers.batch_norm(of("downsample.1"), shortcut)?;
        }
        let sum = layers.add(of("add"), x, shortcut)?;
        layers.activation(of("relu"), sum, Activation::Relu)
    }
}
