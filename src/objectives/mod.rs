//! Objectives: all that the trainer knows.

mod answers;
mod batch;
mod center;
mod joint;
mod objective;
mod start;
mod target;
mod views;

pub use answers::Answers;
pub use batch::Batch;
pub use joint::Joint;
pub use objective::{Embedded, Objective, Pullback, Step};
pub use target::MomentumEncoder;
