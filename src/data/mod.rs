//! Data sets of images and tables of numbers: one reader a file, splits, and the loader.

mod batch;
mod batches;
pub mod check;
mod class_numbers;
pub mod config;
mod dataset;
pub mod decode;
pub mod depth;
pub mod generators;
mod image;
mod loader;
mod order;
mod part;
mod preparation;
pub mod readers;
mod source;
pub mod split;
mod starts;
pub mod stats;
pub mod subset;
pub mod table;
mod white;

pub use batch::{Bad, ImageBatch, ViewData, ViewKey, Views};
pub use batches::Batches;
pub use class_numbers::ClassNumbers;
pub use config::DataConfig;
pub use dataset::Dataset;
pub use image::Image;
pub use loader::Loader;
pub use part::Part;
pub use preparation::LoaderConfig;
pub use readers::ReaderKind;
pub use split::{Splits, open, open_part, require_classes};
pub use stats::Statistics;
pub use subset::{Joined, Subset, labelled};
