use candle_core::Tensor;

use super::latent::Latent;
use super::response::HeadOutput;
use super::space::Space;
use crate::error::Result;
use crate::graph::{Graph, Mode, Network, NodeId};

/// Which sides of the energy have parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// Answers enter as they are: the energy cannot be made flat in y.
    OnlyX,
    /// Answers are embedded by learned parameters too: without a contrast the energy can become flat.
    Both,
}

/// How a head's code becomes the energies of classes, for programs that run the network without ravine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassEnergies {
    /// The code (N, C) is the energies.
    Code,
    /// `softplus` of the code (N, C).
    Softplus,
    /// The code (N, 1) and its opposite.
    Opposite,
}

/// Turns features into energies of answers.
pub trait Head: Send + Sync {
    /// Append to `graph`, after `features`, what this head needs of x; parameters under `name`. Its code is (B, H).
    ///
    /// # Errors
    /// Answers that this head cannot give, or features of the wrong shape.
    fn code(&self, graph: &mut Graph, name: &str, features: NodeId, space: Space)
    -> Result<NodeId>;

    /// The network over answers or latents for codes of `code` numbers, when there is one.
    ///
    /// # Errors
    /// Widths of zero.
    fn head_network(&self, _name: &str, _code: usize, _space: Space) -> Result<Option<Graph>> {
        Ok(None)
    }

    /// The per-example half: the head's own network on answers y (N, K, D) and latents z (1 or N, 1 or K, Z, d).
    ///
    /// # Errors
    /// A tensor operation failed.
    fn forward(
        &self,
        _head_network: Option<&Network>,
        _code: &Tensor,
        _y: &Tensor,
        _z: Option<&Tensor>,
        _mode: Mode,
    ) -> Result<HeadOutput> {
        Ok(HeadOutput::none())
    }

    /// Energies of answers, by operations with a gradient: (N, C) of all classes; (N, K) of y (N, K, D); with a
    /// latent (N, K, Z).
    ///
    /// # Errors
    /// A tensor operation failed.
    fn energies(
        &self,
        code: &Tensor,
        y: &Tensor,
        z: Option<&Tensor>,
        response: &[Tensor],
    ) -> Result<Tensor>;

    /// Lowest and highest energy, for answers of `code` numbers.
    fn range(&self, code: usize) -> (f64, f64);

    /// Which sides are learned.
    fn sides(&self) -> Sides;

    /// Whether it chooses among classes, and does not give vectors.
    fn chooses(&self) -> bool {
        false
    }

    /// How its code becomes the energies of classes; `None` where answers are vectors.
    fn class_energies(&self) -> Option<ClassEnergies> {
        None
    }

    /// The latent variable, when there is one.
    fn latent(&self) -> Option<&Latent> {
        None
    }

    /// The answers (N, A, D) of lowest energy in closed form, when there is one: a latent gives one a value of z.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn closed_form(
        &self,
        _head_network: Option<&Network>,
        _code: &Tensor,
        _z: Option<&Tensor>,
    ) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// Refuse settings out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()> {
        Ok(())
    }

    /// What may go wrong by construction, for answers in `space`.
    fn warning(&self, _space: Space) -> Option<String> {
        None
    }
}
