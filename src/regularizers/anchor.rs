use candle_core::{DType, Device, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Regularizer;
use crate::energies::{Cosine, EnergyKind};
use crate::error::{Error, Result, require};

/// Anchor to the starting weights: the energy between the features of now and those that the encoder made at the start.
///
/// `mean over views and samples of E(f(x), f_start(x))` on features (B, D) of the same views, 0 at the start. Choose it to go
/// on from good weights with few images: what they tell apart stays told apart. `cosine` lets lengths drift, `squared` not
/// even those. Errors: an odd number of views; an energy that is not 0 between equal features.
///
/// Source: Li, Grandvalet & Davoine 2018 hold weights near their start; on features it is the distillation of Hinton et al.
/// 2015 and Li & Hoiem 2016.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::regularizers::{FeatureAnchor, Regularizer};
/// let (now, start) = (Tensor::new(&[[3.0, 4.0]], &Cpu)?, Tensor::new(&[[4.0, 3.0]], &Cpu)?);
/// let value = FeatureAnchor::default().forward(&[now, start], 0)?.to_scalar::<f64>()?;
/// assert!((value - 0.04).abs() < 1e-9); // 1 − cos
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureAnchor {
    /// Factor in the loss.
    pub weight: f64,
    /// Energy of features of now and of the start: `cosine`, `squared`, `euclidean` or `l1`.
    pub energy: EnergyKind,
}

impl Default for FeatureAnchor {
    fn default() -> Self {
        Self {
            weight: 1.0,
            energy: EnergyKind::Cosine(Cosine::default()),
        }
    }
}

impl FeatureAnchor {
    /// E(now, start) of each row.
    fn of(&self, now: &Tensor, start: &Tensor) -> Result<Tensor> {
        self.energy.part().energy(now, &start.unsqueeze(1)?)
    }
}

impl Regularizer for FeatureAnchor {
    fn forward(&self, views: &[Tensor], _: u64) -> Result<Tensor> {
        let (now, start) = views.split_at(views.len() / 2);
        if now.is_empty() || now.len() != start.len() {
            return Err(Error::Failed(
                "an anchor takes features of now and as many of the start".into(),
            ));
        }
        let pairs = now.iter().zip(start);
        let terms = pairs.map(|(now, start)| Ok(self.of(now, &start.detach())?.mean_all()?));
        Ok(Tensor::stack(&terms.collect::<Result<Vec<_>>>()?, 0)?.mean_all()?)
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn collapse_value(&self, _: usize, _: usize) -> f64 {
        0.0 // embeddings can be equal where features are not
    }

    fn repels(&self) -> bool {
        false
    }

    fn anchors(&self) -> bool {
        true
    }

    fn validate(&self) -> Result<()> {
        self.energy.part().validate()?;
        let features = Tensor::new(&[[0.6, 0.8, 0.0]], &Device::Cpu)?;
        let equal = self.of(&features, &features)?.to_dtype(DType::F64)?;
        require(
            "regularizers.energy",
            equal.sum_all()?.to_scalar::<f64>()?.abs() < 1e-3,
            format_args!(
                "`{}` is not 0 between equal features, so that it would pull them away from where they start; use \
                 cosine, squared, euclidean or l1",
                self.energy.name()
            ),
        )
    }
}
