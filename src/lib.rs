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
//! // SimCLR on the embedded digits, one epoch; `config.data.source = "photos".into()` takes a folder, before `pretrain`.
//! let config = Config::load(Some("digits"), &["train.epochs=1".into()])?;
//! let run = pretrain(&config, Session::new(folder.path().join("run")))?;
//! println!("{}", run.card);
//! assert_eq!(run.card.steps, 20);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A training loop of one's own
//!
//! The parts without the trainer: data, views, a network, an energy, pairs, a loss, an optimizer.
//!
//! ```
//! use std::sync::Arc;
//!
//! use candle_core::{Device, Tensor, Var};
//! use ravine::augment::{Affine, AugmentConfig, Operation};
//! use ravine::data::{self, DataConfig, Loader, LoaderConfig};
//! use ravine::encoders::{Convnet, Encoder, Projector, network};
//! use ravine::energies::Cosine;
//! use ravine::graph::{CpuExecutor, Mode, Network};
//! use ravine::losses::{InfoNce, Loss};
//! use ravine::negatives::{Embeddings, InBatch, Pairs};
//! use ravine::optim::{AdamW, Optimizer, State};
//! use ravine::params::Params;
//! use ravine::train::to_device;
//!
//! let splits = data::open(&DataConfig::default())?; // the embedded digits, 8x8 and grey
//! let views = AugmentConfig::two_views(8, vec![Operation::Affine(Affine::default())]).build(1)?;
//! let settings = LoaderConfig { batch: 64, workers: 1, prefetch: 2, seed: 0, drop_last: true, shuffle: true };
//! let loader = Loader::new(splits.train, Arc::new(views), settings)?;
//!
//! let params = Params::new(0, &Device::Cpu);
//! let encoder = Convnet { widths: vec![8, 16], strides: vec![1, 2], ..Convnet::default() };
//! let projector = Projector { hidden: vec![32], output: 16, ..Projector::default() };
//! let graph = network(&encoder.graph(&[1, 8, 8])?, Some(&projector), None)?;
//! let network = Network::new(graph, &params, Arc::new(CpuExecutor::new()))?;
//!
//! let (loss, optimizer, mut state) = (InfoNce::default(), AdamW::default(), State::default());
//! let mut losses = Vec::new();
//! for (batch, step) in loader.steps(0, 20).zip(1..) {
//!     let x = Tensor::cat(&to_device(batch?, &Device::Cpu)?.batch.inputs, 0)?; // both views, (2 * 64, 1, 8, 8)
//!     let forward = network.forward(&x, Mode::Train(None))?;
//!     let z = Var::from_tensor(&forward.outputs[1])?; // embeddings (2 * 64, 16): autograd starts here, the network has a tape of its own
//!     let pair = z.chunk(2, 0)?;
//!     let energies = InBatch::default().energies(&Cosine {}, &Embeddings::of(&pair, &pair))?;
//!     let value = loss.forward(&energies)?.mean_all()?;
//!     let upstream = value.backward()?.get(&z).cloned();
//!     let gradients = network.backward(forward.tape, &[None, upstream])?;
//!     for param in params.trainable() {
//!         optimizer.update(&param, &gradients.of[&param.name], optimizer.pace(0.01, step), &mut state)?;
//!     }
//!     losses.push(value.to_scalar::<f32>()?);
//! }
//! assert!(losses[19] < losses[0], "{losses:?}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Floors
//!
//! Imports go down only:
//!
//! | floor | modules |
//! |---|---|
//! | 0 ground | [`error`], [`ranges`], [`atomic`], [`random`], [`params`], [`registry`], [`kernels`], [`host`], [`onnx`], [`events`] |
//! | 1 data, networks, drawings | [`data`], [`augment`], [`graph`], `plot` |
//! | 2 machines | [`encoders`], [`energies`] |
//! | 3 asked of them | [`losses`], [`regularizers`], [`heads`] |
//! | 4 answers | [`inference`], [`negatives`] |
//! | 5 objectives | [`objectives`] |
//! | 6 learning, and measuring embeddings | [`optim`], [`train`], [`eval`] |
//! | 7 what decides a run, and tables of embeddings | [`config`], [`embeddings`] |
//! | 8 from a configuration to live parts | [`assembly`] |
//! | 9 how good a trained thing is | [`judge`] |
//! | 10 whole runs, figures and reports of them, networks for other programs | [`run`], `figures`, `report`, [`export`] |
//! | 11 the command line | `cli` |
//!
//! One idea a file:
//!
//! ```text
//! src/  error ranges atomic random params registry host   the ground
//!       kernels/          CPU kernels on plain slices; unsafe code stands only here
//!       data/ augment/    one reader (data/readers/), one operation a file
//!       graph/            networks as data: one op a file (graph/ops/), and the executors `candle` and `cpu`
//!       encoders/ energies/ losses/ regularizers/ heads/
//!       inference/        right answers searched for
//!       negatives/        wrong answers: pairs of views that are compared, candidates that a head is offered
//!       objectives/       joint (view against view) and answers (input against label): all the trainer knows
//!       optim/ train/     the loop, gradients in chunks, checkpoints, journal, sources of batches
//!       eval/             what is measured of embeddings and energies, as pure functions; writers
//!       embeddings/       tables of embeddings, and what is asked of them
//!       config            what decides a run
//!       assembly/         from a configuration to live parts: device, data, network, head, checkpoint
//!       judge/            how good a trained thing is: probes, baselines, cards, verdicts and their causes
//!       run/              pretrain, train_head, embed, probe, pack: whole runs as functions
//!       export/ onnx/     networks for other programs, one format a file; the messages of ONNX
//!       events/           event files of TensorBoard
//!       plot/ figures/    drawings as SVG and PNG, and figures of trained heads made of them
//!       report/           pages of HTML on runs and tables
//!       cli/              arguments, printing, progress bars, signals: nothing else
//!       python/           the Python module, which runs the command and reads what it writes
//! ```
//!
//! No files import one another in a circle, only `cli` prints, unsafe code stays in [`kernels`], no family looks into another's kinds,
//! names of public types are unique in the crate, and files have at most 400 lines: `tests/floors` holds all that. Without the default
//! feature `cli` neither clap nor the progress bars are compiled: `ravine = { path = "..", default-features = false }`.
//!
//! # A part of one's own
//!
//! A loss, energy, regularizer, optimizer, encoder, head, augmentation, reader, writer, probe, cause of collapse, pairs or candidates of
//! `negatives`, or a command is one file and its lines in that family's `mod.rs` (the module, its name, its line in the list): parser,
//! `ravine list`, schema and the laws in `tests/laws` (gradients by finite differences, signs, collapse values, unknown keys) follow from
//! the list. A graph op also needs its arm on the CPU executor (`graph/cpu/ops/`), a kernel, and its nodes in ONNX (`export/onnx/`); the
//! compiler names them. `src/losses/squared_hinge.rs` would be
//!
//! ```rust,ignore
//! use candle_core::Tensor;
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! use super::{Energies, Loss, Margin};
//! use crate::error::Result;
//! use crate::ranges::positive;
//!
//! /// Squared hinge, `max(0, margin + E_C − E_I)²`.
//! #[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
//! #[serde(default, deny_unknown_fields)]
//! pub struct SquaredHinge {
//!     /// Difference of energies asked for, above 0.
//!     pub margin: f64,
//! }
//!
//! impl Default for SquaredHinge {
//!     fn default() -> Self {
//!         Self { margin: 1.0 }
//!     }
//! }
//!
//! impl Loss for SquaredHinge {
//!     fn forward(&self, energies: &Energies) -> Result<Tensor> {
//!         let gap = energies
//!             .positive
//!             .broadcast_sub(&energies.most_offending()?)?;
//!         energies.mean(&(gap + self.margin)?.relu()?.sqr()?)
//!     }
//!
//!     fn margin(&self) -> Margin {
//!         Margin::Finite(self.margin)
//!     }
//!
//!     fn active(&self, right: f64, wrong: f64) -> Option<bool> {
//!         Some(self.margin + right - wrong > 0.0)
//!     }
//!
//!     fn collapse_value(&self, _: usize) -> Option<f64> {
//!         Some(self.margin * self.margin)
//!     }
//!
//!     fn validate(&self, _: (f64, f64)) -> Result<()> {
//!         positive("loss.margin", self.margin)
//!     }
//! }
//! ```
//!
//! and its lines in `src/losses/mod.rs` are `mod squared_hinge;`, `pub use squared_hinge::SquaredHinge;` and, in the table,
//! `"squared_hinge" => SquaredHinge(SquaredHinge),`. Then `--set loss.kind=squared_hinge` trains, on pairs of views and on heads.

#![warn(unreachable_pub)]
#![deny(unsafe_code)]

pub mod assembly;
pub mod atomic;
pub mod augment;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod data;
pub mod embeddings;
pub mod encoders;
pub mod energies;
pub mod error;
pub mod eval;
pub mod events;
pub mod export;
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
pub mod onnx;
pub mod optim;
pub mod params;
#[cfg(feature = "figures")]
pub mod plot;
pub mod random;
pub mod ranges;
pub mod registry;
pub mod regularizers;
#[cfg(feature = "figures")]
pub mod report;
pub mod run;
pub mod train;
