//! How the batch of any step is prepared: a pure function of the step, whoever asks and when.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::batch::{Bad, ImageBatch, ViewData, ViewKey, Views};
use super::dataset::Dataset;
use super::order;
use crate::error::{Error, Result, require};

/// How batches are made.
#[derive(Clone, Copy, Debug)]
pub struct LoaderConfig {
    /// Samples in a batch.
    pub batch: usize,
    /// Threads that read, decode and augment, at least 1; their number never changes what is delivered.
    pub workers: usize,
    /// Batches prepared ahead of the consumer (each worker holds one more).
    pub prefetch: usize,
    /// Seed of order and augmentation.
    pub seed: u64,
    /// Leave out the last, smaller batch of an epoch.
    pub drop_last: bool,
    /// A new random order each epoch; otherwise storage order.
    pub shuffle: bool,
}

/// What the workers share.
pub(super) struct Preparation {
    pub(super) config: LoaderConfig,
    pub(super) per_epoch: u64, // batches
    dataset: Arc<dyn Dataset>,
    views: Arc<dyn Views>,
    orders: Mutex<BTreeMap<u64, Arc<Vec<u32>>>>, // of the newest two epochs
}

impl Preparation {
    /// Refuse what cannot be loaded, naming the key.
    pub(super) fn new(
        dataset: Arc<dyn Dataset>,
        views: Arc<dyn Views>,
        config: LoaderConfig,
    ) -> Result<Self> {
        let (count, batch) = (dataset.len(), config.batch);
        require("train.batch", batch > 0, "must be 1 or more")?;
        if count == 0 {
            return Err(Error::Failed(
                "there is no image to load; the part of the data set asked for is empty".into(),
            ));
        }
        require(
            "train.batch",
            !config.drop_last || batch <= count,
            format_args!(
                "is {batch}, more than the {count} images of the set; use {count} or less"
            ),
        )?;
        require("data.workers", config.workers > 0, "must be 1 or more")?;
        if u32::try_from(count).is_err() {
            return Err(Error::Failed(format!(
                "{count} images are more than the loader can count"
            )));
        }
        let per_epoch = if config.drop_last {
            count / batch
        } else {
            count.div_ceil(batch)
        } as u64;
        Ok(Self {
            dataset,
            views,
            config,
            per_epoch,
            orders: Mutex::default(),
        })
    }

    fn order(&self, epoch: u64) -> Arc<Vec<u32>> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = orders.get(&epoch) {
            return order.clone();
        }
        let order = Arc::new(if self.config.shuffle {
            let (blocks, at_once) = (self.dataset.blocks(), self.dataset.blocks_at_once());
            order::shuffled(&blocks, at_once, self.config.seed, epoch)
        } else {
            (0..self.dataset.len() as u32).collect()
        });
        orders.insert(epoch, order.clone());
        while orders.len() > 2 {
            orders.pop_first();
        }
        order
    }

    /// Read, decode and augment the batch of one step; `None` when told to stop.
    pub(super) fn batch(&self, step: u64, halt: &AtomicBool) -> Result<Option<ImageBatch>> {
        let epoch = step / self.per_epoch;
        let order = self.order(epoch);
        let size = self.config.batch;
        let start = (step % self.per_epoch) as usize * size;
        let samples = &order[start..order.len().min(start + size)];
        let shapes = self.views.shapes();
        let mut views: Vec<ViewData> = shapes
            .into_iter()
            .map(|shape| ViewData {
                shape,
                values: vec![0.0; samples.len() * shape.iter().product::<usize>()],
            })
            .collect();
        let (mut good, mut bad) = (Vec::with_capacity(samples.len()), Vec::new());
        for &sample in samples {
            if halt.load(Ordering::Relaxed) {
                return Ok(None);
            }
            match self.sample(sample, epoch, good.len(), &mut views) {
                Ok(()) => good.push(u64::from(sample)),
                Err(error @ Error::Data { .. }) => {
                    bad.push(Bad::of(u64::from(sample), self.dataset.as_ref(), error));
                }
                Err(other) => return Err(other),
            }
        }
        for view in &mut views {
            view.values
                .truncate(good.len() * view.shape.iter().product::<usize>());
        }
        let labels = good
            .iter()
            .map(|&sample| self.dataset.label(sample as usize))
            .collect();
        Ok(Some(ImageBatch {
            views,
            labels,
            samples: good,
            bad,
        }))
    }

    /// Decode one image once and write its views into row `slot`.
    fn sample(&self, sample: u32, epoch: u64, slot: usize, views: &mut [ViewData]) -> Result<()> {
        let image = self.dataset.get(sample as usize)?;
        for (view, data) in views.iter_mut().enumerate() {
            let at = ViewKey {
                seed: self.config.seed,
                epoch,
                sample: u64::from(sample),
                view: view as u64,
            };
            let size = data.shape.iter().product::<usize>();
            self.views
                .fill(&image, at, &mut data.values[slot * size..(slot + 1) * size])?;
        }
        Ok(())
    }
}
