//! Mean and deviation of the pictures, where a configuration leaves them out.

use std::path::Path;

use crate::config::Config;
use crate::data::{Dataset, Statistics};
use crate::encoders::weights;
use crate::error::Result;

/// Images that statistics are measured on when nobody knows them.
const MEASURED: usize = 2000;

/// Fill in `augment.mean` and `augment.std` where neither is set: those that the encoder's starting weights were trained
/// with, where their file tells them, else those of `images`. A sentence where there are starting weights.
pub(super) fn fill_statistics(
    config: &mut Config,
    images: &dyn Dataset,
    channels: usize,
) -> Result<Option<String>> {
    if config.augment.mean.is_some() || config.augment.std.is_some() {
        return Ok(None);
    }
    let encoder = config.encoder.part();
    let path = encoder.weights().filter(|_| config.start.is_none());
    let known = match path {
        Some(path) => weights::preprocessing(Path::new(path))?,
        None => None,
    };
    if let Some(known) = known.as_ref().filter(|known| known.mean.len() == channels) {
        config.augment.mean = Some(known.mean.clone());
        config.augment.std = Some(known.std.clone());
        let other = known.size.filter(|size| *size != config.augment.size);
        let advice = other.map_or(String::new(), |_| {
            format!("; these are seen at {} (augment.size)", config.augment.size)
        });
        return Ok(Some(format!(
            "pictures as those of encoder.weights: {known}{advice}"
        )));
    }
    let found = Statistics::measure(images, MEASURED)?;
    config.augment.mean = Some(found.mean.iter().map(|&x| x as f32).collect());
    config.augment.std = Some(found.std.iter().map(|&x| x.max(1e-3) as f32).collect());
    Ok(path.map(|_| {
        let why = known.map_or("does not say".into(), |known| {
            format!("says of {} channels, not of {channels},", known.mean.len())
        });
        format!(
            "the file of encoder.weights {why} which mean and deviation its pictures had; those of these images are used. \
             Give augment.mean and augment.std if you know them"
        )
    }))
}
