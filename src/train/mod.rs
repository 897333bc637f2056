//! The trainer: one loop for any objective.

mod audit;
mod average;
mod checkpoint;
mod config;
mod gradients;
mod journal;
mod lines;
mod loader_source;
mod observer;
mod pacing;
mod progress;
mod run_folder;
mod saved;
mod source;
mod table_source;
mod trainer;

pub use checkpoint::{Checkpoint, WeightSet};
pub use config::TrainConfig;
pub use gradients::{Computed, gradients};
pub use journal::Journal;
pub use lines::{Line, tagged};
pub use loader_source::{LoaderSource, to_device};
pub use observer::{Moment, Observer, Probe, Probed, Silent, StepReport};
pub use progress::Progress;
pub use run_folder::RunFolder;
pub use source::{Loaded, Source};
pub use table_source::TableSource;
pub use trainer::Trainer;
