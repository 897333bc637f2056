//! What the trainer asks of whoever gives it batches.

use crate::data::Bad;
use crate::error::Result;
use crate::objectives::Batch;

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
