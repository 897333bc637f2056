use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::head::{ClassEnergies, Head, Sides};
use super::space::{Space, classes};
use crate::error::{Error, Result};
use crate::graph::ops::Linear;
use crate::graph::{Graph, NodeId, Op};
use crate::losses::softplus;

/// One linear energy a class, `E(x, y) = (W f(x) + b)[y]`; the answer is the class of least energy.
///
/// Features (B, F) to energies (B, C) of any sign, or at least 0 with `non_negative`. Errors: answers that are vectors, or
/// fewer than two classes. With the nll at beta 1 this is softmax regression on −E.
///
/// Source: LeCun et al. 2006, section 3.3. Choose it for labels out of a fixed list.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MultiClass {
    /// Pass energies through `softplus(e) = log(1 + exp(e))`, so that losses which need energies of at least 0
    /// (square_square, square_exponential, lvq2) can be used.
    pub non_negative: bool,
}

impl Head for MultiClass {
    fn code(
        &self,
        graph: &mut Graph,
        name: &str,
        features: NodeId,
        space: Space,
    ) -> Result<NodeId> {
        let classes = classes(space, "multi_class")?;
        if classes < 2 {
            return Err(Error::key(
                "head.kind",
                format!("a multi-class head needs at least two classes; the data have {classes}"),
            ));
        }
        let width = graph.shape(features).iter().product();
        let op = Op::Linear(Linear::new(width, classes, true));
        graph.push(name, op, &[features])
    }

    fn energies(
        &self,
        code: &Tensor,
        _: &Tensor,
        _: Option<&Tensor>,
        _: &[Tensor],
    ) -> Result<Tensor> {
        if self.non_negative {
            softplus(code)
        } else {
            Ok(code.clone())
        }
    }

    fn range(&self, _: usize) -> (f64, f64) {
        let low = if self.non_negative {
            0.0
        } else {
            f64::NEG_INFINITY
        };
        (low, f64::INFINITY)
    }

    fn sides(&self) -> Sides {
        Sides::Both
    }

    fn chooses(&self) -> bool {
        true
    }

    fn class_energies(&self) -> Option<ClassEnergies> {
        Some(if self.non_negative {
            ClassEnergies::Softplus
        } else {
            ClassEnergies::Code
        })
    }
}
