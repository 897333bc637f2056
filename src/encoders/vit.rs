use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Encoder;
use crate::error::{Error, Result};
use crate::graph::ops::{
    Add, Attention, Conv2d, Gelu, LayerNorm, Linear, ToTokens, TokenEmbed, TokenPool,
};
use crate::graph::{Graph, NodeId, Op};
use crate::params::Init;

/// Vision transformer (Dosovitskiy et al. 2021) with timm's parameter names.
///
/// Square patches become tokens; pre-norm blocks of attention and an MLP of four times the width; the feature is
/// the class token after the last norm, or the mean over tokens. The defaults are ViT-tiny for 32-pixel images;
/// ViT-small is `width = 384, heads = 6`. Views of another size see the position embeddings interpolated
/// (antialiased bicubic, as timm does). Choose it with much data: a ResNet learns more from little.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Vit {
    /// Side of a patch in pixels; must divide the image's height and width.
    pub patch: usize,
    /// Size of a token.
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads; must divide the width.
    pub heads: usize,
    /// Whether the feature is a class token; else it is the mean over tokens after the last norm, which timm calls
    /// `global_pool="avg", fc_norm=False`.
    pub class_token: bool,
    /// A .safetensors or .pth file that the parameters start from; left out: random. Give `augment.mean` and `std` with it,
    /// those that it was trained with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Of several sets of weights in that file the one below this name, for example `student`; left out: the one that
    /// the file's authors evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_key: Option<String>,
}

impl Default for Vit {
    fn default() -> Self {
        Self {
            patch: 4,
            width: 192,
            depth: 12,
            heads: 3,
            class_token: true,
            weights: None,
            weights_key: None,
        }
    }
}

impl Encoder for Vit {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        let &[channels, height, width] = input else {
            return Err(Error::Usage(format!(
                "a vision transformer takes (channels, height, width), not {input:?}"
            )));
        };
        if self.patch == 0 || height % self.patch != 0 || width % self.patch != 0 {
            return Err(Error::key(
                "encoder.patch",
                format!(
                    "patches of {0}x{0} do not tile {height}x{width}",
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
        let mut graph = Graph::new(input);
        let x = graph.input();
        let patches = Conv2d {
            bias: true,
            ..Conv2d::new(channels, self.width, self.patch, self.patch, 0)
        };
        let x = graph.push("patch_embed.proj", Op::Conv2d(patches), &[x])?;
        let x = graph.push("patch_embed", Op::ToTokens(ToTokens), &[x])?;
        let embed = TokenEmbed {
            tokens: graph.shape(x)[0],
            width: self.width,
            class_token: self.class_token,
            resampled: None,
        };
        let mut x = graph.push("", Op::TokenEmbed(embed), &[x])?;
        for i in 0..self.depth {
            x = self.block(&mut graph, &format!("blocks.{i}"), x)?;
        }
        x = self.norm(&mut graph, "norm".into(), x)?;
        let pool = if self.class_token {
            TokenPool::Class
        } else {
            TokenPool::Mean
        };
        x = graph.push("pool", Op::TokenPool(pool), &[x])?;
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

impl Vit {
    fn norm(&self, graph: &mut Graph, name: String, x: NodeId) -> Result<NodeId> {
        let norm = LayerNorm {
            width: self.width,
            eps: 1e-6,
        };
        graph.push(name, Op::LayerNorm(norm), &[x])
    }

    /// `x + attention(norm(x))`, then `x + mlp(norm(x))`.
    fn block(&self, graph: &mut Graph, name: &str, x: NodeId) -> Result<NodeId> {
        let linear = |input, output| {
            Op::Linear(Linear {
                init: Init::TruncatedNormal(0.02),
                ..Linear::new(input, output, true)
            })
        };
        let (width, hidden) = (self.width, 4 * self.width);
        let attention = Op::Attention(Attention { heads: self.heads });
        let y = self.norm(graph, format!("{name}.norm1"), x)?;
        let y = graph.push(format!("{name}.attn.qkv"), linear(width, 3 * width), &[y])?;
        let y = graph.push(format!("{name}.attn"), attention, &[y])?;
        let y = graph.push(format!("{name}.attn.proj"), linear(width, width), &[y])?;
        let x = graph.push(format!("{name}.add1"), Op::Add(Add), &[x, y])?;
        let y = self.norm(graph, format!("{name}.norm2"), x)?;
        let y = graph.push(format!("{name}.mlp.fc1"), linear(width, hidden), &[y])?;
        let y = graph.push(format!("{name}.mlp.act"), Op::Gelu(Gelu), &[y])?;
        let y = graph.push(format!("{name}.mlp.fc2"), linear(hidden, width), &[y])?;
        graph.push(format!("{name}.add2"), Op::Add(Add), &[x, y])
    }
}
