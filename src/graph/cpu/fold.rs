//! Evaluation runs a convolution, the batch norm behind it, the residual sum and ReLU as one step.

use super::plan::{Plan, Step};
use crate::graph::Op;
use crate::graph::batch_norm::BatchNorm;

/// The batch norm that a convolution has taken in: with running statistics it is a scale and a shift.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    pub(super) op: BatchNorm,
    /// Prefix of its parameters.
    pub(super) name: String,
}

impl Plan {
    /// The steps for running statistics.
    pub(super) fn folded(mut self) -> Self {
        let reads = self.reads();
        let mut steps: Vec<Step> = Vec::new();
        for mut step in self.steps {
            if let Op::BatchNorm(op) = step.op {
                let before = steps.iter().position(|other| {
                    let private = other.output == step.inputs[0] && reads[other.output] == 1;
                    private && matches!(other.op, Op::Conv2d(_)) && other.folded.is_none()
                });
                if let Some(position) = before {
                    let conv = steps.remove(position);
                    step.inputs[0] = conv.inputs[0];
                    step.from = conv.from;
                    step.op = conv.op;
                    step.folded = Some(Folded {
                        op,
                        name: step.name,
                    });
                    step.name = conv.name;
                }
            }
            steps.push(step);
        }
        self.steps = steps;
        self
    }
}
