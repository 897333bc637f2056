//! Losses: what to lower, given the energies of right and wrong answers and nothing else.
//!
//! LeCun, Chopra, Hadsell, Ranzato, Huang: A Tutorial on Energy-Based Learning, 2006. `E_C` is the energy
//! of the right answer, `E_I` the lowest energy among the wrong ones (the most offending answer).

mod columns;
mod contrastive;
mod dcl;
mod dclw;
mod energies;
mod energy;
mod fit;
mod free_energy;
mod hinge;
mod info_nce;
mod log;
mod log_partition;
mod loss;
mod lvq2;
mod mce;
mod mee;
mod nll;
mod perceptron;
mod siglip;
mod square_exponential;
mod square_square;
mod stable;

pub(crate) use columns::columns;
pub use contrastive::{Contrastive, ContrastiveConvention};
pub use dcl::Dcl;
pub use dclw::Dclw;
pub use energies::{Energies, MASKED, present};
pub use energy::EnergyLoss;
pub use free_energy::{free_energy, gibbs, lowest};
pub use hinge::Hinge;
pub use info_nce::{InfoNce, InfoNceConvention};
pub use log::Log;
pub use log_partition::log_partition;
pub use loss::{Loss, Margin};
pub use lvq2::{Lvq2, Lvq2Convention};
pub use mce::Mce;
pub use mee::Mee;
pub use nll::Nll;
pub use perceptron::Perceptron;
pub use siglip::{Siglip, SiglipConvention};
pub use square_exponential::SquareExponential;
pub use square_square::SquareSquare;
pub use stable::log_sum_exp;
pub(crate) use stable::softplus;

crate::family! {
    /// Losses by name.
    LossKind: Loss {
        "nll" => Nll(Nll),
        "info_nce" => InfoNce(InfoNce),
        "dcl" => Dcl(Dcl),
        "dclw" => Dclw(Dclw),
        "siglip" => Siglip(Siglip),
        "hinge" => Hinge(Hinge),
        "energy" => Energy(EnergyLoss),
        "perceptron" => Perceptron(Perceptron),
        "log" => Log(Log),
        "lvq2" => Lvq2(Lvq2),
        "mce" => Mce(Mce),
        "mee" => Mee(Mee),
        "square_square" => SquareSquare(SquareSquare),
        "contrastive" => Contrastive(Contrastive),
        "square_exponential" => SquareExponential(SquareExponential),
    }
}
