//! Pictures of 16 bits a channel, how much of their range is in use, and pictures with transparent pixels.

use rayon::prelude::*;
use serde::Serialize;

use super::dataset::Dataset;
use super::look::Look;
use super::stored::WHITE;

/// How much of the range of 16 bits the pictures of a set use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RangeInUse {
    /// Pictures of 16 bits.
    pub pictures: usize,
    /// Pictures that were looked at.
    pub of: usize,
    /// Largest value in them.
    pub highest: u16,
    /// That value as a share of 65535.
    pub share: f64,
}

impl RangeInUse {
    /// Of at most `at_most` pictures of `data`, evenly spaced in storage order; `None` where none has 16 bits.
    #[must_use]
    pub fn measure(data: &dyn Dataset, at_most: usize) -> Option<Self> {
        Seen::of(data, at_most).range()
    }

    /// A sentence for the user, with the key where most of the range lies idle.
    #[must_use]
    pub fn sentence(&self) -> String {
        let seen = format!(
            "{} of {} pictures have 16 bits, with values up to {}: {:.1} % of the range",
            self.pictures,
            self.of,
            self.highest,
            100.0 * self.share
        );
        match self.narrower() {
            Some(white) => {
                format!("{seen}; --set data.range={white} makes that value white instead of 65535")
            }
            None => seen,
        }
    }

    /// A sentence for the user where images of 16 bits are much darker than `range`, which an encoder takes for white.
    #[must_use]
    pub fn too_dark(&self, range: Option<u32>) -> Option<String> {
        let white = range.unwrap_or(WHITE);
        self.narrower().filter(|&range| range < white).map(|range| {
            format!(
                "images of 16 bits with values up to {}, and the run takes {white} for white: they are nearly black to its \
                 encoder. Scale them up, or ask a run that was trained with data.range={range}",
                self.highest
            )
        })
    }

    /// The smallest power of two above all values, where that leaves half of the range unused or more.
    #[must_use]
    pub fn narrower(&self) -> Option<u32> {
        let white = (u32::from(self.highest) + 1).next_power_of_two();
        (white < WHITE).then_some(white)
    }
}

/// What looks at several stored pictures found.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    looked: usize,
    deep: usize,
    highest: u16,
    transparent: usize,
    more: usize,
}

impl Seen {
    /// Look at no more than `at_most` pictures of `data`, evenly spaced in storage order.
    pub(super) fn of(data: &dyn Dataset, at_most: usize) -> Self {
        let of = data.len().min(at_most.max(1));
        let place = |i: usize| (i as u128 * data.len() as u128 / of as u128) as usize;
        let looked = (0..of).into_par_iter().with_min_len(64);
        looked
            .map(|i| Self::one(data.look(place(i))))
            .reduce(Self::default, Self::and)
    }

    pub(super) fn one(look: Look) -> Self {
        Self {
            looked: 1,
            deep: usize::from(look.highest.is_some()),
            highest: look.highest.unwrap_or(0),
            transparent: usize::from(look.transparent),
            more: usize::from(look.more),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            looked: self.looked + other.looked,
            deep: self.deep + other.deep,
            highest: self.highest.max(other.highest),
            transparent: self.transparent + other.transparent,
            more: self.more + other.more,
        }
    }

    /// The range in use; `None` where no picture has 16 bits.
    pub(super) fn range(self) -> Option<RangeInUse> {
        (self.deep > 0).then(|| RangeInUse {
            pictures: self.deep,
            of: self.looked,
            highest: self.highest,
            share: f64::from(self.highest) / f64::from(WHITE),
        })
    }

    /// What happens to further pages and frames, where there are some.
    pub(super) fn pages(self) -> Option<String> {
        let (count, of) = (self.more, self.looked);
        (count > 0).then(|| {
            format!(
                "{count} of {of} pictures have several pages or frames, of which the first is read; data.pages = true reads each page of TIFF files"
            )
        })
    }

    /// What happens to transparent pixels, where there are some.
    pub(super) fn transparency(self) -> Option<String> {
        let (count, of) = (self.transparent, self.looked);
        (count > 0).then(|| {
            format!(
                "{count} of {of} pictures have transparent pixels, which count in the colours that are stored for them"
            )
        })
    }
}
