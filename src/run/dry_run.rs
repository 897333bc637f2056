//! A step on noise before a run, to say how long the run will take.

use std::time::Instant;

use candle_core::Tensor;

use super::estimate::duration;
use crate::assembly::{ImageSetup, objective};
use crate::error::Result;
use crate::objectives::Batch;
use crate::random::{Purpose, normal, stream};
use crate::train::gradients;

/// A first step that takes longer than this is not repeated, though it also found the memory.
const PATIENCE: f64 = 5.0;

/// What `steps` steps of the run will take, measured on a network of its own that is thrown away.
pub(super) fn dry_run(setup: &ImageSetup, steps: u64) -> Result<String> {
    let config = &setup.config;
    let network = setup.random_network()?;
    let params = network.params().clone();
    let objective = objective(config, network)?;
    let batch = noise(setup)?;
    let mut seconds = f64::INFINITY;
    for _ in 0..2 {
        let started = Instant::now();
        gradients(&objective, &batch, config.train.chunks, &params)?;
        setup.device.synchronize()?;
        seconds = started.elapsed().as_secs_f64();
        if seconds > PATIENCE {
            break;
        }
    }
    Ok(format!(
        "{steps} steps of about {:.0} ms make {}; augmenting and probes not counted",
        seconds * 1e3,
        duration(steps as f64 * seconds)
    ))
}

/// A batch of the run's shape.
fn noise(setup: &ImageSetup) -> Result<Batch> {
    let (config, channels) = (&setup.config, setup.splits.channels);
    let rows = config.train.batch;
    let sizes = config.augment.sizes();
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
