use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Encoder;
use crate::error::{Error, Result};
use crate::graph::ops::{BatchNorm, Conv2d, GlobalAvgPool, Relu};
use crate::graph::{Graph, Op};

/// A plain stack of 3×3 convolution, batch norm, ReLU, then the mean over positions.
///
/// `widths[i]` channels at `strides[i]`. Parameters are called `conv1.weight`, `bn1.weight`, … Choose it
/// for small images (digits) and quick looks; a ResNet learns more from the same images.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Convnet {
    /// Channels of each layer.
    pub widths: Vec<usize>,
    /// Stride of each layer; missing ones are 2.
    pub strides: Vec<usize>,
}

impl Default for Convnet {
    fn default() -> Self {
        Self {
            widths: vec![32, 64, 128],
            strides: Vec::new(),
        }
    }
}

impl Encoder for Convnet {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        if self.widths.is_empty() || self.widths.contains(&0) || self.strides.contains(&0) {
            return Err(Error::key(
                "encoder.widths",
                "a convnet needs at least one layer, and widths and strides above 0",
            ));
        }
        let mut graph = Graph::new(input);
        let mut x = graph.input();
        let mut channels = input[0];
        for (i, &width) in self.widths.iter().enumerate() {
            let stride = self.strides.get(i).copied().unwrap_or(2);
            let n = i + 1;
            let conv = Conv2d::new(channels, width, 3, stride, 1);
            x = graph.push(format!("conv{n}"), Op::Conv2d(conv), &[x])?;
            x = graph.push(format!("bn{n}"), Op::BatchNorm(BatchNorm::new(width)), &[x])?;
            x = graph.push(format!("relu{n}"), Op::Relu(Relu), &[x])?;
            channels = width;
        }
        x = graph.push("avgpool", Op::GlobalAvgPool(GlobalAvgPool), &[x])?;
        graph.mark("features", x);
        Ok(graph)
    }
}
