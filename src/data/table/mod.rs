//! Tables: rows of numbers with named columns, some of which are the input x, some the answer y.
//!
//! [`open`] is the whole way: read or draw, split by the seed, standardise by the training part.
//!
//! | source | columns are named by |
//! |---|---|
//! | `.csv`, `.tsv` | the first line |
//! | `.parquet` | the schema |
//! | `.npy`, one or two dimensions | their number: `"0"`, `"1"`, … |
//! | a name of [`super::generators`] | the generator |

mod choose;
mod draw;
mod parts;
mod read;
mod rows;
mod scale;
mod standardized;

pub use choose::Layout;
pub use parts::{Tables, open, open_part};
pub use read::read;
pub use rows::TableRows;
pub use scale::{ColumnScale, Scales};
pub(super) use standardized::range;
pub use standardized::{CONSTANT, Table, widened};
