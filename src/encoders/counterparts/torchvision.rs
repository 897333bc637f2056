//! torchvision's residual networks.

use super::missing::without_counterpart;
use crate::encoders::{EncoderKind, Resnet, Stem};
use crate::error::Result;

/// The lines of Python that make the network `kind`, for images of `channels`, before it is given its parameters.
///
/// # Errors
/// torchvision has no counterpart under the same names.
pub fn recipe(kind: &EncoderKind, channels: usize) -> Result<Vec<String>> {
    let four = |resnet: &Resnet| ![20, 32, 44, 56].contains(&resnet.depth);
    match kind {
        EncoderKind::Resnet(net) if net.width == 64 && !net.squeeze_excite && four(net) => {
            Ok(lines(net, channels))
        }
        other => Err(without_counterpart(
            "torchvision",
            &format!(
                "this encoder (`{}`); timm may have one: --to timm",
                other.name()
            ),
        )),
    }
}

fn lines(resnet: &Resnet, channels: usize) -> Vec<String> {
    let (block, layers) = match resnet.depth {
        10 => ("BasicBlock", "[1, 1, 1, 1]"),
        14 => ("Bottleneck", "[1, 1, 1, 1]"),
        18 => ("BasicBlock", "[2, 2, 2, 2]"),
        26 => ("Bottleneck", "[2, 2, 2, 2]"),
        34 => ("BasicBlock", "[3, 4, 6, 3]"),
        50 => ("Bottleneck", "[3, 4, 6, 3]"),
        101 => ("Bottleneck", "[3, 4, 23, 3]"),
        _ => ("Bottleneck", "[3, 8, 36, 3]"),
    };
    let (groups, width) = (resnet.groups, resnet.width_per_group);
    let mut lines = vec![
        format!(
            "model = torchvision.models.ResNet(torchvision.models.resnet.{block}, {layers}, groups={groups}, \
             width_per_group={width})"
        ),
        "model.fc = torch.nn.Identity()".into(),
    ];
    if resnet.stem == Stem::Cifar {
        lines.push(format!(
            "model.conv1 = torch.nn.Conv2d({channels}, 64, 3, padding=1, bias=False)"
        ));
        lines.push("model.maxpool = torch.nn.Identity()".into());
    } else if channels != 3 {
        lines.push(format!(
            "model.conv1 = torch.nn.Conv2d({channels}, 64, 7, stride=2, padding=3, bias=False)"
        ));
    }
    lines
}
