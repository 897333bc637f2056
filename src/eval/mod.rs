//! Judging embeddings: pure functions of matrices, and the files embeddings are written to.
//!
//! | question | module |
//! |---|---|
//! | do neighbours share a class? | [`knn`] |
//! | can a linear layer read the classes? | [`logistic`] (by [`lbfgs`], on features made [`standardize`]d) |
//! | which are the nearest, exactly? | [`Bank`] |
//! | is the nearest of the same class, and all of it near? | [`retrieval`] |
//! | which of several labels does an image have? | [`multi_label`] |
//! | with how few labels? | [`low_shot`] |
//! | how many directions are used? | [`spectrum`] |
//! | how alike are two embeddings? | [`LinearCka`] |
//! | are right answers lower in energy than wrong ones? | [`energy_gap`] |
//! | which classes are taken for which? | [`class_figures`] |
//! | can energies be read as probabilities? | [`calibration`] |
//! | has it collapsed? | [`collapse`], [`surface`] |
//!
//! [`card`] and [`answer_card`] say what was measured and how; [`writers`] store embeddings.

pub mod answer_card;
mod bank;
pub mod calibration;
pub mod card;
mod cka;
pub mod class_figures;
pub mod collapse;
mod cross_entropy;
mod curvature;
pub mod embed;
pub mod energy_gap;
pub mod features;
pub mod knn;
pub mod lbfgs;
mod line_search;
pub mod logistic;
pub mod low_shot;
mod moments;
pub mod multi_label;
mod nearest;
mod products;
mod ranks;
pub mod retrieval;
mod rounded;
mod singular;
pub mod spectrum;
pub mod standardize;
pub mod surface;
pub mod together;
mod with_baselines;
pub mod writers;

pub use bank::Bank;
pub use cka::LinearCka;
pub use features::Features;
pub use nearest::Neighbor;
pub(crate) use products::normalized;
pub use rounded::rounded;
