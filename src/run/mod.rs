//! Whole runs as functions: what the command line and a program of one's own call.
//!
//! | function | does |
//! |---|---|
//! | [`pretrain`] | learn from pairs of views, then measure what was learned |
//! | [`train_head`] | learn answers (labels or vectors), then measure them |
//! | [`embed`] | write the embeddings of a data set to a file, or to a folder of parts |
//! | [`embed_pictures`] | embed pictures of files as those of a table were |
//! | [`embed_some`] | write those of some pictures, evenly spread over it |
//! | [`light_views`] | see pictures beside lightly changed views of themselves |
//! | [`pack`] | write a copy of a data set that loads fast |
//! | [`probe`] | measure how well classes can be read from them |
//! | [`compare_encoders`] | say how two encoders see the same images |
//! | [`list_runs`] | say what runs there are, and how far and how good they are |
//!
//! Nothing here prints: messages go to the [`Observer`] of the [`Session`].

mod budget;
mod compared;
mod dry_run;
mod embed;
mod estimate;
mod fit;
mod going_on;
mod head_verdict;
mod held;
mod listed;
mod pack;
mod place;
mod pretrain;
mod probe;
mod sweep;
mod tensorboard;
mod train_head;

pub use budget::{Budget, within};
pub use compared::{ComparedEncoders, PairedAccuracy, compare_encoders};
pub use embed::{
    EmbeddedPictures, Embedding, EmbeddingsFile, LightViews, PositionPool, TokenReadout,
    WrittenParts, embed, embed_pictures, embed_some, light_views,
};
pub use estimate::Estimate;
pub use listed::{BestNumber, ListedRun, RunState, list_runs};
pub use pack::{PackFormat, PackedFile, PackedPart, PackedSet, Packing, pack};
pub use place::{Place, newest, usual_name};
pub use pretrain::pretrain;
pub use probe::probe;
pub use sweep::{Search, SweepPlan, Trial, lower_is_better, sweep_score};
pub use train_head::train_head;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use crate::atomic::write;
use crate::error::{Error, Result};
use crate::train::{Observer, RunFolder};

/// Where a run is written, who watches it and what stops it.
pub struct Session<'a> {
    /// The folder.
    pub place: Place,
    /// Sees steps, probes and messages; nobody when left out.
    pub observer: Option<&'a mut dyn Observer>,
    /// Set from outside to save and stop; nothing when left out.
    pub stop: Option<&'a AtomicBool>,
}

impl Session<'_> {
    /// A new run in `folder`, unwatched, to its end.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            place: Place::new(folder),
            observer: None,
            stop: None,
        }
    }
}

/// A run that came to its end.
#[derive(Debug)]
pub struct Finished<C> {
    /// What it is worth; also in the folder, as `card.json`.
    pub card: C,
    /// The run.
    pub folder: RunFolder,
}

/// Write `card` into the run's folder.
fn finish<C: Serialize>(folder: RunFolder, card: C) -> Result<Finished<C>> {
    let text = serde_json::to_string_pretty(&card)
        .map_err(|e| Error::Failed(format!("the card cannot be written: {e}")))?;
    write(&folder.file("card.json"), &format!("{text}\n"))?;
    Ok(Finished { card, folder })
}
