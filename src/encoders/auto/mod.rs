//! The architecture that a file of weights holds, read from the names and shapes in it.

mod convolutional;
mod mobile;
mod shapes;
mod transformers;

use std::collections::BTreeSet;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::weights;
use super::{Encoder, EncoderKind};
use crate::error::{Error, Result};
use crate::graph::Graph;
use shapes::Shapes;

/// The architecture that the file `weights` holds, whatever it is: a transformer of DINOv2, DINOv3, MAE, CLIP or I-JEPA, a
/// ResNet, ConvNeXt, EfficientNet, MobileNetV3, RegNet or Swin.
///
/// A run keeps what was found as if it had been written out. Choose it to go on from public weights; what the file
/// does not tell (the number of heads of a transformer) is taken as its authors have it, and said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Auto {
    /// Stochastic depth while training, which no file tells: the rate of the last block, see `vit`.
    pub drop_path: f64,
    /// Heads of a transformer's attention, where neither the file nor a `config.json` beside it tells them and those that
    /// are usual for its width are not its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// The .safetensors or .pth file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Of several sets of weights in that file the one below this name; left out: the one its authors evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_key: Option<String>,
}

impl Auto {
    /// The encoder that the file holds, which starts from it.
    ///
    /// # Errors
    /// See [`architecture`]; `encoder.weights` is not given.
    pub fn found(&self) -> Result<EncoderKind> {
        let Some(path) = &self.weights else {
            return Err(Error::key(
                "encoder.kind",
                "\"auto\" reads the architecture from a file: give encoder.weights",
            ));
        };
        let mut kind = architecture(Path::new(path), self.weights_key.as_deref())?;
        if let Some(heads) = self.heads {
            let EncoderKind::Vit(vit) = &mut kind else {
                let problem = format!(
                    "is for vision transformers, and {path} holds a {}: leave it out",
                    kind.name()
                );
                return Err(Error::key("encoder.heads", problem));
            };
            vit.heads = heads;
        }
        let given = (
            self.weights.clone(),
            self.weights_key.clone(),
            self.drop_path,
        );
        match &mut kind {
            EncoderKind::Vit(e) => (e.weights, e.weights_key, e.drop_path) = given,
            EncoderKind::Resnet(e) => (e.weights, e.weights_key, e.drop_path) = given,
            EncoderKind::Convnext(e) => (e.weights, e.weights_key, e.drop_path) = given,
            EncoderKind::Efficientnet(e) => (e.weights, e.weights_key, e.drop_path) = given,
            EncoderKind::MobilenetV3(e) => (e.weights, e.weights_key, e.drop_path) = given,
            EncoderKind::Regnet(e) => (e.weights, e.weights_key, e.drop_path) = given,
            EncoderKind::Swin(e) => (e.weights, e.weights_key, e.drop_path) = given,
            other => {
                let problem = format!(
                    "holds a {}, which starts from no file: name the run as pretrained.run under a head, or choose another \
                     encoder",
                    other.name()
                );
                return Err(Error::Usage(format!("{path}: {problem}")));
            }
        }
        Ok(kind)
    }
}

impl EncoderKind {
    /// The encoder that a file holds where this is [`Auto`] of one, else itself.
    ///
    /// # Errors
    /// See [`Auto::found`].
    pub fn found(self) -> Result<Self> {
        match self {
            Self::Auto(auto) if auto.weights.is_some() => auto.found(),
            other => Ok(other),
        }
    }
}

impl Encoder for Auto {
    fn graph(&self, input: &[usize]) -> Result<Graph> {
        self.found()?.part().graph(input)
    }

    fn needs_file(&self) -> bool {
        true
    }

    super::layers::starts_from_file!();
}

/// How a family is known: the name of a parameter that every member has, and its reader.
type Reader = (&'static str, fn(&Shapes) -> Option<EncoderKind>);

/// Families, those first whose names others have too.
const READERS: [Reader; 7] = [
    (
        "layers.0.blocks.0.attn.relative_position_bias_table",
        transformers::swin,
    ),
    ("patch_embed.proj.weight", transformers::vit),
    ("stages.0.blocks.0.conv_dw.weight", convolutional::convnext),
    ("s1.b1.conv1.conv.weight", convolutional::regnet),
    ("conv_stem.weight", mobile::efficientnet),
    ("conv_stem.weight", mobile::mobilenet),
    ("layer1.0.conv1.weight", convolutional::resnet),
];

/// The encoder whose parameters the file at `path` holds, with random start; `key` is `encoder.weights_key`.
///
/// Files that ravine wrote tell it themselves; of others it is read from names and shapes, and from transformers'
/// `config.json` beside them.
///
/// # Errors
/// The file cannot be read, no set is below `key`, a block or the positions are missing, or nothing in it is an encoder
/// that ravine has.
pub fn architecture(path: &Path, key: Option<&str>) -> Result<EncoderKind> {
    let held = weights::held(path)?;
    let refused = |problem: String| Error::Usage(format!("{}: {problem}", path.display()));
    if let Some(own) = &held.own
        && let Ok(kind) = serde_json::from_value(own.clone())
    {
        return Ok(kind);
    }
    let mut gap = None;
    for (anchor, read) in READERS {
        for prefix in weights::prefixes(&held.shapes, anchor, key) {
            let shapes = Shapes::new(&held.shapes, prefix);
            gap = gap.or_else(|| shapes.gap());
            let Some(mut kind) = read(&shapes) else {
                continue;
            };
            let mut problem = shapes.gap().map(|block| lacking(&block));
            if let EncoderKind::Vit(vit) = &mut kind {
                problem = problem.or_else(|| transformers::misplaced(&shapes, vit));
                held.told.apply(vit)?;
            }
            return problem.map_or(Ok(kind), |problem| Err(refused(problem)));
        }
    }
    Err(match gap {
        Some(gap) => refused(lacking(&gap)),
        None => unrecognised(path, &held, key),
    })
}

/// The refusal of a file in which no family is found.
fn unrecognised(path: &Path, held: &weights::Held, key: Option<&str>) -> Error {
    let anchors = READERS.iter();
    let all = anchors.flat_map(|(anchor, _)| weights::prefixes(&held.shapes, anchor, None));
    let sets: BTreeSet<String> = all
        .map(|prefix| format!("`{}`", prefix.trim_end_matches('.')))
        .collect();
    if let Some(key) = key.filter(|_| !sets.is_empty()) {
        let sets: Vec<String> = sets.into_iter().collect();
        let problem = format!(
            "no encoder that is recognised is below `{key}` in {}; it has some below {}",
            path.display(),
            weights::some(&sets)
        );
        return Error::key("encoder.weights_key", problem);
    }
    let names: Vec<String> = held.shapes.keys().cloned().collect();
    let what = if names.is_empty() {
        "holds no tensors".into()
    } else {
        format!(
            "holds no architecture that is recognised; it has {}",
            weights::some(&names)
        )
    };
    Error::Usage(format!(
        "{}: {what}; encoders that are: {}",
        path.display(),
        EncoderKind::NAMES.join(", ")
    ))
}

/// A network without one of its blocks.
fn lacking(block: &str) -> String {
    format!("lacks `{block}` and has later blocks, so a part of it is missing: give a whole file")
}
