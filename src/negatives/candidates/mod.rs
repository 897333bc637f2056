//! Which wrong answers the questions of a head are offered: all labels, a grid, samples, or those of lowest energy.

mod gaussian;
mod grid;
mod labels;
mod langevin;
mod most_offending;
mod part;
mod partition;
mod questions;
mod replay;
mod uniform;

pub use gaussian::Gaussian;
pub use grid::Grid;
pub use labels::Labels;
pub use langevin::LangevinSamples;
pub use most_offending::MostOffending;
pub use part::{Candidates, Proposed};
pub use partition::Partition;
pub use questions::Questions;
pub use replay::Replay;
pub use uniform::Uniform;

crate::family! {
    /// Proposers of wrong answers by name.
    CandidatesKind: Candidates {
        "labels" => Labels(Labels),
        "grid" => Grid(Grid),
        "uniform" => Uniform(Uniform),
        "gaussian" => Gaussian(Gaussian),
        "most_offending" => MostOffending(MostOffending),
        "langevin" => Langevin(LangevinSamples),
        "replay" => Replay(Replay),
    }
}
