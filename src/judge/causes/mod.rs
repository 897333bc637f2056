//! What in a configuration makes a run collapse or learn nothing, read before the first step.
//!
//! A cause is a file and its line in the list below. It asks the parts what they do and knows none of them by name.

mod hardest_negatives;
mod identical_views;
mod learned_scale;
mod learning_rate;
mod no_margin;
mod no_variance;
mod nothing_repels;
mod small_batch;
mod small_embedding;
mod still_target;
mod temperature;
mod tiny_margin;

use crate::config::Config;
use crate::error::Result;
use crate::eval::collapse::{Cause, FEWEST_DIMENSIONS};
use crate::losses::Loss;
use crate::regularizers::RegularizerKind;

/// Looks for one cause; `None` where it is not there.
type Find = fn(&Context) -> Option<Cause>;

/// All of them, the likeliest first.
const CAUSES: [Find; 12] = [
    identical_views::find,
    nothing_repels::find,
    no_variance::find,
    no_margin::find,
    hardest_negatives::find,
    temperature::find,
    tiny_margin::find,
    still_target::find,
    small_batch::find,
    learned_scale::find,
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

fn found(context: &Context) -> Vec<Cause> {
    CAUSES.iter().filter_map(|find| find(context)).collect()
}

/// What causes are read from.
struct Context<'a> {
    config: &'a Config,
    loss: &'a dyn Loss,
    /// In the training part.
    images: usize,
    /// Whether `augment.views` makes the same view of an image every time.
    identical_views: bool,
}

impl<'a> Context<'a> {
    fn new(config: &'a Config, images: usize) -> Result<Self> {
        let channels = config.data.channels.unwrap_or(3);
        Ok(Self {
            config,
            loss: config.loss.part(),
            images,
            identical_views: config.augment.identical(channels)?,
        })
    }

    /// Lowest and highest energy of a pair.
    fn energy_range(&self) -> (f64, f64) {
        let projector = self.config.projector.as_ref();
        let dim = projector.map_or(FEWEST_DIMENSIONS, |p| p.output);
        self.config.energy.part().range(dim)
    }

    /// Whether a predictor, a centre or a regularizer that costs more in one point than elsewhere holds embeddings
    /// apart, whatever the loss does.
    fn held_apart(&self) -> bool {
        let config = self.config;
        let centred = config.target.is_some_and(|target| target.centre.is_some());
        let mut regularizers = config.regularizers.iter().map(RegularizerKind::part);
        centred
            || config.predictor.is_some()
            || regularizers.any(|r| r.repels() && r.weight() > 0.0)
    }
}

/// A cause that leaves the verdict as it was measured.
fn cause(name: &str, why: String) -> Cause {
    Cause {
        name: name.into(),
        why,
        blinds: false,
    }
}
