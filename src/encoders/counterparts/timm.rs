//! timm's names of architectures, and its arguments.

use candle_core::{D, Tensor};
use serde_json::{Map, Value, json};

use super::missing::without_counterpart;
use crate::encoders::{
    EfficientnetSize, EncoderKind, MlpKind, MobilenetSize, Pool, Regnet, Resnet, Stem, Vit,
};
use crate::error::Result;
use crate::graph::ops::Positions;

/// A registered name, and the arguments that make its model this one.
pub type Architecture = (String, Value);

const TIMM: &str = "timm";

/// What timm calls `kind` for images of shape `input`.
///
/// # Errors
/// timm has no counterpart.
pub fn architecture(kind: &EncoderKind, input: &[usize]) -> Result<Architecture> {
    let with_norms = |name: String, eps: f64| Ok((name, json!({"bn_eps": eps})));
    match kind {
        EncoderKind::Vit(vit) => transformer(vit, input),
        EncoderKind::Resnet(resnet) => residual(resnet),
        EncoderKind::Convnext(net) => Ok((
            "convnext_tiny".into(),
            json!({"depths": net.depths, "dims": net.widths, "patch_size": net.patch, "use_grn": net.response_norm,
                   "ls_init_value": net.layer_scale.then_some(1e-6), "conv_mlp": false}),
        )),
        EncoderKind::Efficientnet(net) => {
            let name = match net.size {
                EfficientnetSize::V2S => "efficientnetv2_s".into(),
                size => format!("efficientnet_{size:?}").to_lowercase(),
            };
            with_norms(name, net.eps)
        }
        EncoderKind::MobilenetV3(net) => {
            let size = match net.size {
                MobilenetSize::Small => "small",
                MobilenetSize::Large => "large",
            };
            match (net.width * 100.0).round() as usize {
                width @ (50 | 75 | 100) => {
                    with_norms(format!("mobilenetv3_{size}_{width:03}"), net.eps)
                }
                _ => Err(without_counterpart(TIMM, "a MobileNetV3 of this width")),
            }
        }
        EncoderKind::Regnet(net) => regular(net),
        EncoderKind::Swin(net) => {
            let heads = (0..net.depths.len()).map(|i| (net.width << i) / net.head_size);
            Ok((
                "swin_tiny_patch4_window7_224".into(),
                json!({"img_size": input[1..], "patch_size": net.patch, "embed_dim": net.width, "depths": net.depths,
                       "num_heads": heads.collect::<Vec<_>>(), "window_size": net.window}),
            ))
        }
        other => Err(without_counterpart(
            TIMM,
            &format!("the encoder `{}`", other.name()),
        )),
    }
}

fn residual(resnet: &Resnet) -> Result<Architecture> {
    let known = [18, 26, 34, 50, 101, 152].contains(&resnet.depth);
    let gated = ["", "se"][usize::from(resnet.squeeze_excite)];
    if !known || resnet.width != 64 || (resnet.squeeze_excite && resnet.depth == 26) {
        let what = format!("a {gated}resnet of depth {} and this width", resnet.depth);
        return Err(without_counterpart(TIMM, &what));
    }
    if resnet.stem == Stem::Cifar {
        let what = "the stem \"cifar\" (--to torchvision says in two lines how to make it)";
        return Err(without_counterpart(TIMM, what));
    }
    let mut arguments = Map::new();
    if (resnet.groups, resnet.width_per_group) != (1, 64) {
        arguments.insert("cardinality".into(), resnet.groups.into());
        arguments.insert("base_width".into(), resnet.width_per_group.into());
    }
    Ok((format!("{gated}resnet{}", resnet.depth), arguments.into()))
}

fn regular(net: &Regnet) -> Result<Architecture> {
    const KNOWN: [(&str, [usize; 4], [usize; 4], usize); 4] = [
        ("002", [1, 1, 4, 7], [24, 56, 152, 368], 8),
        ("004", [1, 3, 6, 6], [48, 104, 208, 440], 8),
        ("006", [1, 3, 7, 4], [48, 112, 256, 608], 16),
        ("008", [1, 3, 8, 2], [64, 128, 320, 768], 16),
    ];
    let family = if net.squeeze_excite { "y" } else { "x" };
    let found = KNOWN.iter().find(|(size, depths, widths, group)| {
        let same = net.depths == depths && net.widths == widths && net.group_width == *group;
        same && net.stem_width == 32 && (*size == "002" || net.squeeze_excite)
    });
    match found {
        Some((size, ..)) => Ok((format!("regnet{family}_{size}"), json!({}))),
        None => Err(without_counterpart(
            TIMM,
            "a RegNet of these depths and widths",
        )),
    }
}

