use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::in_place::{self, decay};
use super::{Optimizer, Pace, State, within};
use crate::error::Result;
use crate::kernels::update::Momentum;
use crate::params::{Param, Role};
use crate::ranges::positive;

/// Stochastic gradient descent with momentum: `b = momentum·b + g + decay·p; p = p − lr·b`.
///
/// One parameter p and its gradient g of any shape at a time. The buffer holds gradients, not lr times gradients, as in
/// PyTorch; `nesterov` steps along `g' + momentum·b` with `g' = g + decay·p`. Errors: an lr of 0 or less; a momentum or a
/// decay outside [0, 1).
///
/// Source: Sutskever et al. 2013, with the learning rate outside the buffer. Choose it for convolutional encoders.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// Peak learning rate.
    pub lr: f64,
    /// Share of the buffer kept each step, in [0, 1).
    pub momentum: f64,
    /// Look ahead along the buffer (Nesterov 1983).
    pub nesterov: bool,
    /// Decay of weights; biases and norms are never decayed.
    pub weight_decay: f64,
}

impl Default for Sgd {
    fn default() -> Self {
        Self {
            lr: 0.1,
            momentum: 0.9,
            nesterov: false,
            weight_decay: 5e-4,
        }
    }
}

impl Sgd {
    /// The same by candle operations, for every device and kind of number.
    fn reference(
        &self,
        param: &Param,
        gradient: &Tensor,
        pace: Pace,
        state: &mut State,
    ) -> Result<()> {
        let p = param.var.as_detached_tensor();
        let mut g = gradient.detach();
        if param.role == Role::Weight && pace.weight_decay > 0.0 {
            g = (g + (&p * pace.weight_decay)?)?;
        }
        if self.momentum > 0.0 {
            let buffer = ((state.get("momentum", param)? * self.momentum)? + &g)?;
            g = if self.nesterov {
                (g + (&buffer * self.momentum)?)?
            } else {
                buffer.clone()
            };
            state.set("momentum", param, buffer);
        }
        param.var.set(&(p - (g * pace.rate)?)?)?;
        Ok(())
    }
}

impl Optimizer for Sgd {
    fn update(
        &self,
        param: &Param,
        gradient: &Tensor,
        pace: Pace,
        state: &mut State,
    ) -> Result<()> {
        if in_place::possible(param, gradient) {
            let rule = Momentum {
                rate: pace.rate as f32,
                keep: self.momentum as f32,
                decay: decay(param, pace.weight_decay),
                scale: 1.0,
                nesterov: self.nesterov,
            };
            return in_place::momentum(param, gradient, &rule, state);
        }
        self.reference(param, gradient, pace, state)
    }

    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn largest_usual_rate(&self) -> f64 {
        10.0 * (1.0 - self.momentum) // momentum multiplies a step by 1 / (1 − momentum)
    }

    fn validate(&self) -> Result<()> {
        positive("optimizer.lr", self.lr)?;
        within("optimizer.momentum", self.momentum, 0.0, 1.0)?;
        within("optimizer.weight_decay", self.weight_decay, 0.0, 1.0)
    }
}
