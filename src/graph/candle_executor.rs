//! The reference executor: candle's operations and candle's autograd, on any device.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::graph::builder::{Graph, Node};
use crate::graph::executor::{Executor, Forward, Gradients, Tape};
use crate::graph::mode::Mode;
use crate::graph::ops::Op;
use crate::params::{Param, Params, Role};

/// Runs each op by its plain-candle forward; the tape is candle's graph.
#[derive(Clone, Copy, Debug, Default)]
pub struct CandleExecutor;

/// The tape: outputs still attached to candle's graph, the parameters they came from, the input.
struct Record {
    outputs: Vec<Tensor>,
    params: Vec<Param>,
    input: Tensor,
}

impl Executor for CandleExecutor {
    fn name(&self) -> &'static str {
        "candle"
    }

    fn forward(&self, graph: &Graph, params: &Params, x: &Tensor, mode: Mode) -> Result<Forward> {
        let mut values = vec![x.clone()];
        let mut used = Vec::new();
        for node in &graph.nodes()[1..] {
            let value = run(node, params, &values, mode, &mut used)?;
            values.push(value);
        }
        let outputs: Vec<Tensor> = graph
            .outputs()
            .iter()
            .map(|(_, id)| values[id.0].clone())
            .collect();
        let detached = outputs.iter().map(Tensor::detach).collect();
        let kept = if mode == Mode::Eval {
            Vec::new()
        } else {
            outputs
        };
        let record = Record {
            outputs: kept,
            params: used,
            input: x.clone(),
        };
        Ok(Forward {
            outputs: detached,
            tape: Tape::new(record),
        })
    }

    fn backward(&self, tape: Tape, gradients: &[Option<Tensor>]) -> Result<Gradients> {
        let record: Record = tape.open()?;
        let mut total: Option<Tensor> = None;
        for (output, gradient) in record.outputs.iter().zip(gradients) {
            let Some(gradient) = gradient else { continue };
            let term = (output * gradient.detach())?.sum_all()?;
            total = Some(match total {
                Some(sum) => (sum + term)?,
                None => term,
            });
        }
        let mut result = Gradients::default();
        let Some(total) = total else {
            return Ok(result);
        };
        let store = total.backward()?;
        for param in &record.params {
            if let Some(gradient) = store.get(&param.var) {
                result.of.insert(param.name.clone(), gradient.clone());
            }
        }
        result.input = store.get(&record.input).cloned();
        Ok(result)
    }
}

/// The value of `node`; trainable parameters that took part are noted in `used`.
fn run(
    node: &Node,
    params: &Params,
    values: &[Tensor],
    mode: Mode,
    used: &mut Vec<Param>,
) -> Result<Tensor> {
    let op = operation(node)?;
    let own: Vec<Param> = op
        .layer()
        .parameters(&node.name)
        .iter()
        .map(|spec| params.create(spec))
        .collect::<Result<_>>()?;
    let weights: Vec<Tensor> = own
        .iter()
        .map(|param| {
            if mode == Mode::Eval || !param.trainable() {
                param.var.as_detached_tensor()
            } else {
                param.var.as_tensor().clone()
            }
        })
        .collect();
    let inputs: Vec<Tensor> = node.inputs.iter().map(|i| values[i.0].clone()).collect();
    let value = op.layer().forward(&inputs, &weights, mode)?;
    if mode.moves_statistics() {
        let buffers = own.iter().filter(|param| param.role == Role::Buffer);
        let updated = op.layer().updated_buffers(&inputs, &weights)?;
        for (param, value) in buffers.zip(updated).filter(|(param, _)| !param.frozen) {
            param.var.set(&value)?;
        }
    }
    used.extend(own.into_iter().filter(Param::trainable));
    Ok(value)
}

fn operation(node: &Node) -> Result<&Op> {
    node.op
        .as_ref()
        .ok_or_else(|| Error::Failed(format!("node `{}` has no operation", node.name)))
}
