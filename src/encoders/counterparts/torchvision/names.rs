//! torchvision's names of parameters beside the encoders'.

/// Parts of names there with what they are called here, applied in this order; backwards from here to there.
pub(in crate::encoders) type Parts = &'static [(&'static str, &'static str)];

/// ConvNeXt.
pub(in crate::encoders) const CONVNEXT: Parts = &[
    ("features.0.0.", "stem.0."),
    ("features.0.1.", "stem.1."),
    ("features.1.", "stages.0.blocks."),
    ("features.2.", "stages.1.downsample."),
    ("features.3.", "stages.1.blocks."),
    ("features.4.", "stages.2.downsample."),
    ("features.5.", "stages.2.blocks."),
    ("features.6.", "stages.3.downsample."),
    ("features.7.", "stages.3.blocks."),
    (".block.0.", ".conv_dw."),
    (".block.2.", ".norm."),
    (".block.3.", ".mlp.fc1."),
    (".block.5.", ".mlp.fc2."),
    (".layer_scale", ".gamma"),
    ("classifier.0.", "head.norm."),
];

/// Swin.
pub(in crate::encoders) const SWIN: Parts = &[
    ("features.0.0.", "patch_embed.proj."),
    ("features.0.2.", "patch_embed.norm."),
    ("features.1.", "layers.0.blocks."),
    ("features.2.", "layers.1.downsample."),
    ("features.3.", "layers.1.blocks."),
    ("features.4.", "layers.2.downsample."),
    ("features.5.", "layers.2.blocks."),
    ("features.6.", "layers.3.downsample."),
    ("features.7.", "layers.3.blocks."),
    (".mlp.0.", ".mlp.fc1."),
    (".mlp.3.", ".mlp.fc2."),
];

/// RegNet, but for what its blocks are called: [`regnet_block`].
pub(in crate::encoders) const REGNET: Parts = &[
    ("stem.0.", "stem.conv."),
    ("stem.1.", "stem.bn."),
    (".proj.0.", ".downsample.conv."),
    (".proj.1.", ".downsample.bn."),
    (".f.a.0.", ".conv1.conv."),
    (".f.a.1.", ".conv1.bn."),
    (".f.b.0.", ".conv2.conv."),
    (".f.b.1.", ".conv2.bn."),
    (".f.c.0.", ".conv3.conv."),
    (".f.c.1.", ".conv3.bn."),
    (".f.se.", ".se."),
];

/// `parts` from here to there.
pub(super) fn there(parts: Parts, name: &str) -> String {
    let parts = parts.iter().rev();
    parts.fold(name.into(), |name: String, (there, here)| {
        name.replace(here, there)
    })
}

/// The name here of a parameter in a block of a RegNet: `s1.b1.` is `trunk_output.block1.block1-0.`.
pub(in crate::encoders) fn regnet_block(name: &str) -> Option<String> {
    let (stage, rest) = name.strip_prefix("trunk_output.block")?.split_once('.')?;
    let (block, rest) = rest.split_once('-')?.1.split_once('.')?;
    let block = block.parse::<usize>().ok()?.checked_add(1)?;
    Some(format!("s{stage}.b{block}.{rest}"))
}

/// torchvision's name of the parameter `own` of a RegNet.
pub(super) fn regnet(own: &str) -> String {
    let block = regnet_block_there(own).unwrap_or_else(|| own.into());
    there(REGNET, &block)
}

fn regnet_block_there(name: &str) -> Option<String> {
    let (stage, rest) = name.strip_prefix('s')?.split_once(".b")?;
    let (block, rest) = rest.split_once('.')?;
    let (stage, block) = (stage.parse::<usize>().ok()?, block.parse::<usize>().ok()?);
    let block = block.checked_sub(1)?;
    Some(format!(
        "trunk_output.block{stage}.block{stage}-{block}.{rest}"
    ))
}
