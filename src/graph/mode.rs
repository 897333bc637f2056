//! How a forward pass is meant.

/// How a forward pass treats statistics and what it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Running statistics, nothing kept for a gradient.
    Eval,
    /// Batch statistics; running statistics move; kept for a gradient.
    Train,
    /// As `Train`, but running statistics stay: another pass over samples whose first pass moved them, for one the
    /// second pass of gradient caching (Gao et al. 2021).
    Recompute,
}

impl Mode {
    /// Whether normalisation uses the batch's own statistics.
    #[must_use]
    pub fn batch_statistics(self) -> bool {
        self != Self::Eval
    }
}
