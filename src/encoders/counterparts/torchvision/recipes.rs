//! The lines of Python that make torchvision's networks.

use super::{TORCHVISION, eps, without_counterpart};
use crate::encoders::{
    Convnext, Efficientnet, EfficientnetSize, Encoder, EncoderKind, MobilenetSize, MobilenetV3,
    Regnet, Resnet, Stem, Swin,
};
use crate::error::Result;
use crate::graph::Graph;

/// The lines of Python that make the network `kind`, for images of shape `input`, before it is given its parameters; without a
/// classifier it gives the features.
///
/// # Errors
/// torchvision has no counterpart.
pub fn recipe(kind: &EncoderKind, input: &[usize]) -> Result<Vec<String>> {
    let channels = input[0];
    match kind {
        EncoderKind::Resnet(net) if net.has_counterpart() => Ok(residual(net, channels)),
        EncoderKind::Efficientnet(net) => Ok(efficient(net, channels, &net.graph(input)?)),
        EncoderKind::MobilenetV3(net) if net.width == 1.0 => {
            Ok(mobile(net, channels, &net.graph(input)?))
        }
        EncoderKind::Regnet(net) => Ok(regular(net, channels)),
        EncoderKind::Convnext(net) if net.has_counterpart() => Ok(convolutional(net, channels)),
        EncoderKind::Swin(net) if net.depths.len() <= STAGES => Ok(windowed(net, channels)),
        other => Err(without_counterpart(
            TORCHVISION,
            &format!(
                "this encoder (`{}`); timm may have one: --to timm",
                other.name()
            ),
        )),
    }
}

/// Stages that names of ConvNeXt and Swin are known of.
const STAGES: usize = 4;

impl Resnet {
    fn has_counterpart(&self) -> bool {
        self.width == 64 && !self.squeeze_excite && ![20, 32, 44, 56].contains(&self.depth)
    }
}

impl Convnext {
    fn has_counterpart(&self) -> bool {
        let first = self.layer_scale && !self.response_norm;
        first && self.patch == 4 && self.depths.len() == STAGES
    }
}

/// Another first convolution, called `place`, where images have not three channels.
fn first(place: &str, channels: usize, rest: &str) -> Option<String> {
    (channels != 3).then(|| {
        format!("model.{place} = torch.nn.Conv2d({channels}, model.{place}.out_channels, {rest})")
    })
}

/// What the first convolution of mobile networks and RegNets is like.
const STRIDED: &str = "3, stride=2, padding=1, bias=False";

fn residual(net: &Resnet, channels: usize) -> Vec<String> {
    let (block, layers) = match net.depth {
        10 => ("BasicBlock", "[1, 1, 1, 1]"),
        14 => ("Bottleneck", "[1, 1, 1, 1]"),
        18 => ("BasicBlock", "[2, 2, 2, 2]"),
        26 => ("Bottleneck", "[2, 2, 2, 2]"),
        34 => ("BasicBlock", "[3, 4, 6, 3]"),
        50 => ("Bottleneck", "[3, 4, 6, 3]"),
        101 => ("Bottleneck", "[3, 4, 23, 3]"),
        _ => ("Bottleneck", "[3, 8, 36, 3]"),
    };
    let (groups, width) = (net.groups, net.width_per_group);
    let mut lines = vec![
        format!(
            "model = torchvision.models.ResNet(torchvision.models.resnet.{block}, {layers}, groups={groups}, \
             width_per_group={width})"
        ),
        "model.fc = torch.nn.Identity()".into(),
    ];
    if net.stem == Stem::Cifar {
        lines.push(format!(
            "model.conv1 = torch.nn.Conv2d({channels}, 64, 3, padding=1, bias=False)"
        ));
        lines.push("model.maxpool = torch.nn.Identity()".into());
    } else {
        lines.extend(first(
            "conv1",
            channels,
            "7, stride=2, padding=3, bias=False",
        ));
    }
    lines
}

