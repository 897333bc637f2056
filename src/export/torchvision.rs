//! torchvision: a `.pth` that its residual networks load strictly.

use std::path::Path;

use super::folder::{encoder, without_counterpart};
use super::format::Format;
use super::network::Exported;
use super::pth::Pth;
use crate::encoders::{EncoderKind, Resnet, Stem};
use crate::error::Result;

/// One `.pth` file of a residual network.
pub(super) struct Torchvision;

impl Format for Torchvision {
    fn name(&self) -> &'static str {
        "torchvision"
    }

    fn about(&self) -> &'static str {
        "A .pth that torchvision's residual networks load strictly"
    }

    fn opened(&self, exported: &Exported, file: &str) -> (&'static str, String) {
        let mut lines = vec!["import torch, torchvision".to_string(), String::new()];
        if let Some(EncoderKind::Resnet(resnet)) = &exported.kind {
            lines.extend(recipe(resnet, exported.input()[0]));
        }
        lines.push(format!(
            "model.load_state_dict(torch.load(\"{file}\", weights_only=True))"
        ));
        lines.push("features = model.eval()(images)\n".into());
        ("python", lines.join("\n"))
    }

    fn write(&self, exported: &Exported, out: &Path) -> Result<()> {
        match encoder(exported, "torchvision")? {
            EncoderKind::Resnet(resnet)
                if resnet.width == 64 && !resnet.squeeze_excite && four(resnet) =>
            {
                Pth.write(exported, out)
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
}

/// Whether the network has four stages.
fn four(resnet: &Resnet) -> bool {
    ![20, 32, 44, 56].contains(&resnet.depth)
}

/// How torchvision makes the network.
fn recipe(resnet: &Resnet, channels: usize) -> Vec<String> {
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
