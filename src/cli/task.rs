//! From a configuration with a head to the parts of a run: data of either kind, the machine, the objective.

use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::device;
use super::pretrain::loader;
use super::rows::Rows;
use super::setup::{EVAL_BATCH, Setup};
use super::source::LoaderSource;
use crate::config::{Config, Pretrained};
use crate::data::table::{self, Table, Tables};
use crate::data::{Dataset, Part, Subset, require_classes};
use crate::encoders;
use crate::error::{Error, Result};
use crate::graph::{Executor, Graph, Network};
use crate::heads::Space;
use crate::inference::{Bounds, Machine};
use crate::objectives::Answers;
use crate::params::Params;
use crate::train::{RunFolder, Source};

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
}

/// Data of either kind.
pub(super) enum Material {
    Images(Box<Setup>),
    Table(Box<Tables>),
}

/// Codes of the rows of one part, with their right answers.
pub(super) struct Coded {
    /// (N, H), one a head.
    pub(super) codes: Vec<Tensor>,
    /// Inputs (N·x_dim) of a table; empty for images.
    pub(super) x: Vec<f32>,
    pub(super) labels: Option<Vec<u32>>,
    /// Answers (N·D) that are vectors.
    pub(super) y: Vec<f32>,
}

impl Coded {
    pub(super) fn rows(&self) -> Result<usize> {
        Ok(self.codes[0].dim(0)?)
    }

    /// The codes of `count` rows from `start`.
    pub(super) fn some(&self, start: usize, count: usize) -> Result<Vec<Tensor>> {
        let codes = self.codes.iter().map(|code| code.narrow(0, start, count));
        Ok(codes.collect::<candle_core::Result<_>>()?)
    }
}

