//! From a configuration with a head to the parts of a run: data of either kind, the machine, the objective.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use candle_core::Device;

use super::network::{encoder_network, load_start};
use super::pretrained::load_encoder;
use super::space::{answer_space, bounds};
use super::{ImageSetup, OpenedRun, choose_device, choose_executor, memory, set_threads};
use crate::config::{Config, Pretrained};
use crate::data::table::{self, Scales, Table, Tables};
use crate::data::{ClassNumbers, Dataset, Part, require_classes};
use crate::error::{Error, Result};
use crate::graph::{Executor, Graph, Network};
use crate::heads::Space;
use crate::inference::{Bounds, EnergyModel};
use crate::negatives::NegativesKind;
use crate::objectives::Answers;
use crate::params::Params;
use crate::train::{LoaderSource, Source, TableSource};

/// Means and deviations of a table's training part, in the run folder.
pub const SCALES: &str = "scales.json";

/// A configuration with its data opened.
pub struct HeadSetup {
    /// Resolved: channels, statistics and the box of answers filled in.
    pub config: Config,
    /// Images or a table.
    pub data: HeadData,
    /// Where tensors lie.
    pub device: Device,
    /// What answers are.
    pub space: Space,
    /// Empty where answers are classes.
    pub bounds: Bounds,
    /// Classes of images as numbers, for heads that give vectors.
    pub numbers: Option<ClassNumbers>,
    /// Sentences for the user.
    pub notes: Vec<String>,
    executor: Arc<dyn Executor>,
    found: OnceCell<String>, // in the file that the encoder starts from
}

/// Data of either kind.
pub enum HeadData {
    /// Images with labels.
    Images(Box<ImageSetup>),
    /// Rows of numbers.
    Table(Box<Tables>),
}

impl HeadSetup {
    /// Open the data and complete the configuration.
    ///
    /// # Errors
    /// Data that cannot be read, have no answers or none to judge by, a device that does not answer, a box of answers that does not fit.
    pub fn new(mut config: Config) -> Result<Self> {
        if config.data.is_table() {
            set_threads(config.threads);
            let chosen = choose_device(&config.device)?;
            let executor =
                choose_executor(&config.executor, &chosen.device, config.train.precision)?;
            let tables = table::open(&config.data, config.data.split_seed)?;
            let space = answer_space(&tables.train);
            let bounds = bounds(&config, &tables, space)?;
            config.answers = (bounds.dim() > 0).then(|| bounds.clone());
            return Ok(Self {
                config,
                notes: chosen
                    .note
                    .into_iter()
                    .chain(tables.notes.clone())
                    .collect(),
                data: HeadData::Table(Box::new(tables)),
                device: chosen.device,
                executor,
                space,
                bounds,
                numbers: None,
                found: OnceCell::new(),
            });
        }
        let mut setup = ImageSetup::new(config)?;
        let mut config = setup.config.clone();
        require_classes(setup.splits.train.as_ref(), &config.data.source)?;
        let instead = setup.splits.judge_by_labels(&config.data.source)?;
        setup.notes.extend(instead);
        let classes = &setup.splits.classes;
        let numbers = if config.all_heads().iter().any(|head| head.part().chooses()) {
            None
        } else {
            ClassNumbers::of(classes, &labels(setup.splits.train.as_ref()))
        };
        let (space, bounds) = match &numbers {
            None => (Space::Classes(classes.len()), Bounds::default()),
            Some(numbers) => {
                let bounds = config
                    .answers
                    .unwrap_or_else(|| Bounds::of(&numbers.ranges()));
                config.answers = Some(bounds.clone());
                (Space::Vectors(1), bounds)
            }
        };
        Ok(Self {
            config,
            device: setup.device.clone(),
            executor: setup.executor.clone(),
            notes: setup.notes.clone(),
            data: HeadData::Images(Box::new(setup)),
            space,
            bounds,
            numbers,
            found: OnceCell::new(),
        })
    }

    /// The same for a run with a head; a table must be the one that it learned from.
    ///
    /// # Errors
    /// As [`HeadSetup::new`]; the run has no head, or its table has changed.
    pub fn of_run(run: &OpenedRun, config: Config) -> Result<Self> {
        run.require_head(
            "has no head to ask: it was pretrained; use `ravine embed` or `ravine probe`",
        )?;
        let setup = Self::new(config)?;
        if let HeadData::Table(tables) = &setup.data {
            same_scales(tables, &run.folder.file(SCALES))?;
        }
        Ok(setup)
    }

    /// Refuse training that cannot fit into memory, before anything of it is allocated.
    ///
    /// # Errors
    /// A sentence with the key that asks for too much.
    pub fn check_memory(&self) -> Result<()> {
        let train = &self.config.train;
        let graph = encoder_network(&self.config, &self.input_shape())?;
        memory::check(&graph, train.batch.div_ceil(train.chunks), &self.device)
    }

