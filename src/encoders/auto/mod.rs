//! The architecture that a file of weights holds, read from the names and shapes in it.

mod convolutional;
mod mobile;
mod shapes;
mod transformers;

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
            _ => {}
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
/// # Errors
/// The file cannot be read, no set is below `key`, or nothing in it is an encoder that ravine has.
pub fn architecture(path: &Path, key: Option<&str>) -> Result<EncoderKind> {
    let all = weights::shapes(path)?;
    for (anchor, read) in READERS {
        let found = weights::prefixes(&all, anchor, key).into_iter();
        let mut found = found.filter_map(|prefix| read(&Shapes::new(&all, prefix)));
        if let Some(kind) = found.next() {
            return Ok(kind);
        }
    }
    let names: Vec<String> = all.keys().cloned().collect();
    Err(Error::data(
        path,
        format!(
            "holds no architecture that is recognised{}; it has {}; encoders that are: {}",
            key.map(|key| format!(" below `{key}`")).unwrap_or_default(),
            weights::some(&names),
            EncoderKind::NAMES.join(", ")
        ),
    ))
}
