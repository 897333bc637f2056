//! The trained encoder beside its two baselines: what the three see of the same images.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::Device;

use crate::data::{Dataset, Views};
use crate::error::{Error, Result};
use crate::eval::card::{Measured, WithBaselines};
use crate::eval::class_figures::{balanced_accuracy, class_figures};
use crate::eval::features::accuracy;
use crate::eval::low_shot::{Repeated, bootstrap, draw, together};
use crate::eval::{Features, embed};
use crate::graph::Network;
use crate::random::{Purpose, permutation, stream};

/// The trained encoder, the same as it started, and how images reach them.
pub struct Encoders {
    /// After training.
    pub pretrained: Network,
    /// Before training.
    pub untrained: Network,
    /// How an image is shown: its first view is looked at.
    pub views: Arc<dyn Views>,
    /// Where the networks are.
    pub device: Device,
    /// Images embedded at once.
    pub batch: usize,
    /// Loader threads.
    pub workers: usize,
}

impl Encoders {
    /// `dataset` as the three see it: the networks' `features`, and the pixels, (N, D) each.
    ///
    /// # Errors
    /// As [`embed::collect`].
    pub fn see(&self, dataset: &Arc<dyn Dataset>) -> Result<WithBaselines<Features>> {
        let settings = (self.batch, self.workers);
        let through = |network: &Network| {
            let features = |x: &_| network.eval(x, "features");
            embed::collect(dataset, &self.views, settings, &self.device, features)
        };
        Ok(WithBaselines {
            pretrained: through(&self.pretrained)?,
            untrained: through(&self.untrained)?,
            raw: embed::collect(dataset, &self.views, settings, &self.device, |x| {
                Ok(x.flatten_from(1)?)
            })?,
        })
    }

    /// `train` and `test`, and the part that settings are chosen on where there is one, as the three see them.
    ///
    /// # Errors
    /// As [`Encoders::see`].
    pub fn pairs(
        &self,
        train: &Arc<dyn Dataset>,
        test: &Arc<dyn Dataset>,
        validation: Option<&Arc<dyn Dataset>>,
    ) -> Result<WithBaselines<Pair>> {
        let (train, test) = (self.see(train)?, self.see(test)?);
        let validation = validation.map(|part| self.see(part)).transpose()?;
        let (pretrained, untrained, raw) = match validation {
            Some(seen) => (Some(seen.pretrained), Some(seen.untrained), Some(seen.raw)),
            None => (None, None, None),
        };
        let pair = |train, test, validation| Pair {
            train,
            test,
            validation,
        };
        Ok(WithBaselines {
            pretrained: pair(train.pretrained, test.pretrained, pretrained),
            untrained: pair(train.untrained, test.untrained, untrained),
            raw: pair(train.raw, test.raw, raw),
        })
    }
}

/// What one way of looking at images makes of them.
pub struct Pair {
    /// What a probe learns from.
    pub train: Features,
    /// What it is judged on.
    pub test: Features,
    /// What a setting of the probe is chosen on, where it has one.
    pub validation: Option<Features>,
}

/// How often what `answer` answers is right when it is given, for each of the three, the rows of `train` in each of `draws`.
///
/// `draws` are indices in the data set that `pairs` were trained on, `classes` the names of its classes. `answer` gets the
/// drawn rows, the pair that they are of, and the number of the draw, and gives the class of each row of `pair.test`.
/// The intervals are over the images judged ([`bootstrap`]) and over the draws where there are several ([`together`]).
///
/// # Errors
/// Those of `answer`; rows to judge without a label.
pub fn over_draws(
    pairs: &WithBaselines<Pair>,
    classes: &[String],
    draws: &[Vec<usize>],
    mut answer: impl FnMut(&Features, &Pair, u64) -> Result<Vec<u32>>,
) -> Result<Measured> {
    let found = pairs.each(|pair| {
        let labels = pair.test.known_labels()?;
        let (mut shares, mut balanced, mut first) = (Vec::new(), Vec::new(), Vec::new());
        for (rows, draw) in draws.iter().zip(0..) {
            let answers = answer(&rows_of(pair, rows), pair, draw)?;
            let figures = class_figures(classes, &labels, &answers);
            shares.push(accuracy(&answers, &labels));
            balanced.push(balanced_accuracy(&figures));
            if draw == 0 {
                first = figures;
            }
        }
        let repeated = Repeated::of(shares);
        let images = bootstrap(repeated.mean, labels.len());
        let over_draws = repeated.interval;
        let interval = over_draws.map_or(images, |draws| together(repeated.mean, [draws, images]));
        Ok((repeated.mean, interval, Repeated::of(balanced).mean, first))
    })?;
    Ok(Measured {
        accuracy: found.each(|(accuracy, ..)| Ok(*accuracy))?,
        interval: found.each(|(_, interval, ..)| Ok(Some(*interval)))?,
        balanced_accuracy: found.each(|(_, _, balanced, _)| Ok(*balanced))?,
        per_class: found.pretrained.3,
    })
}

