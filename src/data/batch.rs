//! What the loader delivers, and what it asks of augmentation.

use super::dataset::Dataset;
use super::image::Image;
use crate::error::{Error, Result};

/// What names one view of one sample: its random numbers depend on nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewKey {
    /// The run's seed.
    pub seed: u64,
    /// Epoch, from 0.
    pub epoch: u64,
    /// Index in the data set.
    pub sample: u64,
    /// Which view of the sample, from 0.
    pub view: u64,
}

/// What turns one decoded image into the views of a batch (implemented by `augment`).
pub trait Views: Send + Sync {
    /// (channels, height, width) of each view.
    fn shapes(&self) -> Vec<[usize; 3]>;

    /// Write view `at.view` of `image` into `out`, (channels, height, width) row-major; every value must be written.
    ///
    /// # Errors
    /// [`crate::error::Error::Data`] quarantines the image; any other error stops the loader.
    fn fill(&self, image: &Image, at: ViewKey, out: &mut [f32]) -> Result<()>;
}

/// One view of every sample of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewData {
    /// (channels, height, width).
    pub shape: [usize; 3],
    /// (batch, channels, height, width), row-major.
    pub values: Vec<f32>,
}

/// The samples of one step; corrupt images are left out, so it may be smaller than asked, even empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageBatch {
    /// The views, each over the same samples in the same order.
    pub views: Vec<ViewData>,
    /// Indices in the data set.
    pub samples: Vec<u64>,
    /// Class of each sample, as many as `samples`; `None` where a sample has no label.
    pub labels: Vec<Option<u32>>,
    /// Images that could not be used.
    pub bad: Vec<Bad>,
}

/// An image that could not be read or decoded.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Bad {
    /// Index in the data set.
    pub sample: u64,
    /// What a person finds it by.
    pub id: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Bad {
    /// The image `sample` of `data` with what reading it came to; its id is not said twice.
    pub(crate) fn of(sample: u64, data: &dyn Dataset, error: Error) -> Self {
        let id = data.id(sample as usize);
        let reason = match error {
            Error::Data { path, problem } if path == id => problem,
            other => other.to_string(),
        };
        Self { sample, id, reason }
    }
}
