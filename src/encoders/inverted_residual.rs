//! Blocks of mobile networks: inverted residuals (Sandler et al. 2018) and their relatives, with timm's names.

use super::Activation;
use super::layers::{Layers, SqueezeExcite, rounded};
use crate::error::Result;
use crate::graph::NodeId;
use crate::kernels::curve::Curve;

/// The kinds of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Depthwise, then 1×1.
    Separable,
    /// 1×1 to more channels, depthwise, 1×1 back.
    Inverted,
    /// One convolution to more channels, 1×1 back (Gupta & Akin 2020).
    Fused,
    /// One convolution.
    Plain,
}

/// Blocks that are alike but for the first one's stride.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub(super) kind: Kind,
    pub(super) count: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) expand: f64,
    pub(super) channels: usize,
    pub(super) squeeze_excite: bool,
    pub(super) activation: Activation,
}

/// How squeeze-and-excitation is made in all blocks of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gates {
    /// A quarter of the block's input, sigmoid: EfficientNet.
    OfInput,
    /// A quarter of the channels that are gated, in whole eights, hard sigmoid, ReLU: MobileNetV3.
    OfInner,
}

impl Stage {
    /// The block called `name`, the first of its stage or another one.
    pub(super) fn block(
        &self,
        layers: &mut Layers,
        name: &str,
        input: NodeId,
        (first, gates, rate): (bool, Gates, f64),
    ) -> Result<NodeId> {
        let stride = if first { self.stride } else { 1 };
        let entering = layers.channels(input);
        let inner = rounded(entering as f64 * self.expand);
        let of = |part: &str| format!("{name}.{part}");
        let act = Some(self.activation);
        let around = (self.kernel, stride, 1);
        let x = match self.kind {
            Kind::Separable => {
                let depthwise = (self.kernel, stride, entering);
                let x = conv(
                    layers,
                    (of("conv_dw"), of("bn1")),
                    input,
                    entering,
                    depthwise,
                    act,
                )?;
                let x = self.gated(layers, &of("se"), x, (entering, gates))?;
                let names = (of("conv_pw"), of("bn2"));
                conv(layers, names, x, self.channels, (1, 1, 1), None)?
            }
            Kind::Inverted => {
                let names = (of("conv_pw"), of("bn1"));
                let x = conv(layers, names, input, inner, (1, 1, 1), act)?;
                let depthwise = (self.kernel, stride, inner);
                let x = conv(layers, (of("conv_dw"), of("bn2")), x, inner, depthwise, act)?;
                let x = self.gated(layers, &of("se"), x, (entering, gates))?;
                let names = (of("conv_pwl"), of("bn3"));
                conv(layers, names, x, self.channels, (1, 1, 1), None)?
            }
            Kind::Fused => {
                let x = conv(
                    layers,
                    (of("conv_exp"), of("bn1")),
                    input,
                    inner,
                    around,
                    act,
                )?;
                let names = (of("conv_pwl"), of("bn2"));
                conv(layers, names, x, self.channels, (1, 1, 1), None)?
            }
            Kind::Plain => conv(
                layers,
                (of("conv"), of("bn1")),
                input,
                self.channels,
                around,
                act,
            )?,
        };
        // timm's last 1×1 convolution of a MobileNetV3 is a plain one, and never as wide as what enters.
        if stride == 1 && entering == self.channels {
            let x = layers.drop_path(of("drop_path"), x, rate)?;
            return layers.add(of("add"), x, input);
        }
        Ok(x)
    }

    fn gated(
        &self,
        layers: &mut Layers,
        name: &str,
        x: NodeId,
        (entering, gates): (usize, Gates),
    ) -> Result<NodeId> {
        if !self.squeeze_excite {
            return Ok(x);
        }
        let inner = layers.channels(x) as f64;
        let se = match gates {
            Gates::OfInput => SqueezeExcite {
                names: ["conv_reduce", "conv_expand"],
                reduced: (entering as f64 / 4.0).round_ties_even() as usize,
                activation: self.activation,
                gate: Curve::Sigmoid,
            },
            Gates::OfInner => SqueezeExcite {
                names: ["conv_reduce", "conv_expand"],
                reduced: rounded(inner / 4.0),
                activation: Activation::Relu,
                gate: Curve::HardSigmoid,
            },
        };
        layers.squeeze_excite(name, x, &se)
    }
}

/// Convolution, batch norm, activation; the two names are those of the first two.
pub(super) fn conv(
    layers: &mut Layers,
    (conv, norm): (String, String),
    x: NodeId,
    output: usize,
    sizes: (usize, usize, usize),
    activation: Option<Activation>,
) -> Result<NodeId> {
    let x = layers.conv(conv, x, output, sizes)?;
    let act = format!("{norm}.act");
    let x = layers.batch_norm(norm, x)?;
    match activation {
        Some(function) => layers.activation(act, x, function),
        None => Ok(x),
    }
}
