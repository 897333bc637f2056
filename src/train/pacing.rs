//! How far each parameter goes at each step: a pure function of the step, so that nothing of it needs saving.

use super::TrainConfig;
use crate::optim::{ENCODER, LayerRates, Optimizer, Pace, Schedule};
use crate::params::Params;

/// Learning rate and weight decay of every parameter at every step of a run.
pub(super) struct Pacing {
    rate: Schedule,
    weight_decay: Schedule,
    layers: LayerRates,
    /// Steps before the encoder learns.
    thaw: u64,
}

impl Pacing {
    /// Of a run of `per_epoch` steps an epoch.
    pub(super) fn new(
        config: &TrainConfig,
        optimizer: &dyn Optimizer,
        params: &Params,
        per_epoch: u64,
    ) -> Self {
        let names: Vec<String> = params.all().into_iter().map(|param| param.name).collect();
        Self {
            rate: config.schedule(optimizer.learning_rate(), per_epoch),
            weight_decay: config.weight_decay(optimizer.weight_decay(), per_epoch),
            layers: LayerRates::new(&names, config.layer_decay, config.encoder_rate),
            thaw: config.thaw(per_epoch),
        }
    }

    /// The learning rate outside the encoder.
    pub(super) fn rate(&self, step: u64) -> f64 {
        self.rate.at(step)
    }

    /// The weight decay, where it changes from step to step.
    pub(super) fn moving_decay(&self, step: u64) -> Option<f64> {
        let moves = self.weight_decay.base != self.weight_decay.end;
        moves.then(|| self.weight_decay.at(step))
    }

    /// Whether parameters learn at `step` that never did before.
    pub(super) fn starts(&self, step: u64) -> bool {
        step == 0 || step == self.thaw
    }

    /// Of the parameter `name` at `step`, counted from 0.
    pub(super) fn at(&self, name: &str, step: u64) -> Pace {
        let waited = if name.starts_with(ENCODER) {
            self.thaw
        } else {
            0
        };
        Pace {
            rate: self.rate.at(step) * self.layers.of(name),
            weight_decay: self.weight_decay.at(step),
            update: (step + 1).saturating_sub(waited).max(1),
        }
    }
}
