//! A walk over a whole data set: what is in it and what is broken.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::batch::Bad;
use super::dataset::Dataset;
use super::depth::{RangeInUse, Seen};
use super::image::{Image, Pixels};
use super::look::{Depth, Look};
use super::part::Part;
use super::repeats::{Repeats, repeats};
use crate::error::Result;

/// Images that are read together, so that memory does not grow with the set.
const PIECE: usize = 4096;

/// How many images are in each part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PartCounts {
    /// In the training part.
    pub train: usize,
    /// In the validation part.
    pub validation: usize,
    /// In the test part.
    pub test: usize,
}

impl PartCounts {
    /// How many of `parts` are which.
    #[must_use]
    pub fn of(parts: &[Part]) -> Self {
        let mut counts = Self::default();
        for part in parts {
            counts.add(*part);
        }
        counts
    }

    fn add(&mut self, part: Part) {
        match part {
            Part::Train | Part::All => self.train += 1,
            Part::Validation => self.validation += 1,
            Part::Test => self.test += 1,
        }
    }

    /// In all parts together.
    #[must_use]
    pub fn total(&self) -> usize {
        self.train + self.validation + self.test
    }
}

/// A class and its images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCounts {
    /// Name of the class.
    pub class: String,
    /// Its images by part.
    #[serde(flatten)]
    pub parts: PartCounts,
}

/// Width and height of an image in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Size {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
}

/// Readable images of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alike<T> {
    /// What they have in common.
    #[serde(flatten)]
    pub what: T,
    /// How many they are.
    pub images: usize,
}

/// What a data set holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Number of images, broken ones included.
    pub images: usize,
    /// The same by part.
    pub parts: PartCounts,
    /// Number of images of each class, in the order of the classes.
    pub classes: Vec<ClassCounts>,
    /// The same of each tag, where images have several labels each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<ClassCounts>,
    /// Images without a label.
    pub unlabelled: PartCounts,
    /// Number of readable images of each size, most frequent first.
    pub sizes: Vec<Alike<Size>>,
    /// Number of readable images of each number of channels and bits as stored, most frequent first.
    pub depths: Vec<Alike<Depth>>,
    /// How much of their range images of 16 bits use; `None` where there is none.
    pub range: Option<RangeInUse>,
    /// Readable images with equal bytes as stored: equal files, or equal pixels where bare pixels are stored.
    pub repeats: Repeats,
    /// Images that cannot be read or decoded, in storage order.
    pub bad: Vec<Bad>,
    /// What was passed over, and what else a person should know, a sentence each.
    pub notes: Vec<String>,
}

/// What is read of one image.
struct Read {
    size: Size,
    depth: Depth,
    look: Look,
    digest: [u8; 32],
}

/// Read and decode every image of `data`, on all cores; `parts` says which part each is of.
///
/// Memory: 36 bytes an image.
#[must_use]
pub fn check(data: &dyn Dataset, parts: &[Part]) -> Check {
    let (mut sizes, mut depths) = (BTreeMap::new(), BTreeMap::new());
    let (mut bad, mut digests) = (Vec::new(), Vec::new());
    let mut looked = Seen::default();
    for start in (0..data.len()).step_by(PIECE) {
        let piece = start..data.len().min(start + PIECE);
        let all: Vec<_> = piece
            .clone()
            .into_par_iter()
            .map(|i| read(data, i))
            .collect();
        for (index, read) in piece.zip(all) {
            match read {
                Ok(read) => {
                    *sizes.entry(read.size).or_default() += 1;
                    *depths.entry(read.depth).or_default() += 1;
                    digests.push((read.digest, index as u32));
                    looked = looked.and(Seen::one(read.look));
                }
                Err(problem) => bad.push(Bad::of(index as u64, data, problem)),
            }
        }
    }
    let (classes, unlabelled) = count_classes(data, parts);
    let tags = count_tags(data, parts);
    let notes = data
        .notes()
        .into_iter()
        .chain(looked.transparency())
        .chain(looked.pages());
    Check {
        images: data.len(),
        parts: PartCounts::of(parts),
        classes,
        tags,
        unlabelled,
        sizes: most_frequent(sizes),
        depths: most_frequent(depths),
        range: looked.range(),
        repeats: repeats(data, parts, digests),
        bad,
        notes: notes.collect(),
    }
}

fn read(data: &dyn Dataset, index: usize) -> Result<Read> {
    let image = data.get(index)?;
    let size = Size {
        width: image.width,
        height: image.height,
    };
    let bare = || Depth {
        channels: image.channels as u8,
        bits: 8,
    };
    let Some(bytes) = data.file_bytes(index)? else {
        let look = data.look(index);
        return Ok(Read {
            size,
            depth: look.depth.unwrap_or_else(bare),
            look,
            digest: digest(&image),
        });
    };
    let look = Look::at(&bytes);
    Ok(Read {
        size,
        depth: look.depth.unwrap_or_else(bare),
        look,
        digest: Sha256::digest(&bytes).into(),
    })
}

/// Of bare pixels.
fn digest(image: &Image) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix((image.width as u64).to_le_bytes());
    match &image.pixels {
        Pixels::Bytes(values) => hash.update(values),
        Pixels::Floats(values) => values.iter().for_each(|v| hash.update(v.to_le_bytes())),
    }
    hash.finalize().into()
}

fn most_frequent<T: Ord>(counts: BTreeMap<T, usize>) -> Vec<Alike<T>> {
    let counts = counts.into_iter();
    let mut alike: Vec<_> = counts
        .map(|(what, images)| Alike { what, images })
        .collect();
    alike.sort_by_key(|alike| std::cmp::Reverse(alike.images));
    alike
}

fn count_classes(data: &dyn Dataset, parts: &[Part]) -> (Vec<ClassCounts>, PartCounts) {
    let mut counts = vec![PartCounts::default(); data.classes().len()];
    let mut unlabelled = PartCounts::default();
    for (index, part) in parts.iter().enumerate() {
        if data.tags(index).is_some() {
            continue;
        }
        let class = data.label(index).map(|label| label as usize);
        let class = class.and_then(|class| counts.get_mut(class));
        class.unwrap_or(&mut unlabelled).add(*part);
    }
    (named(data.classes(), counts), unlabelled)
}

fn count_tags(data: &dyn Dataset, parts: &[Part]) -> Vec<ClassCounts> {
    let mut counts = vec![PartCounts::default(); data.tag_names().len()];
    for (index, part) in parts.iter().enumerate() {
        for &tag in data.tags(index).unwrap_or_default() {
            counts[tag as usize].add(*part);
        }
    }
    named(data.tag_names(), counts)
}

fn named(names: &[String], counts: Vec<PartCounts>) -> Vec<ClassCounts> {
    let counts = names.iter().cloned().zip(counts);
    counts
        .map(|(class, parts)| ClassCounts { class, parts })
        .collect()
}
