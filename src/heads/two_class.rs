use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::head::{ClassEnergies, Head, Sides};
use super::space::{Space, classes};
use crate::error::{Error, Result};
use crate::graph::ops::Linear;
use crate::graph::{Graph, NodeId, Op};

/// Two answers, `E(x, y) = −y G(x)` with y = −1 for the first class and +1 for the second.
///
/// Features (B, F) to energies (B, 2) of any sign. Errors: answers that are vectors, or not two classes. The hinge becomes
/// `max(0, m − 2 y G)`, the nll `log(1 + exp(−2 y G))`. The two energies are opposite, so every loss
/// contrasts; the energy loss has no lower bound.
///
/// Source: LeCun et al. 2006, section 3.2. Choose it for yes and no with one number out.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TwoClass {}

impl Head for TwoClass {
    fn code(
        &self,
        graph: &mut Graph,
        name: &str,
        features: NodeId,
        space: Space,
    ) -> Result<NodeId> {
        let classes = classes(space, "two_class")?;
        if classes != 2 {
            return Err(Error::key(
                "head.kind",
                format!(
                    "`two_class` needs exactly two classes; the data have {classes}, use `multi_class`"
                ),
            ));
        }
        let width = graph.shape(features).iter().product();
        graph.push(name, Op::Linear(Linear::new(width, 1, true)), &[features])
    }

    fn energies(
        &self,
        code: &Tensor,
        _: &Tensor,
        _: Option<&Tensor>,
        _: &[Tensor],
    ) -> Result<Tensor> {
        Ok(Tensor::cat(&[code, &code.neg()?], 1)?)
    }

    fn range(&self, _: usize) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }

    fn sides(&self) -> Sides {
        Sides::OnlyX
    }

    fn chooses(&self) -> bool {
        true
    }

    fn class_energies(&self) -> Option<ClassEnergies> {
        Some(ClassEnergies::Opposite)
    }
}
