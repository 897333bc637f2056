//! Tables of names, one a library and architecture.

use super::contents::Value;
use super::values::{Values, before};
use crate::encoders::counterparts::torchvision::{self, Parts};

/// How one library calls the parameters of one architecture.
pub(super) struct Format {
    /// A name that only this format has, after what stands before all of its names.
    anchor: &'static str,
    /// Parts of names with what they are called here, applied in this order.
    names: Parts,
}

/// Vision transformers of the library transformers, 4 and 5.
const TRANSFORMERS: Parts = &[
    ("embeddings.cls_token", "cls_token"),
    ("embeddings.mask_token", "mask_token"),
    ("embeddings.register_tokens", "reg_token"),
    ("embeddings.position_embeddings", "pos_embed"),
    (
        "embeddings.patch_embeddings.projection.",
        "patch_embed.proj.",
    ),
    ("embeddings.patch_embeddings.", "patch_embed.proj."),
    ("encoder.layer.", "blocks."),
    ("model.layer.", "blocks."),
    ("layers.", "blocks."),
    ("layer.", "blocks."),
    (".attention.attention.query.", ".attn.q."),
    (".attention.attention.key.", ".attn.k."),
    (".attention.attention.value.", ".attn.v."),
    (".attention.q_proj.", ".attn.q."),
    (".attention.k_proj.", ".attn.k."),
    (".attention.v_proj.", ".attn.v."),
    (".attention.output.dense.", ".attn.proj."),
    (".attention.o_proj.", ".attn.proj."),
    (".intermediate.dense.", ".mlp.fc1."),
    (".output.dense.", ".mlp.fc2."),
    (".mlp.weights_in.", ".mlp.fc1."),
    (".mlp.weights_out.", ".mlp.fc2."),
    (".mlp.gate_proj.", ".mlp.fc1_g."),
    (".mlp.up_proj.", ".mlp.fc1."),
    (".mlp.down_proj.", ".mlp.fc2."),
    (".layernorm_before.", ".norm1."),
    (".layernorm_after.", ".norm2."),
    (".layer_scale1.lambda1", ".ls1.gamma"),
    (".layer_scale2.lambda1", ".ls2.gamma"),
    ("layernorm.", "norm."),
];

/// The anchor of ConvNeXt's own files.
const DOWNSAMPLED: &str = "downsample_layers.0.0.weight";

/// The anchor of torchvision's RegNets.
const TRUNK: &str = "trunk_output.block1.block1-0.f.a.0.weight";

