//! What causes are read from.

use crate::config::Config;
use crate::error::Result;
use crate::eval::collapse::{Cause, FEWEST_DIMENSIONS};
use crate::losses::Loss;
use crate::regularizers::RegularizerKind;

/// A configuration, and what causes ask of it.
pub(super) struct Context<'a> {
    pub(super) config: &'a Config,
    pub(super) loss: &'a dyn Loss,
    /// In the training part.
    pub(super) images: usize,
    /// Whether `augment.views` makes the same view of an image every time.
    pub(super) identical_views: bool,
}

impl<'a> Context<'a> {
    pub(super) fn new(config: &'a Config, images: usize) -> Result<Self> {
        Self::of(config, images, &[])
    }

    /// As [`Context::new`], with the heights and widths of some pictures: a crop that has no room moves nothing.
    pub(super) fn of(config: &'a Config, images: usize, sides: &[(usize, usize)]) -> Result<Self> {
        let channels = config.data.channels.unwrap_or(3);
        Ok(Self {
            config,
            loss: config.loss.part(),
            images,
            identical_views: config.augment.identical_on(channels, sides)?,
        })
    }

    /// Lowest and highest energy of a pair.
    pub(super) fn energy_range(&self) -> (f64, f64) {
        let projector = self.config.projector.as_ref();
        let dim = projector.map_or(FEWEST_DIMENSIONS, |p| p.output);
        self.config.energy.part().range(dim)
    }

    /// Whether a predictor, a centre or a regularizer that costs more in one point than elsewhere holds embeddings
    /// apart, whatever the loss does.
    pub(super) fn held_apart(&self) -> bool {
        let config = self.config;
        let centered = config.target.is_some_and(|target| target.center.is_some());
        let mut regularizers = config.regularizers.iter().map(RegularizerKind::part);
        centered
            || config.predictor.is_some()
            || regularizers.any(|r| r.repels() && r.weight() > 0.0)
    }
}

/// A cause that leaves the verdict as it was measured.
pub(super) fn cause(name: &str, why: String) -> Cause {
    Cause {
        name: name.into(),
        why,
        blinds: false,
    }
}
