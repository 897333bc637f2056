//! What in a configuration makes a run collapse or learn nothing, read before the first step.
//!
//! A cause is a file and its line in the list below. It asks the parts what they do and knows none of them by name.

mod context;
mod hardest_negatives;
mod identical_views;
mod learned_scale;
mod learning_rate;
mod long_warmup;
mod no_margin;
mod no_variance;
mod nothing_repels;
mod queue_without_target;
mod small_batch;
mod small_embedding;
mod still_target;
mod temperature;
mod tiny_margin;

use crate::config::Config;
use crate::error::Result;
use crate::eval::collapse::Cause;
use crate::losses::Margin;
use context::Context;

/// Looks for one cause; `None` where it is not there.
type Find = fn(&Context) -> Option<Cause>;

/// All of them, the likeliest first.
const CAUSES: &[Find] = &[
    identical_views::find,
    nothing_repels::find,
    no_variance::find,
    no_margin::find,
    hardest_negatives::find,
    queue_without_target::find,
    temperature::find,
    tiny_margin::find,
    still_target::find,
    small_batch::find,
    learned_scale::find,
    long_warmup::find,
    learning_rate::find,
    small_embedding::find,
];

/// Why a self-supervised run with `config` on `images` training images may collapse or learn nothing, the likeliest
/// cause first; empty for a sound one.
///
/// Read from the settings alone: whether the run did collapse is measured, by [`crate::eval::collapse::judge`].
///
/// # Errors
/// Views that cannot be made.
pub fn causes(config: &Config, images: usize) -> Result<Vec<Cause>> {
    Ok(found(&Context::new(config, images)?))
}

/// As [`causes`], for pictures of these heights and widths; and whether something in the method holds embeddings apart.
///
/// # Errors
/// As [`causes`].
pub(super) fn causes_for(
    config: &Config,
    images: usize,
    sides: &[(usize, usize)],
) -> Result<(Vec<Cause>, bool)> {
    let context = Context::of(config, images, sides)?;
    let repels = context.loss.margin() != Margin::None || context.held_apart();
    Ok((found(&context), repels))
}

fn found(context: &Context) -> Vec<Cause> {
    CAUSES.iter().filter_map(|find| find(context)).collect()
}
