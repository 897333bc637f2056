//! Heads: the energy E(x, y) or E(x, y, z) of answers, on top of an encoder's features.
//!
//! A head adds to the encoder what it needs of x (its *code*), may own a second network over answers or
//! latent values, and turns both into energies. As an objective it has two halves: [`Head::respond`] runs
//! the second network through an executor, [`Head::energies`] is candle's autograd on small tensors.

mod implicit;
mod latent;
mod multi_class;
mod regression;
mod space;
mod two_class;
mod z;

pub use implicit::Implicit;
pub use latent::{Latent, Reduce};
pub use multi_class::MultiClass;
pub use regression::Regression;
pub use space::Space;
pub use two_class::TwoClass;
pub use z::{Continuous, Discrete, Given, Latents, LatentsKind};

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::{Gradients, Graph, Mode, Network, NodeId};

/// Which sides of the energy have parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// Answers enter as they are: the energy cannot be made flat in y.
    OnlyX,
    /// Answers are embedded by learned parameters too: without a contrast the energy can become flat.
    Both,
}

/// The gradients that a second network hands back.
#[derive(Default)]
pub struct Pulled {
    /// By its parameters.
    pub gradients: Gradients,
    /// By the code, when it was an input.
    pub code: Option<Tensor>,
    /// By the answers (N, K, D), when they were an input.
    pub y: Option<Tensor>,
    /// By the latent values, when they were an input.
    pub z: Option<Tensor>,
}

/// Pulls d loss / d response (one a tensor) back through the second network.
pub type PullResponse = Box<dyn FnOnce(&[Option<Tensor>]) -> Result<Pulled>>;

/// What the second network answered: detached tensors whose first dimension is the batch, and the way back.
pub struct Response {
    /// None for heads without a second network.
    pub tensors: Vec<Tensor>,
    /// The way back.
    pub pull: PullResponse,
}

impl Response {
    /// That of a head without a second network.
    #[must_use]
    pub fn none() -> Self {
        Self {
            tensors: Vec::new(),
            pull: Box::new(|_| Ok(Pulled::default())),
        }
    }
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
    fn second(&self, _name: &str, _code: usize, _space: Space) -> Result<Option<Graph>> {
        Ok(None)
    }

    /// The per-example half: the second network on answers y (N, K, D) and latents z (1 or N, 1 or K, Z, d).
    ///
    /// With `inputs`, the way back reaches code, y and z too.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn respond(
        &self,
        _second: Option<&Network>,
        _code: &Tensor,
        _y: &Tensor,
        _z: Option<&Tensor>,
        _mode: Mode,
    ) -> Result<Response> {
        Ok(Response::none())
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
        _second: Option<&Network>,
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

/// Refuse answers that are vectors.
fn classes(space: Space, head: &str) -> Result<usize> {
    match space {
        Space::Classes(count) => Ok(count),
        Space::Vectors(dim) => Err(Error::key(
            "head.kind",
            format!(
                "`{head}` chooses among classes, but the answers of these data are vectors of {dim} numbers; \
                 use `regression`, `implicit` or `latent`"
            ),
        )),
    }
}

/// Refuse answers that are classes.
fn vectors(space: Space, head: &str) -> Result<usize> {
    match space {
        Space::Vectors(dim) => Ok(dim),
        Space::Classes(count) => Err(Error::key(
            "head.kind",
            format!(
                "`{head}` answers with vectors, but the answers of these data are {count} classes; \
                 use `multi_class` or `two_class`, or name columns of numbers in `data.y`"
            ),
        )),
    }
}
