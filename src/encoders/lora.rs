//! Low-rank adapters: a small trained sum beside frozen linear layers.

use std::collections::HashMap;

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, require};
use crate::graph::ops::{Add, Linear};
use crate::graph::{Graph, Op};
use crate::params::{Init, Params};
use crate::ranges::count;

/// What the encoder's parameters are called in a whole network.
const ENCODER: &str = "encoder.";

/// Names of the two factors behind that of the layer that they stand beside.
const FACTORS: [&str; 2] = [".lora_a", ".lora_b"];

/// Low-rank adaptation: every linear layer of the encoder computes `x (W + B A)ᵀ + b`, and only A and B are trained.
///
/// A is (rank, in), B is (out, rank) and starts at 0, so that the encoder starts as it is; `alpha / rank` of the paper is 1: the
/// learning rate does the same. All other parameters of the encoder, norms and positions among them, stay as they are. What
/// uses the run later gets `W + B A` as one.
///
/// Source: Hu et al. 2021, section 4.1. Choose it to go on from a large vision transformer with few images or little memory:
/// gradients and moments are kept of a few percent of the parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lora {
    /// Rank of B A; 4 to 16 is usual. `encoder.lora = 8` is short for it.
    pub rank: usize,
}

impl Lora {
    /// Refuse settings out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    pub fn validate(&self) -> Result<()> {
        count("lora.rank", self.rank, 1)
    }

    /// The encoder `graph` with adapters beside its linear layers, for each `layer` the parameters `layer.lora_a.weight` and
    /// `layer.lora_b.weight`.
    ///
    /// # Errors
    /// It has no linear layer.
    pub fn adapted(&self, graph: &Graph) -> Result<Graph> {
        let mut adapted = Graph::new(graph.shape(graph.input()));
        let (mut place, mut layers) = (vec![adapted.input()], 0);
        for node in &graph.nodes()[1..] {
            let inputs: Vec<_> = node.inputs.iter().map(|i| place[i.0]).collect();
            let missing = || Error::Failed(format!("node `{}` has no operation", node.name));
            let op = node.op.clone().ok_or_else(missing)?;
            let beside = self.beside(&op);
            let mut output = adapted.push(node.name.clone(), op, &inputs)?;
            if let Some(factors) = beside {
                let mut way = inputs[0];
                for (factor, name) in factors.into_iter().zip(FACTORS) {
                    let name = format!("{}{name}", node.name);
                    way = adapted.push(name, Op::Linear(factor), &[way])?;
                }
                let name = format!("{}.lora", node.name);
                output = adapted.push(name, Op::Add(Add), &[output, way])?;
                layers += 1;
            }
            place.push(output);
        }
        for (name, node) in graph.outputs() {
            adapted.mark(name, place[node.0]);
        }
        require(
            "lora.rank",
            layers > 0,
            "adapters stand beside linear layers, and this encoder has none: leave `lora` out and give \
             `train.encoder_rate` or `train.layer_decay`, or choose a vision transformer",
        )?;
        Ok(adapted)
    }

    /// A and B beside a linear layer.
    fn beside(&self, op: &Op) -> Option<[Linear; 2]> {
        let Op::Linear(layer) = op else {
            return None;
        };
        let down = Linear::new(layer.input, self.rank, false);
        let up = Linear {
            init: Init::Constant(0.0),
            ..Linear::new(self.rank, layer.output, false)
        };
        Some([down, up])
    }

    /// Keep all of the encoder's parameters in `params` but the adapters as they are.
    pub fn freeze(&self, params: &Params) {
        params.freeze(|name| name.starts_with(ENCODER) && !is_adapter(name));
    }
}

/// Whether the parameter `name` is a factor of an adapter.
#[must_use]
pub fn is_adapter(name: &str) -> bool {
    FACTORS
        .iter()
        .any(|factor| name.contains(&format!("{factor}.")))
}

/// `values` for the network of `params`: where that has no adapters and they do, each layer gets `W + B A`.
///
/// # Errors
/// An adapter without its layer or its other factor, or of another shape.
#[allow(clippy::implicit_hasher, reason = "values of a file come in this one")]
pub fn merged(values: HashMap<String, Tensor>, params: &Params) -> Result<HashMap<String, Tensor>> {
    if params.all().iter().any(|param| is_adapter(&param.name)) {
        return Ok(values);
    }
    let (factors, mut values): (HashMap<_, _>, HashMap<_, _>) =
        values.into_iter().partition(|(name, _)| is_adapter(name));
    for (name, down) in &factors {
        let Some((layer, _)) = name.split_once(&format!("{}.", FACTORS[0])) else {
            continue; // B is taken with its A
        };
        let up = factors.get(&format!("{layer}{}.weight", FACTORS[1]));
        let weight = values.get_mut(&format!("{layer}.weight"));
        let (Some(up), Some(weight)) = (up, weight) else {
            return Err(Error::Failed(format!(
                "the adapter `{name}` stands alone: the file is damaged"
            )));
        };
        *weight = (&*weight + up.matmul(down)?)?;
    }
    Ok(values)
}
