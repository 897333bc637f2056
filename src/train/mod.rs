//! The trainer: one loop for any objective.

mod audit;
mod checkpoint;
mod config;
mod gradients;
mod journal;
mod run_folder;
mod trainer;

pub use checkpoint::{Checkpoint, Progress};
pub use config::TrainConfig;
pub use gradients::{Computed, gradients};
pub use journal::Journal;
pub use run_folder::RunFolder;
pub use trainer::{Bad, Loaded, Observer, Probe, Probed, Silent, Source, StepReport, Trainer};
