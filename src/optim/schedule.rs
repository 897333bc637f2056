//! Learning rate and momentum as pure functions of the step: nothing of them needs saving.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the learning rate falls after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// Along half a cosine (Loshchilov & Hutter 2017), the usual choice.
    #[default]
    Cosine,
    /// In a straight line: for losses whose gradient does not vanish at the minimum (L1).
    Linear,
    /// Not at all.
    Constant,
}

impl Decay {
    /// The share of the peak left when `share` of the steps is done: 1 at 0 and, but for `constant`, 0 at 1.
    fn left(self, share: f64) -> f64 {
        match self {
            Self::Cosine => f64::midpoint(1.0, (std::f64::consts::PI * share).cos()),
            Self::Linear => 1.0 - share,
            Self::Constant => 1.0,
        }
    }
}

/// Linear warm-up, then a fall to `end`.
///
/// For steps s = 0, 1, …: `base·(s + 1)/warmup` while s < warmup, then
/// `end + (base − end)·left((s − warmup)/(steps − warmup))` with `left` that of [`Decay`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Steps of the whole run; `end` would come at this step, one after the last.
    pub steps: u64,
    /// Steps of the warm-up.
    pub warmup: u64,
    /// The peak.
    pub base: f64,
    /// Where it leads.
    pub end: f64,
    /// The way there.
    pub decay: Decay,
}

impl Schedule {
    /// The learning rate at `step`, counted from 0.
    #[must_use]
    pub fn at(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.base * (step + 1) as f64 / self.warmup as f64;
        }
        let length = self.steps.saturating_sub(self.warmup).max(1) as f64;
        let share = ((step - self.warmup) as f64 / length).min(1.0);
        self.end + (self.base - self.end) * self.decay.left(share)
    }
}
