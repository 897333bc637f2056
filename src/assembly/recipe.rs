//! Settings that follow the data, for a preset on somebody's own images.

use crate::config::Config;
use crate::data::depth::RangeInUse;
use crate::data::{self, Dataset, Statistics, labelled};
use crate::encoders::{Convnet, EncoderKind};
use crate::error::Result;

/// Images that are looked at for their size and colours.
const LOOKED_AT: usize = 64;

/// Images of 16 bits that are looked at for their highest value.
const RANGE_OF: usize = 1000;

/// A small convnet sees all of images whose shorter side is below this.
const TINY: usize = 24;

/// Images with a shorter side up to this are those that presets were made for.
const SMALL: usize = 48;

/// Views of larger images: with the stem of photographs, more to see for little more time than 32 pixels.
const PHOTOGRAPH: usize = 64;

/// Batches that an epoch is cut into at least, as long as they hold [`LEAST_BATCH`] images.
const STEPS_AN_EPOCH: usize = 16;

/// Fewer wrong answers a question say little.
const LEAST_BATCH: usize = 16;

/// Images that a run sees at least, unless that takes more than [`MOST_EPOCHS`].
const IMAGES_SEEN: u64 = 128_000;

/// More passes over the same few images add little.
const MOST_EPOCHS: u64 = 200;

/// A configuration that was fitted to its data.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The configuration.
    pub config: Config,
    /// What was chosen, and from what, a sentence each; none where the preset fits as it is.
    pub reasons: Vec<String>,
}

impl Recipe {
    /// Fit `preset`, whose `data` names the images, to them: picture size and encoder by the images' own size, batch by
    /// their number with the learning rate in proportion (Goyal et al. 2017), epochs so that enough is seen, no colour
    /// changes on grey images; a head counts the images with a label. Large sets of images of about 32 pixels keep the preset as it is.
    ///
    /// # Errors
    /// Data that cannot be read, or no image of them.
    pub fn fit(preset: Config) -> Result<Self> {
        let splits = data::open(&preset.data)?;
        let (train, head) = (splits.train, !preset.all_heads().is_empty());
        let train = if head { labelled(&train) } else { train };
        let mut recipe = Self {
            config: preset,
            reasons: Vec::new(),
        };
        recipe.fit_range(train.as_ref());
        let seen = Seen::of(train.as_ref());
        let fresh = !recipe.config.encoder.part().starts_from_file();
        if recipe.config.pretrained.is_none() && fresh {
            recipe.fit_size(&seen); // else both are those of the other run, or of the file of weights
        }
        recipe.fit_batch(train.len())?;
        recipe.fit_epochs(train.len());
        let bands = splits.channels;
        if seen.grey || !matches!(bands, 1 | 3) {
            recipe.config.augment = recipe.config.augment.clone().without_color();
            let why = if seen.grey {
                "the images are grey".into()
            } else {
                format!("the images have {bands} channels, which are no colours")
            };
            recipe.say(format!("augment.views without colour changes: {why}"));
        }
        if !matches!(bands, 1 | 3) {
            recipe.fit_normalization()?;
        }
        recipe.config.validate()?;
        Ok(recipe)
    }

    fn say(&mut self, reason: String) {
        self.reasons.push(reason);
    }

    /// White is the next power of two where images of 16 bits use half of the range or less.
    fn fit_range(&mut self, train: &dyn Dataset) {
        let data = &mut self.config.data;
        if data.range.is_some() {
            return;
        }
        let Some(range) = RangeInUse::measure(train, RANGE_OF) else {
            return;
        };
        data.range = range.narrower();
        if let Some(white) = data.range {
            let RangeInUse { of, highest, .. } = range;
            self.say(format!(
                "data.range {white}: images of 16 bits, with values up to {highest} in {of} of them"
            ));
        }
    }

    /// Channels of an instrument differ in scale a hundredfold: each gets mean 0 and deviation 1, a constant one only the mean.
    fn fit_normalization(&mut self) -> Result<()> {
        if self.config.augment.mean.is_some() {
            return Ok(());
        }
        // On the scale that `data.range` has by now, and not on that of the images as they were looked at.
        let train = data::open(&self.config.data)?.train;
        let measured = Statistics::measure(train.as_ref(), RANGE_OF)?;
        let deviation = |v: f64| if v > 0.0 { v as f32 } else { 1.0 };
        let augment = &mut self.config.augment;
        augment.mean = Some(measured.mean.into_iter().map(|v| v as f32).collect());
        augment.std = Some(measured.std.into_iter().map(deviation).collect());
        self.say("augment.mean and augment.std: those of each channel of the images".into());
        Ok(())
    }

