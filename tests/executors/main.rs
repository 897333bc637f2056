//! The `cpu` executor against the `candle` executor.

mod bf16;
mod drop_path;
mod encoders;
mod graphs;

use std::sync::Arc;

use candle_core::{Device, Tensor, Var};
use graphs::{conv, residual, single};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use ravine::graph::ops::{
    Add, BatchNorm, Conv2d, Flatten, Gelu, GlobalAvgPool, LayerNorm, Linear, MaxPool, Relu, Tanh,
};
use ravine::graph::{
    CandleExecutor, CpuExecutor, Draws, Executor, Gradients, Graph, Mode, Network, Op,
};
use ravine::kernels::{Level, Simd};
use ravine::params::{Params, Role};

/// Numbers in (−1, 1) that depend on `seed` only.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn tensor(dims: &[usize], seed: u64) -> Tensor {
    Tensor::from_vec(numbers(dims.iter().product(), seed), dims, &Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Everything a pass leaves behind.
struct Outcome {
    outputs: Vec<Tensor>,
    gradients: Gradients,
    buffers: Vec<(String, Tensor)>,
}

/// A network on `executor` whose parameters are random, norms included.
fn network(graph: &Graph, executor: Arc<dyn Executor>) -> Network {
    let params = Params::new(3, &Device::Cpu);
    let network = Network::new(graph.clone(), &params, executor).unwrap();
    for (i, param) in params.all().into_iter().enumerate() {
        if param.var.rank() == 1 {
            let center = f64::from(param.name.ends_with("weight") || param.name.ends_with("var"));
            let value = (tensor(param.var.dims(), 77 + i as u64) * 0.3).unwrap();
            param.var.set(&(value + center).unwrap()).unwrap();
        }
    }
    network
}

fn pass(network: &Network, x: &Tensor, mode: Mode) -> Outcome {
    let input = Var::from_tensor(x).unwrap();
    let forward = network.forward(input.as_tensor(), mode).unwrap();
    let upstream: Vec<Option<Tensor>> = forward
        .outputs
        .iter()
        .enumerate()
        .map(|(i, output)| Some(tensor(output.dims(), 900 + i as u64)))
        .collect();
    let gradients = match mode {
        Mode::Eval => Gradients::default(),
        _ => network.backward(forward.tape, &upstream).unwrap(),
    };
    let buffers = network.params().all().into_iter();
    Outcome {
        outputs: forward.outputs,
        gradients,
        buffers: buffers
            .filter(|param| param.role == Role::Buffer)
            .map(|param| (param.name, param.var.copy().unwrap()))
            .collect(),
    }
}

fn close(what: &str, actual: &Tensor, expected: &Tensor, tolerance: f32) {
    assert_eq!(actual.dims(), expected.dims(), "{what}");
    let (actual, expected) = (values(actual), values(expected));
    let largest = expected.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    for (i, (a, e)) in actual.iter().zip(&expected).enumerate() {
        let error = (a - e).abs();
        assert!(
            error <= tolerance * largest.max(0.1),
            "{what}[{i}]: {a} instead of {e}, largest {largest}"
        );
    }
}

fn same(actual: &Outcome, expected: &Outcome, tolerance: f32) {
    for (a, e) in actual.outputs.iter().zip(&expected.outputs) {
        close("output", a, e, tolerance);
    }
    let names = |outcome: &Outcome| outcome.gradients.of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(actual), names(expected));
    for (name, gradient) in &expected.gradients.of {
        close(name, &actual.gradients.of[name], gradient, tolerance);
    }
    match (&actual.gradients.input, &expected.gradients.input) {
        (Some(a), Some(e)) => close("input", a, e, tolerance),
        (a, e) => assert_eq!(a.is_some(), e.is_some(), "input gradient"),
    }
    for ((name, a), (_, e)) in actual.buffers.iter().zip(&expected.buffers) {
        close(name, a, e, tolerance);
    }
}

/// All modes of `graph` on both executors, at every instruction level.
fn agree(graph: &Graph, batch: usize, tolerance: f32) {
    let mut dims = vec![batch];
    dims.extend(graph.shape(graph.input()));
    // With some inputs a sum that should be 0 gates a ReLU one way here, the other there: not with these.
    let x = tensor(&dims, 4);
    let draws = Some(Draws::whole(5, 1, batch));
    for mode in [Mode::Train(draws), Mode::Recompute(draws), Mode::Eval] {
        let expected = pass(&network(graph, Arc::new(CandleExecutor)), &x, mode);
        for level in [Level::Portable, Level::Avx2, Level::Avx512] {
            let executor = CpuExecutor::with_simd(Simd::at_most(level));
            same(
                &pass(&network(graph, Arc::new(executor)), &x, mode),
                &expected,
                tolerance,
            );
        }
    }
}

