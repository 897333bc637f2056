//! Mobile networks: strides and expansions are not in the shapes, so the published sizes are tried one by one.

use super::shapes::Shapes;
use crate::encoders::{
    Efficientnet, EfficientnetSize, Encoder, EncoderKind, MobilenetSize, MobilenetV3,
};

/// Widths that MobileNetV3s are published with.
const WIDTHS: [f64; 3] = [1.0, 0.75, 0.5];

fn fits(shapes: &Shapes, encoder: &dyn Encoder) -> bool {
    let channels = shapes.size("conv_stem.weight", 1).unwrap_or(3);
    let graph = encoder.graph(&[channels, 64, 64]);
    graph.is_ok_and(|graph| shapes.fits(&graph))
}

pub(super) fn efficientnet(shapes: &Shapes) -> Option<EncoderKind> {
    EfficientnetSize::ALL
        .into_iter()
        .map(|size| Efficientnet {
            size,
            ..Efficientnet::default()
        })
        .find(|encoder| fits(shapes, encoder))
        .map(EncoderKind::Efficientnet)
}

pub(super) fn mobilenet(shapes: &Shapes) -> Option<EncoderKind> {
    [MobilenetSize::Small, MobilenetSize::Large]
        .into_iter()
        .flat_map(|size| {
            WIDTHS.map(|width| MobilenetV3 {
                size,
                width,
                ..MobilenetV3::default()
            })
        })
        .find(|encoder| fits(shapes, encoder))
        .map(EncoderKind::MobilenetV3)
}