impl Task {
    /// Open the data and complete the configuration.
    pub(super) fn new(mut config: Config) -> Result<Self> {
        if config.data.is_table() {
            device::threads(config.threads);
            let device = device::device(&config.device)?;
            let executor = device::executor(&config.executor, &device)?;
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
            });
        }
        let setup = Setup::new(config)?;
        require_classes(setup.splits.train.as_ref(), &setup.config.data.source)?;
        Ok(Self {
            config: setup.config.clone(),
            device: setup.device.clone(),
            executor: setup.executor.clone(),
            space: Space::Classes(setup.splits.classes.len()),
            material: Material::Images(Box::new(setup)),
            bounds: Bounds::default(),
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
        Self::new(config)
    }

    /// The machine with parameters as they start; the encoder's are those of `pretrained`, when given.
    pub(super) fn machine(&self, pretrained: Option<&Pretrained>) -> Result<Machine> {
        let params = Params::new(self.config.seed, &self.device);
        let encoder = self.config.encoder.part().graph(&self.input_shape())?;
        let whole = encoders::network(&encoder, None, None)?;
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
        if let Some(pretrained) = pretrained {
            load_encoder(pretrained, &params)?;
        }
        Ok(machine)
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
    pub(super) fn source(&self) -> Result<Box<dyn Source>> {
        Ok(match &self.material {
            Material::Images(setup) => Box::new(LoaderSource {
                loader: loader(setup)?,
                dataset: setup.splits.train.clone(),
                device: self.device.clone(),
            }),
            Material::Table(tables) => Box::new(Rows::of(
                &tables.train,
                self.config.train.batch,
                self.config.seed,
                &self.device,
            )),
        })
    }

    /// Codes of at most `most` rows of a part, in storage order.
    pub(super) fn coded(&self, machine: &Machine, part: Part, most: usize) -> Result<Coded> {
        match &self.material {
            Material::Images(setup) => self.coded_images(setup, machine, part, most),
            Material::Table(tables) => {
                let table = match part {
                    Part::Validation if !tables.validation.is_empty() => &tables.validation,
                    Part::Test => &tables.test,
                    _ => &tables.train,
                };
                self.coded_table(machine, table, most)
            }
        }
    }

    /// Codes of the first `most` rows of a table.
    pub(super) fn coded_table(
        &self,
        machine: &Machine,
        table: &Table,
        most: usize,
    ) -> Result<Coded> {
        let (rows, dim) = (table.len().min(most), table.x_dim());
        let x = table.x[..rows * dim].to_vec();
        let input = Tensor::from_vec(x.clone(), (rows, dim), &self.device)?;
        Ok(Coded {
            codes: machine.codes(&input)?,
            x,
            labels: table.labels.as_ref().map(|labels| labels[..rows].to_vec()),
            y: table.y[..rows * table.y_dim()].to_vec(),
        })
    }

    fn coded_images(
        &self,
        setup: &Setup,
        machine: &Machine,
        part: Part,
        most: usize,
    ) -> Result<Coded> {
        let splits = &setup.splits;
        let dataset: &Arc<dyn Dataset> = match part {
            Part::Validation if !splits.validation.is_empty() => &splits.validation,
            Part::Test => &splits.test,
            _ => &splits.train,
        };
        let first = (0..dataset.len().min(most) as u32).collect();
        let dataset: Arc<dyn Dataset> = Arc::new(Subset::new(dataset.clone(), first));
        let mut widths = Vec::new();
        let features = setup.collect(&dataset, |x| {
            let codes = machine.codes(x)?;
            widths = codes.iter().map(|code| code.dims()[1]).collect();
            Ok(Tensor::cat(&codes, 1)?)
        })?;
        let shape = (features.rows(), features.dim);
        let all = Tensor::from_vec(features.values, shape, &self.device)?;
        let mut start = 0;
        let codes = widths.iter().map(|&width| {
            start += width;
            all.narrow(1, start - width, width)?.contiguous()
        });
        Ok(Coded {
            codes: codes.collect::<candle_core::Result<_>>()?,
            x: Vec::new(),
            labels: features.labels,
            y: Vec::new(),
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
            Material::Images(setup) => {
                let train = &setup.splits.train;
                (0..train.len()).filter_map(|i| train.label(i)).collect()
            }
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

/// Rows evaluated at once, so that `each` answers a row stay within memory.
pub(super) fn rows_at_once(each: usize) -> usize {
    (65_536 / each.max(1)).clamp(1, EVAL_BATCH)
}

/// What the answers of a table are.
fn space(table: &Table) -> Space {
    match table.y_dim() {
        0 => Space::Classes(table.classes.len()),
        dim => Space::Vectors(dim),
    }
}

/// The box of answers: configured, the generator's, or that of the training answers and a tenth more.
fn bounds(config: &Config, tables: &Tables, space: Space) -> Result<Bounds> {
    let Space::Vectors(dim) = space else {
        return Ok(Bounds::default());
    };
    if let Some(bounds) = &config.answers {
        bounds.validate(dim)?;
        return Ok(bounds.clone());
    }
    let ranges: Vec<(f32, f32)> = if let Some(generator) = tables.generator {
        let scale = tables.scales.y.mean.iter().zip(&tables.scales.y.std);
        let ranges = generator.y_range();
        let scaled = ranges.iter().zip(scale).map(|((low, high), (mean, std))| {
            (((low - mean) / std) as f32, ((high - mean) / std) as f32)
        });
        scaled.collect()
    } else {
        let ranges = tables.train.y_range().into_iter();
        let wider = ranges.map(|(low, high)| {
            let more = 0.1 * (high - low).max(1e-3);
            (low - more, high + more)
        });
        wider.collect()
    };
    Ok(Bounds::of(&ranges))
}

/// Take encoder, picture size and statistics over from the run that `config.pretrained` names.
pub(super) fn adopt(config: &mut Config) -> Result<()> {
    let Some(pretrained) = config.pretrained.clone() else {
        return Ok(());
    };
    if pretrained.run.is_empty() {
        return Err(Error::key(
            "pretrained.run",
            "name the run folder whose encoder is taken over",
        ));
    }
    let folder = RunFolder::read(Path::new(&pretrained.run))?;
    let of_run = Config::of_run(&folder.file("config.toml"))?;
    config.encoder = of_run.encoder;
    config.augment.size = of_run.augment.size;
    config.augment.mean = of_run.augment.mean;
    config.augment.std = of_run.augment.std;
    config.data.channels = of_run.data.channels.or(config.data.channels);
    Ok(())
}

/// Put the saved values of the encoder into `params`.
fn load_encoder(pretrained: &Pretrained, params: &Params) -> Result<()> {
    let folder = RunFolder::read(Path::new(&pretrained.run))?;
    let path = match pretrained.checkpoint.as_str() {
        name @ ("latest" | "best") => folder.pointed(name)?,
        name => folder.checkpoints().join(name),
    }
    .join("model.safetensors");
    let values = candle_core::safetensors::load(&path, &Device::Cpu)
        .map_err(|e| Error::data(&path, format!("cannot be read: {e}")))?;
    params.load_some(&values, "encoder.")
}
