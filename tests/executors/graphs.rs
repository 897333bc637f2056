//! Small graphs to compare executors on.

use ravine::graph::ops::{Add, BatchNorm, Conv2d, GlobalAvgPool, Linear, Relu};
use ravine::graph::{Graph, NodeId, Op};

/// A graph of one op on its input.
pub(crate) fn single(shape: &[usize], op: Op) -> Graph {
    let mut graph = Graph::new(shape);
    let node = graph.push("op", op, &[graph.input()]).unwrap();
    graph.mark("y", node);
    graph
}

pub(crate) fn conv(
    graph: &mut Graph,
    name: &str,
    x: NodeId,
    output: usize,
    stride: usize,
) -> NodeId {
    let op = Conv2d::new(graph.shape(x)[0], output, 3, stride, 1);
    graph.push(name, Op::Conv2d(op), &[x]).unwrap()
}

pub(crate) fn norm(graph: &mut Graph, name: &str, x: NodeId) -> NodeId {
    let op = BatchNorm::new(graph.shape(x)[0]);
    graph.push(name, Op::BatchNorm(op), &[x]).unwrap()
}

pub(crate) fn rectify(graph: &mut Graph, name: &str, x: NodeId) -> NodeId {
    graph.push(name, Op::Relu(Relu), &[x]).unwrap()
}

/// A small residual network with both kinds of shortcut, a projector and three outputs.
pub(crate) fn residual(size: usize, widths: &[usize]) -> Graph {
    let mut g = Graph::new(&[3, size, size]);
    let x = g.input();
    let x = conv(&mut g, "conv1", x, widths[0], 1);
    let x = norm(&mut g, "bn1", x);
    let mut x = rectify(&mut g, "relu", x);
    g.mark("stem", x);
    for (i, &width) in widths.iter().enumerate() {
        let name = |part: &str| format!("layer{i}.{part}");
        let stride = 1 + usize::from(i > 0);
        let y = conv(&mut g, &name("conv1"), x, width, stride);
        let y = norm(&mut g, &name("bn1"), y);
        let y = rectify(&mut g, &name("relu1"), y);
        let y = conv(&mut g, &name("conv2"), y, width, 1);
        let y = norm(&mut g, &name("bn2"), y);
        let shortcut = if i > 0 {
            let op = Conv2d::new(g.shape(x)[0], width, 1, stride, 0);
            let down = g.push(name("down.0"), Op::Conv2d(op), &[x]).unwrap();
            norm(&mut g, &name("down.1"), down)
        } else {
            x
        };
        let sum = g.push(name("add"), Op::Add(Add), &[y, shortcut]).unwrap();
        x = rectify(&mut g, &name("relu2"), sum);
    }
    let pool = Op::GlobalAvgPool(GlobalAvgPool);
    let features = g.push("pool", pool, &[x]).unwrap();
    g.mark("features", features);
    let op = Linear::new(g.shape(features)[0], 40, false);
    let x = g.push("projector.0", Op::Linear(op), &[features]).unwrap();
    let x = norm(&mut g, "projector.1", x);
    let x = rectify(&mut g, "projector.2", x);
    let x = g
        .push("projector.3", Op::Linear(Linear::new(40, 7, true)), &[x])
        .unwrap();
    g.mark("projection", x);
    g
}
