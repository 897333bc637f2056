//! Negatives: which wrong answers a question is compared with.
//!
//! [`pairs`]: which pairs of the views of a batch are compared. [`candidates`]: which vectors or labels the questions of
//! a head are offered. One key, `negatives.kind`, names a part of either.

mod bound;
pub mod candidates;
mod kind;
pub mod pairs;

pub use bound::BoundPairs;
pub use candidates::{
    Candidates, CandidatesKind, Gaussian, Grid, Labels, LangevinSamples, MostOffending, Partition,
    Proposed, Questions, Replay, Uniform,
};
pub use kind::NegativesKind;
pub use pairs::{
    Embeddings, InBatch, Memory, Mining, NoNegatives, OtherClasses, OtherView, Pairs, PairsKind,
    Queue, Triplets, WrongFrom,
};
