use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::layers::{Layers, starts_from_file};
use super::{Encoder, drop_path};
use crate::encoders::Activation;
use crate::error::{Error, Result};
use crate::graph::ops::{
    Attention, Conv2d, HeadNorm, Multiply, Positions, Rotary, SwiGlu, ToTokens, TokenEmbed,
    TokenPool,
};
use crate::graph::{Graph, NodeId, Op};

/// Vision transformer (Dosovitskiy et al. 2021) with timm's parameter names.
///
/// Square patches become tokens; pre-norm blocks of attention and an MLP; the feature is the class token after the last
/// norm, or the mean over tokens. The defaults are ViT-tiny for 32-pixel images; ViT-small is `width = 384, heads = 6`, base
/// 768 and 12, large 1024, 16 and `depth = 24`. The transformers of DINOv2, DINOv3, MAE, CLIP and I-JEPA are settings
/// of this one, which `encoder.kind = "auto"` reads from their files. Views of another size see the position embeddings
/// interpolated (antialiased bicubic, as timm does). Choose it with much data: a ResNet learns more from little.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "switches that are independent of one another"
)]
pub struct Vit {
    /// Side of a patch in pixels; must divide the image's height and width.
    pub patch: usize,
    /// Size of a token.
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads; must divide the width.
    pub heads: usize,
    /// Whether there is a class token.
    pub class_token: bool,
    /// Learned tokens that store what the image holds as a whole (Darcet et al. 2024); DINOv2 and DINOv3 have 4 or none.
    #[serde(skip_serializing_if = "is_default")]
    pub registers: usize,
    /// The feature: `class`, the class token, or `mean`, that over the tokens of patches; left out: the class token where
    /// there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// Tokens with a learned position: `all`, `class` (not the registers), `patches`, or `nowhere`.
    #[serde(skip_serializing_if = "is_default")]
    pub positions: Positions,
    /// Rotary positions in every attention, DINOv3's (Siméoni et al. 2025); usual with `positions = "nowhere"`.
    #[serde(skip_serializing_if = "is_default")]
    pub rotary: bool,
    /// Between the layers of the MLPs: `gelu`, `quick_gelu` (OpenAI's CLIP), `swiglu` (one layer makes gate and value:
    /// DINOv2's giant) or `gated` (two layers make them: the plus sizes of DINOv3).
    #[serde(skip_serializing_if = "is_default")]
    pub mlp: MlpKind,
    /// Numbers between the layers of the MLPs; left out: four times the width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mlp_width: Option<usize>,
    /// A learned factor for every number at the end of a branch (Touvron et al. 2021): DINOv2, DINOv3.
    #[serde(skip_serializing_if = "is_default")]
    pub layer_scale: bool,
    /// Whether the layer of queries, keys and values has a bias.
    #[serde(skip_serializing_if = "is_true")]
    pub qkv_bias: bool,
    /// Layer norms of queries and keys (Dehghani et al. 2023).
    #[serde(skip_serializing_if = "is_default")]
    pub qk_norm: bool,
    /// A norm before the blocks, and patches without a bias: CLIP.
    #[serde(skip_serializing_if = "is_default")]
    pub pre_norm: bool,
    /// The last norm after the mean over tokens instead of before it: fine-tuned MAE.
    #[serde(skip_serializing_if = "is_default")]
    pub fc_norm: bool,
    /// Added to the variances of norms: 1e-6, in CLIP and DINOv3 1e-5.
    #[serde(skip_serializing_if = "is_usual_eps")]
    pub eps: f64,
    /// Stochastic depth (Huang et al. 2016): the rate, in [0, 1), at which samples skip each branch of the last block while
    /// training; from 0 at the first block it rises evenly. Choose 0.1 to 0.3 to fine-tune a deep network or to train it
    /// for long, 0 for short runs and shallow networks.
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

/// What a transformer's feature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// The class token.
    Class,
    /// The mean over the tokens of patches.
    Mean,
}

/// The MLP of a transformer's blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MlpKind {
    /// `fc2(gelu(fc1(x)))`
    #[default]
    Gelu,
    /// The same with CLIP's approximation.
    QuickGelu,
    /// `fc2(silu(a) · b)` with `(a, b) = fc1(x)`.
    Swiglu,
    /// `fc2(silu(fc1_g(x)) · fc1_x(x))`.
    Gated,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_true(value: &bool) -> bool {
    *value
}

