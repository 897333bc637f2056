use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Encoder;
use crate::error::{Error, Result};
use crate::graph::ops::{Add, BatchNorm, Conv2d, GlobalAvgPool, MaxPool, Relu};
use crate::graph::{Graph, NodeId, Op};

/// Residual network (He et al. 2015) with torchvision's structure and parameter names.
///
/// Depths 10, 18, 34 (basic blocks) and 50, 101 (bottlenecks, stride on the 3×3 convolution) have four
/// stages of width, 2·width, 4·width, 8·width; depths 20, 32, 44, 56 are the three-stage CIFAR networks,
/// for which width 16 is usual. Choose 18 for CIFAR-sized work, 50 for photographs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Resnet {
    /// 10, 18, 34, 50, 101; or 20, 32, 44, 56.
    pub depth: usize,
    /// Channels of the first stage.
    pub width: usize,
    /// First layers.
    pub stem: Stem,
    /// A .safetensors or .pth file that the parameters start from; left out: random. Give `augment.mean` and `std` with it,
    /// those that it was trained with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Of several sets of weights in that file the one below this name, for example `student`; left out: the one that
    /// the file's authors evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_key: Option<String>,
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
            weights: None,
            weights_key: None,
        }
    }
}

/// Blocks of each stage, and whether they are bottlenecks.
fn stages(depth: usize) -> Result<(Vec<usize>, bool)> {
    Ok(match depth {
        10 => (vec![1, 1, 1, 1], false),
        18 => (vec![2, 2, 2, 2], false),
        34 => (vec![3, 4, 6, 3], false),
        50 => (vec![3, 4, 6, 3], true),
        101 => (vec![3, 4, 23, 3], true),
        20 | 32 | 44 | 56 => (vec![(depth - 2) / 6; 3], false),
        _ => {
            return Err(Error::key(
                "encoder.depth",
                format!("{depth} is not one of 10, 18, 20, 32, 34, 44, 50, 56, 101"),
            ));
        }
    })
}

impl Encoder for Resnet {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        let (blocks, bottleneck) = stages(self.depth)?;
        if self.width == 0 {
            return Err(Error::key("encoder.width", "must be above 0"));
        }
        let mut build = Builder {
            graph: Graph::new(input),
            channels: input[0],
        };
        let mut x = build.graph.input();
        x = match self.stem {
            Stem::Cifar => build.conv_norm("conv1", "bn1", x, self.width, 3, 1)?,
            Stem::Imagenet => build.conv_norm("conv1", "bn1", x, self.width, 7, 2)?,
        };
        x = build.graph.push("relu", Op::Relu(Relu), &[x])?;
        if self.stem == Stem::Imagenet {
            let pool = MaxPool {
                kernel: 3,
                stride: 2,
                padding: 1,
            };
            x = build.graph.push("maxpool", Op::MaxPool(pool), &[x])?;
        }
        for (stage, &count) in blocks.iter().enumerate() {
            for block in 0..count {
                let name = format!("layer{}.{block}", stage + 1);
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                x = build.block(&name, x, self.width << stage, stride, bottleneck)?;
            }
        }
        let mut graph = build.graph;
        x = graph.push("avgpool", Op::GlobalAvgPool(GlobalAvgPool), &[x])?;
        graph.mark("features", x);
        Ok(graph)
    }

    fn weights(&self) -> Option<&str> {
        self.weights.as_deref()
    }

    fn weights_key(&self) -> Option<&str> {
        self.weights_key.as_deref()
    }
}

/// The graph so far and the channels of its last node.
struct Builder {
    graph: Graph,
    channels: usize,
}

impl Builder {
    /// Convolution with padding that keeps the size at stride 1, then batch norm.
    fn conv_norm(
        &mut self,
        conv: &str,
        norm: &str,
        x: NodeId,
        width: usize,
        kernel: usize,
        stride: usize,
    ) -> Result<NodeId> {
        let op = Conv2d::new(self.channels, width, kernel, stride, kernel / 2);
        self.channels = width;
        let x = self.graph.push(conv, Op::Conv2d(op), &[x])?;
        self.graph
            .push(norm, Op::BatchNorm(BatchNorm::new(width)), &[x])
    }

    /// A residual block: basic (3×3, 3×3) or bottleneck (1×1, 3×3, 1×1 to four times the width).
    fn block(
        &mut self,
        name: &str,
        input: NodeId,
        width: usize,
        stride: usize,
        bottleneck: bool,
    ) -> Result<NodeId> {
        let entering = self.channels;
        // (kernel, stride, channels) of each convolution
        let convolutions = if bottleneck {
            vec![(1, 1, width), (3, stride, width), (1, 1, 4 * width)]
        } else {
            vec![(3, stride, width), (3, 1, width)]
        };
        let last = convolutions.len();
        let mut x = input;
        for (i, &(kernel, stride, channels)) in convolutions.iter().enumerate() {
            let n = i + 1;
            let (conv, norm) = (format!("{name}.conv{n}"), format!("{name}.bn{n}"));
            x = self.conv_norm(&conv, &norm, x, channels, kernel, stride)?;
            if n < last {
                x = self
                    .graph
                    .push(format!("{name}.relu{n}"), Op::Relu(Relu), &[x])?;
            }
        }
        let leaving = self.channels;
        let shortcut = if stride == 1 && entering == leaving {
            input
        } else {
            self.channels = entering;
            let (conv, norm) = (
                format!("{name}.downsample.0"),
                format!("{name}.downsample.1"),
            );
            self.conv_norm(&conv, &norm, input, leaving, 1, stride)?
        };
        let sum = self
            .graph
            .push(format!("{name}.add"), Op::Add(Add), &[x, shortcut])?;
        self.graph
            .push(format!("{name}.relu"), Op::Relu(Relu), &[sum])
    }
}
