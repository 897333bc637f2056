use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, require};
use crate::graph::Precision;
use crate::optim::{Decay, Schedule};
use crate::ranges::{at_least, positive};

/// How long and in what portions to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training part; 0 keeps the starting weights, with a card.
    pub epochs: u64,
    /// Samples a step; each gives all its views.
    pub batch: usize,
    /// Epochs of linear warm-up of the learning rate, fractions allowed.
    pub warmup_epochs: f64,
    /// How the learning rate falls after the warm-up: `cosine`, `linear` or `constant`.
    pub decay: Decay,
    /// Factor, in (0, 1], of the learning rate from each layer of the encoder to the one below it (BEiT, MAE: 0.65 to
    /// 0.75): blocks count, stem and patch embedding are the lowest layer; 1 for the same rate everywhere.
    pub layer_decay: f64,
    /// Factor of the encoder's learning rate, beside that of projector, predictor or heads.
    pub encoder_rate: f64,
    /// Weight decay at the end, reached along half a cosine from `optimizer.weight_decay` (DINO: 0.04 to 0.4); left out:
    /// the same throughout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay_end: Option<f64>,
    /// Parts in which a batch is embedded, to save memory; gradients stay those of the whole batch, batch
    /// norm takes its statistics chunk by chunk.
    #[serde(alias = "slices")]
    pub chunks: usize,
    /// Of the products while training: `f32`, `high` (32-bit floats, products as three of `bf16` where that is faster), or
    /// `bf16` on processors that have it.
    pub precision: Precision,
    /// Epochs, fractions allowed, for which the encoder stays as it is while projector, predictor or heads learn: no update,
    /// running statistics of its batch norms stand still; it normalises with those of the batch as it will afterwards.
    pub freeze_epochs: f64,
    /// Share, in [0, 1), of the moving average of the weights kept at each step; probes, cards and all commands then see
    /// the average, which checkpoints hold beside the weights. 0.99 to 0.9999, the shorter the run the lower; 0 for none.
    pub ema: f64,
    /// Largest 2-norm of all gradients together; 0 leaves them alone.
    pub clip: f64,
    /// Epochs between checkpoints, fractions allowed; the last step is always saved.
    pub save_every: f64,
    /// Checkpoints kept beside the best one.
    pub keep: usize,
    /// Whether the run folder also gets event files for TensorBoard: what `metrics.jsonl` holds, pictures of views, and the
    /// keys of the configuration.
    pub tensorboard: bool,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 100,
            batch: 256,
            warmup_epochs: 1.0,
            decay: Decay::Cosine,
            layer_decay: 1.0,
            encoder_rate: 1.0,
            weight_decay_end: None,
            chunks: 1,
            precision: Precision::F32,
            freeze_epochs: 0.0,
            ema: 0.0,
            clip: 0.0,
            save_every: 1.0,
            keep: 2,
            tensorboard: false,
        }
    }
}

impl TrainConfig {
    /// The learning rate of every step of a run of `per_epoch` steps an epoch, with `base` as its peak.
    #[must_use]
    pub fn schedule(&self, base: f64, per_epoch: u64) -> Schedule {
        Schedule {
            steps: per_epoch * self.epochs,
            warmup: (self.warmup_epochs * per_epoch as f64).round() as u64,
            base,
            end: 0.0,
            decay: self.decay,
        }
    }

    /// The weight decay of every step of the same run, with `base` at its start.
    #[must_use]
    pub fn weight_decay(&self, base: f64, per_epoch: u64) -> Schedule {
        Schedule {
            steps: per_epoch * self.epochs,
            warmup: 0,
            base,
            end: self.weight_decay_end.unwrap_or(base),
            decay: Decay::Cosine,
        }
    }

    /// Steps, of `per_epoch` an epoch, before the encoder learns.
    #[must_use]
    pub fn thaw(&self, per_epoch: u64) -> u64 {
        (self.freeze_epochs * per_epoch as f64).round() as u64
    }

    /// Refuse settings out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    pub fn validate(&self) -> Result<()> {
        at_least("train.batch", self.batch as f64, 1.0)?;
        at_least("train.chunks", self.chunks as f64, 1.0)?;
        at_least("train.warmup_epochs", self.warmup_epochs, 0.0)?;
        at_least("train.clip", self.clip, 0.0)?;
        at_least("train.keep", self.keep as f64, 1.0)?;
        positive("train.encoder_rate", self.encoder_rate)?;
        require(
            "train.layer_decay",
            self.layer_decay > 0.0 && self.layer_decay <= 1.0,
            format_args!("must be above 0 and at most 1, not {}", self.layer_decay),
        )?;
        if let Some(end) = self.weight_decay_end {
            at_least("train.weight_decay_end", end, 0.0)?;
        }
        require(
            "train.ema",
            (0.0..1.0).contains(&self.ema),
            format_args!("must be 0 or more and below 1, not {}", self.ema),
        )?;
        at_least("train.freeze_epochs", self.freeze_epochs, 0.0)?;
        require(
            "train.freeze_epochs",
            self.freeze_epochs == 0.0
                || self.freeze_epochs < self.epochs as f64
                || self.epochs == 0,
            format_args!(
                "{} of {} epochs leave the encoder none to learn in",
                self.freeze_epochs, self.epochs
            ),
        )?;
        require(
            "train.chunks",
            self.chunks == 1 || self.chunks <= self.batch / 2,
            format_args!(
                "{} chunks of a batch of {} leave fewer than two samples each",
                self.chunks, self.batch
            ),
        )?;
        require(
            "train.save_every",
            self.save_every > 0.0 && self.save_every.is_finite(),
            "must be above 0; set a number above `train.epochs` to save only at the end",
        )
    }
}

/// Whether something done every `every` epochs is due after `step` of runs with `per_epoch` steps.
pub(super) fn due(step: u64, per_epoch: u64, every: f64) -> bool {
    let interval = ((every * per_epoch as f64).round() as u64).max(1);
    step.is_multiple_of(interval)
}
