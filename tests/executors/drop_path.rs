//! Stochastic depth on both executors: where it is fused with what follows, and where it is passed by.

use std::sync::Arc;

use ravine::encoders::{Convnext, Encoder, Resnet, Vit};
use ravine::graph::ops::{Add, DropPath, LayerNorm, Linear, Relu};
use ravine::graph::{
    CandleExecutor, CpuExecutor, Draws, Executor, Graph, Mode, Network, NodeId, Op,
};

use crate::{Outcome, agree, network, pass, same, tensor, values};

fn drop(graph: &mut Graph, branch: u32, x: NodeId) -> NodeId {
    let op = DropPath { rate: 0.5, branch };
    graph.push("drop", Op::DropPath(op), &[x]).unwrap()
}

#[test]
fn drops_agree_wherever_they_stand() {
    let mut g = Graph::new(&[3, 8]);
    let x = g.input();
    let push = |g: &mut Graph, name: &str, op: Op, x: &[NodeId]| g.push(name, op, x).unwrap();
    let linear = || Op::Linear(Linear::new(8, 8, true));
    // of a layer that an activation reads too, read twice, at an output
    let y = push(&mut g, "first", linear(), &[x]);
    let both = push(&mut g, "relu", Op::Relu(Relu), &[y]);
    let dropped = drop(&mut g, 0, y);
    g.mark("dropped", dropped);
    let x = push(&mut g, "add1", Op::Add(Add), &[both, dropped]);
    // as a residual branch, whose sum is read twice
    let norm = LayerNorm {
        width: 8,
        eps: 1e-5,
    };
    let y = push(&mut g, "norm", Op::LayerNorm(norm), &[x]);
    let y = push(&mut g, "second", linear(), &[y]);
    let y = drop(&mut g, 1, y);
    let x = push(&mut g, "add2", Op::Add(Add), &[x, y]);
    // a drop of a drop, and of the input
    let y = drop(&mut g, 2, x);
    let y = drop(&mut g, 3, y);
    let input = g.input();
    let z = drop(&mut g, 4, input);
    let x = push(&mut g, "add3", Op::Add(Add), &[y, z]);
    g.mark("y", x);
    agree(&g, 5, 1e-5);
}

/// Encoders that are shallow, at this rate.
fn encoders(drop_path: f64) -> [Box<dyn Encoder>; 3] {
    let vit = Vit {
        width: 24,
        depth: 2,
        heads: 2,
        layer_scale: true,
        drop_path,
        ..Vit::default()
    };
    let convnext = Convnext {
        depths: vec![1, 2],
        widths: vec![8, 16],
        drop_path,
        ..Convnext::default()
    };
    let resnet = Resnet {
        depth: 10,
        width: 16,
        drop_path,
        ..Resnet::default()
    };
    [Box::new(vit), Box::new(convnext), Box::new(resnet)]
}

#[test]
fn encoders_that_drop_branches_agree() {
    for encoder in encoders(0.6) {
        agree(&encoder.graph(&[3, 16, 16]).unwrap(), 4, 1e-3);
    }
}

#[test]
fn without_draws_an_encoder_is_what_it_is_without_drops() {
    let x = tensor(&[4, 3, 16, 16], 8);
    let executors: [Arc<dyn Executor>; 2] =
        [Arc::new(CandleExecutor), Arc::new(CpuExecutor::new())];
    for executor in executors {
        for (with, without) in encoders(0.6).into_iter().zip(encoders(0.0)) {
            let bound = |encoder: &dyn Encoder| -> Network {
                network(&encoder.graph(&[3, 16, 16]).unwrap(), executor.clone())
            };
            let found = |mode: Mode| -> [Outcome; 2] {
                [&with, &without].map(|encoder| pass(&bound(encoder.as_ref()), &x, mode))
            };
            for mode in [Mode::Eval, Mode::Train(None), Mode::Recompute(None)] {
                let [with, without] = found(mode);
                same(&with, &without, 0.0);
            }
            let [with, without] = found(Mode::Train(Some(Draws::whole(5, 1, 4))));
            assert_ne!(values(&with.outputs[0]), values(&without.outputs[0]));
        }
    }
}
