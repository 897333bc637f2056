//! The linear probe over frozen features: a multi-class head trained with the nll by the one trainer.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use candle_core::{Device, Tensor};

use super::rows::Rows;
use crate::error::Result;
use crate::eval::Features;
use crate::eval::features::accuracy;
use crate::graph::{CandleExecutor, Executor, Graph};
use crate::heads::{HeadKind, MultiClass, Space};
use crate::inference::{Bounds, Machine};
use crate::losses::{LossKind, Nll};
use crate::objectives::Answers;
use crate::optim::{OptimizerKind, Sgd};
use crate::params::Params;
use crate::train::{Observer, RunFolder, TrainConfig, Trainer};

/// Passes over the features; the learning rate falls along half a cosine.
pub(super) const EPOCHS: u64 = 100;
const BATCH: usize = 256;
const LEARNING_RATE: f64 = 0.1;

/// Accuracy on `test` of one linear layer trained by stochastic gradient descent on `train`, both
/// standardised by `train`.
pub(super) fn linear_accuracy(
    train: &Features,
    test: &Features,
    classes: usize,
    seed: u64,
) -> Result<f64> {
    let (mean, scale) = standard(train);
    let rows = Rows {
        x: apply(train, &mean, &scale),
        dim: train.dim,
        labels: Some(train.known_labels()?.to_vec()),
        answers: None,
        batch: BATCH.min(train.rows()),
        seed,
        device: Device::Cpu,
    };
    let mut graph = Graph::new(&[train.dim]);
    graph.mark("features", graph.input());
    let params = Params::new(seed, &Device::Cpu);
    let executor: Arc<dyn Executor> = Arc::new(CandleExecutor);
    let head = HeadKind::MultiClass(MultiClass::default());
    let space = Space::Classes(classes);
    let machine = Machine::new(None, graph, &[head], space, (&params, &executor), seed)?;
    let loss = LossKind::Nll(Nll::default());
    let settings = (train.rows(), seed);
    let mut objective = Answers::new(machine.clone(), loss, None, Bounds::default(), settings)?;
    let scratch = tempfile::tempdir()
        .map_err(|e| crate::error::Error::Failed(format!("no temporary folder: {e}")))?;
    Trainer {
        objective: &mut objective,
        params: &params,
        optimizer: &OptimizerKind::Sgd(Sgd {
            lr: LEARNING_RATE,
            weight_decay: 0.0,
            ..Sgd::default()
        }),
        config: &TrainConfig {
            epochs: EPOCHS,
            batch: rows.batch,
            warmup_epochs: 0.0,
            save_every: (EPOCHS + 1) as f64,
            ..TrainConfig::default()
        },
        source: &rows,
        run: &RunFolder::create(&scratch.path().join("probe"), false)?,
        probe: None,
        observer: &mut Silent,
        stop: &AtomicBool::new(false),
        max_bad_share: 0.0,
    }
    .train(false)?;
    let x = Tensor::from_vec(
        apply(test, &mean, &scale),
        (test.rows(), test.dim),
        &Device::Cpu,
    )?;
    let answers = machine.table(&machine.codes(&x)?)?;
    let answers = answers.argmin(1)?.to_vec1::<u32>()?;
    Ok(accuracy(&answers, test.known_labels()?))
}

/// Mean and one over standard deviation of each dimension.
fn standard(features: &Features) -> (Vec<f64>, Vec<f64>) {
    let (rows, dim) = (features.rows() as f64, features.dim);
    let mut mean = vec![0.0; dim];
    let mut square = vec![0.0; dim];
    for row in features.values.chunks_exact(dim) {
        for ((mean, square), &x) in mean.iter_mut().zip(&mut square).zip(row) {
            *mean += f64::from(x) / rows;
            *square += f64::from(x).powi(2) / rows;
        }
    }
    let scale = mean.iter().zip(&square);
    let scale = scale.map(|(m, s)| 1.0 / ((s - m * m).max(0.0).sqrt() + 1e-6));
    (mean.clone(), scale.collect())
}

fn apply(features: &Features, mean: &[f64], scale: &[f64]) -> Vec<f32> {
    let columns = mean.iter().zip(scale).cycle();
    let values = features.values.iter().zip(columns);
    values
        .map(|(&x, (m, s))| ((f64::from(x) - m) * s) as f32)
        .collect()
}

struct Silent;
impl Observer for Silent {}
