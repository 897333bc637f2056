//! Evaluation runs a convolution, the batch norm behind it, the residual sum and ReLU as one step.

use super::plan::Plan;
use super::step::{Folded, Step};
use crate::graph::ops::Op;

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
