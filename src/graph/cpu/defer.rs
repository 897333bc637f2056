//! Training leaves work of a batch norm to the convolutions around it, which have the values at hand: the one
//! before measures them; the one behind normalises them on their way in, and sums their gradients on the way back.
//! The GELU's gradient is taken by the linear layer behind likewise.

use super::ops::conv2d;
use super::plan::Plan;
use super::step::{Activation, Step};
use crate::graph::ops::Op;
use crate::kernels::bf16::Bf16;

impl Plan {
    /// The steps for batch statistics; convolutions in 32 bits take in the norm and ReLU before them.
    pub(super) fn deferred(mut self, bf16: Option<Bf16>) -> Self {
        let reads = self.reads();
        for norm in 0..self.steps.len() {
            let step = &self.steps[norm];
            if !matches!(step.op, Op::BatchNorm(_)) || step.from.len() != 3 {
                continue;
            }
            let (input, output) = (step.inputs[0], step.output);
            let alone =
                step.then == Activation::Relu && step.inputs.len() == 1 && reads[output] == 1;
            if reads[input] == 1 {
                let before = self.steps.iter_mut().find(|step| step.output == input);
                if let Some(before) = before {
                    before.measures = matches!(&before.op, Op::Conv2d(conv) if !conv.bias);
                }
            }
            // Gradients arrive from the last step that reads to the first.
            let behind = self.steps.iter_mut().find(|s| s.inputs.contains(&output));
            if let Some(behind) = behind.filter(|step| matches!(step.op, Op::Conv2d(_))) {
                behind.completes = Some(norm);
                self.steps[norm].deferred = alone && takes_norm(behind, bf16);
            }
        }
        self.activated();
        self
    }

    /// Linear layers that read a GELU take the gradient of their input through it; not where the same layer adds the GELU to
    /// its result, since that part of the gradient follows.
    fn activated(&mut self) {
        for gelu in 0..self.steps.len() {
            let step = &self.steps[gelu];
            if step.then != Activation::Gelu {
                continue;
            }
            let output = step.output;
            let behind = self.steps.iter_mut().find(|s| s.inputs.contains(&output));
            let fits = |s: &&mut Step| {
                let once = s.inputs[0] == output && !s.inputs[1..].contains(&output);
                matches!(s.op, Op::Linear(_)) && once
            };
            if let Some(behind) = behind.filter(fits) {
                behind.completes = Some(gelu);
            }
        }
    }
}

fn takes_norm(step: &Step, bf16: Option<Bf16>) -> bool {
    let Op::Conv2d(op) = &step.op else {
        return false;
    };
    let shape = conv2d::sizes(1, step, op);
    shape.normalizes() && !bf16.is_some_and(|bf16| bf16.pays(&shape))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::graph::builder::{Graph, NodeId};
    use crate::graph::ops::{Add, BatchNorm, Conv2d, Relu};
    use crate::kernels::bf16::Bf16Dot;

    #[test]
    fn convolutions_measure_normalize_and_sum_where_nothing_else_reads() -> Result<()> {
        let mut graph = Graph::new(&[3, 8, 8]);
        let norm = |graph: &mut Graph, from: NodeId, channels: usize| {
            let conv = Op::Conv2d(Conv2d::new(channels, 16, 3, 1, 1));
            let x = graph.push("conv", conv, &[from])?;
            graph.push("norm", Op::BatchNorm(BatchNorm::new(16)), &[x])
        };
        let x = graph.input();
        let x = norm(&mut graph, x, 3)?;
        let first = graph.push("relu", Op::Relu(Relu), &[x])?;
        let x = norm(&mut graph, first, 16)?;
        let x = graph.push("relu", Op::Relu(Relu), &[x])?;
        let x = norm(&mut graph, x, 16)?;
        let x = graph.push("add", Op::Add(Add), &[x, first])?;
        let x = graph.push("relu", Op::Relu(Relu), &[x])?;
        graph.mark("features", x);
        let found = |bf16| {
            let steps = Plan::of(&graph, true).deferred(bf16).steps;
            let found = |s: &Step| (s.measures, s.deferred, s.completes);
            steps.iter().map(found).collect::<Vec<_>>()
        };
        let mut expected = [
            (true, false, None),
            (false, false, None),
            (true, false, Some(1)),
            (false, true, None),
            (true, false, Some(3)),
            (false, false, None),
        ];
        assert_eq!(found(None), expected);
        expected[3].1 = false;
        assert_eq!(found(Some(Bf16::at_most(Bf16Dot::Portable))), expected);
        Ok(())
    }
}
