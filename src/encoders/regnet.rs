use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inverted_residual::conv;
use super::layers::{Layers, SqueezeExcite, starts_from_file};
use super::{Activation, Encoder, drop_path};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::kernels::curve::Curve;

/// RegNet X and, with `squeeze_excite`, Y (Radosavovic et al. 2020), with timm's parameter names.
///
/// Four stages of residual blocks of 1×1, grouped 3×3 and 1×1 convolutions, all of the stage's width. The defaults are
/// RegNetY-200MF; Y-400MF is `depths = [1, 3, 6, 6]`, `widths = [48, 104, 208, 440]`, Y-800MF `[1, 3, 8, 2]` and
/// `[64, 144, 320, 784]` with `group_width = 16`. Choose it for large convolutional networks: SEER's are RegNets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Regnet {
    /// Blocks of each stage.
    pub depths: Vec<usize>,
    /// Channels of each stage; multiples of `group_width`.
    pub widths: Vec<usize>,
    /// Channels of a group of the 3×3 convolutions.
    pub group_width: usize,
    /// Squeeze-and-excitation after the 3×3 convolutions: Y.
    pub squeeze_excite: bool,
    /// Channels of the first convolution.
    pub stem_width: usize,
    /// Stochastic depth: the rate of the last block, see `vit`.
    pub drop_path: f64,
    /// A .safetensors or .pth file that the parameters start from; left out: random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Of several sets of weights in that file the one below this name; left out: the one its authors evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_key: Option<String>,
}

impl Default for Regnet {
    fn default() -> Self {
        Self {
            depths: vec![1, 1, 4, 7],
            widths: vec![24, 56, 152, 368],
            group_width: 8,
            squeeze_excite: true,
            stem_width: 32,
            drop_path: 0.0,
            weights: None,
            weights_key: None,
        }
    }
}

impl Encoder for Regnet {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        if input.len() != 3 {
            return Err(Error::Usage(format!(
                "a RegNet takes (channels, height, width), not {input:?}"
            )));
        }
        let group = self.group_width;
        let fits = |width: &usize| group > 0 && *width > 0 && width.is_multiple_of(group);
        if self.widths.len() != self.depths.len() || !self.widths.iter().all(fits) {
            return Err(Error::key(
                "encoder.widths",
                format!(
                    "needs one multiple of encoder.group_width = {group} for each of encoder.depths"
                ),
            ));
        }
        if self.stem_width == 0 {
            return Err(Error::key("encoder.stem_width", "must be above 0"));
        }
        let mut rates = drop_path::rates(self.drop_path, self.depths.iter().sum())?;
        let mut layers = Layers::new(input);
        let x = layers.graph.input();
        let relu = Some(Activation::Relu);
        let names = ("stem.conv".into(), "stem.bn".into());
        let mut x = conv(&mut layers, names, x, self.stem_width, (3, 2, 1), relu)?;
        for (i, (&depth, &width)) in self.depths.iter().zip(&self.widths).enumerate() {
            for block in 0..depth {
                let name = format!("s{}.b{}", i + 1, block + 1);
                let stride = if block == 0 { 2 } else { 1 };
                let rate = rates.next().unwrap_or_default();
                x = self.block(&mut layers, &name, x, (width, stride, rate))?;
            }
        }
        x = layers.pool("head.global_pool", x)?;
        Ok(layers.finish(x))
    }

    starts_from_file!();
}

impl Regnet {
    fn block(
        &self,
        layers: &mut Layers,
        name: &str,
        input: NodeId,
        (width, stride, rate): (usize, usize, f64),
    ) -> Result<NodeId> {
        let of = |part: &str| format!("{name}.{part}");
        let names = |part: &str| (of(&format!("{part}.conv")), of(&format!("{part}.bn")));
        let (relu, entering) = (Some(Activation::Relu), layers.channels(input));
        let groups = width / self.group_width;
        let mut x = conv(layers, names("conv1"), input, width, (1, 1, 1), relu)?;
        x = conv(layers, names("conv2"), x, width, (3, stride, groups), relu)?;
        if self.squeeze_excite {
            let se = SqueezeExcite {
                names: ["fc1", "fc2"],
                reduced: (entering as f64 / 4.0).round_ties_even() as usize,
                activation: Activation::Relu,
                gate: Curve::Sigmoid,
            };
            x = layers.squeeze_excite(&of("se"), x, &se)?;
        }
        x = conv(layers, names("conv3"), x, width, (1, 1, 1), None)?;
        x = layers.drop_path(of("drop_path"), x, rate)?;
        let mut shortcut = input;
        if stride != 1 || entering != width {
            shortcut = conv(
                layers,
                names("downsample"),
                input,
                width,
                (1, stride, 1),
                None,
            )?;
        }
        let sum = layers.add(of("add"), x, shortcut)?;
        layers.activation(of("act3"), sum, Activation::Relu)
    }
}
