use candle_core::{Device, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::latents::Latents;
use crate::error::Result;
use crate::ranges::count;

/// One of K values: each answer is explained by one of K modes, and that there are few limits what z carries.
///
/// z is one-hot (K,). Errors: K of 0. Source: LeCun et al. 2006, section 4.1. Choose it when the number of right answers for
/// one x is known.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Discrete {
    /// K, the number of values.
    pub values: usize,
}

impl Default for Discrete {
    fn default() -> Self {
        Self { values: 2 }
    }
}

impl Latents for Discrete {
    fn dim(&self) -> usize {
        self.values
    }

    fn values(&self, device: &Device) -> Result<Option<Tensor>> {
        Ok(Some(Tensor::eye(
            self.values,
            candle_core::DType::F32,
            device,
        )?))
    }

    fn warning(&self, _: usize) -> Option<String> {
        None
    }

    fn validate(&self) -> Result<()> {
        count("head.z.values", self.values, 1)
    }
}
