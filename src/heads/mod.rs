//! Heads: the energy E(x, y) or E(x, y, z) of answers, on top of an encoder's features.
//!
//! A head adds to the encoder what it needs of x (its *code*), may own a second network over answers or
//! latent values, and turns both into energies. As an objective it has two halves: [`Head::forward`] runs
//! the second network through an executor, [`Head::energies`] is candle's autograd on small tensors.

mod decoder;
mod head;
mod implicit;
mod latent;
mod multi_class;
mod perceptron;
mod regression;
mod response;
mod space;
mod two_class;
mod z;

pub use head::{ClassEnergies, Head, Sides};
pub use implicit::Implicit;
pub use latent::{Latent, Reduce};
pub use multi_class::MultiClass;
pub use regression::Regression;
pub use response::{HeadGradients, HeadOutput, HeadPullback};
pub use space::Space;
pub use two_class::TwoClass;
pub use z::{Continuous, Discrete, Given, Latents, LatentsKind};

crate::family! {
    /// Heads by name.
    HeadKind: Head {
        "multi_class" => MultiClass(MultiClass),
        "two_class" => TwoClass(TwoClass),
        "regression" => Regression(Regression),
        "implicit" => Implicit(Implicit),
        "latent" => Latent(Latent),
    }
}