    /// The energy with parameters as they start; the encoder's are those of `pretrained`, when given.
    ///
    /// # Errors
    /// Parts that do not fit together, or values that cannot be read.
    pub fn model(&self, pretrained: Option<&Pretrained>) -> Result<EnergyModel> {
        let params = Params::new(self.config.seed, &self.device);
        let whole = encoder_network(&self.config, &self.input_shape())?;
        let start = whole.clone();
        let frozen = self.config.pretrained.as_ref().is_some_and(|p| p.freeze);
        let (frozen, graph) = if frozen {
            let features = whole.output("features").unwrap_or_default();
            let shape = whole.shape(whole.outputs()[features].1).to_vec();
            let network = Network::new(whole, &params, self.executor.clone())?;
            params.freeze(|name| name.starts_with("encoder."));
            let mut graph = Graph::new(&shape);
            graph.mark("features", graph.input());
            (Some(network), graph)
        } else {
            (None, whole)
        };
        let model = EnergyModel::new(
            frozen,
            graph,
            &self.config.all_heads(),
            self.space,
            (&params, &self.executor),
            self.config.seed,
        )?;
        if self.config.pretrained.is_none()
            && let Some(found) = load_start(&self.config, &start, &params)?
        {
            let _ = self.found.set(found); // the same at every call
        }
        if let Some(pretrained) = pretrained {
            load_encoder(pretrained, &params)?;
        }
        Ok(model)
    }

    /// What was found in the file that the encoder starts from, once [`HeadSetup::model`] has read it.
    #[must_use]
    pub fn found(&self) -> Option<&String> {
        self.found.get()
    }

    fn rows(&self, table: &Table) -> Result<TableSource> {
        let (batch, count) = (self.config.train.batch, table.len());
        if batch > count {
            return Err(Error::key(
                "train.batch",
                format!("is {batch}, more than the {count} rows of the table; use {count} or less"),
            ));
        }
        Ok(TableSource::of(
            table,
            batch,
            self.config.seed,
            &self.device,
        ))
    }

    fn input_shape(&self) -> Vec<usize> {
        match &self.data {
            HeadData::Images(setup) => {
                let size = self.config.augment.size;
                vec![setup.splits.channels, size, size]
            }
            HeadData::Table(tables) => vec![tables.train.x_dim()],
        }
    }

    /// The objective over `model`.
    ///
    /// # Errors
    /// Parts that do not fit together, see [`Answers::new`].
    pub fn objective(&self, model: EnergyModel) -> Result<Answers> {
        let samples = match &self.data {
            HeadData::Images(setup) => setup.splits.train.len(),
            HeadData::Table(tables) => tables.train.len(),
        };
        let negatives = self.config.negatives.clone();
        let candidates = negatives.map_or(Ok(None), NegativesKind::into_candidates)?;
        Answers::new(
            model,
            self.config.loss.clone(),
            candidates,
            self.bounds.clone(),
            (samples, self.config.seed),
        )
    }

    /// Batches of the training part.
    ///
    /// # Errors
    /// `train.batch` larger than the training part.
    pub fn source(&self) -> Result<Box<dyn Source + '_>> {
        let classes: Vec<u32> = (0..self.classes().len() as u32).collect();
        let numbers = self.numbers.as_ref();
        Ok(match &self.data {
            HeadData::Images(setup) => Box::new(LoaderSource {
                loader: setup.loader()?,
                dataset: setup.splits.train.clone(),
                device: self.device.clone(),
                answers: numbers.map(|numbers| numbers.answers(&classes)),
            }),
            HeadData::Table(tables) => Box::new(self.rows(&tables.train)?),
        })
    }

    /// Samples in the training, validation and test parts.
    #[must_use]
    pub fn sizes(&self) -> [usize; 3] {
        match &self.data {
            HeadData::Images(setup) => {
                let splits = &setup.splits;
                [&splits.train, &splits.validation, &splits.test].map(|part| part.len())
            }
            HeadData::Table(tables) => {
                [&tables.train, &tables.validation, &tables.test].map(Table::len)
            }
        }
    }

    /// The part that cards are measured on.
    #[must_use]
    pub fn judged(&self) -> Part {
        match &self.data {
            HeadData::Images(setup) => setup.splits.judged().1,
            HeadData::Table(_) => Part::Test,
        }
    }

    /// Labels of the training part; empty where answers are vectors.
    #[must_use]
    pub fn train_labels(&self) -> Vec<u32> {
        match &self.data {
            HeadData::Images(setup) => labels(setup.splits.train.as_ref()),
            HeadData::Table(tables) => tables.train.labels.clone().unwrap_or_default(),
        }
    }

    /// Names of the classes; empty where answers are vectors.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        match &self.data {
            HeadData::Images(setup) => &setup.splits.classes,
            HeadData::Table(tables) => &tables.train.classes,
        }
    }

    /// Name of the executor.
    #[must_use]
    pub fn executor(&self) -> &'static str {
        self.executor.name()
    }
}

/// Refuse a table that has changed since the training: its answers would come out in wrong units.
fn same_scales(tables: &Tables, path: &Path) -> Result<()> {
    let Ok(text) = std::fs::read_to_string(path) else {
        return Ok(()); // a run that was interrupted has none yet
    };
    let saved: Scales = serde_json::from_str(&text)
        .map_err(|e| Error::data(path, format!("cannot be read: {e}")))?;
    if saved == tables.scales {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "the table that the run learned from has changed since (its training rows no longer have the means and \
         deviations in {}); put it back, or train again",
        path.display()
    )))
}

/// Labels of the images that have one.
fn labels(dataset: &dyn Dataset) -> Vec<u32> {
    (0..dataset.len())
        .filter_map(|i| dataset.label(i))
        .collect()
}
