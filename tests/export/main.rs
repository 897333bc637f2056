//! Networks for other programs: what is written is what was trained.

mod command;
#[path = "../common/mod.rs"]
mod common;
mod files;
mod graphs;
mod layouts;
mod python;
