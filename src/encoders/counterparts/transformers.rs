//! transformers' names of architectures and parameters.

use candle_core::Tensor;
use serde_json::{Value, json};

use super::missing::without_counterpart;
use crate::encoders::{Convnext, EncoderKind, MlpKind, Pool, Resnet, Stem, Vit};
use crate::error::Result;
use crate::graph::ops::Positions;

const LIBRARY: &str = "transformers";

/// Parts of our names with those of the library, applied in this order.
type Names = &'static [(&'static str, &'static str)];

const VIT: Names = &[
    ("cls_token", "embeddings.cls_token"),
    ("reg_token", "embeddings.register_tokens"),
    ("pos_embed", "embeddings.position_embeddings"),
    (
        "patch_embed.proj.",
        "embeddings.patch_embeddings.projection.",
    ),
    ("blocks.", "encoder.layer."),
    (".attn.proj.", ".attention.output.dense."),
    (".attn.qkv.", ".attention.attention.qkv."),
    (".ls1.gamma", ".layer_scale1.lambda1"),
    (".ls2.gamma", ".layer_scale2.lambda1"),
];

/// What the plain transformer calls otherwise than DINOv2.
const PLAIN: Names = &[
    (".norm1.", ".layernorm_before."),
    (".norm2.", ".layernorm_after."),
    (".mlp.fc1.", ".intermediate.dense."),
    (".mlp.fc2.", ".output.dense."),
];

const CONVNEXT: Names = &[
    ("head.norm.", "layernorm."),
    ("stem.0.", "embeddings.patch_embeddings."),
    ("stem.1.", "embeddings.layernorm."),
    ("stages.", "encoder.stages."),
    (".downsample.", ".downsampling_layer."),
    (".blocks.", ".layers."),
    (".conv_dw.", ".dwconv."),
    (".norm.", ".layernorm."),
    (".mlp.fc1.", ".pwconv1."),
    (".mlp.fc2.", ".pwconv2."),
    (".mlp.grn.", ".grn."),
    (".gamma", ".layer_scale_parameter"),
];

const RESNET: Names = &[
    (".downsample.0.", ".shortcut.convolution."),
    (".downsample.1.", ".shortcut.normalization."),
    (".conv1.", ".layer.0.convolution."),
    (".bn1.", ".layer.0.normalization."),
    (".conv2.", ".layer.1.convolution."),
    (".bn2.", ".layer.1.normalization."),
    (".conv3.", ".layer.2.convolution."),
    (".bn3.", ".layer.2.normalization."),
    ("conv1.weight", "embedder.embedder.convolution.weight"),
    ("bn1.", "embedder.embedder.normalization."),
    ("layer1.", "encoder.stages.0.layers."),
    ("layer2.", "encoder.stages.1.layers."),
    ("layer3.", "encoder.stages.2.layers."),
    ("layer4.", "encoder.stages.3.layers."),
];

/// Where the features of `kind` are in what the library's model gives.
#[must_use]
pub fn features(kind: &EncoderKind) -> String {
    match kind {
        EncoderKind::Vit(vit) if vit.pooled() == Pool::Class => "last_hidden_state[:, 0]".into(),
        EncoderKind::Vit(vit) => {
            let front = usize::from(vit.class_token) + vit.registers; // our mean is that over patches
            format!("last_hidden_state[:, {front}:].mean(1)")
        }
        _ => "pooler_output.flatten(1)".into(),
    }
}

/// The configuration of `kind` for images of shape `input`, and its `parameters` by the library's names.
///
/// # Errors
/// The library has no counterpart.
pub fn model(
    kind: &EncoderKind,
    input: &[usize],
    parameters: Vec<(String, Tensor)>,
) -> Result<(Value, Vec<(String, Tensor)>)> {
    let size = json!(input);
    let (mut config, names) = match kind {
        EncoderKind::Vit(vit) => transformer(vit, &size)?,
        EncoderKind::Convnext(net) => convolutional(net)?,
        EncoderKind::Resnet(net) => residual(net)?,
        other => {
            let what = format!(
                "this encoder (`{}`); timm may have one: --to timm",
                other.name()
            );
            return Err(without_counterpart(LIBRARY, &what));
        }
    };
    config["num_channels"] = size[0].clone();
    config["dtype"] = "float32".into();
    Ok((config, renamed(parameters, &names)?))
}

type Layout = (Value, Vec<Names>);

