//! Inference: the answers y of low energy for a question x, several where several are right.
//!
//! | energy | method |
//! |---|---|
//! | of classes, or of few numbers | [`Enumerate`] |
//! | of a difference, or a decoder with a set of z | [`ClosedForm`] |
//! | smooth in y | [`Descent`], from many starts in one batch |
//! | rugged | [`Langevin`] |
//! | without a gradient | [`Evolution`] |

mod bounds;
mod closed_form;
mod descent;
mod energy_model;
mod enumerate;
mod evolution;
mod langevin;
mod method;
mod minima;
mod problem;
mod search;

pub use bounds::{Bounds, offered};
pub use closed_form::ClosedForm;
pub use descent::Descent;
pub use energy_model::{EnergyModel, HeadForward, attach};
pub use enumerate::Enumerate;
pub use evolution::Evolution;
pub use langevin::{Langevin, advance};
pub use method::Inference;
pub use minima::{Minimum, answers, distinct};
pub use problem::Problem;
pub use search::outside;

crate::family! {
    /// Searches for answers by name.
    InferenceKind: Inference {
        "descent" => Descent(Descent),
        "enumerate" => Enumerate(Enumerate),
        "closed_form" => ClosedForm(ClosedForm),
        "langevin" => Langevin(Langevin),
        "evolution" => Evolution(Evolution),
    }
}
