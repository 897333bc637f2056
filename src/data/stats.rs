//! Mean and standard deviation of each channel, for normalisation.

use rayon::prelude::*;

use super::dataset::Dataset;
use super::image::Image;
use crate::error::{Error, Result};

/// Statistics of pixel values on the scale 0..1, one entry a channel.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Statistics {
    /// Mean of each channel.
    pub mean: Vec<f64>,
    /// Standard deviation of each channel, over all pixels of all images.
    pub std: Vec<f64>,
}

/// Name, mean, standard deviation: those of the digits measured on the embedded copy, the others as published.
const KNOWN: [(&str, &[f64], &[f64]); 6] = [
    ("digits", &[0.3053], &[0.3759]),
    ("mnist", &[0.1307], &[0.3081]),
    ("fashion-mnist", &[0.2860], &[0.3530]),
    (
        "cifar10",
        &[0.4914, 0.4822, 0.4465],
        &[0.2470, 0.2435, 0.2616],
    ),
    (
        "cifar100",
        &[0.5071, 0.4865, 0.4409],
        &[0.2673, 0.2564, 0.2762],
    ),
    ("imagenet", &[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]),
];

impl Statistics {
    /// Statistics known by name: digits, mnist, fashion-mnist, cifar10, cifar100, imagenet.
    #[must_use]
    pub fn known(name: &str) -> Option<Self> {
        let (_, mean, std) = KNOWN.iter().find(|(known, ..)| *known == name)?;
        Some(Self {
            mean: mean.to_vec(),
            std: std.to_vec(),
        })
    }

    /// The names that [`Statistics::known`] knows.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        KNOWN.iter().map(|(name, ..)| *name).collect()
    }

    /// Measured over at most `at_most` images, evenly spaced in storage order; unreadable ones are skipped. Use
    /// [`Statistics::counted`] to know how many.
    ///
    /// # Errors
    /// As [`Statistics::counted`].
    pub fn measure(data: &dyn Dataset, at_most: usize) -> Result<Self> {
        Ok(Self::counted(data, at_most)?.0)
    }

    /// As [`Statistics::measure`], with the number of images that were read and that of those that could not be.
    ///
    /// The result is exact in the sums of values on the scale of 16 bits, so that it does not depend on the number of threads.
    ///
    /// # Errors
    /// When no image could be read, with the first reason.
    pub fn counted(data: &dyn Dataset, at_most: usize) -> Result<(Self, [usize; 2])> {
        let count = data.len().min(at_most.max(1));
        let read = |i: usize| data.get((i as u128 * data.len() as u128 / count as u128) as usize);
        let sums = (0..count)
            .into_par_iter()
            .with_min_len(64)
            .filter_map(|i| read(i).ok().map(|image| Sums::of(&image)))
            .reduce(Sums::default, Sums::add);
        if sums.pixels == 0 {
            let reason = if count == 0 {
                "the set is empty".into()
            } else {
                failure(read(0))
            };
            return Err(Error::Failed(format!(
                "no image could be read for statistics: {reason}"
            )));
        }
        let n = sums.pixels as f64;
        let sum = sums.sum.iter();
        let mean: Vec<f64> = sum.map(|&s| s as f64 / n / WHITE).collect();
        let square = sums.square.iter().map(|&s| s as f64 / n / WHITE / WHITE);
        let std = square
            .zip(&mean)
            .map(|(square, mean)| (square - mean * mean).max(0.0).sqrt())
            .collect();
        let read = sums.images;
        Ok((Self { mean, std }, [read, count - read]))
    }
}

fn failure(image: Result<Image>) -> String {
    image.err().map_or_else(String::new, |e| e.to_string())
}

/// White on the scale of 16 bits.
const WHITE: f64 = 65_535.0;

#[derive(Default)]
struct Sums {
    images: usize,
    pixels: u64,       // a channel
    sum: Vec<u64>,     // (channels)
    square: Vec<u128>, // (channels)
}

impl Sums {
    fn of(image: &Image) -> Self {
        let mut sums = Self {
            images: 1,
            pixels: (image.width * image.height) as u64,
            sum: vec![0; image.channels],
            square: vec![0; image.channels],
        };
        for channel in 0..image.channels {
            for index in (channel..image.pixels.len()).step_by(image.channels) {
                let value = u64::from(image.pixels.in_16_bits(index));
                sums.sum[channel] += value;
                sums.square[channel] += u128::from(value * value);
            }
        }
        sums
    }

    fn add(mut self, other: Self) -> Self {
        if self.images == 0 {
            return other;
        }
        self.images += other.images;
        self.pixels += other.pixels;
        self.sum
            .iter_mut()
            .zip(other.sum)
            .for_each(|(a, b)| *a += b);
        let squares = self.square.iter_mut().zip(other.square);
        squares.for_each(|(a, b)| *a += b);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::readers::Digits;

    #[test]
    fn digits_measure_to_their_known_statistics() {
        let measured = Statistics::measure(&Digits::open(1).unwrap(), usize::MAX).unwrap();
        let known = Statistics::known("digits").unwrap();
        assert!(
            (measured.mean[0] - known.mean[0]).abs() < 5e-5,
            "{measured:?}"
        );
        assert!(
            (measured.std[0] - known.std[0]).abs() < 5e-5,
            "{measured:?}"
        );
    }

    #[test]
    fn an_even_sample_spans_the_set() {
        let digits = Digits::open(3).unwrap();
        let part = Statistics::measure(&digits, 100).unwrap();
        let whole = Statistics::measure(&digits, usize::MAX).unwrap();
        assert_eq!(part.mean.len(), 3);
        assert!((part.mean[1] - whole.mean[1]).abs() < 0.02);
    }
}
