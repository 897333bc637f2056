//! Tables of embeddings, ravine's own and those of other programs, and what is asked of them.
//!
//! | question | module |
//! |---|---|
//! | which rows are nearest? | [`neighbors`] |
//! | which rows show the same? | [`duplicates`], best of embeddings after [`whitening`] |
//! | what do rows that leak do to a measurement? | [`leakage`] |
//! | which rows are far from all others? | [`outliers`] |
//! | which rows belong together, and as classes do? | [`clusters`], [`agreement`] |
//! | which labels are doubtful? | [`label_errors`] |
//! | which rows should be labelled next? | [`select`] |
//! | how alike are two tables of the same rows? | [`alike`] |
//! | how does it all look? | [`projection`] |
//!
//! A table is read once; its numbers wait in memory, or in an unnamed file where they are many, and are asked for in
//! blocks: memory does not grow with the rows, but for their names. All comparisons are exact.

pub mod agreement;
pub mod alike;
pub mod clusters;
pub mod duplicates;
mod filling;
mod formats;
pub mod label_errors;
pub mod leakage;
pub mod neighbors;
mod numbers;
pub mod outliers;
pub mod projection;
pub mod select;
mod table;
pub mod whitening;
mod words;

pub use table::EmbeddingTable;
