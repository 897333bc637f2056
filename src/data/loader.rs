//! What delivers the batches of a data set.

use std::sync::Arc;

use super::batch::Views;
use super::batches::Batches;
use super::dataset::Dataset;
use super::preparation::{LoaderConfig, Preparation};
use crate::error::Result;

/// Delivers the batches of any epoch, from any batch on.
#[derive(Clone)]
pub struct Loader {
    shared: Arc<Preparation>,
}

impl Loader {
    /// A loader over `dataset`.
    ///
    /// # Errors
    /// `train.batch` zero or, with `drop_last`, larger than the set; an empty set; `data.workers` zero.
    pub fn new(
        dataset: Arc<dyn Dataset>,
        views: Arc<dyn Views>,
        config: LoaderConfig,
    ) -> Result<Self> {
        let preparation = Preparation::new(dataset, views, config)?;
        Ok(Self {
            shared: Arc::new(preparation),
        })
    }

    /// Batches in an epoch.
    #[must_use]
    pub fn batches_per_epoch(&self) -> u64 {
        self.shared.per_epoch
    }

    /// The batches of one epoch, from `first_batch` on.
    #[must_use]
    pub fn epoch(&self, epoch: u64, first_batch: u64) -> Batches {
        let n = self.batches_per_epoch();
        self.steps(epoch * n + first_batch.min(n), (epoch + 1) * n)
    }

    /// The batches of steps `first..end`, counted over all epochs: the next epoch is prepared while one ends.
    #[must_use]
    pub fn steps(&self, first: u64, end: u64) -> Batches {
        Batches::start(&self.shared, first, end.max(first))
    }
}
