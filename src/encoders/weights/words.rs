//! Differences between networks in words that a user can act on.

/// Names that a report spells out; more are counted.
const SPELLED: usize = 8;

/// The first few of `names`.
pub(in crate::encoders) fn some(names: &[String]) -> String {
    let first = names[..names.len().min(SPELLED)].join(", ");
    match names.len().saturating_sub(SPELLED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Names that follow training, or from the architecture, and are no parameters.
pub(super) fn is_counter(name: &str) -> bool {
    const ENDS: [&str; 5] = [
        "num_batches_tracked",
        "relative_position_index",
        "attn_mask",
        "rope_embed.periods",
        "position_ids",
    ];
    ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether numbers of `kind` count or choose, as positions and masks do: no parameter that is trained is of these kinds.
pub(super) fn is_index(kind: &str) -> bool {
    matches!(
        kind,
        "bool" | "uint8" | "int8" | "int16" | "int32" | "int64"
    )
}

/// Whether `name` (without its prefix) belongs to what stands on a backbone or helped to train it.
pub(super) fn is_head(name: &str) -> bool {
    const WORDS: [&str; 33] = [
        "head",
        "heads",
        "classifier",
        "classifiers",
        "projector",
        "projectors",
        "projection",
        "predictor",
        "prediction",
        "prototype",
        "prototypes",
        "queue",
        "momentum",
        "decoder",
        "pooler",
        "logits",
        "logit",
        "loss",
        "criterion",
        "mask",
        "masked",
        "normalize",
        "normalizer",
        "optimizer",
        "mean",
        "std",
        "aux",
        "metric",
        "metrics",
        "accuracy",
        "center",
        "teacher",
        "student",
    ];
    let first = name.split('.').next().unwrap_or_default();
    let numbered = first.trim_end_matches(|c: char| c.is_ascii_digit());
    matches!(numbered, "fc" | "linear" | "last_linear" | "proj")
        || first.split('_').any(|word| WORDS.contains(&word))
}

/// What a parameter belongs to that no encoder here has.
pub(super) fn explain(name: &str) -> Option<&'static str> {
    const WORDS: [(&[&str], &str); 15] = [
        (
            &[".grn."],
            "global response norms: set encoder.response_norm = true (convnext)",
        ),
        (
            &["ls1.", "ls2.", "gamma_1", "gamma_2", "layer_scale"],
            "LayerScale: set encoder.layer_scale = true (vit, convnext)",
        ),
        (
            &["fc_norm"],
            "a norm after the mean over tokens: set encoder.fc_norm = true (vit)",
        ),
        (
            &["reg_token", "register_tokens"],
            "register tokens: set encoder.registers (vit)",
        ),
        (
            &["norm_pre", "ln_pre", "pre_layrnorm"],
            "a norm before the blocks: set encoder.pre_norm = true (vit)",
        ),
        (
            &["q_norm", "k_norm"],
            "norms of queries and keys: set encoder.qk_norm = true (vit)",
        ),
        (
            &["q_bias", "v_bias", "k_bias"],
            "biases of queries and values apart, which this encoder does not have",
        ),
        (
            &[".se.", ".se_"],
            "squeeze-and-excitation: set encoder.squeeze_excite = true (resnet, regnet)",
        ),
        (
            &["dist_token"],
            "a distillation token, which this encoder does not have",
        ),
        (
            &["cls_token"],
            "a class token: set encoder.class_token = true",
        ),
        (
            &["relative_position", "rel_pos"],
            "relative positions, which only encoder.kind = \"swin\" has",
        ),
        (
            &["mlp.w12", "mlp.w1.", "mlp.w3", "mlp.gate", "mlp.fc1_g"],
            "a gated MLP: set encoder.mlp = \"gated\" or \"swiglu\" (vit)",
        ),
        (
            &["attnpool", "attn_pool"],
            "attention pooling, which this encoder does not have",
        ),
        (
            &["patch_embed.norm"],
            "a norm of patches, which only encoder.kind = \"swin\" has",
        ),
        (
            &["conv1.bias", "conv2.bias"],
            "convolutions with biases, which this encoder does not have",
        ),
    ];
    let known = WORDS
        .iter()
        .find(|(parts, _)| parts.iter().any(|part| name.contains(part)));
    known.map(|(_, words)| *words)
}

/// Another number of blocks.
pub(super) struct Difference {
    /// What it is and the setting to change.
    pub(super) sentence: String,
    /// The first part of names of blocks.
    blocks: &'static str,
}

impl Difference {
    /// Whether `name` is a part of the blocks.
    pub(super) fn covers(&self, name: &str) -> bool {
        name.starts_with(self.blocks)
    }
}

/// Compare the numbers of blocks of the `file` and of the encoder's `own` names.
pub(super) fn depth<'a>(
    file: impl Iterator<Item = &'a str> + Clone,
    own: impl Iterator<Item = &'a str> + Clone,
) -> Option<Difference> {
    let (there, here) = (blocks(file.clone()), blocks(own.clone()));
    if here > 0 {
        return (there > 0 && there != here).then(|| Difference {
            sentence: format!(
                "the file has {there} blocks, the encoder {here}: set encoder.depth = {there}"
            ),
            blocks: "blocks.",
        });
    }
    let (there, here) = (Stages::of(file), Stages::of(own));
    if here.blocks.is_empty() || there.blocks.is_empty() || there == here {
        return None;
    }
    let advice = match there.depth() {
        Some(depth) => format!("set encoder.depth = {depth}"),
        None => "no encoder.depth has them".into(),
    };
    Some(Difference {
        sentence: format!("the file has {there}, the encoder {here}: {advice}"),
        blocks: "layer",
    })
}

/// Blocks of a vision transformer.
fn blocks<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let number = |name: &str| {
        let number = name.strip_prefix("blocks.")?.split('.').next()?;
        number.parse::<usize>().ok()?.checked_add(1)
    };
    names.filter_map(number).max().unwrap_or(0)
}

