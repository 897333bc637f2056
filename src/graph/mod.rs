//! Networks as data: a [`Graph`] is a list of ops with named parameters; an [`Executor`] runs it.
//!
//! One op a file, in [`ops`]. Every op knows its output shape, its parameters, its plain-candle forward (the
//! reference, with a working gradient on every device) and its floating-point operations. From the same
//! graph come the summary table, the parameter list and both executors.

mod builder;
mod candle_executor;
pub mod check;
mod cpu;
mod draws;
mod executor;
mod layer;
mod mode;
mod network;
pub mod ops;
mod positions;
mod resize;
mod summary;

pub use builder::{Graph, Node, NodeId};
pub use candle_executor::CandleExecutor;
pub use cpu::CpuExecutor;
pub use draws::Draws;
pub use executor::{Executor, Forward, Gradients, Precision, Tape};
pub use layer::Layer;
pub use mode::Mode;
pub use network::Network;
pub use ops::Op;
pub use positions::Resampled;
pub use summary::Summary;
