//! The trained encoder beside its two baselines: what the three see of the same images.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::Device;

use crate::data::{Dataset, Views};
use crate::error::{Error, Result};
use crate::eval::card::WithBaselines;
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

/// Mean accuracy over the draws and its 95 % interval, for each of the three: over the images it was judged on
/// ([`bootstrap`]) and over the draws where there are several ([`together`]).
pub type Measured = (WithBaselines<f64>, WithBaselines<Option<[f64; 2]>>);

/// What `fit_and_judge` reaches when it is given, for each of the three, the rows of `train` in each of `draws`.
///
/// `draws` are indices in the data set that `pairs` were trained on. `fit_and_judge` gets the drawn rows, the pair that
/// they are of, and the number of the draw.
///
/// # Errors
/// Those of `fit_and_judge`.
pub fn over_draws(
    pairs: &WithBaselines<Pair>,
    draws: &[Vec<usize>],
    mut fit_and_judge: impl FnMut(&Features, &Pair, u64) -> Result<f64>,
) -> Result<Measured> {
    let found = pairs.each(|pair| {
        let values = draws
            .iter()
            .zip(0..)
            .map(|(rows, draw)| fit_and_judge(&rows_of(pair, rows), pair, draw));
        let mut repeated = Repeated::of(values.collect::<Result<_>>()?);
        let images = bootstrap(repeated.mean, pair.test.rows());
        let interval = repeated.interval;
        repeated.interval =
            Some(interval.map_or(images, |draws| together(repeated.mean, [draws, images])));
        Ok(repeated)
    })?;
    let accuracy = found.each(|repeated| Ok(repeated.mean))?;
    let interval = found.each(|repeated| Ok(repeated.interval))?;
    Ok((accuracy, interval))
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
