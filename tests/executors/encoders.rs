//! Every op and every encoder on both executors.

use std::sync::Arc;

use ravine::encoders::{Encoder, EncoderKind, MlpKind, Pool, Vit};
use ravine::graph::ops::{Attention, GlobalAvgPool, Multiply, Positions, Unsqueeze};
use ravine::graph::{CandleExecutor, CpuExecutor, Executor, Graph, Op};

use crate::graphs::single;
use crate::{agree, close, network, tensor};

#[test]
fn vision_transformers_agree() {
    for class_token in [true, false] {
        let (width, heads, depth) = (24, 2, 2);
        let vit = Vit {
            patch: 3,
            width,
            depth,
            heads,
            class_token,
            ..Vit::default()
        };
        agree(&vit.graph(&[3, 9, 12]).unwrap(), 3, 1e-4);
    }
    agree(
        &single(&[70, 96], Op::Attention(Attention { heads: 4 })),
        3,
        1e-4,
    );
}

#[test]
fn every_op_agrees() {
    for (op, shape) in Op::samples() {
        if op.layer().inputs() == 1 {
            agree(&single(&shape, op), 3, 1e-4);
        }
    }
}

#[test]
fn a_gate_over_an_image_agrees() {
    let mut graph = Graph::new(&[5, 4, 3]);
    let x = graph.input();
    let pool = Op::GlobalAvgPool(GlobalAvgPool);
    let gate = graph.push("pool", pool, &[x]).unwrap();
    let gate = graph
        .push("unsqueeze", Op::Unsqueeze(Unsqueeze), &[gate])
        .unwrap();
    let gated = graph
        .push("multiply", Op::Multiply(Multiply), &[x, gate])
        .unwrap();
    graph.mark("y", gated);
    agree(&graph, 3, 1e-4);
}

#[test]
fn encoders_agree_where_statistics_are_given() {
    let x = tensor(&[2, 3, 32, 32], 5);
    for kind in EncoderKind::defaults() {
        let encoder = kind.part();
        if encoder.needs_file() {
            continue;
        }
        let graph = encoder.graph(&[3, 32, 32]).unwrap();
        let features =
            |executor: Arc<dyn Executor>| network(&graph, executor).eval(&x, "features").unwrap();
        let (actual, expected) = (
            features(Arc::new(CpuExecutor::new())),
            features(Arc::new(CandleExecutor)),
        );
        close(kind.name(), &actual, &expected, 1e-3);
    }
}

#[test]
fn the_transformers_of_public_weights_agree() {
    let plain = Vit {
        patch: 3,
        width: 24,
        depth: 2,
        heads: 2,
        layer_scale: true,
        registers: 3,
        ..Vit::default()
    };
    for mlp in [MlpKind::QuickGelu, MlpKind::Swiglu, MlpKind::Gated] {
        let positions = match mlp {
            MlpKind::QuickGelu => Positions::Class,
            MlpKind::Swiglu => Positions::Patches,
            _ => Positions::Nowhere,
        };
        let vit = Vit {
            mlp,
            positions,
            rotary: positions == Positions::Nowhere,
            qk_norm: mlp == MlpKind::Swiglu,
            pre_norm: mlp == MlpKind::QuickGelu,
            pool: (mlp == MlpKind::Gated).then_some(Pool::Mean),
            fc_norm: mlp == MlpKind::Gated,
            ..plain.clone()
        };
        agree(&vit.graph(&[3, 9, 12]).unwrap(), 3, 1e-4);
    }
}
