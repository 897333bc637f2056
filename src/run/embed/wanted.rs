//! What is embedded, how and where to, and what came of it.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::readout::{PositionPool, TokenReadout};
use crate::data::Part;
use crate::error::{Error, Result};
use crate::eval::writers::WrittenPrecision;

/// Which embeddings, and where to.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// File to write: `.parquet`, `.npy`, `.safetensors`, `.csv` or `.jsonl`; the folder, where it is several.
    pub out: PathBuf,
    /// Images of each of the Parquet files that a folder is filled with, for data of millions of rows; one file when left out.
    pub shard_rows: Option<usize>,
    /// Whether parts of another table that lie in the folder are replaced.
    pub force: bool,
    /// Which part of the run's data.
    pub part: Part,
    /// Output of the network: `features` (what probes use) or `embedding` (what the loss sees).
    pub output: String,
    /// Any node of the network in its place, by its name; `encoder.` may be left out.
    pub layer: Option<String>,
    /// Which tokens of a vision transformer; left out: those that its features are made of.
    pub tokens: Option<TokenReadout>,
    /// How the positions of a map or the patch tokens become one vector; left out: as the features are made, of a layer
    /// their mean.
    pub pool: Option<PositionPool>,
    /// Whether every vector is divided by its length.
    pub normalize: bool,
    /// Kind of the written numbers.
    pub precision: WrittenPrecision,
    /// How many views of a picture are averaged: the whole of it, then random crops of half of its area and more, which
    /// depend on the run's seed and the picture's place in the data alone.
    pub crops: usize,
    /// Whether the mirror image of each is averaged too.
    pub flips: bool,
}

impl Embedding {
    /// As the embeddings of a table were made that says `about` of itself ([`EmbeddingForm::about`]); of the features where it
    /// says nothing.
    ///
    /// [`EmbeddingForm::about`]: crate::eval::writers::EmbeddingForm::about
    pub(super) fn as_in(about: &Value) -> Self {
        let text = |key: &str| about[key].as_str();
        let output = text("output");
        let read = |key| text(key).filter(|_| output.is_none());
        let tokens = |name| TokenReadout::ALL.into_iter().find(|t| t.name() == name);
        let pool = |name| PositionPool::ALL.into_iter().find(|p| p.name() == name);
        let crops = about["crops"].as_u64().unwrap_or(1);
        Self {
            output: output.unwrap_or("features").into(),
            layer: read("layer").map(String::from),
            tokens: read("tokens").and_then(tokens),
            pool: read("pool").and_then(pool),
            normalize: about["normalized"] == true,
            crops: usize::try_from(crops).unwrap_or(1),
            flips: about["flips"] == true,
            ..Self::to("")
        }
    }

    /// The features of every image, to `out`.
    #[must_use]
    pub fn to(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            shard_rows: None,
            force: false,
            part: Part::All,
            output: "features".into(),
            layer: None,
            tokens: None,
            pool: None,
            normalize: false,
            precision: WrittenPrecision::F32,
            crops: 1,
            flips: false,
        }
    }
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub struct EmbeddingsFile {
    /// The file.
    pub out: String,
    /// Embeddings in it.
    pub rows: usize,
    /// Numbers in each.
    pub dim: usize,
    /// Shape of each: (numbers,), or (tokens, width).
    pub shape: Vec<usize>,
    /// Images that could not be read.
    pub skipped: usize,
    /// Its parts, where it is a folder of some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<WrittenParts>,
}

/// How a folder of parts came about.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct WrittenParts {
    /// Files.
    pub count: usize,
    /// Those that an earlier call had written.
    pub kept: usize,
}

/// Refuse to average what lies at other places in every view.
pub(super) fn check(wanted: &Embedding) -> Result<()> {
    if wanted.tokens == Some(TokenReadout::Patch) && (wanted.crops > 1 || wanted.flips) {
        return Err(Error::Usage(
            "--tokens patch: patches of several crops or of a mirror image show other places, so their tokens are not \
             averaged; leave --crops and --flips out"
                .into(),
        ));
    }
    if wanted.output != "features" && (wanted.tokens.is_some() || wanted.pool.is_some()) {
        return Err(Error::Usage(format!(
            "--output {}: it is one vector, so --tokens and --pool have nothing to choose from; leave one of them out",
            wanted.output
        )));
    }
    Ok(())
}
