//! From a configuration to the parts of a run.

use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use serde_json::json;

use super::{device, memory};
use crate::config::Config;
use crate::data::{self, Dataset, Splits, Statistics, Views};
use crate::encoders::{self, weights};
use crate::error::{Error, Result};
use crate::eval::{Features, embed};
use crate::graph::{Executor, Graph, Network, Precision};
use crate::negatives::{NegativesKind, Pairs, PairsKind};
use crate::objectives::Joint;
use crate::params::{ParamSpec, Params};

/// Images that statistics are measured on when nobody knows them.
const STATISTICS_IMAGES: usize = 2000;

/// The file of a run folder that tells how many images its parts have.
pub(super) const PARTS: &str = "data.json";

/// Images embedded at once outside training.
pub(super) const EVAL_BATCH: usize = 256;

/// Everything made from a configuration but the objective.
pub(super) struct Setup {
    /// Resolved: channels and statistics filled in.
    pub(super) config: Config,
    pub(super) splits: Splits,
    pub(super) device: Device,
    pub(super) executor: Arc<dyn Executor>,
    pub(super) train_views: Arc<dyn Views>,
    pub(super) eval_views: Arc<dyn Views>,
}

impl Setup {
    /// Open the data, choose the device, complete the configuration.
    pub(super) fn new(mut config: Config) -> Result<Self> {
        device::threads(config.threads);
        let device = device::device(&config.device)?;
        let executor = device::executor(&config.executor, &device, config.train.precision)?;
        let mut splits = data::open(&config.data)?;
        let by_class = by_class(&config);
        if by_class {
            data::require_classes(splits.train.as_ref(), &config.data.source)?;
        }
        if by_class || !config.all_heads().is_empty() {
            splits = splits.labelled();
        }
        config.data.channels = Some(splits.channels);
        if config.augment.mean.is_none() && config.augment.std.is_none() {
            let found = Statistics::measure(splits.train.as_ref(), STATISTICS_IMAGES)?;
            config.augment.mean = Some(found.mean.iter().map(|&x| x as f32).collect());
            config.augment.std = Some(found.std.iter().map(|&x| x.max(1e-3) as f32).collect());
        }
        let train_views = Arc::new(config.augment.build(splits.channels)?);
        let eval_views = Arc::new(config.augment.evaluation(splits.channels)?);
        Ok(Self {
            config,
            splits,
            device,
            executor,
            train_views,
            eval_views,
        })
    }

    /// Whether pairs are told apart by their labels.
    pub(super) fn by_class(&self) -> bool {
        by_class(&self.config)
    }

    /// Sizes of the parts, for [`PARTS`].
    pub(super) fn parts(&self) -> String {
        let splits = &self.splits;
        json!({"train": splits.train.len(), "validation": splits.validation.len(), "test": splits.test.len()})
            .to_string()
    }

    /// Refuse a run that cannot fit into memory, before anything of it is allocated.
    pub(super) fn check_memory(&self) -> Result<()> {
        let (train, augment) = (&self.config.train, &self.config.augment);
        // Smaller views hold less.
        let share = |&size: &usize| (size as f64 / augment.size as f64).powi(2);
        let views: f64 = augment.sizes().iter().map(share).sum();
        memory::check(
            &graph(&self.config, self.splits.channels)?,
            (train.batch.div_ceil(train.slices) as f64 * views) as usize,
            &self.device,
        )
    }

    /// The network of encoder and projector with parameters as they start.
    pub(super) fn network(&self) -> Result<Network> {
        Ok(self.started()?.0)
    }

    /// The same, and what was found in the file that the encoder starts from.
    pub(super) fn started(&self) -> Result<(Network, Option<String>)> {
        let params = Params::new(self.config.seed, &self.device);
        let graph = graph(&self.config, self.splits.channels)?;
        let network = Network::new(graph, &params, self.executor.clone())?;
        let found = start(&self.config, &network.graph().parameters(), &params)?;
        Ok((network, found))
    }

    /// Number of loader threads.
    pub(super) fn workers(&self) -> usize {
        self.config.data.worker_count()
    }

    /// One matrix of `dataset` through `apply`, unaugmented.
    pub(super) fn collect(
        &self,
        dataset: &Arc<dyn Dataset>,
        apply: impl FnMut(&Tensor) -> Result<Tensor>,
    ) -> Result<Features> {
        let settings = (EVAL_BATCH, self.workers());
        embed::collect(dataset, &self.eval_views, settings, &self.device, apply)
    }
}

fn by_class(config: &Config) -> bool {
    let pairs = config.negatives.as_ref().and_then(NegativesKind::pairs);
    pairs.is_some_and(Pairs::needs_labels)
}

/// What embedding images with a trained network needs: no splits, no training views.
pub(super) struct Inference {
    pub(super) network: Network,
    pub(super) views: Arc<dyn Views>,
    pub(super) device: Device,
}

impl Inference {
    /// The network of `config`, the resolved configuration of a run, with parameters as they start.
    pub(super) fn new(config: &Config) -> Result<Self> {
        device::threads(config.threads);
        let device = device::device(&config.device)?;
        let executor = device::executor(&config.executor, &device, Precision::F32)?;
        let channels = config.data.channels.ok_or_else(|| {
            Error::key(
                "data.channels",
                "is missing in the run's configuration; set 1 or 3",
            )
        })?;
        let params = Params::new(config.seed, &device);
        let network = Network::new(graph(config, channels)?, &params, executor)?;
        Ok(Self {
            network,
            views: Arc::new(config.augment.evaluation(channels)?),
            device,
        })
    }
}

/// The graph of encoder, projector and predictor for images of `channels`.
pub(super) fn graph(config: &Config, channels: usize) -> Result<Graph> {
    let size = config.augment.size;
    let encoder = config.encoder.part().graph(&[channels, size, size])?;
    encoders::network(
        &encoder,
        config.projector.as_ref(),
        config.predictor.as_ref(),
    )
}

/// Put the values of the file `encoder.weights` into the encoder's parameters among `specs`; a sentence about what was found.
pub(super) fn start(
    config: &Config,
    specs: &[ParamSpec],
    params: &Params,
) -> Result<Option<String>> {
    let Some(named) = config.encoder.part().weights() else {
        return Ok(None);
    };
    let path = config.start.as_deref().unwrap_or(Path::new(named));
    let found = weights::load(path, specs, "encoder.", params)?;
    Ok(Some(format!(
        "encoder.weights, {}: {found}",
        path.display()
    )))
}

/// The self-supervised objective that `config` describes.
pub(super) fn joint(config: &Config, network: Network) -> Result<Joint> {
    let negatives = config.negatives.clone();
    let pairs = negatives.map_or_else(|| Ok(PairsKind::default()), NegativesKind::into_pairs)?;
    Joint::new(
        network,
        config.energy.clone(),
        config.loss.clone(),
        pairs,
        config.regularizers.clone(),
        config.target,
    )
}
