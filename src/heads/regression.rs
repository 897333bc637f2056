use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::head::{Head, Sides};
use super::space::{Space, vectors};
use crate::energies::{EnergyKind, Squared};
use crate::error::Result;
use crate::graph::ops::Linear;
use crate::graph::{Graph, Network, NodeId, Op};

/// Regression, `E(x, y) = ½‖G(x) − y‖²` or another energy of G(x) and y.
///
/// Features (B, F) to a prediction (B, D) by one linear layer, energies of answers (B, K, D) to (B, K), in the
/// units of y (squared, or not with `l1`). Errors: answers that are classes. The y side is fixed, so even the energy loss
/// cannot make it flat.
///
/// Source: LeCun et al. 2006, section 3.1. Choose it when one answer is right for each x: where several are, it answers with
/// their mean, and `implicit` or `latent` finds them all.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Regression {
    /// What compares the prediction with an answer.
    pub energy: EnergyKind,
}

impl Default for Regression {
    fn default() -> Self {
        Self {
            energy: EnergyKind::Squared(Squared::default()),
        }
    }
}

impl Head for Regression {
    fn code(
        &self,
        graph: &mut Graph,
        name: &str,
        features: NodeId,
        space: Space,
    ) -> Result<NodeId> {
        let width = graph.shape(features).iter().product();
        let dim = vectors(space, "regression")?;
        graph.push(name, Op::Linear(Linear::new(width, dim, true)), &[features])
    }

    fn energies(
        &self,
        code: &Tensor,
        y: &Tensor,
        _: Option<&Tensor>,
        _: &[Tensor],
    ) -> Result<Tensor> {
        self.energy.part().energy(code, y)
    }

    fn range(&self, code: usize) -> (f64, f64) {
        self.energy.part().range(code)
    }

    fn sides(&self) -> Sides {
        Sides::OnlyX
    }

    fn closed_form(
        &self,
        _: Option<&Network>,
        code: &Tensor,
        _: Option<&Tensor>,
    ) -> Result<Option<Tensor>> {
        // Energies of a difference are lowest where it is zero.
        let (low, _) = self.energy.part().range(code.dim(1)?);
        Ok(if low == 0.0 {
            Some(code.unsqueeze(1)?)
        } else {
            None
        })
    }
}
