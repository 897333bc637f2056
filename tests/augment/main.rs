//! Augmentation: goldens, identities, laws that hold for every operation, configuration.

mod config;
mod goldens;
mod identities;
mod laws;
mod pictures;