/// Numbers of a head, but for [`ODD_HEADS`].
const HEAD: usize = 64;

/// Widths whose published transformers have 16 heads of another size: huge, giant, bigG.
const ODD_HEADS: [usize; 3] = [1280, 1408, 1664];

/// The heads that published transformers of `width` have, which no shape of theirs tells.
pub(super) fn usual_heads(width: usize, rotary: bool) -> usize {
    if ODD_HEADS.contains(&width) && !rotary {
        16
    } else {
        (width / HEAD).max(1)
    }
}

/// Usual size of what is added to variances.
const EPS: f64 = 1e-6;

#[allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::float_cmp,
    reason = "serde passes a reference to what was set or not"
)]
fn is_usual_eps(value: &f64) -> bool {
    *value == EPS
}

impl Default for Vit {
    fn default() -> Self {
        Self {
            patch: 4,
            width: 192,
            depth: 12,
            heads: 3,
            class_token: true,
            registers: 0,
            pool: None,
            positions: Positions::All,
            rotary: false,
            mlp: MlpKind::Gelu,
            mlp_width: None,
            layer_scale: false,
            qkv_bias: true,
            qk_norm: false,
            pre_norm: false,
            fc_norm: false,
            eps: EPS,
            drop_path: 0.0,
            weights: None,
            weights_key: None,
        }
    }
}

impl Encoder for Vit {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        self.check(input)?;
        let mut layers = Layers::new(input);
        let patches = Conv2d {
            bias: !self.pre_norm,
            ..Conv2d::new(input[0], self.width, self.patch, self.patch, 0)
        };
        let x = layers.graph.input();
        let x = layers.push("patch_embed.proj".into(), Op::Conv2d(patches), x)?;
        let grid = [layers.graph.shape(x)[1], layers.graph.shape(x)[2]];
        let x = layers.push("patch_embed".into(), Op::ToTokens(ToTokens), x)?;
        let embed = TokenEmbed {
            tokens: grid[0] * grid[1],
            width: self.width,
            class_token: self.class_token,
            registers: self.registers,
            positions: self.positions,
            resampled: None,
        };
        let mut x = layers.push(String::new(), Op::TokenEmbed(embed), x)?;
        if self.pre_norm {
            x = layers.layer_norm("norm_pre".into(), x, self.eps)?;
        }
        for (i, rate) in drop_path::rates(self.drop_path, self.depth)?.enumerate() {
            x = self.block(&mut layers, &format!("blocks.{i}"), (grid, rate), x)?;
        }
        if !self.fc_norm {
            x = layers.layer_norm("norm".into(), x, self.eps)?;
        }
        let pool = match self.pooled() {
            Pool::Class => TokenPool::Class,
            Pool::Mean => TokenPool::Mean {
                skip: embed.first(),
            },
        };
        x = layers.push("pool".into(), Op::TokenPool(pool), x)?;
        if self.fc_norm {
            x = layers.layer_norm("fc_norm".into(), x, self.eps)?;
        }
        Ok(layers.finish(x))
    }

    fn tile(&self) -> usize {
        self.patch
    }

    starts_from_file!();
}

impl Vit {
    /// What the feature is.
    #[must_use]
    pub fn pooled(&self) -> Pool {
        let usual = if self.class_token {
            Pool::Class
        } else {
            Pool::Mean
        };
        self.pool.unwrap_or(usual)
    }

