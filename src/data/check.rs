//! A walk over a whole data set: what is in it and what is broken.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::batch::Bad;
use super::dataset::Dataset;
use super::depth::{RangeInUse, Seen};

/// What a data set holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Check {
    /// Number of images, broken ones included.
    pub images: usize,
    /// Number of images of each class, in the order of the classes.
    pub classes: Vec<(String, usize)>,
    /// Images without a label.
    pub unlabelled: usize,
    /// Number of readable images of each (height, width), most frequent first.
    pub sizes: Vec<([usize; 2], usize)>,
    /// How much of their range images of 16 bits use; `None` where there is none.
    pub range: Option<RangeInUse>,
    /// Images that cannot be read or decoded, in storage order.
    pub bad: Vec<Bad>,
    /// What was passed over, and what else a person should know, a sentence each.
    pub notes: Vec<String>,
}

/// Read and decode every image, on all cores, in storage order.
#[must_use]
pub fn check(data: &dyn Dataset) -> Check {
    let read = |index: usize| match data.get(index) {
        Ok(image) => Ok([image.height, image.width]),
        Err(error) => Err(Bad::of(index as u64, data, error)),
    };
    let mut sizes: BTreeMap<[usize; 2], usize> = BTreeMap::new();
    let mut bad = Vec::new();
    // In pieces, so that neighbours are read together and memory does not grow with the set.
    for start in (0..data.len()).step_by(4096) {
        let piece = start..data.len().min(start + 4096);
        let read: Vec<_> = piece.into_par_iter().map(read).collect();
        for result in read {
            match result {
                Ok(size) => *sizes.entry(size).or_default() += 1,
                Err(problem) => bad.push(problem),
            }
        }
    }
    let mut sizes: Vec<_> = sizes.into_iter().collect();
    sizes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let (classes, unlabelled) = count_classes(data);
    let seen = Seen::of(data, data.len());
    let notes = data.notes().into_iter().chain(seen.transparency());
    Check {
        images: data.len(),
        classes,
        unlabelled,
        sizes,
        range: seen.range(),
        bad,
        notes: notes.collect(),
    }
}

fn count_classes(data: &dyn Dataset) -> (Vec<(String, usize)>, usize) {
    let mut counts = vec![0; data.classes().len()];
    let mut unlabelled = 0;
    for label in (0..data.len()).map(|index| data.label(index)) {
        match label.and_then(|label| counts.get_mut(label as usize)) {
            Some(count) => *count += 1,
            None => unlabelled += 1,
        }
    }
    (
        data.classes().iter().cloned().zip(counts).collect(),
        unlabelled,
    )
}
