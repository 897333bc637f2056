//! What a report shows of a run's pictures.

use super::album::{Album, Viewed};
use super::atlas::Atlas;
use crate::error::Result;

/// Pictures whose views are shown.
const VIEWED: usize = 6;

/// The map of a run's embeddings with its pictures, and the views that its training makes.
pub struct RunPictures {
    pub(super) atlas: Atlas,
    pub(super) views: Vec<Viewed>,
}

impl RunPictures {
    /// The `atlas` of a run, with views of pictures of `album`.
    ///
    /// # Errors
    /// Views that cannot be made.
    pub fn new(atlas: Atlas, album: Option<&Album>) -> Result<Self> {
        let views = album.map(|album| album.viewed(VIEWED)).transpose()?;
        Ok(Self {
            atlas,
            views: views.unwrap_or_default(),
        })
    }
}