    fn check(&self, input: &[usize]) -> Result<()> {
        let &[_, height, width] = input else {
            return Err(Error::Usage(format!(
                "a vision transformer takes (channels, height, width), not {input:?}"
            )));
        };
        if self.patch == 0 || height % self.patch != 0 || width % self.patch != 0 {
            return Err(Error::key(
                "encoder.patch",
                format!(
                    "patches of {0}x{0} do not tile {height}x{width}; give images of a multiple of {0} pixels",
                    self.patch
                ),
            ));
        }
        if self.heads == 0 || self.width == 0 || !self.width.is_multiple_of(self.heads) {
            return Err(Error::key(
                "encoder.heads",
                format!(
                    "{} heads do not divide a width of {}",
                    self.heads, self.width
                ),
            ));
        }
        if self.rotary && !(self.width / self.heads).is_multiple_of(4) {
            return Err(Error::key(
                "encoder.rotary",
                "rotary positions need heads of a multiple of 4 numbers; change encoder.heads",
            ));
        }
        if self.pooled() == Pool::Class && (!self.class_token || self.fc_norm) {
            return Err(Error::key(
                "encoder.pool",
                "\"class\" needs encoder.class_token = true and encoder.fc_norm = false; choose \"mean\"",
            ));
        }
        Ok(())
    }

    /// `x + attention(norm(x))`, then `x + mlp(norm(x))`.
    fn block(
        &self,
        layers: &mut Layers,
        name: &str,
        (grid, rate): ([usize; 2], f64),
        x: NodeId,
    ) -> Result<NodeId> {
        let of = |part: &str| format!("{name}.{part}");
        let y = layers.layer_norm(of("norm1"), x, self.eps)?;
        let y = self.attention(layers, &of("attn"), grid, y)?;
        let y = self.scaled(layers, of("ls1"), y)?;
        let y = layers.drop_path(of("drop_path1"), y, rate)?;
        let x = layers.add(of("add1"), x, y)?;
        let y = layers.layer_norm(of("norm2"), x, self.eps)?;
        let y = self.mlp(layers, &of("mlp"), y)?;
        let y = self.scaled(layers, of("ls2"), y)?;
        let y = layers.drop_path(of("drop_path2"), y, rate)?;
        layers.add(of("add2"), x, y)
    }

    fn scaled(&self, layers: &mut Layers, name: String, x: NodeId) -> Result<NodeId> {
        if !self.layer_scale {
            return Ok(x);
        }
        layers.scale(name, x, self.width, 1e-5)
    }

    fn attention(
        &self,
        layers: &mut Layers,
        name: &str,
        grid: [usize; 2],
        x: NodeId,
    ) -> Result<NodeId> {
        let (heads, width) = (self.heads, self.width);
        let of = |part: &str| format!("{name}.{part}");
        let mut x = layers.linear(of("qkv"), x, (width, 3 * width), self.qkv_bias)?;
        if self.qk_norm {
            let norm = HeadNorm {
                heads,
                size: width / heads,
                eps: self.eps,
            };
            x = layers.push(name.into(), Op::HeadNorm(norm), x)?;
        }
        if self.rotary {
            let rotary = Rotary {
                heads,
                prefix: usize::from(self.class_token) + self.registers,
                grid,
                base: 100.0,
            };
            x = layers.push(of("rotary"), Op::Rotary(rotary), x)?;
        }
        x = layers.push(of("attend"), Op::Attention(Attention { heads }), x)?;
        layers.linear(of("proj"), x, (width, width), true)
    }

    fn mlp(&self, layers: &mut Layers, name: &str, x: NodeId) -> Result<NodeId> {
        let (width, hidden) = (self.width, self.mlp_width.unwrap_or(4 * self.width));
        let of = |part: &str| format!("{name}.{part}");
        let y = match self.mlp {
            MlpKind::Swiglu => {
                let y = layers.linear(of("fc1"), x, (width, 2 * hidden), true)?;
                layers.push(of("act"), Op::SwiGlu(SwiGlu), y)?
            }
            MlpKind::Gated => {
                let gate = layers.linear(of("fc1_g"), x, (width, hidden), true)?;
                let gate = layers.activation(of("act"), gate, Activation::Silu)?;
                let value = layers.linear(of("fc1_x"), x, (width, hidden), true)?;
                let product = Op::Multiply(Multiply);
                layers.graph.push(of("multiply"), product, &[gate, value])?
            }
            MlpKind::Gelu | MlpKind::QuickGelu => {
                let y = layers.linear(of("fc1"), x, (width, hidden), true)?;
                let function = if self.mlp == MlpKind::Gelu {
                    Activation::Gelu
                } else {
                    Activation::QuickGelu
                };
                layers.activation(of("act"), y, function)?
            }
        };
        layers.linear(of("fc2"), y, (hidden, width), true)
    }
}