    fn fit_size(&mut self, seen: &Seen) {
        let side = seen.side;
        if side == 0 || (TINY..=SMALL).contains(&side) {
            return;
        }
        if side < TINY {
            self.resize(side.next_multiple_of(4).max(8));
            self.config.encoder = EncoderKind::Convnet(Convnet {
                widths: vec![32, 64, 128],
                strides: vec![1, 2, 2],
            });
        } else {
            self.resize(PHOTOGRAPH);
            // Encoders without a stem of their own take images of any size.
            if let Ok(stemmed) = self.config.with(&["encoder.stem=imagenet".into()]) {
                self.config = stemmed;
            }
        }
        let size = self.config.augment.size;
        self.say(format!(
            "augment.size {size} and an encoder for it: half of the images have a shorter side of {side} pixels or more"
        ));
    }

    /// Views of `size` pixels; smaller ones keep their share of it.
    fn resize(&mut self, size: usize) {
        let augment = &mut self.config.augment;
        for view in &mut augment.views {
            view.size = view.size.map(|own| (own * size / augment.size).max(4));
        }
        augment.size = size;
    }

    fn fit_batch(&mut self, images: usize) -> Result<()> {
        let was = self.config.train.batch;
        let fair = (images / STEPS_AN_EPOCH)
            .max(LEAST_BATCH)
            .min(images.max(2));
        let batch = if fair >= was {
            was
        } else {
            1 << fair.ilog2() // a power of two, at most `fair`
        };
        if batch == was {
            return Ok(());
        }
        let rate = self.config.optimizer.part().learning_rate() * batch as f64 / was as f64;
        let rate = format!("{rate:.3e}"); // three digits
        self.config = self.config.with(&[
            format!("train.batch={batch}"),
            format!("optimizer.lr={rate}"),
        ])?;
        self.say(format!(
            "train.batch {batch} and optimizer.lr {rate}, in proportion: {images} images to train on"
        ));
        Ok(())
    }

    fn fit_epochs(&mut self, images: usize) {
        let epochs = IMAGES_SEEN.div_ceil(images.max(1) as u64).min(MOST_EPOCHS);
        if epochs <= self.config.train.epochs {
            return;
        }
        set_epochs(&mut self.config, epochs);
        let seen = epochs * images as u64;
        self.say(format!("train.epochs {epochs}: {seen} images are seen"));
    }
}

/// Let `config` train for `epochs`: saved and probed about ten times, with a twentieth of them as warm-up, and half of that
/// with a frozen encoder where it starts frozen.
pub fn set_epochs(config: &mut Config, epochs: u64) {
    let train = &mut config.train;
    train.epochs = epochs;
    if train.freeze_epochs > 0.0 {
        let part = train.freeze_epochs.max(epochs as f64 / 40.0);
        train.freeze_epochs = part.min(epochs as f64 / 4.0);
    }
    let every = (epochs as f64 / 10.0).max(1.0);
    train.save_every = train.save_every.max(every);
    config.probe.every = config.probe.every.max(every);
    let warmup = train.warmup_epochs.max(epochs as f64 / 20.0);
    train.warmup_epochs = warmup.min(epochs as f64 / 2.0);
}

/// What some of the images look like.
struct Seen {
    /// Median of the shorter sides; 0 when none could be read.
    side: usize,
    /// Whether all of them are grey.
    grey: bool,
}

