//! From a configuration to live parts: device, executor, data, network, head, checkpoint.
//!
//! | from | to |
//! |---|---|
//! | a configuration of images | [`ImageSetup`]: splits, views, network, self-supervised objective |
//! | a configuration with a head | [`HeadSetup`]: images or a table, energy, objective |
//! | the folder of a run | [`OpenedRun`]: its configuration and one of its checkpoints |
//! | a setup and a trained network | [`collect`](ImageSetup::collect), [`Encoded`]: what its images or rows become |
//!
//! Nothing here trains, prints or knows the command line.

mod device;
mod encoded;
mod head_setup;
mod image_setup;
mod memory;
mod network;
mod opened;
mod pretrained;
mod recipe;
mod space;
mod statistics;

pub use device::{ChosenDevice, choose_device, choose_executor, on_kernels, set_threads};
pub use encoded::{Encoded, rows_at_once};
pub use head_setup::{HeadData, HeadSetup, SCALES};
pub use image_setup::{EVAL_BATCH, ImageSetup, InferenceSetup, PARTS};
pub use memory::{FEW, FREE_SHARE, Growth, free_memory, peak_memory};
pub use network::{head_networks, image_network, objective};
pub use opened::OpenedRun;
pub use pretrained::adopt_pretrained;
pub use recipe::{Recipe, set_epochs};
pub use space::answer_space;
