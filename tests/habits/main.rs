//! What commands share: examples in the help, pages and completions, loudness, variables; and runs as a list.

mod command;
#[path = "../common/mod.rs"]
mod common;
mod runs;
mod sweep;
