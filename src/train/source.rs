//! What the trainer asks of whoever gives it batches.

use crate::error::Result;
use crate::objectives::Batch;

/// An image that could not be read.
#[derive(Clone, Debug)]
pub struct Bad {
    /// Its index in the data set.
    pub sample: u64,
    /// What a person finds it by.
    pub id: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A batch, and the images that should have been in it.
pub struct Loaded {
    /// The readable samples.
    pub batch: Batch,
    /// The others.
    pub bad: Vec<Bad>,
}

/// Where batches come from: a pure function of (epoch, position), so that a resumed run sees the same ones.
pub trait Source {
    /// Batches in an epoch.
    fn batches_per_epoch(&self) -> u64;

    /// The batches of steps `first..end`, counted over all epochs.
    fn steps(&self, first: u64, end: u64) -> Box<dyn Iterator<Item = Result<Loaded>> + '_>;

    /// Number of samples, for the share of bad ones.
    fn samples(&self) -> usize;

    /// What a person finds a sample by.
    fn describe(&self, sample: u64) -> String;
}
