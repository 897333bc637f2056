//! From a configuration of images to the parts of a run.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use serde_json::json;

use super::network::{image_network, load_start};
use super::statistics::fill_statistics;
use super::{choose_device, choose_executor, memory, set_threads};
use crate::config::Config;
use crate::data::{self, Dataset, Kept, Loader, LoaderConfig, Splits, Views};
use crate::error::{Error, Result};
use crate::eval::{Features, embed};
use crate::graph::{Executor, Network};
use crate::negatives::{NegativesKind, Pairs};
use crate::params::Params;

/// The file of a run folder that tells how many images its parts have, and which.
pub const PARTS: &str = "data.json";

/// Share of the free memory that decoded images may take.
const KEPT: f64 = 0.25;

/// Images embedded at once outside training.
pub const EVAL_BATCH: usize = 256;

/// Everything made from a configuration of images but the objective.
pub struct ImageSetup {
    /// Resolved: channels and statistics filled in.
    pub config: Config,
    /// Training, validation and test part.
    pub splits: Splits,
    /// Where tensors lie.
    pub device: Device,
    /// What runs networks.
    pub executor: Arc<dyn Executor>,
    /// Bytes that decoded training images may take.
    pub kept: usize,
    /// Sentences for the user.
    pub notes: Vec<String>,
    train_views: Arc<dyn Views>,
    /// Each image once, unaugmented.
    pub eval_views: Arc<dyn Views>,
}

impl ImageSetup {
    /// Open the data, choose the device, complete the configuration.
    ///
    /// # Errors
    /// Data that cannot be read, a device that does not answer, views that cannot be made.
    pub fn new(mut config: Config) -> Result<Self> {
        set_threads(config.threads);
        let chosen = choose_device(&config.device)?;
        let executor = choose_executor(&config.executor, &chosen.device, config.train.precision)?;
        let mut splits = data::open(&config.data)?;
        let by_class = by_class(&config);
        if by_class {
            data::require_classes(splits.train.as_ref(), &config.data.source)?;
        }
        if by_class || !config.all_heads().is_empty() {
            splits = splits.labelled();
        }
        let free = || memory::free_memory().map_or(0, |bytes| (KEPT * bytes) as usize);
        let decodes = splits.train.decodes();
        let kept = config.data.keep_decoded;
        let kept = kept.map_or_else(free, |mib| mib.saturating_mul(1 << 20));
        splits.train = Kept::over(&splits.train, kept);
        config.data.channels = Some(splits.channels);
        let filled = fill_statistics(&mut config, splits.train.as_ref(), splits.channels)?;
        Ok(Self {
            train_views: Arc::new(config.augment.build(splits.channels)?),
            eval_views: Arc::new(config.augment.evaluation(splits.channels)?),
            notes: chosen
                .note
                .into_iter()
                .chain(splits.notes())
                .chain(filled)
                .collect(),
            device: chosen.device,
            kept: if decodes { kept } else { 0 },
            config,
            splits,
            executor,
        })
    }

    /// Whether pairs are told apart by their labels.
    #[must_use]
    pub fn by_class(&self) -> bool {
        by_class(&self.config)
    }

    /// Sizes of the parts and their fingerprint as JSON, for [`PARTS`].
    #[must_use]
    pub fn parts(&self) -> String {
        let parts = &self.splits;
        json!({
            "train": parts.train.len(),
            "validation": parts.validation.len(),
            "test": parts.test.len(),
            "fingerprint": data::fingerprint([&parts.train, &parts.validation, &parts.test]),
        })
        .to_string()
    }

    /// Refuse training that cannot fit into memory, before anything of it is allocated.
    ///
    /// # Errors
    /// A sentence with the key that asks for too much.
    pub fn check_memory(&self) -> Result<()> {
        let (train, augment) = (&self.config.train, &self.config.augment);
        // Smaller views hold less.
        let share = |&size: &usize| (size as f64 / augment.size as f64).powi(2);
        let views: f64 = augment.sizes().iter().map(share).sum();
        memory::check(
            &image_network(&self.config, self.splits.channels)?,
            (train.batch.div_ceil(train.chunks) as f64 * views) as usize,
            &self.device,
        )
    }

    /// Encoder, projector and predictor with random parameters.
    ///
    /// # Errors
    /// As [`image_network`].
    pub fn random_network(&self) -> Result<Network> {
        let params = Params::new(self.config.seed, &self.device);
        let graph = image_network(&self.config, self.splits.channels)?;
        Network::new(graph, &params, self.executor.clone())
    }

    /// The network as training starts from it: random, or with the values of `encoder.weights`.
    ///
    /// # Errors
    /// As [`ImageSetup::started`].
    pub fn network(&self) -> Result<Network> {
        Ok(self.started()?.0)
    }

