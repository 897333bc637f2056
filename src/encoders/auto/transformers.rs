//! Vision transformers from the shapes of their parameters.

use super::shapes::Shapes;
use crate::encoders::vit::usual_heads;
use crate::encoders::{EncoderKind, MlpKind, Pool, Swin, Vit};
use crate::graph::ops::Positions;

pub(super) fn vit(shapes: &Shapes) -> Option<EncoderKind> {
    let &[width, _, patch, _] = shapes.of("patch_embed.proj.weight")? else {
        return None;
    };
    let depth = shapes.count(0, |i| format!("blocks.{i}.norm1.weight"));
    if depth == 0 {
        return None;
    }
    let first = |part: &str| format!("blocks.0.{part}");
    let (class_token, registers) = (
        shapes.has("cls_token"),
        shapes
            .of("reg_token")
            .map_or(0, |dims| dims.iter().product::<usize>() / width),
    );
    let positions = positions(shapes, width, class_token, registers);
    let rotary = positions == Positions::Nowhere;
    let pre_norm = shapes.has("norm_pre.weight");
    let head = shapes.size(&first("attn.q_norm.weight"), 0);
    let heads = match head {
        Some(head) => width / head.max(1),
        None => usual_heads(width, rotary),
    };
    let (mlp, mlp_width) = mlp(shapes, pre_norm)?;
    let eps = if rotary || pre_norm { 1e-5 } else { 1e-6 };
    Some(EncoderKind::Vit(Vit {
        patch,
        width,
        depth,
        heads,
        class_token,
        registers,
        positions,
        rotary,
        mlp,
        mlp_width: (mlp_width != 4 * width).then_some(mlp_width),
        layer_scale: shapes.has(&first("ls1.gamma")),
        qkv_bias: shapes.has(&first("attn.qkv.bias")),
        qk_norm: head.is_some(),
        pre_norm,
        fc_norm: shapes.has("fc_norm.weight"),
        pool: shapes.has("fc_norm.weight").then_some(Pool::Mean),
        eps,
        ..Vit::default()
    }))
}

/// Which tokens have positions: what is left is a square grid of patches.
fn positions(shapes: &Shapes, width: usize, class: bool, registers: usize) -> Positions {
    let Some(dims) = shapes.of("pos_embed") else {
        return Positions::Nowhere;
    };
    let count = dims.iter().product::<usize>() / width.max(1);
    let square = |front: usize| is_grid(count, front);
    let class = usize::from(class);
    if registers > 0 && square(class) {
        Positions::Class
    } else if !square(class + registers) && square(0) {
        Positions::Patches
    } else {
        Positions::All
    }
}

/// Whether `count` positions are `front` ones and a square grid.
fn is_grid(count: usize, front: usize) -> bool {
    let grid = count.saturating_sub(front);
    grid > 0 && grid.isqrt().pow(2) == grid
}

/// Why the positions of `vit` cannot be those of the file; `None` where they can.
pub(super) fn misplaced(shapes: &Shapes, vit: &Vit) -> Option<String> {
    let Some(dims) = shapes.of("pos_embed") else {
        // DINOv3 turns queries and keys instead: it has registers and LayerScale, and its own files the frequencies.
        let turned = (vit.registers > 0 && vit.layer_scale) || shapes.any("rope");
        return (!turned).then(|| {
            "lacks `pos_embed`, the positions of a vision transformer, and has no rotary ones as DINOv3 does: \
             put them back into the file"
                .into()
        });
    };
    let count = dims.iter().product::<usize>() / vit.width.max(1);
    let class = usize::from(vit.class_token);
    let fronts = [0, class, class + vit.registers];
    let fits = fronts.iter().any(|front| is_grid(count, *front));
    (!fits).then(|| {
        let with = if vit.class_token { ", with and without a class token" } else { "" };
        format!(
            "has {count} positions, which make no square grid of patches{with}: name the encoder, encoder.kind = \"vit\", \
             and give images of its size"
        )
    })
}

/// The kind of MLP and its inner width.
fn mlp(shapes: &Shapes, pre_norm: bool) -> Option<(MlpKind, usize)> {
    let name = |part: &str| format!("blocks.0.mlp.{part}.weight");
    let inner = shapes.size(&name("fc2"), 1)?;
    if shapes.has(&name("fc1_g")) {
        return Some((MlpKind::Gated, inner));
    }
    if shapes.size(&name("fc1"), 0)? == 2 * inner {
        return Some((MlpKind::Swiglu, inner));
    }
    // OpenAI's files of CLIP tell their sizes; transformers' are of models that have its function unless told otherwise.
    let quick = pre_norm
        && (shapes.anywhere("input_resolution")
            || shapes.original(&name("fc1")).contains("encoder.layers."));
    Some((
        if quick {
            MlpKind::QuickGelu
        } else {
            MlpKind::Gelu
        },
        inner,
    ))
}

pub(super) fn swin(shapes: &Shapes) -> Option<EncoderKind> {
    let &[width, _, patch, _] = shapes.of("patch_embed.proj.weight")? else {
        return None;
    };
    let table = "layers.0.blocks.0.attn.relative_position_bias_table";
    let &[pairs, heads] = shapes.of(table)? else {
        return None;
    };
    let depths = shapes.stages(0, |stage, block| {
        format!("layers.{stage}.blocks.{block}.norm1.weight")
    });
    Some(EncoderKind::Swin(Swin {
        patch,
        width,
        depths,
        head_size: width / heads.max(1),
        window: pairs.isqrt().div_ceil(2),
        ..Swin::default()
    }))
}
