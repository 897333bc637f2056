//! The `cpu` executor: whole graphs on our own kernels, with their own tape.
//!
//! Inside, images are NHWC; layouts are converted once at entry and exit. Activations live in an arena that
//! is reused from step to step, since fresh pages cost as much as a batch norm. Batch norm, a residual sum
//! and ReLU that follow one another run as one op, and leave what they can to the convolutions around them.

mod arena;
mod backward;
mod defer;
mod flow;
mod fold;
mod forward;
mod fuse;
mod ops;
mod plan;
mod products;
mod step;
mod tape;
mod tensor;

use std::sync::Arc;

use candle_core::{DType, Tensor};

use crate::error::{Error, Result};
use crate::graph::builder::Graph;
use crate::graph::executor::{Executor, Forward, Gradients, Precision, Tape};
use crate::graph::mode::Mode;
use crate::kernels::Simd;
use crate::kernels::bf16::Bf16;
use crate::params::Params;
use arena::Arena;

/// Runs graphs of 32-bit floats on the CPU without a tensor library inside.
///
/// Clones share the memory. Several tapes may be alive at once; each holds its own part of it.
#[derive(Clone, Debug)]
pub struct CpuExecutor {
    arena: Arc<Arena>,
    simd: Simd,
    bf16: Option<Bf16>,
}

impl Default for CpuExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl CpuExecutor {
    /// With the best instructions of this processor.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bf16: tiles().map(Bf16::in_three),
            ..Self::with_simd(Simd::detect())
        }
    }

    /// With the instructions given: for comparing them.
    #[must_use]
    pub fn with_simd(simd: Simd) -> Self {
        Self {
            arena: Arc::default(),
            simd,
            bf16: None,
        }
    }

    /// With the best instructions of this processor, training in `precision`.
    ///
    /// # Errors
    /// The processor has no instructions for that precision.
    pub fn with_precision(precision: Precision) -> Result<Self> {
        let bf16 = match precision {
            Precision::F32 => tiles().map(Bf16::in_three),
            Precision::High => tiles().map(Bf16::in_two),
            Precision::Bf16 => Some(Bf16::detect().ok_or_else(|| {
                Error::key(
                    "train.precision",
                    "this processor has no instructions for bfloat16 (AVX512-BF16 or AMX); use \"f32\"",
                )
            })?),
        };
        Ok(Self {
            bf16,
            ..Self::new()
        })
    }
}

/// What makes several products of 16-bit floats faster than one of 32 bits, where this processor has it.
fn tiles() -> Option<Bf16> {
    Bf16::detect().filter(|bf16| bf16.splits())
}

impl Executor for CpuExecutor {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn forward(&self, graph: &Graph, params: &Params, x: &Tensor, mode: Mode) -> Result<Forward> {
        if !x.device().is_cpu() || !params.device().is_cpu() || x.dtype() != DType::F32 {
            return Err(Error::Failed(format!(
                "the cpu executor takes 32-bit floats on the CPU, but received {:?} on {:?}; \
                 choose `--executor candle`",
                x.dtype(),
                x.device()
            )));
        }
        let run = || forward::run(&self.arena, (self.simd, self.bf16), graph, params, x, mode);
        let (outputs, record) = in_pool(run)?;
        Ok(Forward {
            outputs,
            tape: Tape::new(record),
        })
    }

    fn backward(&self, tape: Tape, gradients: &[Option<Tensor>]) -> Result<Gradients> {
        let record = tape.open()?;
        in_pool(|| backward::run(&self.arena, (self.simd, self.bf16), record, gradients))
    }

    fn peak_bytes(&self) -> Option<usize> {
        Some(self.arena.peak_bytes())
    }
}

/// Run `work` on one of the threads that the kernels share their work among.
///
/// From outside, every kernel would wake one of them and put the caller to sleep.
fn in_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    rayon::join(work, || ()).0
}
