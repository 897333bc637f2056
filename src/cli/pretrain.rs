//! `ravine pretrain`: an encoder learns from images without labels.

pub(super) use super::training::Args;
use super::training::{prepare, report, watched};
use crate::error::Result;
use crate::run::pretrain;

/// Pretrain, then measure what was learned.
pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let (config, place) = prepare(args, "simclr")?;
    watched(place, |session| {
        report(&pretrain(&config, session)?.card, json)
    })
}
