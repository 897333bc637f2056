//! The `augment` table of a configuration.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Operation;
use super::multi_view::MultiView;
use super::normalize::Normalize;
use super::pipeline::Pipeline;
use super::presets::simclr;
use super::resize::Resize;
use crate::data::Image;
use crate::error::{Error, Result, require};
use crate::random::{Purpose, stream};

/// Largest side of a view: beyond it a batch would not fit into any memory.
const LARGEST: usize = 4096;

/// Pictures that views are compared on; a pair that differs once in so many draws teaches hardly more than none.
const NOISE_PICTURES: u64 = 64;

/// A picture of noise.
fn noise((height, width): (usize, usize), channels: usize, sample: u64) -> Image {
    let mut rng = stream(0, Purpose::Check, 0, sample, 0);
    Image {
        width,
        height,
        channels,
        pixels: (0..height * width * channels)
            .map(|_| rng.random::<u8>())
            .collect(),
    }
}

/// What is done to an image before a network sees it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// The views made of each image, in order; two alike by default.
    pub views: Vec<ViewConfig>,
    /// Height and width of the views, in pixels; groups of `views` may have a size of their own.
    pub size: usize,
    /// Mean of each channel, on values in [0, 1]; without it views are not normalised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<Vec<f32>>,
    /// Standard deviation of each channel, on values in [0, 1].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std: Option<Vec<f32>>,
}

/// Some views that are made alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ViewConfig {
    /// How many views are made this way.
    pub count: usize,
    /// Height and width of these views; left out: `augment.size`, the full size. Views of another size (multi-crop, Caron
    /// et al. 2020) come after those of full size, and ask but do not answer where the gradient of answers is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// The operations, in order; one that frames (crops, resizes) stands first.
    pub ops: Vec<Operation>,
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self {
            views: vec![ViewConfig::default()],
            size: 32,
            mean: None,
            std: None,
        }
    }
}

impl Default for ViewConfig {
    fn default() -> Self {
        Self {
            count: 2,
            size: None,
            ops: simclr(32, 0.5),
        }
    }
}

/// The multiple of `side` nearest to `size`, and the one on its other side where there is one.
fn multiples(size: usize, side: usize) -> (usize, Option<usize>) {
    let side = side.max(1);
    let below = size / side * side;
    let above = below + side;
    match below {
        0 => (above, None),
        _ if above - size < size - below => (above, Some(below)),
        _ => (below, Some(above)),
    }
}

impl AugmentConfig {
    /// Whether views may be mirror images of their picture.
    #[must_use]
    pub fn mirrors(&self) -> bool {
        let mut ops = self.views.iter().flat_map(|view| &view.ops);
        ops.any(|op| matches!(op, Operation::HorizontalFlip(_)))
    }

    /// Two views made by `ops`, of `size`, not normalised.
    #[must_use]
    pub fn two_views(size: usize, ops: Vec<Operation>) -> Self {
        Self {
            views: vec![ViewConfig {
                ops,
                ..ViewConfig::default()
            }],
            size,
            ..Self::default()
        }
    }

    /// The views of training, for images of `channels`.
    ///
    /// # Errors
    /// [`Error::Usage`] with the key path for settings that make no sense.
    pub fn build(&self, channels: usize) -> Result<MultiView> {
        let normalize = self.normalize(channels)?;
        let mut pipelines = Vec::new();
        for (i, view) in self.views.iter().enumerate() {
            let key = format!("augment.views[{i}]");
            require(
                &format!("{key}.count"),
                (1..=64).contains(&view.count),
                format_args!(
                    "{} is not between 1 and 64; leave a view out by removing it",
                    view.count
                ),
            )?;
            self.check_size(i, &key)?;
            let pipeline = Pipeline::new(
                &format!("{key}.ops"),
                &view.ops,
                channels,
                view.size.unwrap_or(self.size),
                normalize.clone(),
            )?;
            pipelines.extend(vec![pipeline; view.count]);
        }
        MultiView::new(pipelines)
    }

    /// Whether all views of an image come out equal, as far as some pictures of noise can tell.
    ///
    /// Pairs of such views teach nothing. The views are made, not reasoned about: an operation of probability or
    /// strength 0, or one that changes every view in the same way, counts as none.
    ///
    /// # Errors
    /// As [`AugmentConfig::build`].
    pub fn identical(&self, channels: usize) -> Result<bool> {
        self.identical_on(channels, &[])
    }

