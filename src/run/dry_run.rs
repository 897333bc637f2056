//! A step on noise and some batches of the loader before a run, to say how long the run will take.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::Instant;

use candle_core::Tensor;

use super::estimate::duration;
use crate::assembly::{ImageSetup, objective};
use crate::error::Result;
use crate::objectives::Batch;
use crate::random::{Purpose, normal, stream};
use crate::train::gradients;

/// Steps are timed for this long, or until there are [`MOST_STEPS`]; a first step that takes longer is not repeated,
/// though it also found the memory.
const STEPPING: f64 = 1.5;

/// More say nothing new.
const MOST_STEPS: usize = 9;

/// Batches of the loader are timed for this long, or until there are [`MOST_BATCHES`] or one of each worker.
const LOADING: f64 = 1.0;

/// More say nothing new.
const MOST_BATCHES: u64 = 8;

/// Fewer steps have not been seen to beat random weights.
const FEW_STEPS: u64 = 200;

/// What a step takes, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct DryRun {
    /// Forward and backward.
    step: f64,
    /// Reading and augmenting a batch for the first time, and again.
    load: (f64, f64),
    /// Shares of the processors that a step and the loader keep busy, where the processors that compute also load.
    shared: Option<(f64, f64)>,
}

impl DryRun {
    /// Measured on a network of its own that is thrown away.
    pub(super) fn of(setup: &ImageSetup) -> Result<Self> {
        let first = loading(setup)?;
        let cores = available_parallelism().map_or(1, NonZero::get);
        let share = |threads: usize| threads.min(cores) as f64 / cores as f64;
        let computing_threads = rayon::current_num_threads();
        let shares = (
            share(computing_threads),
            share(setup.config.data.worker_count()),
        );
        let (again, kept) = (loading(setup)?.min(first), kept_share(setup));
        Ok(Self {
            step: computing(setup)?,
            load: (first, kept * again + (1.0 - kept) * first),
            shared: setup.device.is_cpu().then_some(shares),
        })
    }

    /// Seconds of a step that also loads a batch in `load` seconds: neither can be faster than it is alone, nor both
    /// together keep more than all processors busy.
    fn both(&self, load: f64) -> f64 {
        let apart = self.step.max(load);
        let busy = |(computing, loading)| computing * self.step + loading * load;
        self.shared.map_or(apart, |shares| apart.max(busy(shares)))
    }

    /// Seconds of an epoch of `steps`, the first or a later one.
    fn epoch(&self, steps: u64, first: bool) -> f64 {
        let load = if first { self.load.0 } else { self.load.1 };
        steps as f64 * self.both(load)
    }

    /// Seconds of `epochs` epochs of `steps` each.
    pub(super) fn seconds(&self, epochs: u64, steps: u64) -> f64 {
        if epochs == 0 {
            return 0.0;
        }
        self.epoch(steps, true) + (epochs - 1) as f64 * self.epoch(steps, false)
    }

    /// Epochs of `steps` each that `seconds` are enough for, at least one.
    pub(super) fn epochs_within(&self, seconds: f64, steps: u64) -> u64 {
        let later = (seconds - self.epoch(steps, true)) / self.epoch(steps, false).max(1e-9);
        1 + later.max(0.0) as u64
    }

    /// A sentence for the user: what a run of `setup` comes to, and the keys that change it.
    pub(super) fn sentence(&self, setup: &ImageSetup, epochs: u64, steps: u64) -> String {
        let (config, all) = (&setup.config, epochs * steps);
        let seconds = self.seconds(epochs, steps);
        format!(
            "{} images of {} pixels in batches of {}, {epochs} epochs: {all} steps of about {:.0} ms make {}, probes not \
             counted; augment.size, train.batch, train.epochs or `--budget 10m` change it",
            setup.splits.train.len(),
            config.augment.size,
            config.train.batch,
            seconds / all as f64 * 1e3,
            duration(seconds)
        )
    }
}

/// A warning where the steps of a run are too few to learn from images, with the number of epochs that would do.
pub(super) fn too_few(epochs: u64, steps: u64) -> Option<String> {
    let all = epochs * steps;
    (all < FEW_STEPS).then(|| {
        format!(
            "warning: {all} steps teach an encoder little, runs that learned took {FEW_STEPS} and more: give \
             train.epochs={} or more, or a smaller train.batch",
            FEW_STEPS.div_ceil(steps.max(1))
        )
    })
}

