//! Whole networks, forward and backward, as a SimCLR step runs them: 256 views of 32×32; and `embed`, a
//! ResNet-18 on 32 photographs of 224×224 without a gradient.
//!
//! `cargo bench --bench network [-- NAME]` prints milliseconds (medians) and images/s, one image being two views.
//! With `RAYON_NUM_THREADS=1` they are those of the processor, else those of the clock.

use std::sync::Arc;
use std::time::Instant;

use candle_core::{Device, Tensor};
use ravine::encoders::{Encoder, Resnet, Stem, Vit};
use ravine::error::Result;
use ravine::graph::ops::{Add, BatchNorm, Conv2d, GlobalAvgPool, Linear, Relu};
use ravine::graph::{CpuExecutor, Executor, Graph, Mode, Network, NodeId, Op};
use ravine::params::Params;

const VIEWS: usize = 256;
/// Views of the vision transformer.
const VIT_VIEWS: usize = 128;

/// Convolution, batch norm and, unless it ends a residual branch, ReLU.
fn block(
    g: &mut Graph,
    name: &str,
    x: NodeId,
    op: (usize, usize, usize),
    rectify: bool,
) -> Result<NodeId> {
    let (output, kernel, stride) = op;
    let op = Conv2d::new(g.shape(x)[0], output, kernel, stride, kernel / 2);
    let x = g.push(format!("{name}.conv"), Op::Conv2d(op), &[x])?;
    let x = g.push(
        format!("{name}.bn"),
        Op::BatchNorm(BatchNorm::new(output)),
        &[x],
    )?;
    if rectify {
        return g.push(format!("{name}.relu"), Op::Relu(Relu), &[x]);
    }
    Ok(x)
}

fn resnet(widths: &[usize], blocks: usize) -> Result<Graph> {
    let mut g = Graph::new(&[3, 32, 32]);
    let x = g.input();
    let mut x = block(&mut g, "stem", x, (widths[0], 3, 1), true)?;
    for (i, &width) in widths.iter().enumerate() {
        for j in 0..blocks {
            let name = |part: &str| format!("{i}.{j}.{part}");
            let stride = if i > 0 && j == 0 { 2 } else { 1 };
            let y = block(&mut g, &name("1"), x, (width, 3, stride), true)?;
            let y = block(&mut g, &name("2"), y, (width, 3, 1), false)?;
            let shortcut = match stride {
                1 => x,
                _ => block(&mut g, &name("down"), x, (width, 1, 2), false)?,
            };
            let sum = g.push(name("add"), Op::Add(Add), &[y, shortcut])?;
            x = g.push(name("relu"), Op::Relu(Relu), &[sum])?;
        }
    }
    projector(&mut g, x)?;
    Ok(g)
}

fn tiny() -> Result<Graph> {
    let mut g = Graph::new(&[3, 32, 32]);
    let mut x = g.input();
    for (i, width) in [32, 64, 128].into_iter().enumerate() {
        x = block(&mut g, &i.to_string(), x, (width, 3, 2), true)?;
    }
    projector(&mut g, x)?;
    Ok(g)
}

fn projector(g: &mut Graph, x: NodeId) -> Result<()> {
    let x = g.push("pool", Op::GlobalAvgPool(GlobalAvgPool), &[x])?;
    project(g, x)
}

fn project(g: &mut Graph, x: NodeId) -> Result<()> {
    let width = g.shape(x)[0];
    let x = g.push("p0", Op::Linear(Linear::new(width, 2048, false)), &[x])?;
    let x = g.push("p1", Op::BatchNorm(BatchNorm::new(2048)), &[x])?;
    let x = g.push("p2", Op::Relu(Relu), &[x])?;
    let x = g.push("p3", Op::Linear(Linear::new(2048, 128, false)), &[x])?;
    let x = g.push("p4", Op::BatchNorm(BatchNorm::without_affine(128)), &[x])?;
    g.mark("projection", x);
    Ok(())
}

