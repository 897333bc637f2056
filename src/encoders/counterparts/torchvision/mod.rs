//! torchvision's networks: how they are made, and what they call their parameters.

mod mobile;
mod names;
mod recipes;

pub use recipes::recipe;

pub(super) use super::missing::without_counterpart;
pub(in crate::encoders) use mobile::{ANCHORS, eps, here, is_mobile};
pub(in crate::encoders) use names::{CONVNEXT, Parts, REGNET, SWIN, regnet_block};

use candle_core::{Device, Tensor};

use super::super::{EncoderKind, Swin};
use crate::error::Result;
use crate::graph::ops::WindowAttention;
use mobile::Numbers;

const TORCHVISION: &str = "torchvision";

/// The parameters of `kind`, which come in the order of its layers, by torchvision's names.
///
/// # Errors
/// A value that torchvision's network has no place for.
pub fn tensors(kind: &EncoderKind, all: Vec<(String, Tensor)>) -> Result<Vec<(String, Tensor)>> {
    let own = all.iter().map(|(name, _)| name.as_str());
    let renamed: Vec<String> = match kind {
        EncoderKind::Efficientnet(_) => mobile::there(own, Numbers::OfStages),
        EncoderKind::MobilenetV3(_) => mobile::there(own, Numbers::Throughout),
        EncoderKind::Regnet(_) => own.map(names::regnet).collect(),
        EncoderKind::Convnext(_) => own.map(|name| names::there(CONVNEXT, name)).collect(),
        EncoderKind::Swin(_) => own.map(|name| names::there(SWIN, name)).collect(),
        _ => own.map(ToString::to_string).collect(),
    };
    let values = all.into_iter().map(|(_, value)| value);
    let mut named = Vec::new();
    for (name, value) in renamed.into_iter().zip(values) {
        named.push((name.clone(), shaped(&name, value)?));
        if let (EncoderKind::Swin(net), Some(block)) = (kind, name.strip_suffix(TABLE)) {
            let (_, table) = &named[named.len() - 1];
            let index = index(net, table)?;
            named.push((format!("{block}relative_position_index"), index));
        }
    }
    Ok(named)
}

/// The last part of the name of a table of relative positions.
const TABLE: &str = "relative_position_bias_table";

/// A value as torchvision shapes it.
fn shaped(name: &str, value: Tensor) -> Result<Tensor> {
    Ok(if name == "classifier.0.weight" && value.rank() == 4 {
        value.flatten_from(1)? // of a MobileNet: a linear layer there, a convolution here
    } else if name.ends_with(".layer_scale") {
        value.reshape(((), 1, 1))?
    } else {
        value
    })
}

/// The row of `table` of each pair of positions, which torchvision's files hold beside it.
fn index(net: &Swin, table: &Tensor) -> Result<Tensor> {
    let attention = WindowAttention {
        heads: 1,
        window: net.window,
        shift: 0,
    };
    if table.dim(0)? != (2 * net.window - 1).pow(2) {
        let what = "a Swin whose images have stages smaller than encoder.window";
        return Err(without_counterpart(TORCHVISION, what));
    }
    let pairs: Vec<i64> = attention.pairs().into_iter().map(i64::from).collect();
    Ok(Tensor::new(pairs, &Device::Cpu)?)
}
