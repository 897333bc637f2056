//! From a configuration with a head to the parts of a run: data of either kind, the machine, the objective.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use candle_core::Device;

use super::pretrain::loader;
use super::pretrained::load_encoder;
use super::setup::{Setup, start};
use super::space::{Numbers, bounds, space};
use super::{device, memory};
use crate::config::{Config, Pretrained};
use crate::data::table::{self, Scales, Table, Tables};
use crate::data::{Dataset, require_classes};
use crate::encoders;
use crate::error::{Error, Result};
use crate::graph::{Executor, Graph, Network};
use crate::heads::Space;
use crate::inference::{Bounds, Machine};
use crate::objectives::Answers;
use crate::params::Params;
use crate::train::{LoaderSource, Source, TableSource};

/// Means and deviations of a table's training part, in the run folder.
pub(super) const SCALES: &str = "scales.json";

/// A configuration with its data opened.
pub(super) struct Task {
    /// Resolved: channels, statistics and the box of answers filled in.
    pub(super) config: Config,
    pub(super) material: Material,
    pub(super) device: Device,
    executor: Arc<dyn Executor>,
    pub(super) space: Space,
    /// Empty where answers are classes.
    pub(super) bounds: Bounds,
    /// Classes of images as numbers, for heads that give vectors.
    pub(super) numbers: Option<Numbers>,
    /// What was found in the file that the encoder starts from.
    pub(super) found: OnceCell<String>,
}

/// Data of either kind.
pub(super) enum Material {
    Images(Box<Setup>),
    Table(Box<Tables>),
}

impl Task {
    /// Open the data and complete the configuration.
    pub(super) fn new(mut config: Config) -> Result<Self> {
        if config.data.is_table() {
            device::threads(config.threads);
            let device = device::device(&config.device)?;
            let executor = device::executor(&config.executor, &device, config.train.precision)?;
            let tables = table::open(&config.data, config.data.split_seed)?;
            let space = space(&tables.train);
            let bounds = bounds(&config, &tables, space)?;
            config.answers = (bounds.dim() > 0).then(|| bounds.clone());
            return Ok(Self {
                config,
                material: Material::Table(Box::new(tables)),
                device,
                executor,
                space,
                bounds,
                numbers: None,
                found: OnceCell::new(),
            });
        }
        let setup = Setup::new(config)?;
        require_classes(setup.splits.train.as_ref(), &setup.config.data.source)?;
        let mut config = setup.config.clone();
        let classes = &setup.splits.classes;
        let numbers = if config.all_heads().iter().any(|head| head.part().chooses()) {
            None
        } else {
            Numbers::of(classes, &labels(setup.splits.train.as_ref()))
        };
        let (space, bounds) = match &numbers {
            None => (Space::Classes(classes.len()), Bounds::default()),
            Some(numbers) => {
                let bounds = config.answers.unwrap_or_else(|| numbers.bounds());
                config.answers = Some(bounds.clone());
                (Space::Vectors(1), bounds)
            }
        };
        Ok(Self {
            config,
            device: setup.device.clone(),
            executor: setup.executor.clone(),
            material: Material::Images(Box::new(setup)),
            space,
            bounds,
            numbers,
            found: OnceCell::new(),
        })
    }

    /// The same for the configuration of the run in `root`, which must have a head.
    pub(super) fn of_run(config: Config, root: &Path) -> Result<Self> {
        if config.all_heads().is_empty() {
            return Err(Error::Usage(format!(
                "{} has no head to ask: it was pretrained; use `ravine embed` or `ravine probe`",
                root.display()
            )));
        }
        let task = Self::new(config)?;
        if let Material::Table(tables) = &task.material {
            same_scales(tables, &root.join(SCALES))?;
        }
        Ok(task)
    }

    /// The machine with parameters as they start; the encoder's are those of `pretrained`, when given.
    pub(super) fn machine(&self, pretrained: Option<&Pretrained>) -> Result<Machine> {
        let params = Params::new(self.config.seed, &self.device);
        let encoder = self.config.encoder.part().graph(&self.input_shape())?;
        let whole = encoders::network(&encoder, None, None)?;
        memory::check(&whole, self.config.train.batch, &self.device)?;
        let specs = whole.parameters();
        let frozen = self.config.pretrained.as_ref().is_some_and(|p| p.freeze);
        let (frozen, graph) = if frozen {
            let features = whole.output("features").unwrap_or_default();
            let shape = whole.shape(whole.outputs()[features].1).to_vec();
            let network = Network::new(whole, &params, self.executor.clone())?;
            params.freeze("encoder.");
            let mut graph = Graph::new(&shape);
            graph.mark("features", graph.input());
            (Some(network), graph)
        } else {
            (None, whole)
        };
        let machine = Machine::new(
            frozen,
            graph,
            &self.config.all_heads(),
            self.space,
            (&params, &self.executor),
            self.config.seed,
        )?;
        if self.config.pretrained.is_none()
            && let Some(found) = start(&self.config, &specs, &params)?
        {
            let _ = self.found.set(found); // the same at every call
        }
        if let Some(pretrained) = pretrained {
            load_encoder(pretrained, &params)?;
        }
        Ok(machine)
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
        match &self.material {
            Material::Images(setup) => {
                let size = self.config.augment.size;
                vec![setup.splits.channels, size, size]
            }
            Material::Table(tables) => vec![tables.train.x_dim()],
        }
    }

    /// The objective over `machine`.
    pub(super) fn objective(&self, machine: Machine) -> Result<Answers> {
        let samples = match &self.material {
            Material::Images(setup) => setup.splits.train.len(),
            Material::Table(tables) => tables.train.len(),
        };
        Answers::new(
            machine,
            self.config.loss.clone(),
            self.config.negatives.clone(),
            self.bounds.clone(),
            (samples, self.config.seed),
        )
    }

    /// Batches of the training part.
    pub(super) fn source(&self) -> Result<Box<dyn Source + '_>> {
        let classes: Vec<u32> = (0..self.classes().len() as u32).collect();
        let numbers = self.numbers.as_ref();
        Ok(match &self.material {
            Material::Images(setup) => Box::new(LoaderSource {
                loader: loader(setup)?,
                dataset: setup.splits.train.clone(),
                device: self.device.clone(),
                answers: numbers.map(|numbers| numbers.answers(&classes)),
            }),
            Material::Table(tables) => Box::new(self.rows(&tables.train)?),
        })
    }

    /// Samples in the training, validation and test parts.
    pub(super) fn sizes(&self) -> [usize; 3] {
        match &self.material {
            Material::Images(setup) => {
                let splits = &setup.splits;
                [&splits.train, &splits.validation, &splits.test].map(|part| part.len())
            }
            Material::Table(tables) => {
                [&tables.train, &tables.validation, &tables.test].map(Table::len)
            }
        }
    }

    /// Labels of the training part; empty where answers are vectors.
    pub(super) fn train_labels(&self) -> Vec<u32> {
        match &self.material {
            Material::Images(setup) => labels(setup.splits.train.as_ref()),
            Material::Table(tables) => tables.train.labels.clone().unwrap_or_default(),
        }
    }

    /// Names of the classes; empty where answers are vectors.
    pub(super) fn classes(&self) -> &[String] {
        match &self.material {
            Material::Images(setup) => &setup.splits.classes,
            Material::Table(tables) => &tables.train.classes,
        }
    }

    /// Name of the executor.
    pub(super) fn executor(&self) -> &'static str {
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
