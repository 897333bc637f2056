//! What says how good a trained network is, and why it may not be.

pub mod causes;