impl Seen {
    fn of(images: &dyn Dataset) -> Self {
        let step = images.len().div_ceil(LOOKED_AT).max(1);
        let some = (0..images.len()).step_by(step);
        let some: Vec<_> = some.filter_map(|i| images.get(i).ok()).collect();
        let mut sides: Vec<usize> = some.iter().map(|i| i.width.min(i.height)).collect();
        sides.sort_unstable();
        let grey = |image: &data::Image| {
            let equal = |i: usize| {
                let first = i - i % image.channels;
                image.pixels.in_16_bits(i) == image.pixels.in_16_bits(first)
            };
            image.channels == 1 || (0..image.pixels.len()).all(equal)
        };
        Self {
            side: sides.get(sides.len() / 2).copied().unwrap_or_default(),
            grey: !some.is_empty() && some.iter().all(grey),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Any = Box<dyn std::error::Error>;

    /// `count` images of `side` pixels in a folder, grey ones where `grey`.
    fn fitted(preset: &str, count: u32, side: u32, grey: bool) -> Result<Recipe, Any> {
        let folder = tempfile::tempdir()?;
        for i in 0..count {
            let image = image::RgbImage::from_fn(side, side, |x, y| {
                let value = (i * 7 + x * y) as u8;
                image::Rgb([value, if grey { value } else { value / 2 }, value])
            });
            image.save(folder.path().join(format!("{i:03}.png")))?;
        }
        let source = toml::Value::String(folder.path().display().to_string());
        let config = Config::load(Some(preset), &[format!("data.source={source}")])?;
        Ok(Recipe::fit(config)?)
    }

    #[test]
    fn a_few_hundred_photographs_make_enough_steps_of_small_batches() -> Result<(), Any> {
        let recipe = fitted("simclr", 300, 60, false)?;
        let config = &recipe.config;
        let images = 300 - 15; // the validation part is taken out
        assert_eq!((config.augment.size, config.train.batch), (64, 16));
        assert!((config.optimizer.part().learning_rate() - 0.5 * 16.0 / 256.0).abs() < 1e-12);
        assert!(config.train.epochs * (images / 16) > 1000, "{recipe:?}");
        assert_eq!(recipe.reasons.len(), 3, "{:?}", recipe.reasons);
        Ok(())
    }

    #[test]
    fn tiny_grey_images_get_a_small_network_and_no_colours() -> Result<(), Any> {
        let recipe = fitted("vicreg", 50, 10, true)?;
        let ops = &recipe.config.augment.views[0].ops;
        assert_eq!(recipe.config.augment.size, 12);
        assert!(ops.iter().all(|op| op.name() != "grayscale"));
        assert!(recipe.config.encoder.part().graph(&[3, 12, 12]).is_ok());
        Ok(())
    }

    /// Tiles of five bands with values far below the range of 16 bits, one of them constant.
    #[test]
    fn bands_get_mean_0_and_deviation_1_on_the_range_that_was_chosen() -> Result<(), Any> {
        let folder = tempfile::tempdir()?;
        for tile in 0..40_u16 {
            let value = |i: u16| match i % 5 {
                4 => 700,
                band => 100 * band + (37 * i + 11 * tile) % 300,
            };
            let numbers = (0..9 * 9 * 5).flat_map(|i| value(i).to_le_bytes());
            let header = "{'descr': '<u2', 'fortran_order': False, 'shape': (9, 9, 5), }\n";
            let mut file = b"\x93NUMPY\x01\0".to_vec();
            file.extend((header.len() as u16).to_le_bytes());
            file.extend(header.bytes().chain(numbers));
            std::fs::write(folder.path().join(format!("{tile}.npy")), file)?;
        }
        let source = toml::Value::String(folder.path().display().to_string());
        let config = Config::load(Some("simclr"), &[format!("data.source={source}")])?;
        let config = Recipe::fit(config)?.config;
        assert_eq!(config.data.range, Some(1024));
        let splits = data::open(&config.data)?;
        let views = config.augment.evaluation(splits.channels)?;
        let side = config.augment.size;
        let mut bands = vec![Vec::new(); 5];
        for i in 0..splits.train.len() {
            let mut view = vec![0.0; 5 * side * side];
            views.fill(&splits.train.get(i)?, 0, 0, 0, 0, &mut view)?;
            for (band, plane) in bands.iter_mut().zip(view.chunks_exact(side * side)) {
                band.extend(plane.iter().map(|&v| f64::from(v)));
            }
        }
        for (number, band) in bands.iter().enumerate() {
            let n = band.len() as f64;
            let mean = band.iter().sum::<f64>() / n;
            let square = band.iter().map(|v| v * v).sum::<f64>() / n;
            assert!(mean.abs() < 0.05, "band {number}: mean {mean}");
            // Views are a little larger than the tiles, and values between two pixels vary less.
            let wanted = if number == 4 { 0.0..0.01 } else { 0.5..1.1 };
            assert!(wanted.contains(&square.sqrt()), "band {number}: {square}");
        }
        Ok(())
    }

    #[test]
    fn views_of_several_sizes_keep_their_shares() -> Result<(), Any> {
        let preset = Config::load(Some("dino"), &[])?.augment;
        let fitted = fitted("dino", 40, 90, false)?.config.augment;
        let shares = |config: &crate::augment::AugmentConfig| -> Vec<usize> {
            let sizes = config.sizes().into_iter();
            sizes.map(|size| 100 * size / config.size).collect()
        };
        assert_eq!(shares(&preset), shares(&fitted));
        Ok(())
    }

    #[test]
    fn a_large_set_of_small_images_keeps_the_preset() -> Result<(), Any> {
        let preset = Config::load(Some("simclr"), &[])?;
        let mut recipe = Recipe {
            config: preset.clone(),
            reasons: Vec::new(),
        };
        recipe.fit_size(&Seen {
            side: 32,
            grey: false,
        });
        recipe.fit_batch(45_000)?;
        recipe.fit_epochs(45_000);
        assert_eq!(recipe.config.to_toml()?, preset.to_toml()?);
        assert!(recipe.reasons.is_empty());
        Ok(())
    }
}