    /// The same, and what was found in the file `encoder.weights`.
    ///
    /// # Errors
    /// As [`image_network`]; a file of weights that cannot be read or does not fit.
    pub fn started(&self) -> Result<(Network, Option<String>)> {
        let network = self.random_network()?;
        let Some(lora) = &self.config.lora else {
            let found = load_start(&self.config, network.graph(), network.params())?;
            return Ok((network, found));
        };
        // No file has adapters: they start beside it.
        let plain = self.config.clone().without_adapters();
        let graph = image_network(&plain, self.splits.channels)?;
        let found = load_start(&self.config, &graph, network.params())?;
        lora.freeze(network.params());
        Ok((network, found))
    }

    /// Refuse a batch that the training part cannot fill, or that has fewer than the `least` images of the method.
    ///
    /// # Errors
    /// A sentence with `train.batch` and what it may be, or saying that the training part is too small for any.
    pub fn check_batch(&self, least: usize) -> Result<()> {
        let splits = &self.splits;
        let (batch, count) = (self.config.train.batch, splits.train.len());
        let all = count + splits.validation.len() + splits.test.len();
        let part = format!(
            "the training part, which has {count} of the {all} images of `{}` (the others are held out)",
            self.config.data.source
        );
        if count < least {
            return Err(Error::data(
                &self.config.data.source,
                format!(
                    "too few images for this method, which compares at least {least} of {part}; add some"
                ),
            ));
        }
        if batch < least {
            return Err(Error::key(
                "train.batch",
                format!(
                    "is {batch}; pairs are told from others of the batch, so give {least} or more"
                ),
            ));
        }
        if batch > count {
            return Err(Error::key(
                "train.batch",
                format!("is {batch}, more than {part}; use {count} or less"),
            ));
        }
        Ok(())
    }

    /// Batches of the training part, shuffled and augmented.
    ///
    /// # Errors
    /// `train.batch` larger than the training part.
    pub fn loader(&self) -> Result<Loader> {
        self.check_batch(1)?;
        let config = &self.config;
        let settings = LoaderConfig {
            batch: config.train.batch,
            prefetch: config.data.prefetch,
            drop_last: true,
            shuffle: true,
            ..self.in_order(config.train.batch)
        };
        Loader::new(
            self.splits.train.clone(),
            self.train_views.clone(),
            settings,
        )
    }

    /// The views of `dataset` that training makes, by one worker, in storage order.
    ///
    /// # Errors
    /// An empty data set.
    pub fn views_of(&self, dataset: &Arc<dyn Dataset>, batch: usize) -> Result<Loader> {
        let settings = LoaderConfig {
            workers: 1,
            prefetch: 1,
            ..self.in_order(batch)
        };
        Loader::new(dataset.clone(), self.train_views.clone(), settings)
    }

    /// Loader settings for a pass in storage order over every image.
    #[must_use]
    pub fn in_order(&self, batch: usize) -> LoaderConfig {
        LoaderConfig {
            batch,
            workers: self.config.data.worker_count(),
            prefetch: 2,
            seed: self.config.seed,
            drop_last: false,
            shuffle: false,
        }
    }

    /// One matrix of `dataset` through `apply`, unaugmented.
    ///
    /// # Errors
    /// A tensor operation failed, or none of the images could be read.
    pub fn collect(
        &self,
        dataset: &Arc<dyn Dataset>,
        apply: impl FnMut(&Tensor) -> Result<Tensor>,
    ) -> Result<Features> {
        let settings = (EVAL_BATCH, self.config.data.worker_count());
        embed::collect(dataset, &self.eval_views, settings, &self.device, apply)
    }
}

fn by_class(config: &Config) -> bool {
    let pairs = config.negatives.as_ref().and_then(NegativesKind::pairs);
    pairs.is_some_and(Pairs::needs_labels)
}

/// What embedding images with a trained network needs: no splits, no training views.
pub struct InferenceSetup {
    /// Encoder, projector and predictor.
    pub network: Network,
    /// Each image once, unaugmented.
    pub views: Arc<dyn Views>,
    /// Where tensors lie.
    pub device: Device,
    /// Sentences for the user.
    pub notes: Vec<String>,
}

impl InferenceSetup {
    /// The network of `config`, the resolved configuration of a run, with parameters as they start.
    ///
    /// # Errors
    /// A device that does not answer, or a configuration without `data.channels`.
    pub fn new(config: &Config) -> Result<Self> {
        set_threads(config.threads);
        let chosen = choose_device(&config.device)?;
        let executor = choose_executor(&config.executor, &chosen.device, config.train.precision)?;
        let channels = config.data.channels.ok_or_else(|| {
            Error::key(
                "data.channels",
                "is missing in the run's configuration; set the channels of its images",
            )
        })?;
        let params = Params::new(config.seed, &chosen.device);
        let graph = image_network(&config.clone().without_adapters(), channels)?;
        let network = Network::new(graph, &params, executor)?;
        Ok(Self {
            network,
            views: Arc::new(config.augment.evaluation(channels)?),
            device: chosen.device,
            notes: chosen.note.into_iter().collect(),
        })
    }
}
