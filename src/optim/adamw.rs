use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Optimizer, Pace, State, in_place, within};
use crate::error::Result;
use crate::kernels::update::Adam;
use crate::params::{Param, Role};
use crate::ranges::positive;

/// AdamW (Loshchilov & Hutter 2019): moments of the gradient, decay apart from them.
///
/// `m = b1·m + (1−b1)·g; v = b2·v + (1−b2)·g²; p = p·(1 − lr·decay) − lr·m̂/(√v̂ + eps)` with
/// `m̂ = m/(1−b1ᵗ)`, `v̂ = v/(1−b2ᵗ)`, t counted from 1; one parameter p and its gradient g of any shape at a time. Errors:
/// an lr or an eps of 0 or less; betas outside [0, 1); a decay below 0.
///
/// Source: Loshchilov & Hutter 2019, algorithm 2, its decay times lr as in PyTorch. Choose it for transformers, for short
/// runs and for losses with learned numbers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// Peak learning rate.
    pub lr: f64,
    /// Decay rates b1 and b2 of the two moments, in [0, 1).
    pub betas: [f64; 2],
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decay of weights; biases and norms are never decayed.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.05,
        }
    }
}

impl AdamW {
    /// The same by candle operations, for every device and kind of number.
    fn reference(
        &self,
        param: &Param,
        gradient: &Tensor,
        pace: Pace,
        state: &mut State,
    ) -> Result<()> {
        let [b1, b2] = self.betas;
        let g = gradient.detach();
        let m = ((state.get("first", param)? * b1)? + (&g * (1.0 - b1))?)?;
        let v = ((state.get("second", param)? * b2)? + (g.sqr()? * (1.0 - b2))?)?;
        let t = pace.update as f64;
        let (first, second) = (1.0 - b1.powf(t), 1.0 - b2.powf(t));
        let root = ((&v * (1.0 / second))?.sqrt()? + self.eps)?;
        let change = ((&m * (pace.rate / first))? / root)?;
        let mut p = param.var.as_detached_tensor();
        if param.role == Role::Weight {
            p = (p * (1.0 - pace.rate * pace.weight_decay))?;
        }
        param.var.set(&(p - change)?)?;
        state.set("first", param, m);
        state.set("second", param, v);
        Ok(())
    }
}

impl Optimizer for AdamW {
    fn update(
        &self,
        param: &Param,
        gradient: &Tensor,
        pace: Pace,
        state: &mut State,
    ) -> Result<()> {
        if !in_place::possible(param, gradient) {
            return self.reference(param, gradient, pace, state);
        }
        let [first, second] = self.betas.map(|b| 1.0 - b.powf(pace.update as f64));
        let shrink = match param.role {
            Role::Weight => 1.0 - pace.rate * pace.weight_decay,
            _ => 1.0,
        };
        let rule = Adam {
            rate: (pace.rate / first) as f32,
            betas: self.betas.map(|b| b as f32),
            rest: self.betas.map(|b| (1.0 - b) as f32),
            correction: (1.0 / second) as f32,
            eps: self.eps as f32,
            shrink: shrink as f32,
        };
        in_place::adam(param, gradient, &rule, state)
    }

    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn largest_usual_rate(&self) -> f64 {
        0.02 // every weight moves by about this much a step
    }

    fn adapts(&self) -> bool {
        true
    }

    fn validate(&self) -> Result<()> {
        positive("optimizer.lr", self.lr)?;
        positive("optimizer.eps", self.eps)?;
        within("optimizer.betas[0]", self.betas[0], 0.0, 1.0)?;
        within("optimizer.betas[1]", self.betas[1], 0.0, 1.0)?;
        within(
            "optimizer.weight_decay",
            self.weight_decay,
            0.0,
            f64::INFINITY,
        )
    }
}