/// Seconds: on one thread those this thread was on the processor (where Linux tells), else those of the clock.
fn seconds(start: Instant) -> f64 {
    let busy = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    match busy() {
        Some(nanoseconds) if rayon::current_num_threads() == 1 => nanoseconds / 1e9,
        _ => start.elapsed().as_secs_f64(),
    }
}

/// Median and best.
fn summary(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[0])
}

fn vit() -> Result<Graph> {
    let mut g = Graph::new(&[3, 32, 32]);
    let x = g.append("vit", &Vit::default().graph(&[3, 32, 32])?, g.input())?;
    project(&mut g, x)?;
    Ok(g)
}

fn time(name: &str, graph: Graph, views: usize) -> Result<()> {
    let executor = CpuExecutor::new();
    let params = Params::new(0, &Device::Cpu);
    let network = Network::new(graph, &params, Arc::new(executor.clone()))?;
    let x = Tensor::randn(0f32, 1f32, (views, 3, 32, 32), &Device::Cpu)?;
    let upstream = Tensor::randn(0f32, 1f32, (views, 128), &Device::Cpu)?;
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while forward.len() < 4 || (start.elapsed().as_secs_f64() < 8.0 && forward.len() < 40) {
        let begin = seconds(start);
        let pass = network.forward(&x, Mode::Train(None))?;
        let middle = seconds(start);
        network.backward(pass.tape, &[Some(upstream.clone())])?;
        forward.push(middle - begin);
        backward.push(seconds(start) - middle);
    }
    let (forward, best_forward) = summary(forward.split_off(1));
    let (backward, best_backward) = summary(backward.split_off(1));
    let rate = |seconds: f64| views as f64 / 2.0 / seconds;
    println!(
        "{name}: forward {:.1} ms, backward {:.1} ms, {:.1} images/s; best {:.1} + {:.1} ms, {:.1} images/s; {} MiB",
        forward * 1e3,
        backward * 1e3,
        rate(forward + backward),
        best_forward * 1e3,
        best_backward * 1e3,
        rate(best_forward + best_backward),
        executor.peak_bytes().unwrap_or(0) >> 20
    );
    Ok(())
}

fn embed() -> Result<()> {
    let encoder = Resnet {
        stem: Stem::Imagenet,
        ..Resnet::default()
    };
    let params = Params::new(0, &Device::Cpu);
    let graph = encoder.graph(&[3, 224, 224])?;
    let network = Network::new(graph, &params, Arc::new(CpuExecutor::new()))?;
    let x = Tensor::randn(0f32, 1f32, (32, 3, 224, 224), &Device::Cpu)?;
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.len() < 4 || start.elapsed().as_secs_f64() < 8.0 {
        let begin = seconds(start);
        network.forward(&x, Mode::Eval)?;
        times.push(seconds(start) - begin);
    }
    let (median, best) = summary(times.split_off(1));
    let (rate, best_rate) = (32.0 / median, 32.0 / best);
    println!(
        "embed: {:.1} ms, {rate:.1} images/s; best {best_rate:.1}",
        median * 1e3
    );
    Ok(())
}

fn main() -> Result<()> {
    let mut done = Ok(());
    // Inside the pool, so that a single worker is the thread whose time is taken.
    rayon::scope(|_| done = run());
    done
}

fn run() -> Result<()> {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|c| c == name);
    if wanted("tiny") {
        time("tiny", tiny()?, VIEWS)?;
    }
    if wanted("resnet20") {
        time("resnet20", resnet(&[16, 32, 64], 3)?, VIEWS)?;
    }
    if wanted("resnet18") {
        time("resnet18", resnet(&[64, 128, 256, 512], 2)?, VIEWS)?;
    }
    if wanted("vit") {
        time("vit", vit()?, VIT_VIEWS)?;
    }
    if wanted("embed") {
        embed()?;
    }
    Ok(())
}
