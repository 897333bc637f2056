//! The embeddings of a data set in a file.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::assembly::{EVAL_BATCH, InferenceSetup, OpenedRun};
use crate::config::Config;
use crate::data::depth::RangeInUse;
use crate::data::{Bad, DataConfig, Dataset, Part, open_with_parts, tags_in_words};
use crate::error::{Error, Result};
use crate::eval::{embed as through, writers};
use crate::graph::Network;
use crate::train::Observer;

/// Which embeddings, and where to.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// File to write: `.parquet`, `.npy`, `.safetensors`, `.csv` or `.jsonl`.
    pub out: PathBuf,
    /// Which part of the run's data.
    pub part: Part,
    /// Output of the network: `features` (what probes use) or `embedding` (what the loss sees).
    pub output: String,
}

impl Embedding {
    /// The features of every image, to `out`.
    #[must_use]
    pub fn to(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            part: Part::All,
            output: "features".into(),
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
    /// Images that could not be read.
    pub skipped: usize,
}

/// Embed the images of `run`'s data ([`OpenedRun::use_data`] for others) and write the whole file or none.
///
/// # Errors
/// Data that cannot be read, more unreadable images than `data.max_bad_share`, an unknown output or extension, a full
/// disk; [`Error::Interrupted`] after a stop from outside.
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
    let dim = output_dim(&setup.network, &wanted.output)?;
    let (dataset, parts) = open_with_parts(&config.data, wanted.part)?;
    dataset
        .notes()
        .iter()
        .for_each(|note| observer.message(note));
    if let Some(note) = dark(dataset.as_ref(), &config.data) {
        observer.message(&note);
    }
    let columns = columns(dataset.as_ref());
    let mut writer = writers::open(&wanted.out, dim, dataset.classes(), &columns)?;
    let mut rows = 0;
    let bad = through::embed(
        &dataset,
        &setup.views,
        (EVAL_BATCH, config.data.worker_count()),
        &setup.device,
        |x| setup.network.eval(x, &wanted.output),
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

/// Numbers that the output called `name` has for one image.
fn output_dim(network: &Network, name: &str) -> Result<usize> {
    let outputs = network.graph().outputs();
    let position = network.graph().output(name).ok_or_else(|| {
        let names: Vec<&str> = outputs.iter().map(|(n, _)| n.as_str()).collect();
        Error::Usage(format!(
            "--output {name}: the network has the outputs {}",
            names.join(", ")
        ))
    })?;
    Ok(network.graph().shape(outputs[position].1)[0])
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
