//! Tables of text that say something of pictures: manifests, and `metadata.csv` beside pictures.
//!
//! A sheet is held in memory: its text, and 8 bytes a cell.

mod classes;
mod columns;
mod described;
mod jsonl;
mod list;
mod read;
mod rows;
mod tags;
mod texts;

pub(super) use classes::Given;
pub(super) use columns::{called_paths, labels, parts};
pub(super) use described::{Described, by_part};
pub(super) use jsonl::text;
pub(super) use read::{is_sheet, read};
pub(super) use rows::Sheet;
pub(super) use tags::of_columns as tags_of_columns;
