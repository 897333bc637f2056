//! The pictures of a run, by what they are called.

use std::collections::HashMap;
use std::sync::Arc;

use image::RgbImage;

use crate::assembly::OpenedRun;
use crate::augment::{AugmentConfig, MultiView};
use crate::data::{Dataset, Part, open_with_parts};
use crate::error::{Error, Result};
use crate::judge::chosen;

/// Pictures of a run's data as its encoder sees them, and the views that training makes of them.
pub struct Album {
    images: Arc<dyn Dataset>,
    places: HashMap<String, usize>,
    train: Arc<dyn Dataset>,
    plain: MultiView,
    views: MultiView,
    seed: u64,
}

/// One picture and its views.
pub(super) struct Viewed {
    pub(super) id: String,
    pub(super) plain: RgbImage,
    pub(super) views: Vec<RgbImage>,
}

impl Album {
    /// The pictures of `run`'s data, or of those that were put in their place.
    ///
    /// # Errors
    /// Data that cannot be read, or a configuration without `data.channels`.
    pub fn open(run: &OpenedRun) -> Result<Self> {
        let config = &run.config;
        let (images, _) = open_with_parts(&config.data, Part::All)?;
        let train = if run.transferred {
            images.clone()
        } else {
            open_with_parts(&config.data, Part::Train)?.0
        };
        let channels = config.data.channels.ok_or_else(|| {
            Error::key(
                "data.channels",
                "is missing in the run's configuration; set the channels of its images",
            )
        })?;
        // What is shown are pixels.
        let augment = AugmentConfig {
            mean: None,
            std: None,
            ..config.augment.clone()
        };
        let places = (0..images.len()).map(|index| (images.id(index), index));
        Ok(Self {
            places: places.collect(),
            images,
            train,
            plain: augment.evaluation(channels)?,
            views: augment.build(channels)?,
            seed: config.seed,
        })
    }

    /// The picture called `id`; `None` where there is none, or it cannot be read any more.
    pub(super) fn picture(&self, id: &str) -> Option<RgbImage> {
        let image = self.images.get(*self.places.get(id)?).ok()?;
        made(&self.plain, &image, (0, 0)).ok()?.pop()
    }

    /// At most `count` pictures of the training part, drawn by the run's seed, with their views of the first epoch.
    ///
    /// # Errors
    /// Views that cannot be made.
    pub(super) fn viewed(&self, count: usize) -> Result<Vec<Viewed>> {
        let mut all = Vec::new();
        for index in chosen(self.train.len(), count, self.seed) {
            let Ok(image) = self.train.get(index) else {
                continue; // put aside by training as well
            };
            let plain = made(&self.plain, &image, (0, 0))?.pop();
            all.extend(
                plain
                    .map(|plain| {
                        let views = made(&self.views, &image, (self.seed, index as u64))?;
                        let id = self.train.id(index);
                        Ok::<_, Error>(Viewed { id, plain, views })
                    })
                    .transpose()?,
            );
        }
        Ok(all)
    }
}

/// All views of one image.
fn made(
    views: &MultiView,
    image: &crate::data::Image,
    (seed, sample): (u64, u64),
) -> Result<Vec<RgbImage>> {
    let one = |(shape, view): ([usize; 3], u64)| {
        let mut values = vec![0.0; shape.iter().product()];
        views.fill(image, seed, 0, sample, view, &mut values)?;
        Ok(pixels(&values, shape))
    };
    views.shapes().into_iter().zip(0..).map(one).collect()
}

/// A view (C, H, W) of values in [0, 1]: grey, or its first three channels as red, green and blue.
fn pixels(values: &[f32], [channels, height, width]: [usize; 3]) -> RgbImage {
    let byte = |channel: usize, x: u32, y: u32| {
        let plane = channel.min(channels.saturating_sub(1));
        let value = values[(plane * height + y as usize) * width + x as usize];
        (value.clamp(0.0, 1.0) * 255.0).round() as u8
    };
    RgbImage::from_fn(width as u32, height as u32, |x, y| {
        image::Rgb([0, 1, 2].map(|channel| byte(channel, x, y)))
    })
}