fn transformer(vit: &Vit, input: &[usize]) -> Result<Architecture> {
    let hidden = vit.mlp_width.unwrap_or(4 * vit.width);
    let ratio = |rows: usize| (rows as f64 + 0.01) / vit.width as f64; // rounded down there
    let pool = if vit.pooled() == Pool::Class {
        "token"
    } else {
        "avg"
    };
    let mut arguments = json!({
        "img_size": input[1..], "patch_size": vit.patch, "embed_dim": vit.width, "depth": vit.depth,
        "num_heads": vit.heads, "mlp_ratio": ratio(hidden), "qkv_bias": vit.qkv_bias,
        "init_values": vit.layer_scale.then_some(1e-5), "global_pool": pool,
    });
    let mut set = |key: &str, value: Value| arguments[key] = value;
    if vit.rotary {
        if vit.positions != Positions::Nowhere
            || vit.qk_norm
            || vit.pre_norm
            || vit.fc_norm
            || !vit.class_token
        {
            return Err(without_counterpart(
                TIMM,
                "rotary positions beside these settings",
            ));
        }
        set("num_reg_tokens", vit.registers.into());
        set("swiglu_mlp", (vit.mlp == MlpKind::Gated).into());
        set(
            "swiglu_align_to",
            usize::from(vit.mlp == MlpKind::Gated).into(),
        ); // two layers instead of one of twice the width
        return Ok(("vit_small_patch16_dinov3".into(), arguments));
    }
    let base = match vit.mlp {
        MlpKind::Gated => {
            return Err(without_counterpart(
                TIMM,
                "a gated MLP without rotary positions",
            ));
        }
        MlpKind::Swiglu => {
            set("mlp_ratio", ratio(2 * hidden).into());
            "vit_giant_patch14_dinov2"
        }
        MlpKind::QuickGelu => "vit_base_patch16_clip_quickgelu_224",
        MlpKind::Gelu if vit.eps > 5e-6 => "vit_base_patch16_clip_224",
        MlpKind::Gelu => "vit_base_patch16_224",
    };
    let patches = vit.positions == Positions::Patches
        || (vit.positions == Positions::Class && vit.registers > 0);
    set("class_token", vit.class_token.into());
    set("reg_tokens", vit.registers.into());
    set("no_embed_class", patches.into());
    set("qk_norm", vit.qk_norm.into());
    set("pre_norm", vit.pre_norm.into());
    set("fc_norm", vit.fc_norm.into());
    if vit.positions == Positions::Nowhere {
        set("pos_embed", "none".into());
    }
    Ok((base.into(), arguments))
}

/// The parameters of `kind` by timm's names.
///
/// # Errors
/// A value that timm's network has no place for.
pub fn tensors(kind: &EncoderKind, all: Vec<(String, Tensor)>) -> Result<Vec<(String, Tensor)>> {
    let EncoderKind::Vit(vit) = kind else {
        return Ok(all);
    };
    let mut named = Vec::new();
    for (name, tensor) in all {
        if vit.rotary {
            let scale = name
                .replace(".ls1.gamma", ".gamma_1")
                .replace(".ls2.gamma", ".gamma_2");
            match name.strip_suffix(".attn.qkv.bias") {
                Some(block) => named.extend(halves(block, &tensor)?),
                None => named.push((scale, tensor)),
            }
        } else {
            named.push((name, tensor));
        }
    }
    if vit.positions == Positions::Class && vit.registers > 0 && vit.class_token {
        fold_class_position(&mut named)?;
    }
    Ok(named)
}

/// The biases of queries and values; timm's DINOv3 has none of keys.
fn halves(block: &str, bias: &Tensor) -> Result<[(String, Tensor); 2]> {
    let width = bias.dim(D::Minus1)? / 3;
    let of_keys = bias
        .narrow(0, width, width)?
        .abs()?
        .max(0)?
        .to_scalar::<f32>()?;
    if of_keys != 0.0 {
        return Err(without_counterpart(
            TIMM,
            "biases of keys beside rotary positions",
        ));
    }
    let part = |name: &str, start: usize| -> Result<(String, Tensor)> {
        Ok((
            format!("{block}.attn.{name}"),
            bias.narrow(0, start, width)?,
        ))
    };
    Ok([part("q_bias", 0)?, part("v_bias", 2 * width)?])
}

/// The position of the class token becomes a part of the token itself.
fn fold_class_position(named: &mut [(String, Tensor)]) -> Result<()> {
    let place = |wanted: &str, named: &[(String, Tensor)]| {
        named.iter().position(|(name, _)| name == wanted)
    };
    if let (Some(positions), Some(class)) = (place("pos_embed", named), place("cls_token", named)) {
        let all = named[positions].1.clone();
        let first = all.narrow(1, 0, 1)?;
        named[class].1 = (&named[class].1 + &first)?;
        named[positions].1 = all.narrow(1, 1, all.dim(1)? - 1)?.contiguous()?;
    }
    Ok(())
}