/// All formats, those first whose anchor others have too.
pub(super) const FORMATS: [Format; 14] = [
    // transformers: ConvNeXt
    Format {
        anchor: "encoder.stages.0.layers.0.dwconv.weight",
        names: &[
            ("embeddings.patch_embeddings.", "stem.0."),
            ("embeddings.layernorm.", "stem.1."),
            ("encoder.stages.", "stages."),
            (".downsampling_layer.", ".downsample."),
            (".layers.", ".blocks."),
            (".dwconv.", ".conv_dw."),
            (".layernorm.", ".norm."),
            (".pwconv1.", ".mlp.fc1."),
            (".pwconv2.", ".mlp.fc2."),
            (".layer_scale_parameter", ".gamma"),
            (".grn.", ".mlp.grn."),
            ("layernorm.", "head.norm."),
        ],
    },
    // transformers: ViT, ViTMAE, DINOv2, I-JEPA
    Format {
        anchor: "embeddings.patch_embeddings.projection.weight",
        names: TRANSFORMERS,
    },
    // transformers: DINOv3
    Format {
        anchor: "embeddings.patch_embeddings.weight",
        names: TRANSFORMERS,
    },
    // transformers: CLIP's image encoder
    Format {
        anchor: "embeddings.patch_embedding.weight",
        names: &[
            ("embeddings.class_embedding", "cls_token"),
            ("embeddings.position_embedding.weight", "pos_embed"),
            ("embeddings.patch_embedding.", "patch_embed.proj."),
            ("encoder.layers.", "blocks."),
            (".self_attn.q_proj.", ".attn.q."),
            (".self_attn.k_proj.", ".attn.k."),
            (".self_attn.v_proj.", ".attn.v."),
            (".self_attn.out_proj.", ".attn.proj."),
            (".layer_norm1.", ".norm1."),
            (".layer_norm2.", ".norm2."),
            ("pre_layrnorm.", "norm_pre."),
            ("post_layernorm.", "norm."),
        ],
    },
    // CLIP's own files, open_clip
    Format {
        anchor: "class_embedding",
        names: &[
            ("class_embedding", "cls_token"),
            ("positional_embedding", "pos_embed"),
            ("conv1.weight", "patch_embed.proj.weight"),
            ("ln_pre.", "norm_pre."),
            ("ln_post.", "norm."),
            ("transformer.resblocks.", "blocks."),
            (".attn.in_proj_weight", ".attn.qkv.weight"),
            (".attn.in_proj_bias", ".attn.qkv.bias"),
            (".attn.out_proj.", ".attn.proj."),
            (".ln_1.", ".norm1."),
            (".ln_2.", ".norm2."),
            (".mlp.c_fc.", ".mlp.fc1."),
            (".mlp.c_proj.", ".mlp.fc2."),
        ],
    },
    // DINOv2's own files
    Format {
        anchor: "register_tokens",
        names: &[("register_tokens", "reg_token")],
    },
    // DINOv2's own files of the giant
    Format {
        anchor: "blocks.0.mlp.w12.weight",
        names: &[(".mlp.w12.", ".mlp.fc1."), (".mlp.w3.", ".mlp.fc2.")],
    },
    // DINOv3's own files
    Format {
        anchor: "storage_tokens",
        names: &[
            ("storage_tokens", "reg_token"),
            (".mlp.w1.", ".mlp.fc1_g."),
            (".mlp.w2.", ".mlp.fc1_x."),
            (".mlp.w3.", ".mlp.fc2."),
        ],
    },
    // timm's eva: DINOv3
    Format {
        anchor: "blocks.0.gamma_1",
        names: &[
            (".gamma_1", ".ls1.gamma"),
            (".gamma_2", ".ls2.gamma"),
            (".attn.q_bias", ".attn.q.bias"),
            (".attn.v_bias", ".attn.v.bias"),
        ],
    },
    // ConvNeXt's own files
    Format {
        anchor: DOWNSAMPLED,
        names: &[
            ("downsample_layers.0.", "stem."),
            ("downsample_layers.1.", "stages.1.downsample."),
            ("downsample_layers.2.", "stages.2.downsample."),
            ("downsample_layers.3.", "stages.3.downsample."),
            (".pwconv1.", ".mlp.fc1."),
            (".pwconv2.", ".mlp.fc2."),
            (".grn.gamma", ".mlp.grn.weight"),
            (".grn.beta", ".mlp.grn.bias"),
            (".dwconv.", ".conv_dw."),
        ],
    },
    // torchvision: ConvNeXt
    Format {
        anchor: "features.1.0.layer_scale",
        names: torchvision::CONVNEXT,
    },
    // torchvision: Swin
    Format {
        anchor: "features.1.0.attn.relative_position_bias_table",
        names: torchvision::SWIN,
    },
    // torchvision: RegNet
    Format {
        anchor: TRUNK,
        names: torchvision::REGNET,
    },
    // transformers: ResNet
    Format {
        anchor: "embedder.embedder.convolution.weight",
        names: &[
            ("embedder.embedder.convolution.", "conv1."),
            ("embedder.embedder.normalization.", "bn1."),
            (".downsample.convolution.", ".downsample.0."),
            (".downsample.normalization.", ".downsample.1."),
            (".layer.0.convolution.", ".conv1."),
            (".layer.0.normalization.", ".bn1."),
            (".layer.1.convolution.", ".conv2."),
            (".layer.1.normalization.", ".bn2."),
            (".layer.2.convolution.", ".conv3."),
            (".layer.2.normalization.", ".bn3."),
            ("encoder.stages.0.layers.", "layer1."),
            ("encoder.stages.1.layers.", "layer2."),
            ("encoder.stages.2.layers.", "layer3."),
            ("encoder.stages.3.layers.", "layer4."),
        ],
    },
];

impl Format {
    /// The names of this format among `values` as the encoders'.
    pub(super) fn translate(&self, values: Values) -> Values {
        let starts = before(&values, self.anchor);
        if starts.is_empty() {
            return values;
        }
        let gated = |start: &str| {
            let mut names = values.keys();
            names.any(|name| name.starts_with(start) && name.ends_with(".mlp.gate_proj.weight"))
        };
        let gated: Vec<bool> = starts.iter().map(|start| gated(start)).collect();
        let one = |(name, value): (String, Value)| {
            let mut known = starts.iter().zip(&gated).rev(); // the longest first
            let found = known.find_map(|(start, gated)| {
                Some((start, *gated, name.strip_prefix(start.as_str())?))
            });
            let Some((start, gated, inner)) = found else {
                return (name, value);
            };
            let mut own = inner.to_string();
            for (from, to) in self.names {
                own = own.replace(from, to);
            }
            if gated {
                own = own.replace(".mlp.fc1.", ".mlp.fc1_x.");
            }
            (format!("{start}{}", numbered(own, self.anchor)), value)
        };
        values.into_iter().map(one).collect()
    }
}

/// A name whose blocks are numbered in another way, as here.
fn numbered(name: String, anchor: &str) -> String {
    let found = match anchor {
        DOWNSAMPLED => staged(&name),
        TRUNK => torchvision::regnet_block(&name),
        _ => None,
    };
    found.unwrap_or(name)
}

/// The blocks of ConvNeXt's own files stand right under their stage, and its last norm at the top.
fn staged(name: &str) -> Option<String> {
    if let Some(last) = name.strip_prefix("norm.") {
        return Some(format!("head.norm.{last}"));
    }
    let mut parts = name.strip_prefix("stages.")?.splitn(3, '.');
    let (stage, block, rest) = (parts.next()?, parts.next()?, parts.next()?);
    block.parse::<usize>().ok()?;
    Some(format!("stages.{stage}.blocks.{block}.{rest}"))
}