fn transformer(vit: &Vit, size: &Value) -> Result<Layout> {
    let plain = !vit.layer_scale && vit.registers == 0 && vit.class_token;
    let dino = vit.layer_scale && vit.class_token && vit.qkv_bias;
    let places = match vit.positions {
        Positions::All => vit.registers == 0,
        Positions::Class => true,
        _ => false,
    };
    let other =
        vit.rotary || vit.qk_norm || vit.pre_norm || vit.fc_norm || vit.mlp != MlpKind::Gelu;
    let hidden = vit.mlp_width.unwrap_or(4 * vit.width);
    if other
        || !places
        || !(plain || dino)
        || (dino && !hidden.is_multiple_of(vit.width))
        || size[1] != size[2]
    {
        return Err(without_counterpart(
            LIBRARY,
            "a transformer of these settings (timm has: --to timm)",
        ));
    }
    let mut config = json!({
        "hidden_size": vit.width, "num_hidden_layers": vit.depth, "num_attention_heads": vit.heads,
        "image_size": size[1], "patch_size": vit.patch, "layer_norm_eps": vit.eps, "qkv_bias": vit.qkv_bias,
        "hidden_act": "gelu",
    });
    if plain {
        config["model_type"] = "vit".into();
        config["architectures"] = json!(["ViTModel"]);
        config["intermediate_size"] = hidden.into();
        return Ok((config, vec![VIT, PLAIN, &[("norm.", "layernorm.")]]));
    }
    config["mlp_ratio"] = (hidden / vit.width).into();
    config["use_mask_token"] = false.into();
    let (model, class) = if vit.registers > 0 {
        config["num_register_tokens"] = vit.registers.into();
        ("dinov2_with_registers", "Dinov2WithRegistersModel")
    } else {
        ("dinov2", "Dinov2Model")
    };
    config["model_type"] = model.into();
    config["architectures"] = json!([class]);
    Ok((config, vec![VIT, &[("norm.", "layernorm.")]]))
}

fn convolutional(net: &Convnext) -> Result<Layout> {
    if net.response_norm == net.layer_scale {
        return Err(without_counterpart(
            LIBRARY,
            "a ConvNeXt with both or none of LayerScale and response norms",
        ));
    }
    let (model, class) = if net.response_norm {
        ("convnextv2", "ConvNextV2Model")
    } else {
        ("convnext", "ConvNextModel")
    };
    let config = json!({
        "model_type": model, "architectures": [class], "depths": net.depths, "hidden_sizes": net.widths,
        "num_stages": net.depths.len(), "patch_size": net.patch, "layer_norm_eps": 1e-6, "hidden_act": "gelu",
    });
    Ok((config, vec![CONVNEXT]))
}

fn residual(net: &Resnet) -> Result<Layout> {
    let (depths, bottleneck) = match net.depth {
        18 => ([2, 2, 2, 2], false),
        34 => ([3, 4, 6, 3], false),
        50 => ([3, 4, 6, 3], true),
        101 => ([3, 4, 23, 3], true),
        152 => ([3, 8, 36, 3], true),
        _ => {
            return Err(without_counterpart(
                LIBRARY,
                "a residual network of this depth",
            ));
        }
    };
    if net.stem == Stem::Cifar || (net.groups, net.width_per_group) != (1, 64) || net.squeeze_excite
    {
        return Err(without_counterpart(
            LIBRARY,
            "this stem, these groups, or squeeze-and-excitation",
        ));
    }
    let wide = if bottleneck { 4 * net.width } else { net.width };
    let widths: Vec<usize> = (0..4).map(|stage| wide << stage).collect();
    let config = json!({
        "model_type": "resnet", "architectures": ["ResNetModel"], "depths": depths, "hidden_sizes": widths,
        "embedding_size": net.width, "layer_type": if bottleneck { "bottleneck" } else { "basic" }, "hidden_act": "relu",
    });
    Ok((config, vec![RESNET]))
}

/// The parameters by the library's names; queries, keys and values apart.
fn renamed(all: Vec<(String, Tensor)>, tables: &[Names]) -> Result<Vec<(String, Tensor)>> {
    let mut named = Vec::new();
    for (name, tensor) in all {
        let mut own = name;
        for (from, to) in tables.iter().copied().flatten() {
            // The last norm stands at the top; those of blocks have a number in front.
            own = match *from {
                "norm." if !own.starts_with("norm.") => own,
                from => own.replace(from, to),
            };
        }
        if own.contains(".qkv.") {
            let rows = tensor.dim(0)? / 3;
            for (i, part) in [".query.", ".key.", ".value."].iter().enumerate() {
                let piece = tensor.narrow(0, i * rows, rows)?.contiguous()?;
                named.push((own.replace(".qkv.", part), piece));
            }
        } else if own.contains(".grn.") {
            named.push((own, tensor.reshape((1, 1, 1, tensor.elem_count()))?));
        } else {
            named.push((own, tensor));
        }
    }
    Ok(named)
}
