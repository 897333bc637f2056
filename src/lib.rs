//! Self-supervised learning of images as energy-based learning.
//!
//! A loss only ever sees the energies of right and of wrong answers; some methods add a regularizer on
//! the cloud of embeddings. Modules are floors, imports go down only:
//!
//! | floor | modules |
//! |---|---|
//! | ground | [`error`], [`random`], [`params`], [`registry`], [`kernels`] |
//! | data and networks | [`data`], [`augment`], [`graph`] |
//! | machines | [`encoders`], [`energies`] |
//! | asked of them | [`losses`], [`regularizers`] |
//! | answers | [`negatives`] |
//! | objectives | [`objectives`] |
//! | learning and judging | [`optim`], [`train`], [`eval`] |
//! | product | [`config`], [`cli`] |

pub mod data;
pub mod error;
pub mod graph;
pub mod kernels;
pub mod params;
pub mod random;
pub mod registry;