/// Seconds of a step on noise.
fn computing(setup: &ImageSetup) -> Result<f64> {
    let config = &setup.config;
    let network = setup.random_network()?;
    let params = network.params().clone();
    let objective = objective(config, network)?;
    let batch = noise(setup, config.train.batch)?;
    let step = || -> Result<f64> {
        let started = Instant::now();
        gradients(&objective, &batch, config.train.chunks, &params)?;
        setup.device.synchronize()?;
        Ok(started.elapsed().as_secs_f64())
    };
    let first = step()?;
    if first > STEPPING {
        return Ok(first);
    }
    let (started, mut seconds) = (Instant::now(), vec![step()?]);
    while seconds.len() < MOST_STEPS && started.elapsed().as_secs_f64() + first < STEPPING {
        seconds.push(step()?);
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[seconds.len() / 2])
}

/// Seconds that the loader takes for a batch, computing nothing beside it; what it cannot read is met again in training.
///
/// Workers load side by side, so that only whole rounds of all of them tell how many batches come in a time.
fn loading(setup: &ImageSetup) -> Result<f64> {
    let (loader, workers) = (setup.loader()?, setup.config.data.worker_count() as u64);
    let started = Instant::now();
    let (mut seconds, mut batches) = (0.0, 0);
    for batch in loader.steps(0, workers * MOST_BATCHES.div_ceil(workers)) {
        batch?;
        batches += 1;
        if batches % workers == 0 {
            seconds = started.elapsed().as_secs_f64() / batches as f64;
            if seconds * batches as f64 > LOADING {
                break;
            }
        }
    }
    Ok(seconds)
}

/// The share of the images that stay in memory once they are decoded, as the first of them tells; 1 where none is meant to.
fn kept_share(setup: &ImageSetup) -> f64 {
    let train = &setup.splits.train;
    let bytes = train.get(0).map_or(0, |image| image.pixels.memory());
    if setup.kept == 0 || bytes == 0 {
        return 1.0;
    }
    (setup.kept as f64 / (bytes * train.len()) as f64).min(1.0)
}

/// `rows` samples with the views of the run.
pub(super) fn noise(setup: &ImageSetup, rows: usize) -> Result<Batch> {
    let channels = setup.splits.channels;
    let sizes = setup.config.augment.sizes();
    let view = |(view, &size): (usize, &usize)| -> Result<Tensor> {
        let mut rng = stream(0, Purpose::Check, 0, 0, view as u64);
        let values: Vec<f32> = (0..rows * channels * size * size)
            .map(|_| normal(&mut rng) as f32)
            .collect();
        let shape = (rows, channels, size, size);
        Ok(Tensor::from_vec(values, shape, &setup.device)?)
    };
    Ok(Batch {
        inputs: sizes.iter().enumerate().map(view).collect::<Result<_>>()?,
        labels: Some(Tensor::arange(0, rows as u32, &setup.device)?),
        answers: None,
        samples: (0..rows as u64).collect(),
        step: 0,
        progress: 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_few_steps_is_told_how_many_it_takes() {
        assert_eq!(too_few(20, 10), None);
        let warning = too_few(5, 1).unwrap_or_default();
        assert!(
            warning.contains("5 steps") && warning.contains("train.epochs=200"),
            "{warning}"
        );
    }

    #[test]
    fn the_first_epoch_decodes_and_time_is_filled() {
        let run = DryRun {
            step: 0.5,
            load: (1.5, 0.5),
            shared: Some((1.0, 1.0)),
        };
        assert_eq!(run.seconds(3, 10), 20.0 + 2.0 * 10.0);
        assert_eq!(run.epochs_within(run.seconds(3, 10), 10), 3);
        assert_eq!(run.epochs_within(1.0, 10), 1);
        let apart = DryRun {
            shared: None,
            ..run
        };
        assert_eq!(apart.seconds(2, 10), 15.0 + 5.0);
    }

    #[test]
    fn a_worker_beside_idle_processors_costs_a_step_nothing() {
        let run = |step, load, shares| DryRun {
            step,
            load: (load, load),
            shared: Some(shares),
        };
        assert_eq!(run(1.0, 0.5, (0.5, 0.25)).seconds(1, 10), 10.0);
        assert_eq!(run(0.5, 2.0, (0.5, 0.25)).seconds(1, 10), 20.0);
        assert_eq!(run(1.0, 1.0, (1.0, 0.25)).seconds(1, 10), 12.5);
    }
}
