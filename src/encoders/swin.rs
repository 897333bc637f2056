use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layers::{Layers, starts_from_file};
use super::{Activation, Encoder, drop_path};
use crate::error::{Error, Result};
use crate::graph::ops::{PatchMerge, WindowAttention};
use crate::graph::{Graph, NodeId, Op};

/// Added to variances.
const EPS: f64 = 1e-5;

/// Swin transformer (Liu et al. 2021), with timm's parameter names.
///
/// Attention within windows that every other block moves by half their side; patches are merged two by two between
/// stages. The defaults are for images of 32 pixels; tiny is `patch = 4, width = 96, window = 7` at 224 pixels. Windows
/// must tile every stage; where a stage is no larger than a window, that window is the stage. Choose it for larger
/// images than a plain transformer affords.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Swin {
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Channels of the first stage; they double from stage to stage.
    pub width: usize,
    /// Blocks of each stage.
    pub depths: Vec<usize>,
    /// Channels of a head.
    pub head_size: usize,
    /// Side of a window in patches.
    pub window: usize,
    /// Stochastic depth: the rate of the last block, see `vit`.
    pub drop_path: f64,
    /// A .safetensors or .pth file that the parameters start from; left out: random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Of several sets of weights in that file the one below this name; left out: the one its authors evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_key: Option<String>,
}

impl Default for Swin {
    fn default() -> Self {
        Self {
            patch: 2,
            width: 64,
            depths: vec![2, 2, 6, 2],
            head_size: 32,
            window: 4,
            drop_path: 0.0,
            weights: None,
            weights_key: None,
        }
    }
}

impl Encoder for Swin {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        self.check(input)?;
        let mut rates = drop_path::rates(self.drop_path, self.depths.iter().sum())?;
        let mut layers = Layers::new(input);
        let mut x = layers.graph.input();
        x = layers.patches("patch_embed.proj".into(), x, self.width, self.patch)?;
        x = layers.layer_norm("patch_embed.norm".into(), x, EPS)?;
        for (stage, &depth) in self.depths.iter().enumerate() {
            if stage > 0 {
                let width = layers.channels(x);
                let name = |part: &str| format!("layers.{stage}.downsample.{part}");
                x = layers.push(name("merge"), Op::PatchMerge(PatchMerge), x)?;
                x = layers.layer_norm(name("norm"), x, EPS)?;
                x = layers.linear(name("reduction"), x, (4 * width, 2 * width), false)?;
            }
            for block in 0..depth {
                let name = format!("layers.{stage}.blocks.{block}");
                let rate = rates.next().unwrap_or_default();
                x = self.block(&mut layers, &name, x, (block % 2 == 1, rate))?;
            }
        }
        x = layers.layer_norm("norm".into(), x, EPS)?;
        x = layers.pool("head.global_pool", x)?;
        Ok(layers.finish(x))
    }

    starts_from_file!();
}

impl Swin {
    fn check(&self, input: &[usize]) -> Result<()> {
        if self.depths.is_empty() || self.window == 0 || self.patch == 0 {
            return Err(Error::key(
                "encoder.depths",
                "needs a stage at least, and encoder.window and encoder.patch above 0",
            ));
        }
        if self.head_size == 0 || self.width == 0 || !self.width.is_multiple_of(self.head_size) {
            return Err(Error::key(
                "encoder.head_size",
                format!(
                    "{} does not divide encoder.width = {}",
                    self.head_size, self.width
                ),
            ));
        }
        let fits = |side: usize| {
            (0..self.depths.len()).all(|stage| {
                let patch = self.patch << stage;
                side.is_multiple_of(patch) && self.window_of(side / patch).is_some()
            })
        };
        match input {
            [_, height, width] if fits(*height) && fits(*width) && self.square(*height, *width) => {
                Ok(())
            }
            _ => Err(Error::key(
                "encoder.window",
                format!(
                    "windows of {0}x{0} patches of {1}x{1} pixels do not tile every stage of {input:?}: choose \
                     augment.size = {2}, or another window or patch",
                    self.window,
                    self.patch,
                    (self.patch * self.window) << (self.depths.len() - 1)
                ),
            )),
        }
    }

    /// The side of the windows of a stage of `side` patches; `None` where they do not tile it.
    fn window_of(&self, side: usize) -> Option<usize> {
        if side <= self.window {
            return (side > 0).then_some(side);
        }
        side.is_multiple_of(self.window).then_some(self.window)
    }

    /// Whether windows are square in every stage.
    fn square(&self, height: usize, width: usize) -> bool {
        (0..self.depths.len()).all(|stage| {
            let patch = self.patch << stage;
            self.window_of(height / patch) == self.window_of(width / patch)
        })
    }

    fn block(
        &self,
        layers: &mut Layers,
        name: &str,
        x: NodeId,
        (moved, rate): (bool, f64),
    ) -> Result<NodeId> {
        let of = |part: &str| format!("{name}.{part}");
        let (width, sides) = (layers.channels(x), layers.graph.shape(x)[1..].to_vec());
        let window = self.window_of(sides[0]).unwrap_or(1);
        let several = sides.iter().any(|side| *side > window);
        let attention = WindowAttention {
            heads: width / self.head_size,
            window,
            shift: if moved && several { window / 2 } else { 0 },
        };
        let y = layers.layer_norm(of("norm1"), x, EPS)?;
        let y = layers.linear(of("attn.qkv"), y, (width, 3 * width), true)?;
        let y = layers.push(of("attn"), Op::WindowAttention(attention), y)?;
        let y = layers.linear(of("attn.proj"), y, (width, width), true)?;
        let y = layers.drop_path(of("drop_path1"), y, rate)?;
        let x = layers.add(of("add1"), x, y)?;
        let y = layers.layer_norm(of("norm2"), x, EPS)?;
        let y = layers.linear(of("mlp.fc1"), y, (width, 4 * width), true)?;
        let y = layers.activation(of("mlp.act"), y, Activation::Gelu)?;
        let y = layers.linear(of("mlp.fc2"), y, (4 * width, width), true)?;
        let y = layers.drop_path(of("drop_path2"), y, rate)?;
        layers.add(of("add2"), x, y)
    }
}
