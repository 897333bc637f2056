//! What says how good a trained thing is, always beside what was there before training.

pub mod baselines;
pub mod card_probes;
pub mod probes;