    /// As [`AugmentConfig::identical`], on noise of these heights and widths in turn; somewhat larger than the views
    /// where there are none.
    ///
    /// # Errors
    /// As [`AugmentConfig::build`].
    pub fn identical_on(&self, channels: usize, sides: &[(usize, usize)]) -> Result<bool> {
        let views = self.build(channels)?;
        let shapes = views.shapes();
        for sample in 0..NOISE_PICTURES {
            let side = self.size + self.size / 4 + 1;
            let (height, width) = match sides.len() {
                0 => (side, side),
                count => sides[sample as usize % count],
            };
            let picture = noise((height, width), channels, sample);
            let mut first: Option<Vec<f32>> = None;
            for (view, shape) in shapes.iter().enumerate() {
                let mut made = vec![0.0; shape.iter().product()];
                views.fill(&picture, 0, 0, sample, view as u64, &mut made)?;
                match &first {
                    Some(first) if *first != made => return Ok(false),
                    Some(_) => {}
                    None => first = Some(made),
                }
            }
        }
        Ok(true)
    }

    /// Height and width of every view, in order.
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        let sizes = |view: &ViewConfig| vec![view.size.unwrap_or(self.size); view.count];
        self.views.iter().flat_map(sizes).collect()
    }

    /// Refuse sizes that are no multiples of `side`, the patches of an encoder.
    ///
    /// # Errors
    /// All of them in one sentence, with the nearest sizes that are.
    pub fn check_tiles(&self, side: usize) -> Result<()> {
        let wrong = |size: &usize| side > 0 && !size.is_multiple_of(side);
        let whole = (self.size, "augment.size".to_string());
        let views = self.views.iter().enumerate();
        let views = views.filter_map(|(i, view)| {
            let size = view.size.filter(|size| *size != self.size)?;
            Some((size, format!("augment.views.{i}.size")))
        });
        let all = std::iter::once(whole).chain(views);
        let all: Vec<(usize, String)> = all.filter(|(size, _)| wrong(size)).collect();
        if all.is_empty() {
            return Ok(());
        }
        let sizes: Vec<String> = all
            .iter()
            .map(|(size, _)| format!("{size}x{size}"))
            .collect();
        let ways = all.iter().map(|(size, key)| {
            let (nearest, other) = multiples(*size, side);
            let other = other.map_or(String::new(), |other| format!(" (or {other})"));
            format!("--set {key}={nearest}{other}")
        });
        let ways: Vec<String> = ways.collect();
        Err(Error::key(
            "encoder.patch",
            format!(
                "patches of {side}x{side} do not tile views of {}; take multiples of {side}: {}",
                sizes.join(" and "),
                ways.join(" ")
            ),
        ))
    }

    /// Refuse a size of the group `i` that cannot be made, or that stands where full size is expected.
    fn check_size(&self, i: usize, key: &str) -> Result<()> {
        let own = |view: &ViewConfig| view.size.filter(|&size| size != self.size);
        let key = format!("{key}.size");
        if let Some(size) = own(&self.views[i]) {
            check_pixels(&key, size)?;
            if i == 0 {
                return Err(Error::key(
                    &key,
                    format!(
                        "the first views have the full size, augment.size = {}; put the views of {size} pixels after \
                         them, or set augment.size = {size}",
                        self.size
                    ),
                ));
            }
        } else if self.views[..i].iter().any(|view| own(view).is_some()) {
            return Err(Error::key(
                &key,
                "views of full size come before those of other sizes; move this group up",
            ));
        }
        Ok(())
    }

    /// The one view of evaluation: the shorter side resized to `size` with antialiasing, centre, normalised.
    ///
    /// Draws nothing, so that seed, epoch and sample do not matter.
    ///
    /// # Errors
    /// [`Error::Usage`] with the key path for settings that make no sense.
    pub fn evaluation(&self, channels: usize) -> Result<MultiView> {
        let normalize = self.normalize(channels)?;
        let resize = [Operation::Resize(Resize::default())];
        MultiView::new(vec![Pipeline::new(
            "augment", &resize, channels, self.size, normalize,
        )?])
    }

    /// The normalisation, after looking at what all views share.
    fn normalize(&self, channels: usize) -> Result<Option<Normalize>> {
        check_pixels("augment.size", self.size)?;
        match (&self.mean, &self.std) {
            (Some(mean), Some(std)) => Ok(Some(Normalize::new("augment", channels, mean, std)?)),
            (None, None) => Ok(None),
            (Some(_), None) => Err(Error::key(
                "augment.std",
                "is missing beside `mean`; give both or neither",
            )),
            (None, Some(_)) => Err(Error::key(
                "augment.mean",
                "is missing beside `std`; give both or neither",
            )),
        }
    }
}

/// Refuse views that would not fit into any memory, or have no pixel.
fn check_pixels(key: &str, size: usize) -> Result<()> {
    require(
        key,
        (1..=LARGEST).contains(&size),
        format_args!("views of {size} pixels cannot be made; choose from 1 to {LARGEST}"),
    )
}