#[test]
fn residual_networks_agree() {
    agree(&residual(16, &[15, 30]), 5, 1e-4);
    agree(&residual(16, &[16, 32]), 5, 1e-4);
    agree(&residual(9, &[5, 16]), 3, 1e-4);
}

#[test]
fn convolutions_of_large_images_agree() {
    let op = Conv2d::new(3, 16, 7, 2, 3);
    agree(&single(&[3, 200, 190], Op::Conv2d(op)), 2, 1e-4);
}

fn channels() -> impl Strategy<Value = usize> {
    prop_oneof![1usize..9, (1usize..6).prop_map(|n| 16 * n)]
}

/// The same cases in every run; `RAVINE_CASES=1000` tries that many new ones.
fn cases() -> ProptestConfig {
    let more = std::env::var("RAVINE_CASES")
        .ok()
        .and_then(|count| count.parse().ok());
    ProptestConfig {
        cases: more.unwrap_or(24),
        rng_seed: if more.is_some() {
            RngSeed::Random
        } else {
            RngSeed::Fixed(0)
        },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn convolutions_agree(
        (input, output) in (channels(), channels()),
        kernel in 1usize..6, stride in 1usize..3, padding in 0usize..3, dilation in 1usize..3,
        height in 9usize..14, width in 9usize..14, batch in 1usize..4, bias: bool,
    ) {
        let op = Conv2d { dilation, bias, ..Conv2d::new(input, output, kernel, stride, padding.min(kernel - 1)) };
        agree(&single(&[input, height, width], Op::Conv2d(op)), batch, 1e-4);
    }

    #[test]
    fn direct_convolutions_agree(
        (input, output) in (channels(), 1usize..6), kernel in 1usize..8, stride in 1usize..5, padding in 0usize..4,
        height in 7usize..12, width in 7usize..12, many: bool,
    ) {
        let op = Conv2d::new(input, 16 * output, kernel, stride, padding.min(kernel - 1));
        agree(&single(&[input, height, width], Op::Conv2d(op)), if many { 35 } else { 2 }, 1e-4);
    }

    #[test]
    fn winograd_convolutions_agree(
        input in 1usize..6, output in 1usize..6, height in 1usize..14, width in 1usize..14, batch in 1usize..4,
    ) {
        let op = Conv2d::new(16 * input, 16 * output, 3, 1, 1);
        agree(&single(&[16 * input, height, width], Op::Conv2d(op)), batch, 1e-4);
    }

    #[test]
    fn grouped_convolutions_agree(
        groups in 2usize..5, input in 1usize..4, output in 1usize..4,
        stride in 1usize..3, dilation in 1usize..3, size in 9usize..13,
    ) {
        let op = Conv2d { dilation, groups, ..Conv2d::new(groups * input, groups * output, 3, stride, dilation) };
        agree(&single(&[groups * input, size, size], Op::Conv2d(op)), 2, 1e-4);
    }

    #[test]
    fn depthwise_convolutions_agree(
        channels in channels(), stride in 1usize..3, dilation in 1usize..3, size in 7usize..13,
    ) {
        let op = Conv2d { dilation, groups: channels, ..Conv2d::new(channels, channels, 3, stride, 1) };
        agree(&single(&[channels, size, size], Op::Conv2d(op)), 2, 1e-4);
    }

    #[test]
    fn batch_norms_agree(channels in 1usize..100, size in 1usize..12, batch in 2usize..6, affine: bool) {
        let norm = BatchNorm { affine, ..BatchNorm::new(channels) };
        agree(&single(&[channels, size, size + 1], Op::BatchNorm(norm)), batch, 1e-4);
        agree(&single(&[channels], Op::BatchNorm(norm)), batch + 3, 1e-4);
    }

    #[test]
    fn linear_and_layer_norms_agree(
        input in 1usize..150, output in 1usize..150, rows in 1usize..9, batch in 1usize..9, bias: bool,
    ) {
        agree(&single(&[input], Op::Linear(Linear::new(input, output, bias))), batch, 1e-4);
        agree(&single(&[rows, input], Op::Linear(Linear::new(input, output, bias))), batch, 1e-4);
        // the gradient of two or three nearly equal numbers is a difference of rounding errors: not fewer than 8
        let norm = LayerNorm { width: input + 7, eps: 1e-5 };
        agree(&single(&[rows, input + 7], Op::LayerNorm(norm)), batch, 1e-4);
    }

    #[test]
    fn max_pools_agree(
        channels in channels(), kernel in 1usize..4, stride in 1usize..4, size in 5usize..12, border: bool,
    ) {
        let pool = MaxPool { kernel, stride, padding: usize::from(border && kernel > 1) };
        agree(&single(&[channels, size, size + 1], Op::MaxPool(pool)), 2, 1e-5);
    }
}

#[test]
fn pointwise_ops_agree() {
    for shape in [&[5, 4, 3][..], &[16, 8, 8], &[33], &[4, 9]] {
        agree(&single(shape, Op::Relu(Relu)), 3, 1e-6);
        agree(&single(shape, Op::Gelu(Gelu)), 3, 1e-5);
        agree(&single(shape, Op::Tanh(Tanh)), 3, 1e-5);
        agree(&single(shape, Op::Flatten(Flatten)), 3, 1e-6);
    }
    agree(
        &single(&[5, 4, 3], Op::GlobalAvgPool(GlobalAvgPool)),
        3,
        1e-5,
    );
}

#[test]
fn a_gelu_read_by_layers_and_added_to_them_has_the_gradient_of_all() {
    for added in [false, true] {
        let mut g = Graph::new(&[8]);
        let linear = || Op::Linear(Linear::new(8, 8, true));
        let x = g.input();
        let x = g.push("first", linear(), &[x]).unwrap();
        let gelu = g.push("gelu", Op::Gelu(Gelu), &[x]).unwrap();
        g.mark("gelu", gelu);
        let a = g.push("second", linear(), &[gelu]).unwrap();
        let b = g.push("third", linear(), &[gelu]).unwrap();
        let with = if added { gelu } else { b };
        let sum = g.push("add1", Op::Add(Add), &[a, with]).unwrap();
        let all = g.push("add2", Op::Add(Add), &[sum, b]).unwrap();
        g.mark("y", all);
        agree(&g, 5, 1e-5);
    }
}

#[test]
fn a_node_read_twice_collects_both_gradients() {
    let mut g = Graph::new(&[4, 5, 5]);
    let x = g.input();
    let a = conv(&mut g, "a", x, 16, 1);
    let (b, c) = (conv(&mut g, "b", a, 16, 1), conv(&mut g, "c", a, 16, 2));
    let twice = g.push("twice", Op::Add(Add), &[a, a]).unwrap();
    for (name, node) in [("a", a), ("b", b), ("c", c), ("twice", twice)] {
        g.mark(name, node);
    }
    agree(&g, 2, 1e-4);
}

#[test]
fn outputs_without_a_gradient_are_left_out() {
    let graph = residual(8, &[16]);
    let x = tensor(&[3, 3, 8, 8], 1);
    let run = |executor: Arc<dyn Executor>| {
        let network = network(&graph, executor);
        let forward = network.forward(&x, Mode::Train(None)).unwrap();
        let upstream = tensor(forward.outputs[1].dims(), 5);
        let gradients = network
            .backward(forward.tape, &[None, Some(upstream), None])
            .unwrap();
        Outcome {
            outputs: forward.outputs,
            gradients,
            buffers: Vec::new(),
        }
    };
    let (actual, mut expected) = (
        run(Arc::new(CpuExecutor::new())),
        run(Arc::new(CandleExecutor)),
    );
    expected.gradients.input = None; // candle's store holds every intermediate gradient
    assert!(
        !actual
            .gradients
            .of
            .keys()
            .any(|name| name.starts_with("projector"))
    );
    assert!(actual.gradients.input.is_none());
    same(&actual, &expected, 2e-4);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let graph = residual(16, &[16, 32]);
    let x = tensor(&[70, 3, 16, 16], 1);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            pass(
                &network(&graph, Arc::new(CpuExecutor::new())),
                &x,
                Mode::Train(None),
            )
        })
    };
    let (one, two, three) = (run(1), run(2), run(3));
    same(&one, &two, 0.0);
    same(&one, &three, 0.0);
}

