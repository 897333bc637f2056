//! The seam behind which a graph is run.

use std::any::Any;
use std::collections::BTreeMap;

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::builder::Graph;
use crate::graph::mode::Mode;
use crate::params::Params;

/// How exactly products are computed while training; evaluation is in 32 bits, or `high` where that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats. On AMX the wide products of tokens are computed as six products of bfloat16, of three numbers for
    /// each operand that together hold its 24 bits, summed in 32 bits: errors are those of summing in 32 bits.
    #[default]
    F32,
    /// 32-bit floats, their products as three products of bfloat16 where that is faster (AMX): errors of about 2⁻¹⁶ of a
    /// product, of which TF32 makes 2⁻¹¹. What PyTorch calls `high`.
    High,
    /// Operands of convolutions and linear layers rounded to bfloat16 where that is faster; sums, parameters and all
    /// else in 32 bits.
    Bf16,
}

impl Precision {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::High, Self::Bf16];
    /// Those that keep what a 32-bit float is for: what features may be computed in.
    pub const OF_FEATURES: [Self; 2] = [Self::F32, Self::High];

    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::High => "high",
            Self::Bf16 => "bf16",
        }
    }
}

/// Gradients by parameter name, ordered by name.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    /// d loss / d parameter, of the parameter's shape.
    pub of: BTreeMap<String, Tensor>,
    /// d loss / d input of the graph, when the executor was asked to track it.
    pub input: Option<Tensor>,
}

impl Gradients {
    /// Add `other` to these, name by name.
    ///
    /// # Errors
    /// Two gradients of one parameter differ in shape.
    pub fn accumulate(&mut self, other: Self) -> Result<()> {
        for (name, gradient) in other.of {
            self.add(name, gradient)?;
        }
        Ok(())
    }

    /// Add one gradient.
    ///
    /// # Errors
    /// It differs in shape from the one already there.
    pub fn add(&mut self, name: String, gradient: Tensor) -> Result<()> {
        let sum = match self.of.get(&name) {
            Some(old) => (old + gradient)?,
            None => gradient,
        };
        self.of.insert(name, sum);
        Ok(())
    }
}

/// What a forward pass keeps so that a gradient can be pulled back; only its executor can open it.
pub struct Tape(Box<dyn Any + Send>);

impl Tape {
    /// Wrap an executor's own record.
    #[must_use]
    pub fn new<T: Any + Send>(record: T) -> Self {
        Self(Box::new(record))
    }

    /// Open it again.
    ///
    /// # Errors
    /// It was recorded by another executor.
    pub fn open<T: Any>(self) -> Result<T> {
        match self.0.downcast::<T>() {
            Ok(record) => Ok(*record),
            Err(_) => Err(Error::Failed(
                "a tape was given to another executor than its own".into(),
            )),
        }
    }
}

/// The outputs of a graph, in the order of [`Graph::outputs`], and the tape (empty in [`Mode::Eval`]).
pub struct Forward {
    /// (batch, ..) each.
    pub outputs: Vec<Tensor>,
    /// For [`Executor::backward`].
    pub tape: Tape,
}

/// Runs a graph forward and pulls gradients back through it.
pub trait Executor: Send + Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// Run `graph` on `x` (batch, sample shape..) with the parameters of `params`.
    ///
    /// # Errors
    /// A missing parameter, or a tensor operation failed.
    fn forward(&self, graph: &Graph, params: &Params, x: &Tensor, mode: Mode) -> Result<Forward>;

    /// Pull `gradients` (d loss / d output, one per output, `None` where the loss does not see it) back
    /// to the parameters, and to the input when `x` was a variable.
    ///
    /// # Errors
    /// A tape of another executor, or a tensor operation failed.
    fn backward(&self, tape: Tape, gradients: &[Option<Tensor>]) -> Result<Gradients>;

    /// The most memory that activations, gradients and workspace have taken so far, in bytes; `None` of an executor that
    /// does not count.
    fn peak_bytes(&self) -> Option<usize> {
        None
    }
}