/// The rows of `pair.train` that stand for the images `indices` of the data set it was made of; unreadable images have
/// none.
#[must_use]
pub fn rows_of(pair: &Pair, indices: &[usize]) -> Features {
    let place: HashMap<usize, usize> = pair.train.samples.iter().copied().zip(0..).collect();
    let rows: Vec<usize> = indices
        .iter()
        .filter_map(|i| place.get(i).copied())
        .collect();
    pair.train.select(&rows)
}

/// The labels of a whole part.
///
/// # Errors
/// [`Error::Usage`] when an image has none.
pub fn labels(dataset: &Arc<dyn Dataset>) -> Result<Vec<u32>> {
    let all: Option<Vec<u32>> = (0..dataset.len()).map(|i| dataset.label(i)).collect();
    all.ok_or_else(|| {
        Error::Usage(
            "a probe needs labels, but these images have none; put each class in a folder of its own, \
             or use a labelled set"
                .into(),
        )
    })
}

/// Rows of each draw of `per_class` labels a class of `train`, or one draw of all rows.
///
/// # Errors
/// As [`draw`], with the name of the class that has too few; an image without a label.
pub fn draws(
    train: &Arc<dyn Dataset>,
    per_class: Option<usize>,
    seed: u64,
    repetitions: u64,
) -> Result<Vec<Vec<usize>>> {
    let labels = labels(train)?;
    let Some(n) = per_class else {
        return Ok(vec![(0..labels.len()).collect()]);
    };
    for (class, name) in train.classes().iter().enumerate() {
        let count = labels.iter().filter(|&&l| l as usize == class).count();
        if (1..n).contains(&count) {
            return Err(Error::Usage(format!(
                "{n} labels per class were asked for, but of the class `{name}` there are only {count} images to learn \
                 from; ask for fewer"
            )));
        }
    }
    (0..repetitions)
        .map(|r| draw(&labels, n, seed, r))
        .collect()
}

/// At most `count` of `0..total`, drawn by the seed.
#[must_use]
pub fn chosen(total: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut order = permutation(total, &mut stream(seed, Purpose::Probe, 0, 0, 0));
    order.truncate(count);
    order
}

/// Neighbours that vote, `k` as configured but no more than the smallest class of `train` has images: beyond that other
/// classes outvote it however near its own lie.
#[must_use]
pub fn neighbors(k: usize, train: &Arc<dyn Dataset>) -> usize {
    smallest_class(train).map_or(k, |smallest| k.min(smallest))
}

/// Images of the smallest class of `dataset` that has any; `None` without labels.
#[must_use]
pub fn smallest_class(dataset: &Arc<dyn Dataset>) -> Option<usize> {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for label in (0..dataset.len()).filter_map(|i| dataset.label(i)) {
        *counts.entry(label).or_default() += 1;
    }
    counts.into_values().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_place_whatever_the_images_are_called() {
        let train = Features {
            dim: 1,
            values: vec![0.0, 1.0, 3.0],
            labels: vec![Some(0), Some(1), Some(1)],
            ids: vec!["one name".into(); 3],
            samples: vec![0, 1, 3], // image 2 was unreadable
            ..Features::default()
        };
        let pair = Pair {
            test: train.clone(),
            train,
            validation: None,
        };
        let rows = rows_of(&pair, &[3, 2, 0]);
        assert_eq!((rows.values, rows.samples), (vec![3.0, 0.0], vec![3, 0]));
        assert_eq!(rows_of(&pair, &[0, 1, 2, 3]).rows(), 3);
    }
}
