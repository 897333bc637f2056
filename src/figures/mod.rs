//! Figures of trained heads: from the folder of a run to drawings of its energy.
//!
//! | answers | figures |
//! |---|---|
//! | vectors of one or two numbers | `surface`, `steps`, `slices` |
//! | classes | `classes`; `surface` over two numbers x |
//! | any | `energies`, `training` |

mod classes;
mod drawn;
mod energies;
mod found;
mod grid;
mod maps;
mod opened;
mod questions;
mod side_by_side;
mod slices;
mod steps;
mod vectors;
mod view;

pub use drawn::Named;
pub use opened::Opened;

use crate::error::Result;
use crate::heads::Space;

/// Everything that can be drawn of one run.
///
/// # Errors
/// A checkpoint cannot be read, or a tensor operation failed.
pub fn figures(run: &Opened) -> Result<Vec<Named>> {
    let mut figures = match run.task.space {
        Space::Classes(_) => classes::figures(run)?,
        Space::Vectors(_) => vectors::figures(run)?,
    };
    figures.push(("energies", energies::figure(run)?));
    if let Some(figure) = energies::training(run) {
        figures.push(("training", figure));
    }
    Ok(figures)
}

/// Several runs on one figure, each on its own scale.
///
/// # Errors
/// A run has nothing to show in this way, or a tensor operation failed.
pub fn side_by_side(runs: &[Opened]) -> Result<Vec<Named>> {
    Ok(vec![("side-by-side", side_by_side::figure(runs)?)])
}
