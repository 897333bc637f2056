//! Convolutional networks from the shapes of their parameters.

use super::shapes::Shapes;
use crate::encoders::resnet::depth_of;
use crate::encoders::{Convnext, EncoderKind, Regnet, Resnet, Stem};

pub(super) fn resnet(shapes: &Shapes) -> Option<EncoderKind> {
    let &[width, _, kernel, _] = shapes.of("conv1.weight")? else {
        return None;
    };
    let blocks = shapes.stages(0, |stage, block| {
        format!("layer{}.{block}.conv1.weight", stage + 1)
    });
    let bottleneck = shapes.has("layer1.0.conv3.weight");
    let (mut groups, mut width_per_group) = (1, 64);
    if bottleneck {
        let &[inner, input, ..] = shapes.of("layer1.0.conv2.weight")? else {
            return None;
        };
        groups = inner / input.max(1);
        width_per_group = input * 64 / width.max(1);
    }
    Some(EncoderKind::Resnet(Resnet {
        depth: depth_of(&blocks, bottleneck)?,
        width,
        stem: match kernel {
            3 => Stem::Cifar,
            7 => Stem::Imagenet,
            _ => return None,
        },
        groups,
        width_per_group,
        squeeze_excite: shapes.has("layer1.0.se.fc1.weight"),
        ..Resnet::default()
    }))
}

pub(super) fn convnext(shapes: &Shapes) -> Option<EncoderKind> {
    let name = |stage: usize, block: usize| format!("stages.{stage}.blocks.{block}.norm.weight");
    let depths = shapes.stages(0, name);
    let widths = (0..depths.len()).map(|stage| shapes.size(&name(stage, 0), 0));
    Some(EncoderKind::Convnext(Convnext {
        widths: widths.collect::<Option<_>>()?,
        depths,
        patch: shapes.size("stem.0.weight", 2)?,
        layer_scale: shapes.has("stages.0.blocks.0.gamma"),
        response_norm: shapes.has("stages.0.blocks.0.mlp.grn.weight"),
        ..Convnext::default()
    }))
}

pub(super) fn regnet(shapes: &Shapes) -> Option<EncoderKind> {
    let name = |stage: usize, block: usize, conv: usize| {
        format!("s{stage}.b{block}.conv{conv}.conv.weight")
    };
    let depths = shapes.stages(1, |stage, block| name(stage, block, 1));
    let widths = (1..=depths.len()).map(|stage| shapes.size(&name(stage, 1, 1), 0));
    Some(EncoderKind::Regnet(Regnet {
        widths: widths.collect::<Option<_>>()?,
        depths,
        group_width: shapes.size(&name(1, 1, 2), 1)?,
        squeeze_excite: shapes.has("s1.b1.se.fc1.weight"),
        stem_width: shapes.size("stem.conv.weight", 0)?,
        ..Regnet::default()
    }))
}
