use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inverted_residual::{Gates, Kind, Stage, conv};
use super::layers::{EPS, Layers, is_usual_eps, rounded, starts_from_file};
use super::{Activation, Encoder, drop_path};
use crate::error::{Error, Result};
use crate::graph::Graph;

/// EfficientNet b0 to b4 (Tan & Le 2019) and the small EfficientNetV2 (Tan & Le 2021), with timm's parameter names.
///
/// Inverted residuals with squeeze-and-excitation and SiLU, wider and deeper from size to size; V2 begins with fused
/// blocks. The feature is the mean over positions of 1280 channels and more. Files whose convolutions pad on one side
/// only (timm's `tf_` names) are other networks. Choose it for accuracy on few operations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Efficientnet {
    /// The size.
    pub size: EfficientnetSize,
    /// Added to the variances of batch norms: 1e-5; torchvision's V2 was trained with 1e-3.
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

impl Default for Efficientnet {
    fn default() -> Self {
        Self {
            size: EfficientnetSize::B0,
            eps: EPS,
            drop_path: 0.0,
            weights: None,
            weights_key: None,
        }
    }
}

/// The sizes of an EfficientNet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the papers' names")]
pub enum EfficientnetSize {
    #[default]
    B0,
    B1,
    B2,
    B3,
    B4,
    V2S,
}

impl EfficientnetSize {
    /// All sizes, the smallest first.
    pub const ALL: [Self; 6] = [Self::B0, Self::B1, Self::B2, Self::B3, Self::B4, Self::V2S];

    /// Factors of widths and depths.
    fn factors(self) -> (f64, f64) {
        match self {
            Self::B0 | Self::V2S => (1.0, 1.0),
            Self::B1 => (1.0, 1.1),
            Self::B2 => (1.1, 1.2),
            Self::B3 => (1.2, 1.4),
            Self::B4 => (1.4, 1.8),
        }
    }

    /// Channels of the first convolution, then the stages.
    fn stages(self) -> (usize, Vec<Stage>) {
        let stage = |kind, count, (kernel, stride), expand, channels| Stage {
            kind,
            count,
            kernel,
            stride,
            expand,
            channels,
            squeeze_excite: !matches!(kind, Kind::Fused | Kind::Plain),
            activation: Activation::Silu,
        };
        if self == Self::V2S {
            let stages = vec![
                stage(Kind::Plain, 2, (3, 1), 1.0, 24),
                stage(Kind::Fused, 4, (3, 2), 4.0, 48),
                stage(Kind::Fused, 4, (3, 2), 4.0, 64),
                stage(Kind::Inverted, 6, (3, 2), 4.0, 128),
                stage(Kind::Inverted, 9, (3, 1), 6.0, 160),
                stage(Kind::Inverted, 15, (3, 2), 6.0, 256),
            ];
            return (24, stages);
        }
        let stages = vec![
            stage(Kind::Separable, 1, (3, 1), 1.0, 16),
            stage(Kind::Inverted, 2, (3, 2), 6.0, 24),
            stage(Kind::Inverted, 2, (5, 2), 6.0, 40),
            stage(Kind::Inverted, 3, (3, 2), 6.0, 80),
            stage(Kind::Inverted, 3, (5, 1), 6.0, 112),
            stage(Kind::Inverted, 4, (5, 2), 6.0, 192),
            stage(Kind::Inverted, 1, (3, 1), 6.0, 320),
        ];
        (32, stages)
    }
}

impl Encoder for Efficientnet {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        if input.len() != 3 {
            return Err(Error::Usage(format!(
                "an EfficientNet takes (channels, height, width), not {input:?}"
            )));
        }
        let (wide, deep) = self.size.factors();
        let scaled = |channels: usize| rounded(channels as f64 * wide);
        let deeper = |count: usize| (count as f64 * deep).ceil() as usize;
        let (first, stages) = self.size.stages();
        let blocks = stages.iter().map(|stage| deeper(stage.count)).sum();
        let mut rates = drop_path::rates(self.drop_path, blocks)?;
        let mut layers = Layers::new(input).with_eps(self.eps)?;
        let x = layers.graph.input();
        let act = Some(Activation::Silu);
        let names = ("conv_stem".into(), "bn1".into());
        let mut x = conv(&mut layers, names, x, scaled(first), (3, 2, 1), act)?;
        for (i, stage) in stages.into_iter().enumerate() {
            let stage = Stage {
                channels: scaled(stage.channels),
                count: deeper(stage.count),
                ..stage
            };
            for block in 0..stage.count {
                let rate = rates.next().unwrap_or_default();
                let place = (block == 0, Gates::OfInput, rate);
                x = stage.block(&mut layers, &format!("blocks.{i}.{block}"), x, place)?;
            }
        }
        let names = ("conv_head".into(), "bn2".into());
        x = conv(&mut layers, names, x, scaled(1280), (1, 1, 1), act)?;
        x = layers.pool("global_pool", x)?;
        Ok(layers.finish(x))
    }

    starts_from_file!();
}
