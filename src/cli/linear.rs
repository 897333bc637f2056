//! Heads under judgement: the linear probe over frozen features, and a trained head on the test part.
//!
//! Both are multi-class heads trained with the nll by the one trainer.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use candle_core::{Device, Tensor};
use serde::Serialize;

use super::card::checkpoint_name;
use super::pretrain::Trained;
use crate::error::Result;
use crate::eval::Features;
use crate::eval::calibration::calibration;
use crate::eval::features::accuracy;
use crate::graph::{CandleExecutor, Graph, Network};
use crate::heads::{Head, MultiClass};
use crate::losses::{LossKind, Nll};
use crate::objectives::{Answers, Batch};
use crate::optim::{OptimizerKind, Sgd};
use crate::params::Params;
use crate::random::{Purpose, permutation, stream};
use crate::train::{Loaded, Observer, RunFolder, Source, TrainConfig, Trainer};

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
        values: apply(train, &mean, &scale),
        dim: train.dim,
        labels: train.known_labels()?.to_vec(),
        batch: BATCH.min(train.rows()),
        seed,
    };
    let mut graph = Graph::new(&[train.dim]);
    let input = graph.input();
    let energies = MultiClass {}.append(&mut graph, input, classes)?;
    graph.mark("energies", energies);
    let params = Params::new(seed, &Device::Cpu);
    let network = Network::new(graph, &params, Arc::new(CandleExecutor))?;
    let mut objective = Answers::new(network.clone(), LossKind::Nll(Nll::default()))?;
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
    let answers = network.eval(&x, "energies")?.argmin(1)?.to_vec1::<u32>()?;
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

/// Features as the trainer's source of batches.
struct Rows {
    values: Vec<f32>,
    dim: usize,
    labels: Vec<u32>,
    batch: usize,
    seed: u64,
}

impl Rows {
    fn batch(&self, step: u64) -> Result<Loaded> {
        let per_epoch = self.batches_per_epoch();
        let mut rng = stream(self.seed, Purpose::Order, step / per_epoch, 0, 0);
        let order = permutation(self.labels.len(), &mut rng);
        let start = (step % per_epoch) as usize * self.batch;
        let rows = &order[start..order.len().min(start + self.batch)];
        let values = rows
            .iter()
            .flat_map(|&i| &self.values[i * self.dim..(i + 1) * self.dim]);
        let labels: Vec<u32> = rows.iter().map(|&i| self.labels[i]).collect();
        let count = rows.len();
        Ok(Loaded {
            batch: Batch {
                inputs: vec![Tensor::from_vec(
                    values.copied().collect(),
                    (count, self.dim),
                    &Device::Cpu,
                )?],
                labels: Some(Tensor::from_vec(labels, count, &Device::Cpu)?),
                samples: rows.iter().map(|&i| i as u64).collect(),
                step,
            },
            bad: Vec::new(),
        })
    }
}

impl Source for Rows {
    fn batches_per_epoch(&self) -> u64 {
        self.labels.len().div_ceil(self.batch) as u64
    }

    fn steps(&self, first: u64, end: u64) -> Box<dyn Iterator<Item = Result<Loaded>> + '_> {
        Box::new((first..end).map(|step| self.batch(step)))
    }

    fn samples(&self) -> usize {
        self.labels.len()
    }

    fn describe(&self, sample: u64) -> String {
        format!("row {sample}")
    }
}

struct Silent;
impl Observer for Silent {}

/// What a supervised run is worth.
#[derive(Debug, Serialize)]
pub(super) struct HeadCard {
    run: String,
    method: String,
    data: String,
    split: &'static str,
    checkpoint: String,
    images_per_s: f64,
    seconds: f64,
    steps: u64,
    accuracy: f64,
    expected_calibration_error: f64,
}

impl std::fmt::Display for HeadCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "run         {} ({})", self.run, self.checkpoint)?;
        writeln!(f, "data        {}, judged on: {}", self.data, self.split)?;
        writeln!(
            f,
            "training    {} steps in {:.1} s, {:.0} images/s",
            self.steps, self.seconds, self.images_per_s
        )?;
        writeln!(
            f,
            "accuracy    {:.1} %, expected calibration error {:.3}",
            100.0 * self.accuracy,
            self.expected_calibration_error
        )
    }
}

/// The head's answers on the test part, by least energy.
pub(super) fn head_card(trained: &Trained, folder: &RunFolder) -> Result<HeadCard> {
    let Trained {
        setup,
        network,
        progress,
        ..
    } = trained;
    let energies = setup.collect(&setup.splits.test, |x| network.eval(x, "energies"))?;
    let measured = calibration(&energies.values, energies.known_labels()?, 1.0, 15)?;
    Ok(HeadCard {
        run: folder.root().display().to_string(),
        method: setup.config.method.clone(),
        data: setup.config.data.source.clone(),
        split: "test",
        checkpoint: checkpoint_name(folder)?,
        images_per_s: progress.images as f64 / progress.seconds.max(1e-9),
        seconds: progress.seconds,
        steps: progress.step,
        accuracy: measured.accuracy,
        expected_calibration_error: measured.ece,
    })
}
