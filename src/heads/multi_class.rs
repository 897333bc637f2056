use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Head;
use crate::error::{Error, Result};
use crate::graph::linear::Linear;
use crate::graph::{Graph, NodeId, Op};

/// One linear energy a class, `E(x, y) = (W f(x) + b)[y]`; the answer is the class of least energy.
///
/// LeCun et al. 2006, section 2.2. With the nll at beta 1 this is softmax regression on −E. Choose it for
/// labels out of a fixed list.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MultiClass {}

impl Head for MultiClass {
    fn append(&self, graph: &mut Graph, features: NodeId, classes: usize) -> Result<NodeId> {
        if classes < 2 {
            return Err(Error::key(
                "head.kind",
                format!("a multi-class head needs at least two classes; the data have {classes}"),
            ));
        }
        let width = graph.shape(features).iter().product();
        let op = Op::Linear(Linear::new(width, classes, true));
        graph.push("head", op, &[features])
    }
}
