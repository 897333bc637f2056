//! A run with data, ready to embed it.

use std::ops::Range;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use serde_json::{Value, json};

use super::dark::dark;
use super::readout::{GEM_POWER, PositionPool, Readout};
use super::views;
use super::wanted::{Embedding, check};
use crate::assembly::{EVAL_BATCH, InferenceSetup, OpenedRun};
use crate::data::{Bad, Dataset, Part, Views, tags_in_words};
use crate::error::Result;
use crate::eval::writers::{self, EmbeddingForm, EmbeddingWriter};
use crate::eval::{Features, embed as through};
use crate::train::Observer;

/// The network of a run, what is read off it, and the images that it sees.
pub(super) struct Prepared {
    pub(super) dataset: Arc<dyn Dataset>,
    /// Part of each image.
    pub(super) parts: Vec<Part>,
    /// Names of the further columns.
    pub(super) columns: Vec<String>,
    pub(super) form: EmbeddingForm,
    readout: Readout,
    views: Arc<dyn Views>,
    device: Device,
    /// Images at a time, loader threads, seed.
    settings: (usize, usize, u64),
    flips: bool,
    normalize: bool,
}

impl Prepared {
    pub(super) fn new(
        run: &OpenedRun,
        wanted: &Embedding,
        open: impl FnOnce() -> Result<(Arc<dyn Dataset>, Vec<Part>)>,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
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
        let views = views::crops(&config.augment, setup.views.shapes()[0][0], wanted.crops)?;
        let (dataset, parts) = open()?;
        for note in dataset.notes() {
            observer.message(&note);
        }
        if let Some(note) = dark(dataset.as_ref(), &config.data) {
            observer.message(&note);
        }
        let batch = (EVAL_BATCH / wanted.crops).max(1);
        Ok(Self {
            columns: columns(dataset.as_ref()),
            form: EmbeddingForm {
                shape: readout.shape.clone(),
                precision: wanted.precision,
                about: Some(about(run, wanted, &readout)),
            },
            dataset,
            parts,
            readout,
            views,
            device: setup.device,
            settings: (batch, config.data.worker_count(), config.seed),
            flips: wanted.flips,
            normalize: wanted.normalize,
        })
    }

    /// Start a file.
    pub(super) fn writer(&self, out: &std::path::Path) -> Result<Box<dyn EmbeddingWriter>> {
        writers::open_form(out, &self.form, self.dataset.classes(), &self.columns)
    }

    /// Embed the images of `range` and hand them to `sink`, with all that the table says of them; those that cannot be read.
    pub(super) fn pass(
        &self,
        range: Range<usize>,
        mut sink: impl FnMut(Features) -> Result<()>,
    ) -> Result<Vec<Bad>> {
        let width = self.form.shape[self.form.shape.len() - 1];
        through::embed_range(
            &self.dataset,
            &self.views,
            self.settings,
            &self.device,
            range,
            |seen: &[Tensor]| {
                let read = views::averaged(seen, self.flips, |x| self.readout.read(x))?;
                if self.normalize {
                    return views::normalized(&read, width);
                }
                Ok(read)
            },
            |mut features| {
                features.parts = features.samples.iter().map(|&i| self.parts[i]).collect();
                features.cells = cells(self.dataset.as_ref(), &features.samples);
                sink(features)
            },
        )
    }
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
pub(super) fn cells(dataset: &dyn Dataset, samples: &[usize]) -> Vec<Vec<Option<String>>> {
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

/// What was embedded and how, for the file.
fn about(run: &OpenedRun, wanted: &Embedding, readout: &Readout) -> Value {
    let checkpoint = run.checkpoint.file_name().unwrap_or_default();
    let mut about = json!({
        "program": concat!("ravine ", env!("CARGO_PKG_VERSION")),
        "run": run.folder.root().display().to_string(),
        "checkpoint": checkpoint.to_string_lossy(),
        "weights": run.weights.name(),
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
