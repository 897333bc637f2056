//! Optimizers with visible, serialisable state, and the schedule of the learning rate.

mod adamw;
mod clip;
mod in_place;
mod lars;
mod layers;
mod pace;
mod schedule;
mod sgd;
mod state;

pub use adamw::AdamW;
pub use clip::{clip, norm};
pub use lars::{Lars, NormOf};
pub use layers::{ENCODER, LayerRates};
pub use pace::Pace;
pub use schedule::{Decay, Schedule};
pub use sgd::Sgd;
pub use state::State;

use candle_core::Tensor;

use crate::error::Result;
use crate::params::Param;

/// A rule that changes one parameter, given its gradient and its own state.
///
/// Learning rate and decay are arguments of every step, so a schedule is a pure function of the step and
/// nothing of it needs saving.
pub trait Optimizer: Send + Sync {
    /// Update `param` in place; `state` holds what was kept of it.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn update(&self, param: &Param, gradient: &Tensor, pace: Pace, state: &mut State)
    -> Result<()>;

    /// The `update`th update at `rate`, with the decay that the configuration asks for.
    fn pace(&self, rate: f64, update: u64) -> Pace {
        Pace {
            rate,
            weight_decay: self.weight_decay(),
            update,
        }
    }

    /// The peak learning rate that the configuration asks for.
    fn learning_rate(&self) -> f64;

    /// The decay of weights that the configuration asks for.
    fn weight_decay(&self) -> f64;

    /// The largest peak learning rate, with the other settings as they are, that published recipes come near: above
    /// it training tends to leap rather than to descend, and a run is warned.
    fn largest_usual_rate(&self) -> f64;

    /// Whether it divides the step of every single number by the size of that number's own gradients, so that gradients
    /// a thousand times as large move it no further.
    fn adapts(&self) -> bool {
        false
    }

    /// Refuse settings out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()>;
}

crate::family! {
    /// Optimizers by name.
    OptimizerKind: Optimizer {
        "sgd" => Sgd(Sgd),
        "adamw" => AdamW(AdamW),
        "lars" => Lars(Lars),
    }
}

/// Refuse `value` unless it lies in [low, high).
fn within(key: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..high).contains(&value) {
        return Ok(());
    }
    Err(crate::error::Error::key(
        key,
        format!("must lie between {low} and {high}, not {value}"),
    ))
}
