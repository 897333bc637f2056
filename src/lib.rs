//! Self-supervised learning of images as energy-based learning.
//!
//! A loss only ever sees the energies of right and of wrong answers; some methods add a regularizer on
//! the cloud of embeddings. `ravine` is a command and a library; this is the library.
//!
//! # Pretrain from a configuration
//!
//! ```
//! use ravine::config::Config;
//! use ravine::run::{Session, pretrain};
//!
//! let folder = tempfile::tempdir()?;
//! // SimCLR on the embedded digits, one epoch.
//! let config = Config::load(Some("digits"), &["train.epochs=1".into()])?;
//! let run = pretrain(&config, Session::new(folder.path().join("run")))?;
//! println!("{}", run.card);
//! assert_eq!(run.card.steps, 20);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A training loop of one's own
//!
//! @@LOOP@@
//!
//! # Floors
//!
//! Imports go down only:
//!
//! | floor | modules |
//! |---|---|
//! | 0 ground | [`error`], [`atomic`], [`random`], [`params`], [`registry`], [`kernels`], [`host`] |
//! | 1 data, networks, drawings | [`data`], [`augment`], [`graph`], `plot` |
//! | 2 machines | [`encoders`], [`energies`] |
//! | 3 asked of them | [`losses`], [`regularizers`], [`heads`] |
//! | 4 answers | [`inference`], [`negatives`] |
//! | 5 objectives | [`objectives`] |
//! | 6 learning, and measuring embeddings | [`optim`], [`train`], [`eval`] |
//! | 7 what decides a run | [`config`] |
//! | 8 from a configuration to live parts | [`assembly`] |
//! | 9 how good a trained thing is | [`judge`] |
//! | 10 whole runs, and figures of them | [`run`], `figures` |
//! | 11 the command line | `cli` |

#![warn(unreachable_pub)]
#![deny(unsafe_code)]

pub mod assembly;
pub mod atomic;
pub mod augment;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod data;
pub mod encoders;
pub mod energies;
pub mod error;
pub mod eval;
#[cfg(feature = "figures")]
pub mod figures;
pub mod graph;
pub mod heads;
pub mod host;
pub mod inference;
pub mod judge;
#[allow(
    unsafe_code,
    reason = "kernels walk slices through pointers and call vector instructions"
)]
pub mod kernels;
pub mod losses;
pub mod negatives;
pub mod objectives;
pub mod optim;
pub mod params;
#[cfg(feature = "figures")]
pub mod plot;
pub mod random;
pub mod registry;
pub mod regularizers;
pub mod run;
pub mod train;
