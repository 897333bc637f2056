//! Pictures beside lightly changed views of themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Tensor;

use super::readout::Readout;
use super::views;
use crate::assembly::{EVAL_BATCH, InferenceSetup, OpenedRun};
use crate::augment::{
    AugmentConfig, ColorJitter, HorizontalFlip, Operation, RandomResizedCrop, Resize, ViewConfig,
};
use crate::data::{Dataset, Part, Subset, Views, open_with_parts};
use crate::error::{Error, Result};
use crate::eval::embed as through;
use crate::train::Observer;

/// Features of pictures, each followed by those of a light view of it.
#[derive(Clone, Debug)]
pub struct LightViews {
    /// D.
    pub dim: usize,
    /// (N, 2, D).
    pub features: Vec<f32>,
    /// Whether mirror images are among the views.
    pub mirrored: bool,
}

/// The features of up to `count` pictures of the run's data, evenly spread over it, and of one light view each: a crop of
/// 80 % and more, the mirror image half of the time where the run's own augmentations make such, brightness and contrast
/// changed by up to a tenth; drawn from the run's seed. With `flips` features are those of a picture and its mirror image averaged, as in a table that was embedded so.
///
/// # Errors
/// Data that cannot be read; [`Error::Interrupted`] after a stop from outside.
pub fn light_views(
    run: &OpenedRun,
    (count, flips): (usize, bool),
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<LightViews> {
    let config = run.config.clone().without_head();
    let setup = InferenceSetup::new(&config)?;
    setup.notes.iter().for_each(|note| observer.message(note));
    run.load(setup.network.params())?;
    let readout = Readout::new(&setup.network, ("features", None), (None, None))?;
    let (dataset, _) = open_with_parts(&config.data, Part::All)?;
    let step = dataset.len().div_ceil(count.max(1)).max(1);
    let indices = (0..dataset.len() as u32).step_by(step).collect();
    let some: Arc<dyn Dataset> = Arc::new(Subset::new(dataset, indices));
    let views: Arc<dyn Views> = Arc::new(light(&config.augment).build(setup.views.shapes()[0][0])?);
    let mut found = LightViews {
        dim: 0,
        features: Vec::new(),
        mirrored: config.augment.mirrors(),
    };
    through::embed_views(
        &some,
        &views,
        (EVAL_BATCH / 2, config.data.worker_count(), config.seed),
        &setup.device,
        |seen: &[Tensor]| {
            let read =
                |x: &Tensor| views::averaged(std::slice::from_ref(x), flips, |x| readout.read(x));
            Ok(Tensor::cat(
                &seen.iter().map(read).collect::<Result<Vec<_>>>()?,
                1,
            )?)
        },
        |pairs| {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted("stopped; nothing was written".into()));
            }
            found.dim = pairs.dim / 2;
            found.features.extend_from_slice(&pairs.values);
            Ok(())
        },
    )?;
    Ok(found)
}

/// The whole picture, and a light view of it.
fn light(augment: &AugmentConfig) -> AugmentConfig {
    let view = |ops| ViewConfig {
        count: 1,
        size: None,
        ops,
    };
    let crop = RandomResizedCrop {
        scale: [0.8, 1.0],
        ratio: [0.95, 1.05],
        ..RandomResizedCrop::default()
    };
    let jitter = ColorJitter {
        brightness: 0.1,
        contrast: 0.1,
        saturation: 0.0,
        hue: 0.0,
        ..ColorJitter::default()
    };
    let mut ops = vec![
        Operation::RandomResizedCrop(crop),
        Operation::ColorJitter(jitter),
    ];
    if augment.mirrors() {
        ops.push(Operation::HorizontalFlip(HorizontalFlip::default()));
    }
    AugmentConfig {
        views: vec![view(vec![Operation::Resize(Resize::default())]), view(ops)],
        ..augment.clone()
    }
}
