use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cosine_table::CosineTable;
use super::{Energy, inner, l2_normalize};
use crate::error::Result;
use crate::host;

/// `1 − cos(x, y)`, in [0, 2]: only directions count. SimCLR, MoCo, SigLIP, BYOL, SimSiam.
///
/// x (N, D) and y (N, K, D) to (N, K), or all pairs of x (N, D) and y (M, D) to (N, M). The cosine is
/// x·y / (max(|x|, 1e-12) · max(|y|, 1e-12)). Errors: dimensions that differ.
///
/// Source: Chen et al. 2020, the similarity of eq. 1. Choose it when the length of an embedding should mean nothing, which
/// is almost always in self-supervised learning.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::energies::{Cosine, Energy};
/// let (x, y) = (Tensor::new(&[[3.0, 4.0]], &Cpu)?, Tensor::new(&[[4.0, 3.0]], &Cpu)?);
/// let e = Cosine {}.table(&x, &y)?.to_vec2::<f64>()?;
/// assert!((e[0][0] - 0.04).abs() < 1e-9); // 1 − (12 + 12) / (5 · 5)
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cosine {}

impl Energy for Cosine {
    fn energy(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let cosine = inner(&l2_normalize(x)?, &l2_normalize(y)?)?;
        Ok(cosine.affine(-1.0, 1.0)?)
    }

    fn table(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        if host::is_plain(x) && host::is_plain(y) {
            return Ok(x.apply_op2(y, CosineTable)?);
        }
        let cosine = l2_normalize(x)?.matmul(&l2_normalize(y)?.t()?)?;
        Ok(cosine.affine(-1.0, 1.0)?)
    }

    fn range(&self, _: usize) -> (f64, f64) {
        (0.0, 2.0)
    }
}
