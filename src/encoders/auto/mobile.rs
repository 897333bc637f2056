//! Mobile networks: strides and expansions are not in the shapes, so the published sizes are tried one by one.

use super::shapes::Shapes;
use crate::encoders::counterparts::torchvision;
use crate::encoders::{
    Efficientnet, EfficientnetSize, Encoder, EncoderKind, MobilenetSize, MobilenetV3,
};

/// Widths that MobileNetV3s are published with.
const WIDTHS: [f64; 3] = [1.0, 0.75, 0.5];

/// What norms add to variances: timm's 1e-5, or what torchvision adds where the file has its names.
fn eps(shapes: &Shapes) -> f64 {
    let stem = shapes.original("conv_stem.weight");
    let has = |name: &str| shapes.has(name) && torchvision::is_mobile(stem);
    torchvision::eps(has)
}

fn fits(shapes: &Shapes, encoder: &dyn Encoder) -> bool {
    let channels = shapes.size("conv_stem.weight", 1).unwrap_or(3);
    let graph = encoder.graph(&[channels, 64, 64]);
    graph.is_ok_and(|graph| shapes.fits(&graph))
}

pub(super) fn efficientnet(shapes: &Shapes) -> Option<EncoderKind> {
    // A larger one has all parameters of a smaller one of the same width.
    EfficientnetSize::ALL
        .into_iter()
        .rev()
        .map(|size| Efficientnet {
            size,
            eps: eps(shapes),
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
                eps: eps(shapes),
                ..MobilenetV3::default()
            })
        })
        .find(|encoder| fits(shapes, encoder))
        .map(EncoderKind::MobilenetV3)
}
