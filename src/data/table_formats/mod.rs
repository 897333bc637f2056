//! Files of tables: one format a file, one line in the list of `open`.

mod columns;
mod csv;
mod npy;
mod open;
mod parquet;

pub(super) use columns::{Columns, is_index, unusable};
pub(super) use csv::Csv;
pub(super) use open::{is_named_as_table, open};
pub(super) use parquet::Parquet;
pub(crate) use parquet::guarded;
