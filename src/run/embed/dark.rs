//! Whether images are too dark for a run.

use crate::data::depth::RangeInUse;
use crate::data::{DataConfig, Dataset};

/// Images of 16 bits that are looked at for their highest value.
const LOOKED_AT: usize = 200;

/// A sentence where images are too dark for the run that `config` is of.
pub(in crate::run) fn dark(images: &dyn Dataset, config: &DataConfig) -> Option<String> {
    RangeInUse::measure(images, LOOKED_AT)?.too_dark(config.range)
}