/// Stages of a residual network.
#[derive(PartialEq, Eq)]
struct Stages {
    /// Blocks of each stage.
    blocks: Vec<usize>,
    /// Whether they have three convolutions.
    bottleneck: bool,
}

impl Stages {
    fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut stages = Self {
            blocks: Vec::new(),
            bottleneck: false,
        };
        for name in names {
            let mut parts = name.splitn(3, '.');
            let stage = parts.next().and_then(|part| part.strip_prefix("layer"));
            let stage = stage.and_then(|number| number.parse::<usize>().ok());
            let block = parts.next().and_then(|part| part.parse::<usize>().ok());
            let (Some(stage @ 1..=16), Some(block @ 0..=9999)) = (stage, block) else {
                continue;
            };
            if stages.blocks.len() < stage {
                stages.blocks.resize(stage, 0);
            }
            stages.blocks[stage - 1] = stages.blocks[stage - 1].max(block + 1);
            stages.bottleneck |= parts.next() == Some("conv3.weight");
        }
        stages
    }

    /// The `encoder.depth` that has these blocks.
    fn depth(&self) -> Option<usize> {
        Some(match (self.blocks.as_slice(), self.bottleneck) {
            ([1, 1, 1, 1], false) => 10,
            ([2, 2, 2, 2], false) => 18,
            ([3, 4, 6, 3], false) => 34,
            ([3, 4, 6, 3], true) => 50,
            ([3, 4, 23, 3], true) => 101,
            (&[n @ (3 | 5 | 7 | 9), b, c], false) if b == n && c == n => 6 * n + 2,
            _ => return None,
        })
    }
}

impl std::fmt::Display for Stages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let blocks: Vec<String> = self.blocks.iter().map(ToString::to_string).collect();
        let convolutions = if self.bottleneck { "three" } else { "two" };
        let blocks = blocks.join(", ");
        write!(
            f,
            "stages of {blocks} blocks of {convolutions} convolutions"
        )
    }
}

/// What would make shapes equal; `shape` gives a parameter's in the file and in the encoder.
pub(super) fn advice<'a>(
    shape: impl Fn(&str) -> Option<(&'a [usize], &'a [usize])>,
) -> Vec<String> {
    let mut advice = Vec::new();
    for (name, side) in [
        ("conv1.weight", "stem"),
        ("patch_embed.proj.weight", "patch"),
    ] {
        let Some((&[there, channels, kernel, _], &[here, own, used, _])) = shape(name) else {
            continue;
        };
        if there != here {
            advice.push(format!("set encoder.width = {there}"));
        }
        if kernel != used {
            advice.push(match (side, kernel) {
                ("patch", _) => format!("set encoder.patch = {kernel}"),
                (_, 7) => "set encoder.stem = \"imagenet\"".into(),
                (_, 3) => "set encoder.stem = \"cifar\"".into(),
                _ => {
                    format!("its first convolution has {kernel}x{kernel} pixels, which no stem has")
                }
            });
        }
        if channels != own {
            advice.push(format!(
                "it was trained on images of {channels} channels, and these have {own}"
            ));
        }
    }
    if let Some((&[there, width], &[here, own])) = shape("blocks.0.mlp.fc1.weight")
        && width == own
        && there != here
    {
        advice.push(format!(
            "its MLPs are {there} wide, and this encoder's are always four times the width"
        ));
    }
    advice
}
