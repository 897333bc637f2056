//! The memory that training holds, measured on a few samples before anything large is allocated.

use super::dry_run::noise;
use crate::assembly::{
    FEW, FREE_SHARE, Growth, ImageSetup, choose_executor, free_memory, image_network, objective,
};
use crate::error::{Error, Result};
use crate::graph::{Graph, Network};
use crate::objectives::Objective;
use crate::params::Params;
use crate::train::gradients;

/// Copies of every parameter that training holds: value, gradient, two moments.
const COPIES: usize = 4;

/// Fewer samples in a chunk make poor statistics of batch norm.
const LEAST_CHUNK: usize = 8;

/// Bytes that training holds, as a function of the batch and its chunks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Activations, gradients and workspace of a chunk.
    step: Growth,
    /// Decoded images that stay from one epoch to the next.
    kept: usize,
    /// Parameters with their gradients and moments.
    parameters: usize,
    /// Batches that the loader holds.
    batches: usize,
    /// The views of one sample.
    views: usize,
}

impl Held {
    /// Train on two small batches of noise and see what they take; `None` where the executor does not count.
    pub(super) fn measure(setup: &ImageSetup) -> Result<Option<Self>> {
        let config = &setup.config;
        let executor = choose_executor(&config.executor, &setup.device, config.train.precision)?;
        let graph = image_network(config, setup.splits.channels)?;
        let parameters = count(&graph);
        let params = Params::new(config.seed, &setup.device);
        let network = Network::new(graph, &params, executor.clone())?;
        let objective = objective(config, network)?;
        let rows = objective
            .min_batch()
            .max(FEW.min(config.train.batch / 4))
            .max(2);
        let mut peaks = [0; 2];
        for (peak, rows) in peaks.iter_mut().zip([rows, 2 * rows]) {
            gradients(&objective, &noise(setup, rows)?, 1, &params)?;
            let Some(bytes) = executor.peak_bytes() else {
                return Ok(None);
            };
            *peak = bytes;
        }
        let copies = COPIES + usize::from(config.train.ema > 0.0);
        let pixels: usize = config.augment.sizes().iter().map(|size| size * size).sum();
        Ok(Some(Self {
            step: Growth::of(rows, peaks),
            kept: setup.kept,
            parameters: copies * parameters * size_of::<f32>(),
            batches: config.data.worker_count() + config.data.prefetch + 2,
            views: setup.splits.channels * pixels * size_of::<f32>(),
        }))
    }

    /// Bytes of a batch embedded in `chunks` parts.
    fn bytes(&self, batch: usize, chunks: usize) -> f64 {
        let loaded = self.batches as f64 * batch as f64 * self.views as f64;
        self.kept as f64 + self.parameters as f64 + loaded + self.step.at(batch.div_ceil(chunks))
    }

    fn fits(&self, batch: usize, chunks: usize, free: f64) -> bool {
        self.bytes(batch, chunks) <= FREE_SHARE * free
    }

    /// The fewest chunks, at least `chunks`, in which `batch` fits into `free` bytes.
    fn fewest_chunks(&self, batch: usize, chunks: usize, free: f64) -> Option<usize> {
        let most = (batch / LEAST_CHUNK).max(chunks);
        let doubled = std::iter::successors(Some(chunks), |chunks| Some(2 * chunks));
        let mut tried = doubled.take_while(|&chunks| chunks <= most);
        tried.find(|&chunks| self.fits(batch, chunks, free))
    }

    /// The largest power of two that fits as a batch.
    fn largest_batch(&self, below: usize, free: f64) -> Option<usize> {
        let halved = std::iter::successors(Some(1 << below.max(1).ilog2()), |half| Some(half / 2));
        let mut tried = halved.take_while(|&batch| batch >= 2);
        tried.find(|&batch| self.fits(batch, 1, free))
    }

    /// Refuse a batch that does not fit, naming chunks and batches that do.
    pub(super) fn check(&self, setup: &ImageSetup) -> Result<()> {
        let train = &setup.config.train;
        let Some(free) = free_memory() else {
            return Ok(());
        };
        if self.fits(train.batch, train.chunks, free) {
            return Ok(());
        }
        let chunks = self.fewest_chunks(train.batch, train.chunks, free);
        let batch = self.largest_batch(train.batch, free);
        let ways = [
            chunks.map(|chunks| format!("--set train.chunks={chunks}")),
            batch.map(|batch| format!("--set train.batch={batch}")),
            Some("a smaller `augment.size` or encoder".into()),
        ];
        let ways: Vec<String> = ways.into_iter().flatten().collect();
        Err(Error::key(
            "train.batch",
            format!(
                "a step on {} samples takes about {:.1} GB and {:.1} GB are free; use {}",
                train.batch,
                self.bytes(train.batch, train.chunks) / 1e9,
                free / 1e9,
                ways.join(", or ")
            ),
        ))
    }

    /// Chunks in which the batch of `setup` fits, and why, where it takes more than now.
    pub(super) fn more_chunks(&self, setup: &ImageSetup) -> Option<(usize, String)> {
        let (train, free) = (&setup.config.train, free_memory()?);
        let chunks = self.fewest_chunks(train.batch, train.chunks, free)?;
        (chunks > train.chunks).then(|| {
            let bytes = self.bytes(train.batch, train.chunks) / 1e9;
            let why = format!(
                "train.chunks {chunks}: a batch of {} takes about {bytes:.1} GB at once, and {:.1} GB are free",
                train.batch,
                free / 1e9
            );
            (chunks, why)
        })
    }
}

fn count(graph: &Graph) -> usize {
    let specs = graph.parameters();
    let sizes = specs
        .iter()
        .map(|spec| spec.shape.iter().product::<usize>());
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn chunks_and_batches_that_fit_are_found() {
        let held = Held {
            step: Growth {
                fixed: 400,
                each: 100,
            },
            kept: 200,
            parameters: 400,
            batches: 2,
            views: 1,
        };
        assert_eq!(held.bytes(64, 4), 1000.0 + 128.0 + 1600.0);
        let free = 2800.0 / FREE_SHARE;
        assert_eq!(held.fewest_chunks(64, 1, free), Some(4));
        assert_eq!(held.fewest_chunks(64, 3, free), Some(6));
        assert_eq!(held.largest_batch(64, free), Some(16));
        assert_eq!(held.fewest_chunks(64, 1, 1500.0), None);
        assert_eq!(held.largest_batch(64, 900.0), None);
    }

    #[test]
    fn a_few_samples_tell_what_a_batch_takes() -> Result<()> {
        for (preset, size, width) in [("digits", 8, 0), ("simclr", 32, 8), ("simclr", 48, 32)] {
            let sets = ["data.source=digits".into(), format!("augment.size={size}")];
            let mut config = Config::load(Some(preset), &sets)?;
            if width > 0 {
                config = config.with(&[format!("encoder.width={width}")])?;
            }
            config.executor = "cpu".into();
            config.train.batch = 64;
            let setup = ImageSetup::new(config)?;
            let Some(held) = Held::measure(&setup)? else {
                panic!("the cpu executor counts");
            };
            let network = setup.random_network()?;
            let params = network.params().clone();
            let objective = objective(&setup.config, network)?;
            gradients(&objective, &noise(&setup, 64)?, 1, &params)?;
            let taken = setup.executor.peak_bytes().unwrap_or_default() as f64;
            let told = held.step.at(64);
            assert!(
                (0.8..1.3).contains(&(told / taken)),
                "{preset} {size}: {told} {taken}"
            );
        }
        Ok(())
    }
}
