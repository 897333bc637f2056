//! The embeddings of a data set in a file.

mod light_views;
mod readout;
mod some;
mod views;

pub use light_views::{LightViews, light_views};
pub use readout::{PositionPool, TokenReadout};
pub use some::embed_some;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Tensor;
use serde::Serialize;
use serde_json::{Value, json};

use crate::assembly::{EVAL_BATCH, InferenceSetup, OpenedRun};
use crate::config::Config;
use crate::data::depth::RangeInUse;
use crate::data::{Bad, DataConfig, Dataset, Part, open_with_parts, tags_in_words};
use crate::error::{Error, Result};
use crate::eval::writers::{EmbeddingForm, WrittenPrecision};
use crate::eval::{embed as through, writers};
use crate::train::Observer;
use readout::{GEM_POWER, Readout};

/// Which embeddings, and where to.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// File to write: `.parquet`, `.npy`, `.safetensors`, `.csv` or `.jsonl`.
    pub out: PathBuf,
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
    /// The features of every image, to `out`.
    #[must_use]
    pub fn to(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
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
}

/// Embed the images of `run`'s data ([`OpenedRun::use_data`] for others) and write the whole file or none.
///
/// # Errors
/// Data that cannot be read, more unreadable images than `data.max_bad_share`, an unknown output, layer or extension, tokens
/// or positions that are not there, a full disk; [`Error::Interrupted`] after a stop from outside.
pub fn embed(
    run: &OpenedRun,
    wanted: &Embedding,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<EmbeddingsFile> {
    let config = run.config.clone().without_head();
    let setup = InferenceSetup::new(&config)?;
    setup.notes.iter().for_each(|note| observer.message(note));
    run.load(setup.network.params())?;
    let readout = Readout::new(
        &setup.network,
        (&wanted.output, wanted.layer.as_deref()),
        (wanted.tokens, wanted.pool),
    )?;
    check(wanted)?;
    let shape = readout.shape.clone();
    let (dim, width) = (shape.iter().product(), shape[shape.len() - 1]);
    let views = views::crops(&config.augment, setup.views.shapes()[0][0], wanted.crops)?;
    let (dataset, parts) = open_with_parts(&config.data, wanted.part)?;
    dataset
        .notes()
        .iter()
        .for_each(|note| observer.message(note));
    if let Some(note) = dark(dataset.as_ref(), &config.data) {
        observer.message(&note);
    }
    let columns = columns(dataset.as_ref());
    let form = EmbeddingForm {
        shape: shape.clone(),
        precision: wanted.precision,
        about: Some(about(run, wanted, &readout)),
    };
    let mut writer = writers::open_form(&wanted.out, &form, dataset.classes(), &columns)?;
    let mut rows = 0;
    let batch = (EVAL_BATCH / wanted.crops).max(1);
    let bad = through::embed_views(
        &dataset,
        &views,
        (batch, config.data.worker_count(), config.seed),
        &setup.device,
        |seen: &[Tensor]| {
            let read = views::averaged(seen, wanted.flips, |x| readout.read(x))?;
            if wanted.normalize {
                return views::normalized(&read, width);
            }
            Ok(read)
        },
        |mut features| {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted(format!(
                    "stopped after {rows} of {} images; nothing was written",
                    dataset.len()
                )));
            }
            features.parts = features.samples.iter().map(|&i| parts[i]).collect();
            features.cells = cells(dataset.as_ref(), &features.samples);
            rows += features.rows();
            writer.append(&features)
        },
    )?;
    for bad in &bad {
        observer.message(&format!("skipped {}: {}", bad.id, bad.reason));
    }
    few_enough(&bad, &dataset, &config)?;
    if let Some(note) = writer.note() {
        observer.message(&note);
    }
    writer.finish()?;
    Ok(EmbeddingsFile {
        out: wanted.out.display().to_string(),
        rows,
        dim,
        shape,
        skipped: bad.len(),
    })
}

/// The further columns of `dataset`, and one of lists where images have several labels each.
fn columns(dataset: &dyn Dataset) -> Vec<String> {
    let mut columns = dataset.metadata().to_vec();
    if !dataset.tag_names().is_empty() {
        columns.push("labels".into());
    }
    columns
}

/// What [`columns`] say of the images `samples`; nothing where there are none.
fn cells(dataset: &dyn Dataset, samples: &[usize]) -> Vec<Vec<Option<String>>> {
    let (columns, tags) = (dataset.metadata().len(), !dataset.tag_names().is_empty());
    let samples = samples.iter().filter(|_| columns > 0 || tags);
    let row = |&i: &usize| {
        let cells = (0..columns).map(|column| dataset.cell(i, column).map(String::from));
        cells
            .chain(tags.then(|| tags_in_words(dataset, i)))
            .collect()
    };
    samples.map(row).collect()
}

/// Images of 16 bits that are looked at for their highest value.
const LOOKED_AT: usize = 200;

/// A sentence where images are too dark for the run that `config` is of.
pub(super) fn dark(images: &dyn Dataset, config: &DataConfig) -> Option<String> {
    RangeInUse::measure(images, LOOKED_AT)?.too_dark(config.range)
}

/// Refuse to average what lies at other places in every view.
fn check(wanted: &Embedding) -> Result<()> {
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

/// What was embedded and how, for the file.
fn about(run: &OpenedRun, wanted: &Embedding, readout: &Readout) -> Value {
    let checkpoint = run.checkpoint.file_name().unwrap_or_default();
    let mut about = json!({
        "program": concat!("ravine ", env!("CARGO_PKG_VERSION")),
        "run": run.folder.root().display().to_string(),
        "checkpoint": checkpoint.to_string_lossy(),
        "layer": readout.layer,
        "shape": readout.shape,
        "normalized": wanted.normalize,
        "precision": wanted.precision.name(),
        "matmul_precision": run.config.train.precision.name(),
        "crops": wanted.crops,
        "flips": wanted.flips,
        "size": run.config.augment.size,
    });
    if wanted.layer.is_none() && wanted.tokens.is_none() && wanted.pool.is_none() {
        about["output"] = json!(wanted.output);
    }
    if let Some(tokens) = readout.tokens() {
        about["tokens"] = json!(tokens);
    }
    if let Some(grid) = readout.grid() {
        about["grid"] = json!(grid);
    }
    if let Some(pool) = readout.pool() {
        about["pool"] = json!(pool);
        if pool == PositionPool::Gem {
            about["gem_p"] = json!(GEM_POWER);
        }
    }
    about
}

/// Refuse to write a file that lacks too many images.
fn few_enough(bad: &[Bad], dataset: &Arc<dyn Dataset>, config: &Config) -> Result<()> {
    let most = config.data.max_bad_share;
    if bad.len() as f64 <= most * dataset.len() as f64 {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "{} of {} images cannot be read, more than the share {most} that may be; nothing was written. Mend or \
         remove them, or raise --max-bad-share",
        bad.len(),
        dataset.len()
    )))
}
