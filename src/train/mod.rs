//! The trainer: one loop for any objective.

pub mod gradients;
