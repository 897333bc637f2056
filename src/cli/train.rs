//! `ravine train`: any objective.

pub(super) use super::training::Args;
use super::training::{prepare, report, watched};
use crate::error::Result;
use crate::run::{pretrain, train_head};

/// Train, then measure: a head by its answers on the test part, an encoder as `ravine pretrain` does.
pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let (config, place) = prepare(args, "classifier")?;
    watched(place, |session| {
        if config.all_heads().is_empty() {
            report(&pretrain(&config, session)?.card, json)
        } else {
            report(&train_head(&config, session)?.card, json)
        }
    })
}