#[test]
fn later_steps_take_no_new_memory_and_tapes_do_not_disturb_each_other() {
    let graph = residual(16, &[16, 32]);
    let executor = CpuExecutor::new();
    let network = network(&graph, Arc::new(executor.clone()));
    let x = tensor(&[8, 3, 16, 16], 1);
    let first = pass(&network, &x, Mode::Recompute(None));
    let peak = executor.peak_bytes();
    for _ in 0..2 {
        same(&pass(&network, &x, Mode::Recompute(None)), &first, 0.0);
    }
    assert_eq!(executor.peak_bytes(), peak);
    let input = Var::from_tensor(&x).unwrap();
    let kept = network
        .forward(input.as_tensor(), Mode::Recompute(None))
        .unwrap();
    pass(&network, &tensor(&[8, 3, 16, 16], 2), Mode::Recompute(None));
    let upstream: Vec<_> = kept
        .outputs
        .iter()
        .enumerate()
        .map(|(i, output)| Some(tensor(output.dims(), 900 + i as u64)))
        .collect();
    let gradients = network.backward(kept.tape, &upstream).unwrap();
    same(
        &Outcome {
            gradients,
            ..first_outputs(kept.outputs)
        },
        &first,
        0.0,
    );
}

fn first_outputs(outputs: Vec<Tensor>) -> Outcome {
    Outcome {
        outputs,
        gradients: Gradients::default(),
        buffers: Vec::new(),
    }
}
