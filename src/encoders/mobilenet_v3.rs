use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inverted_residual::{Gates, Kind, Stage, conv};
use super::layers::{EPS, Layers, is_usual_eps, rounded, starts_from_file};
use super::{Activation, Encoder, drop_path};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::graph::Op;
use crate::graph::ops::{Flatten, Unsqueeze};

/// MobileNetV3 (Howard et al. 2019), with timm's parameter names.
///
/// Inverted residuals, some with squeeze-and-excitation, hard-swish from the middle on; the feature is what its last
/// linear layer before the classifier gives: 1280 numbers (large) or 1024 (small). Choose it where the encoder has to run
/// on small devices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MobilenetV3 {
    /// `small` or `large`.
    pub size: MobilenetSize,
    /// Factor of all widths but the last; published ones are 0.5, 0.75 and 1.
    pub width: f64,
    /// Added to the variances of batch norms: 1e-5; torchvision's were trained with 1e-3.
    #[serde(skip_serializing_if = "is_usual_eps")]
    pub eps: f64,
    /// Stochastic depth: the rate of the last block, see `vit`.
    pub drop_path: f64,
    /// A .safetensors or .pth file that the parameters start from; left out: random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Of several sets of weights in that file the one below this name; left out: the one its authors evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_key: Option<String>,
}

/// The two sizes of a MobileNetV3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the paper's names")]
pub enum MobilenetSize {
    #[default]
    Small,
    Large,
}

impl Default for MobilenetV3 {
    fn default() -> Self {
        Self {
            size: MobilenetSize::Small,
            width: 1.0,
            eps: EPS,
            drop_path: 0.0,
            weights: None,
            weights_key: None,
        }
    }
}

/// Stages as (kernel, stride), then blocks (expansion, channels, squeeze-and-excitation, ReLU instead of hard-swish).
type Table = &'static [((usize, usize), &'static [(f64, usize, bool, bool)])];

const LARGE: Table = &[
    ((3, 1), &[(1.0, 16, false, true)]),
    ((3, 2), &[(4.0, 24, false, true), (3.0, 24, false, true)]),
    (
        (5, 2),
        &[
            (3.0, 40, true, true),
            (3.0, 40, true, true),
            (3.0, 40, true, true),
        ],
    ),
    (
        (3, 2),
        &[
            (6.0, 80, false, false),
            (2.5, 80, false, false),
            (2.3, 80, false, false),
            (2.3, 80, false, false),
        ],
    ),
    ((3, 1), &[(6.0, 112, true, false), (6.0, 112, true, false)]),
    (
        (5, 2),
        &[
            (6.0, 160, true, false),
            (6.0, 160, true, false),
            (6.0, 160, true, false),
        ],
    ),
];

const SMALL: Table = &[
    ((3, 2), &[(1.0, 16, true, true)]),
    ((3, 2), &[(4.5, 24, false, true), (3.67, 24, false, true)]),
    (
        (5, 2),
        &[
            (4.0, 40, true, false),
            (6.0, 40, true, false),
            (6.0, 40, true, false),
        ],
    ),
    ((5, 1), &[(3.0, 48, true, false), (3.0, 48, true, false)]),
    (
        (5, 2),
        &[
            (6.0, 96, true, false),
            (6.0, 96, true, false),
            (6.0, 96, true, false),
        ],
    ),
];

impl Encoder for MobilenetV3 {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        if input.len() != 3 {
            return Err(Error::Usage(format!(
                "a MobileNet takes (channels, height, width), not {input:?}"
            )));
        }
        if !(0.1..=4.0).contains(&self.width) {
            return Err(Error::key("encoder.width", "must lie between 0.1 and 4"));
        }
        let (table, inner, features) = match self.size {
            MobilenetSize::Large => (LARGE, 960, 1280),
            MobilenetSize::Small => (SMALL, 576, 1024),
        };
        let scaled = |channels: usize| rounded(channels as f64 * self.width);
        // The first convolution of the narrow ones keeps its width.
        let first = if self.width < 0.75 { 16 } else { scaled(16) };
        let blocks = table.iter().map(|(_, blocks)| blocks.len()).sum();
        let mut rates = drop_path::rates(self.drop_path, blocks)?;
        let mut layers = Layers::new(input).with_eps(self.eps)?;
        let x = layers.graph.input();
        let act = Some(Activation::HardSwish);
        let names = ("conv_stem".into(), "bn1".into());
        let mut x = conv(&mut layers, names, x, first, (3, 2, 1), act)?;
        for (i, ((kernel, stride), blocks)) in table.iter().enumerate() {
            for (n, &(expand, channels, squeeze_excite, relu)) in blocks.iter().enumerate() {
                let block = Stage {
                    kind: if i == 0 {
                        Kind::Separable
                    } else {
                        Kind::Inverted
                    },
                    count: 1,
                    kernel: *kernel,
                    stride: *stride,
                    expand,
                    channels: scaled(channels),
                    squeeze_excite,
                    activation: if relu {
                        Activation::Relu
                    } else {
                        Activation::HardSwish
                    },
                };
                let rate = rates.next().unwrap_or_default();
                let place = (n == 0, Gates::OfInner, rate);
                x = block.block(&mut layers, &format!("blocks.{i}.{n}"), x, place)?;
            }
        }
        let last = table.len();
        let names = (
            format!("blocks.{last}.0.conv"),
            format!("blocks.{last}.0.bn1"),
        );
        x = conv(&mut layers, names, x, scaled(inner), (1, 1, 1), act)?;
        x = layers.pool("global_pool", x)?;
        x = layers.push("unsqueeze".into(), Op::Unsqueeze(Unsqueeze), x)?;
        x = layers.patches("conv_head".into(), x, features, 1)?;
        x = layers.activation("act2".into(), x, Activation::HardSwish)?;
        x = layers.push("flatten".into(), Op::Flatten(Flatten), x)?;
        Ok(layers.finish(x))
    }

    starts_from_file!();
}
