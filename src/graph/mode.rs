//! How a forward pass is meant.

use crate::graph::draws::Draws;

/// How a forward pass treats statistics and draws, and what it keeps.
///
/// Ops that draw, such as [`DropPath`](crate::graph::ops::DropPath), do nothing in a pass without [`Draws`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Running statistics, nothing kept for a gradient.
    Eval,
    /// Batch statistics; running statistics move; kept for a gradient.
    Train(Option<Draws>),
    /// As `Train`, but running statistics stay: another pass over samples whose first pass moved them, for one the
    /// second pass of gradient caching (Gao et al. 2021), which draws what the first one drew.
    Recompute(Option<Draws>),
}

impl Mode {
    /// Whether normalisation uses the batch's own statistics.
    #[must_use]
    pub fn batch_statistics(self) -> bool {
        self != Self::Eval
    }

    /// Whether running statistics move.
    #[must_use]
    pub fn moves_statistics(self) -> bool {
        matches!(self, Self::Train(_))
    }

    /// Whether these samples passed before.
    #[must_use]
    pub fn recomputes(self) -> bool {
        matches!(self, Self::Recompute(_))
    }

    /// What ops draw from.
    #[must_use]
    pub fn draws(self) -> Option<Draws> {
        match self {
            Self::Eval => None,
            Self::Train(draws) | Self::Recompute(draws) => draws,
        }
    }

    /// The same for rows that start with view `view`.
    #[must_use]
    pub fn from_view(self, view: usize) -> Self {
        let moved = |draws: Option<Draws>| draws.map(|draws| Draws { view, ..draws });
        match self {
            Self::Eval => Self::Eval,
            Self::Train(draws) => Self::Train(moved(draws)),
            Self::Recompute(draws) => Self::Recompute(moved(draws)),
        }
    }

    /// The same with nothing drawn.
    #[must_use]
    pub fn undrawn(self) -> Self {
        match self {
            Self::Eval => Self::Eval,
            Self::Train(_) => Self::Train(None),
            Self::Recompute(_) => Self::Recompute(None),
        }
    }
}
