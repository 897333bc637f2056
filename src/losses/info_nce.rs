use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::nll::Nll;
use crate::error::Result;
use crate::ranges::positive;

/// InfoNCE, the nll at beta = 1/temperature times beta: `−log exp(−E_C/τ) / Σ_y exp(−E(y)/τ)`.
///
/// Energies (N, P), (N, K) to (N,), the mean over right answers, times the factor of the `convention`: none by default.
/// Errors: no wrong answers; a temperature of 0 or less. Temperatures of 0.1 to 0.5 are usual; a lower one looks harder at
/// the nearest wrong answers.
///
/// Source: over cosine energies and in-batch negatives of both views it is the NT-Xent of SimCLR (Chen et al. 2020, eq. 1);
/// over a queue that of MoCo (He et al. 2020, eq. 1); over `other_classes` SupCon (Khosla et al. 2020, eq. 2). Choose it
/// first for pairs of views.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, InfoNce, Loss};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.5, 0.9]], &Cpu)?);
/// let loss = InfoNce::default().forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 0.5852).abs() < 1e-4); // τ = 0.5: 0.4 + log(exp(−0.4) + exp(−1) + exp(−1.8))
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InfoNce {
    /// τ, above 0.
    pub temperature: f64,
    /// `nt_xent`, or the factor of a published code: `simclr_tf`, `supcon`, `moco_v3`.
    pub convention: InfoNceConvention,
}

/// The factor in front, where published codes differ: it matters beside regularizers and for learning rates taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InfoNceConvention {
    /// None: the paper of SimCLR, and most codes.
    #[default]
    NtXent,
    /// 2: Google's TensorFlow code of SimCLR adds the means of both directions.
    SimclrTf,
    /// τ / 0.07: the code of SupCon, whose base temperature is 0.07.
    Supcon,
    /// 4 τ: the code of MoCo v3 adds both directions, 2 τ times each.
    MocoV3,
}

/// The temperature that the code of SupCon divides by.
const BASE_TEMPERATURE: f64 = 0.07;

impl Default for InfoNce {
    fn default() -> Self {
        Self {
            temperature: 0.5,
            convention: InfoNceConvention::NtXent,
        }
    }
}

impl InfoNce {
    fn factor(self) -> f64 {
        match self.convention {
            InfoNceConvention::NtXent => 1.0,
            InfoNceConvention::SimclrTf => 2.0,
            InfoNceConvention::Supcon => self.temperature / BASE_TEMPERATURE,
            InfoNceConvention::MocoV3 => 4.0 * self.temperature,
        }
    }

    fn nll(self) -> Nll {
        Nll {
            beta: 1.0 / self.temperature,
        }
    }
}

impl Loss for InfoNce {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        Ok((self.nll().forward(energies)? * (self.nll().beta * self.factor()))?)
    }

    fn margin(&self) -> Margin {
        self.nll().margin()
    }

    fn beta(&self) -> Option<f64> {
        Some(self.nll().beta)
    }

    fn collapse_value(&self, answers: usize) -> Option<f64> {
        Some(self.factor() * (answers as f64).ln())
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        positive("loss.temperature", self.temperature)
    }
}
