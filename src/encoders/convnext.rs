use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layers::{Layers, starts_from_file};
use super::{Activation, Encoder, drop_path};
use crate::error::{Error, Result};
use crate::graph::ops::{Conv2d, GlobalResponseNorm};
use crate::graph::{Graph, NodeId, Op};

/// Added to variances and lengths.
const EPS: f64 = 1e-6;

/// ConvNeXt (Liu et al. 2022) and, with `response_norm`, ConvNeXt V2 (Woo et al. 2023), with timm's parameter names.
///
/// Stages of blocks: 7×7 depthwise convolution, layer norm, two linear layers with a GELU between, LayerScale or a global
/// response norm. The defaults are the atto size for images of 32 pixels; tiny is `depths = [3, 3, 9, 3]`,
/// `widths = [96, 192, 384, 768]`, `patch = 4`, small has 27 blocks in its third stage. Choose it for photographs when a
/// ResNet-50 is too weak and a transformer too hungry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Convnext {
    /// Blocks of each stage.
    pub depths: Vec<usize>,
    /// Channels of each stage.
    pub widths: Vec<usize>,
    /// Side of the patches that the first layer takes: 4 for photographs.
    pub patch: usize,
    /// A learned factor for every channel at the end of a branch: V1.
    pub layer_scale: bool,
    /// A global response norm within the MLPs: V2.
    pub response_norm: bool,
    /// Stochastic depth: the rate of the last block, see `vit`.
    pub drop_path: f64,
    /// A .safetensors or .pth file that the parameters start from; left out: random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Of several sets of weights in that file the one below this name; left out: the one its authors evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_key: Option<String>,
}

impl Default for Convnext {
    fn default() -> Self {
        Self {
            depths: vec![2, 2, 6, 2],
            widths: vec![40, 80, 160, 320],
            patch: 2,
            layer_scale: true,
            response_norm: false,
            drop_path: 0.0,
            weights: None,
            weights_key: None,
        }
    }
}

impl Encoder for Convnext {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        let stages = self.depths.len();
        if stages == 0 || stages != self.widths.len() || self.widths.contains(&0) {
            return Err(Error::key(
                "encoder.widths",
                "needs one width above 0 for each of encoder.depths",
            ));
        }
        let whole = self.patch << (stages - 1);
        let tiles = |side: &usize| whole > 0 && side.is_multiple_of(self.patch) && *side >= whole;
        if input.len() != 3 || !input[1..].iter().all(tiles) {
            return Err(Error::key(
                "encoder.patch",
                format!(
                    "patches of {0}x{0} and {1} halvings need sides that {0} divides, {whole} at least, not {input:?}",
                    self.patch,
                    stages - 1
                ),
            ));
        }
        let mut rates = drop_path::rates(self.drop_path, self.depths.iter().sum())?;
        let mut layers = Layers::new(input);
        let mut x = layers.graph.input();
        for (stage, (&depth, &width)) in self.depths.iter().zip(&self.widths).enumerate() {
            if stage == 0 {
                x = layers.patches("stem.0".into(), x, width, self.patch)?;
                x = layers.layer_norm("stem.1".into(), x, EPS)?;
            } else {
                let name = |part: usize| format!("stages.{stage}.downsample.{part}");
                x = layers.layer_norm(name(0), x, EPS)?;
                x = layers.patches(name(1), x, width, 2)?;
            }
            for block in 0..depth {
                let (name, rate) = (format!("stages.{stage}.blocks.{block}"), rates.next());
                x = self.block(&mut layers, &name, x, rate.unwrap_or_default())?;
            }
        }
        x = layers.pool("head.global_pool", x)?;
        x = layers.layer_norm("head.norm".into(), x, EPS)?;
        Ok(layers.finish(x))
    }

    starts_from_file!();
}

impl Convnext {
    fn block(&self, layers: &mut Layers, name: &str, input: NodeId, rate: f64) -> Result<NodeId> {
        let of = |part: &str| format!("{name}.{part}");
        let width = layers.channels(input);
        let depthwise = Conv2d {
            groups: width,
            bias: true,
            ..Conv2d::new(width, width, 7, 1, 3)
        };
        let x = layers.push(of("conv_dw"), Op::Conv2d(depthwise), input)?;
        let x = layers.layer_norm(of("norm"), x, EPS)?;
        let x = layers.linear(of("mlp.fc1"), x, (width, 4 * width), true)?;
        let mut x = layers.activation(of("mlp.act"), x, Activation::Gelu)?;
        if self.response_norm {
            let norm = GlobalResponseNorm {
                channels: 4 * width,
                eps: EPS,
            };
            x = layers.push(of("mlp.grn"), Op::GlobalResponseNorm(norm), x)?;
        }
        x = layers.linear(of("mlp.fc2"), x, (4 * width, width), true)?;
        if self.layer_scale {
            x = layers.scale(name.into(), x, width, 1e-6)?;
        }
        x = layers.drop_path(of("drop_path"), x, rate)?;
        layers.add(of("add"), input, x)
    }
}
