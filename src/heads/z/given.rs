use candle_core::{Device, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::latents::Latents;
use crate::error::{Error, Result};
use crate::ranges::count;

/// A set of values that the user gives: the answers to one x are as many as the values.
///
/// `values` holds K vectors of the same length d: z is (K, d). Errors: no values, or values that differ in length. Choose it
/// when z has a known meaning, or to sample a manifold evenly.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    /// The values.
    pub values: Vec<Vec<f32>>,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            values: vec![vec![-1.0], vec![1.0]],
        }
    }
}

impl Latents for Given {
    fn dim(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    fn values(&self, device: &Device) -> Result<Option<Tensor>> {
        let shape = (self.values.len(), self.dim());
        Ok(Some(Tensor::from_vec(self.values.concat(), shape, device)?))
    }

    fn warning(&self, _: usize) -> Option<String> {
        None
    }

    fn validate(&self) -> Result<()> {
        count("head.z.values", self.values.len(), 1)?;
        count("head.z.values", self.dim(), 1)?;
        if self.values.iter().any(|value| value.len() != self.dim()) {
            return Err(Error::key("head.z.values", "must be vectors of one length"));
        }
        Ok(())
    }
}