fn efficient(net: &Efficientnet, channels: usize, graph: &Graph) -> Vec<String> {
    let size = match net.size {
        EfficientnetSize::V2S => "v2_s".into(),
        size => format!("{size:?}").to_lowercase(),
    };
    let mut lines = vec![
        format!("model = torchvision.models.efficientnet_{size}()"),
        "model.classifier = torch.nn.Identity()".into(),
    ];
    lines.extend(first("features[0][0]", channels, STRIDED));
    lines.extend(norms(net.eps, graph));
    lines
}

fn mobile(net: &MobilenetV3, channels: usize, graph: &Graph) -> Vec<String> {
    let size = match net.size {
        MobilenetSize::Small => "small",
        MobilenetSize::Large => "large",
    };
    let mut lines = vec![
        format!("model = torchvision.models.mobilenet_v3_{size}()"),
        "model.classifier = model.classifier[:2]  # with its hidden layer".into(),
    ];
    lines.extend(first("features[0][0]", channels, STRIDED));
    lines.extend(norms(net.eps, graph));
    lines
}

/// Lines that set what norms add to variances, where it is not what torchvision adds.
fn norms(own: f64, graph: &Graph) -> Vec<String> {
    let parameters = graph.parameters();
    let has = |name: &str| parameters.iter().any(|spec| spec.name == name);
    if own.to_bits() == eps(has).to_bits() {
        return Vec::new();
    }
    vec![
        "for norm in model.modules():".into(),
        "    if isinstance(norm, torch.nn.BatchNorm2d):".into(),
        format!("        norm.eps = {own:e}"),
    ]
}

fn regular(net: &Regnet, channels: usize) -> Vec<String> {
    let (stages, group) = (net.depths.len(), net.group_width);
    let ratio = if net.squeeze_excite { "0.25" } else { "None" };
    let mut lines = vec![
        format!(
            "blocks = torchvision.models.regnet.BlockParams({:?}, {:?}, [{group}] * {stages}, [1.0] * {stages}, [2] * \
             {stages}, se_ratio={ratio})",
            net.depths, net.widths
        ),
        format!(
            "model = torchvision.models.RegNet(blocks, stem_width={})",
            net.stem_width
        ),
        "model.fc = torch.nn.Identity()".into(),
    ];
    lines.extend(first("stem[0]", channels, STRIDED));
    lines
}

fn convolutional(net: &Convnext, channels: usize) -> Vec<String> {
    let stage = |i: usize| {
        let next = net.widths.get(i + 1);
        let next = next.map_or("None".into(), ToString::to_string);
        let (width, depth) = (net.widths[i], net.depths[i]);
        format!("({width}, {next}, {depth})")
    };
    let stages: Vec<String> = (0..net.depths.len()).map(stage).collect();
    let mut lines = vec![
        format!("stages = [{}]", stages.join(", ")),
        "stages = [torchvision.models.convnext.CNBlockConfig(*stage) for stage in stages]".into(),
        "model = torchvision.models.ConvNeXt(stages)".into(),
        "model.classifier[2] = torch.nn.Identity()".into(),
    ];
    lines.extend(first("features[0][0]", channels, "4, stride=4"));
    lines
}

fn windowed(net: &Swin, channels: usize) -> Vec<String> {
    let heads = (0..net.depths.len()).map(|stage| (net.width << stage) / net.head_size);
    let (patch, window) = (net.patch, net.window);
    let mut lines = vec![
        format!(
            "model = torchvision.models.SwinTransformer([{patch}, {patch}], {}, {:?}, {:?}, [{window}, {window}])",
            net.width,
            net.depths,
            heads.collect::<Vec<_>>()
        ),
        "model.head = torch.nn.Identity()".into(),
    ];
    let rest = format!("{patch}, stride={patch}");
    lines.extend(first("features[0][0]", channels, &rest));
    lines
}
