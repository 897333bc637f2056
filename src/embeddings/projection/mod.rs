//! Rows as points of a plane, to be looked at.
//!
//! | kind | keeps |
//! |---|---|
//! | [`pca()`] | distances along the two directions in which rows differ most |
//! | [`umap()`] | which rows are neighbors; distances between groups say little |
//!
//! Rows are compared by cosine, so they are taken at length 1. The same for one seed on any number of threads.

mod graph;
mod pca;
mod umap;

pub use pca::pca;
pub use umap::umap;

use super::table::EmbeddingTable;
use crate::error::Result;

/// How rows become points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectionKind {
    /// By their neighbors.
    Umap,
    /// By the two directions in which they differ most.
    Pca,
}

impl ProjectionKind {
    /// Every kind, the usual one first.
    pub const ALL: [Self; 2] = [Self::Umap, Self::Pca];

    /// As commands name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Umap => "umap",
            Self::Pca => "pca",
        }
    }

    /// A point (x, y) for each row of `table`; `each` is called once for each row whose neighbors are found.
    ///
    /// # Errors
    /// A table that cannot be read again; what `each` returns.
    pub fn points(
        self,
        table: &EmbeddingTable,
        seed: u64,
        each: impl FnMut() -> Result<()>,
    ) -> Result<Vec<[f32; 2]>> {
        match self {
            Self::Umap => umap(table, seed, each),
            Self::Pca => pca(table, seed),
        }
    }
}
