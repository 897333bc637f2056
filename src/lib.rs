//! Self-supervised learning of images as energy-based learning.
//!
//! A loss only ever sees the energies of right and of wrong answers; some methods add a regularizer on
//! the cloud of embeddings. Modules are floors, imports go down only:
//!
//! | floor | modules |
//! |---|---|
//! | 0 ground | [`error`], [`atomic`], [`random`], [`params`], [`registry`], [`kernels`], [`host`] |
//! | 1 data and networks | [`data`], [`augment`], [`graph`] |
//! | 2 machines | [`encoders`], [`energies`] |
//! | 3 asked of them | [`losses`], [`regularizers`], [`heads`] |
//! | 4 answers | [`inference`], [`negatives`] |
//! | 5 objectives | [`objectives`] |
//! | 6 learning and judging | [`optim`], [`train`], [`eval`] |
//! | 7 product | [`report`], [`config`] |
//! | 8 judging | [`judge`] |
//! | 9 command line | [`cli`] |

#![warn(unreachable_pub)]

pub mod atomic;
pub mod augment;
pub mod cli;
pub mod config;
pub mod data;
pub mod encoders;
pub mod energies;
pub mod error;
pub mod eval;
pub mod graph;
pub mod heads;
pub mod host;
pub mod inference;
pub mod judge;
pub mod kernels;
pub mod losses;
pub mod negatives;
pub mod objectives;
pub mod optim;
pub mod params;
pub mod random;
pub mod registry;
pub mod regularizers;
pub mod report;
pub mod train;
