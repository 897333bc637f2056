//! Linear layers, one for each learning rate, all trained at once by the one trainer.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use candle_core::{Device, Tensor};

use crate::error::{Error, Result};
use crate::eval::Features;
use crate::eval::standardize::Standardize;
use crate::graph::ops::Linear;
use crate::graph::{CandleExecutor, Gradients, Graph, Mode, Network, Op};
use crate::losses::{Energies, Loss, Nll};
use crate::objectives::{Batch, Embedded, Objective, Step};
use crate::optim::{OptimizerKind, Sgd};
use crate::params::Params;
use crate::train::{RunFolder, Silent, TableSource, TrainConfig, Trainer};

/// Passes over the features; the learning rates fall along half a cosine.
const EPOCHS: u64 = 100;
const BATCH: usize = 256;

/// The learning rates that are tried.
pub(super) const LEARNING_RATES: [f64; 7] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0];

/// Trained layers.
pub(super) struct Layers {
    network: Network,
    scale: Standardize,
    classes: usize,
}

impl Layers {
    /// Layers of `classes` outputs, one after the other, trained on standardised `train`.
    pub(super) fn fit(train: &Features, classes: usize, seed: u64) -> Result<Self> {
        let scale = Standardize::by(train);
        let rows = TableSource {
            x: scale.rows(train),
            dim: train.dim,
            labels: Some(train.known_labels()?),
            answers: None,
            batch: BATCH.min(train.rows()),
            seed,
            device: Device::Cpu,
        };
        let mut graph = Graph::new(&[train.dim]);
        let layers = Linear::new(train.dim, LEARNING_RATES.len() * classes, true);
        let node = graph.push("layers", Op::Linear(layers), &[graph.input()])?;
        graph.mark("energies", node);
        let params = Params::new(seed, &Device::Cpu);
        let network = Network::new(graph, &params, Arc::new(CandleExecutor))?;
        let mut objective = Sweep {
            network: network.clone(),
            classes,
        };
        let scratch =
            tempfile::tempdir().map_err(|e| Error::Failed(format!("no temporary folder: {e}")))?;
        Trainer {
            objective: &mut objective,
            params: &params,
            // Without weight decay the steps of SGD are linear in the gradient: a factor of the loss is a learning rate.
            optimizer: &OptimizerKind::Sgd(Sgd {
                lr: 1.0,
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
            guarded: false,
        }
        .train(false)?;
        Ok(Self {
            network,
            scale,
            classes,
        })
    }

    /// The class that each layer gives to each row of `features`.
    pub(super) fn answers(&self, features: &Features) -> Result<Vec<Vec<u32>>> {
        let x = Tensor::from_vec(
            self.scale.rows(features),
            (features.rows(), features.dim),
            &Device::Cpu,
        )?;
        let energies = self.network.eval(&x, "energies")?;
        let layers = (0..LEARNING_RATES.len()).map(|layer| {
            let own = energies
                .narrow(1, layer * self.classes, self.classes)?
                .contiguous()?;
            Ok(own.argmin(1)?.to_vec1::<u32>()?)
        });
        layers.collect()
    }
}

/// `Σ_layers learning rate · nll` of classes under the energies that each layer gives them.
struct Sweep {
    network: Network,
    classes: usize,
}

impl Objective for Sweep {
    fn embed(&self, batch: &Batch, mode: Mode) -> Result<Embedded> {
        let forward = self.network.forward(&batch.inputs[0], mode)?;
        let (network, tape) = (self.network.clone(), forward.tape);
        let pullback = move |gradients: &[Option<Tensor>]| -> Result<Gradients> {
            network.backward(tape, gradients)
        };
        Ok(Embedded {
            tensors: forward.outputs,
            pullback: Box::new(pullback),
        })
    }

    fn loss(&self, embedded: &[Tensor], batch: &Batch) -> Result<Step> {
        let labels = batch.labels.as_ref().ok_or_else(|| {
            Error::Failed("the linear probe was given rows without labels".into())
        })?;
        let mut terms = Vec::new();
        for (layer, &rate) in LEARNING_RATES.iter().enumerate() {
            let own = embedded[0]
                .narrow(1, layer * self.classes, self.classes)?
                .contiguous()?;
            let energies = Energies::of_classes(&own, labels)?;
            terms.push((Nll::default().forward(&energies)?.mean_all()? * rate)?);
        }
        Ok(Step {
            loss: Tensor::stack(&terms, 0)?.sum_all()?,
            metrics: Vec::new(),
        })
    }

    fn collapse_value(&self, _: usize, _: usize) -> Option<f64> {
        None
    }
}
