use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::in_place::{self, decay};
use super::{Optimizer, Pace, State, norm, within};
use crate::error::Result;
use crate::kernels::update::Momentum;
use crate::params::{Param, Role};
use crate::ranges::positive;

/// Layer-wise adaptive rate scaling (You, Gitman & Ginsburg 2017): each weight's step is scaled to its own norm, for batches in the thousands.
///
/// Weights: `g' = (g + decay·p) · trust·|p| / n`; biases and norms: `g' = g`; then
/// `b = momentum·b + g'; p = p − lr·b`. `n` comes in the two forms in circulation, see [`NormOf`]; the factor is 1 where |p|
/// or `n` is 0. One parameter p and its gradient g of any shape at a time. Errors: an lr or a trust of 0 or less; a
/// momentum or a decay outside [0, 1).
///
/// Source: You, Gitman & Ginsburg 2017, eq. 6 and algorithm 1. Choose it at the large batches of SimCLR and Barlow Twins.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lars {
    /// Peak learning rate; 0.3 · batch / 256 is usual for SimCLR.
    pub lr: f64,
    /// Share of the buffer kept each step, in [0, 1).
    pub momentum: f64,
    /// Decay of weights; biases and norms are never decayed.
    pub weight_decay: f64,
    /// Trust coefficient.
    pub trust: f64,
    /// Which norm divides.
    pub norm_of: NormOf,
}

/// The norm in LARS's denominator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NormOf {
    /// `|g| + decay·|p| + 1e-8` (the paper's eq. 6, lightly).
    #[default]
    Gradient,
    /// `|g + decay·p|` (published code of Barlow Twins, MoCo v3, VICReg).
    DecayedGradient,
}

impl Default for Lars {
    fn default() -> Self {
        Self {
            lr: 0.3,
            momentum: 0.9,
            weight_decay: 1e-6,
            trust: 1e-3,
            norm_of: NormOf::Gradient,
        }
    }
}

impl Lars {
    /// The factor `trust·|p| / n`, or 1 where |p| or n is zero; `gradient` is the norm that `norm_of` names.
    fn ratio(&self, weight: f64, gradient: f64, decay: f64) -> f64 {
        let divisor = match self.norm_of {
            NormOf::Gradient => gradient + decay * weight + 1e-8,
            NormOf::DecayedGradient => gradient,
        };
        if weight == 0.0 || divisor == 0.0 {
            return 1.0;
        }
        self.trust * weight / divisor
    }

    /// The same update by candle operations, for every device and kind of number.
    fn reference(
        &self,
        param: &Param,
        gradient: &Tensor,
        pace: Pace,
        state: &mut State,
    ) -> Result<()> {
        let p = param.var.as_detached_tensor();
        let mut g = gradient.detach();
        if param.role == Role::Weight {
            let decayed = (&g + (&p * pace.weight_decay)?)?;
            let gradient = match self.norm_of {
                NormOf::Gradient => norm(&g)?,
                NormOf::DecayedGradient => norm(&decayed)?,
            };
            g = (decayed * self.ratio(norm(&p)?, gradient, pace.weight_decay))?;
        }
        let buffer = ((state.get("momentum", param)? * self.momentum)? + g)?;
        param.var.set(&(p - (&buffer * pace.rate)?)?)?;
        state.set("momentum", param, buffer);
        Ok(())
    }
}

impl Optimizer for Lars {
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
        let mut scale = 1.0;
        if param.role == Role::Weight {
            let norm_of_gradient = match self.norm_of {
                NormOf::Gradient => norm(gradient)?,
                NormOf::DecayedGradient => {
                    in_place::norm_of_sum(gradient, &param.var, pace.weight_decay)?
                }
            };
            scale = self.ratio(norm(&param.var)?, norm_of_gradient, pace.weight_decay);
        }
        let rule = Momentum {
            rate: pace.rate as f32,
            keep: self.momentum as f32,
            decay: decay(param, pace.weight_decay),
            scale: scale as f32,
            nesterov: false,
        };
        in_place::momentum(param, gradient, &rule, state)
    }

    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn largest_usual_rate(&self) -> f64 {
        0.05 / self.trust // the share of its own length that a weight moves is lr · trust
    }

    fn validate(&self) -> Result<()> {
        positive("optimizer.lr", self.lr)?;
        positive("optimizer.trust", self.trust)?;
        within("optimizer.momentum", self.momentum, 0.0, 1.0)?;
        within("optimizer.weight_decay", self.weight_decay, 0.0, 1.0)
    }
}
