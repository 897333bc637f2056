//! All views of a sample.

use std::cell::RefCell;

use super::pipeline::Pipeline;
use super::scratch::Scratch;
use crate::data::{Image, ViewKey, Views};
use crate::error::{Error, Result, require};
use crate::random::{Purpose, stream};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// One pipeline per view; a view is a function of (image, seed, epoch, sample, view) alone.
#[derive(Clone, Debug)]
pub struct MultiView {
    views: Vec<Pipeline>,
}

impl MultiView {
    /// The given views, in order.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is none.
    pub fn new(views: Vec<Pipeline>) -> Result<Self> {
        require(
            "augment.views",
            !views.is_empty(),
            "makes no view; list at least one, with `count` of 1 or more",
        )?;
        Ok(Self { views })
    }

    /// Shape (channels, height, width) of every view.
    #[must_use]
    pub fn shapes(&self) -> Vec<[usize; 3]> {
        self.views.iter().map(Pipeline::shape).collect()
    }

    /// Make view number `view` of `sample` in `epoch` into `out` (C, H, W).
    ///
    /// Buffers belong to the calling thread and are reused: nothing is allocated once they have grown.
    ///
    /// # Errors
    /// [`Error::Failed`] when there is no such view, the image has no pixels, or `out` has another length.
    pub fn fill(
        &self,
        image: &Image,
        seed: u64,
        epoch: u64,
        sample: u64,
        view: u64,
        out: &mut [f32],
    ) -> Result<()> {
        let pipeline = usize::try_from(view)
            .ok()
            .and_then(|view| self.views.get(view));
        let Some(pipeline) = pipeline else {
            return Err(Error::Failed(format!(
                "view {view} was asked for, but there are {}",
                self.views.len()
            )));
        };
        let mut rng = stream(seed, Purpose::Augment, epoch, sample, view);
        SCRATCH.with_borrow_mut(|scratch| pipeline.fill(image, out, &mut rng, scratch))
    }
}

impl Views for MultiView {
    fn shapes(&self) -> Vec<[usize; 3]> {
        Self::shapes(self)
    }

    fn fill(&self, image: &Image, at: ViewKey, out: &mut [f32]) -> Result<()> {
        Self::fill(self, image, at.seed, at.epoch, at.sample, at.view, out)
    }
}
