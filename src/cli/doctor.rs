//! `ravine doctor`: does this machine compute what it should?

use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use serde::Serialize;

use super::instructions::{self, Instructions};
use super::output::{open_device, print_json, print_text};
use crate::assembly::{choose_executor, on_kernels, set_threads};
use crate::error::{Error, Result};
use crate::graph::check::gradient_error;
use crate::graph::ops::Linear;
use crate::graph::{Executor, Graph, Network, Op, Precision};
use crate::kernels::Simd;
use crate::params::Params;

/// Right gradients stay well below, wrong ones are near 1.
const TOLERANCE: f64 = 0.03;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// auto, cpu, cuda, cuda:1, metal.
    #[arg(long, default_value = "auto")]
    device: String,
    /// auto, candle, cpu.
    #[arg(long, default_value = "auto")]
    executor: String,
    /// Compute threads; all cores when left out.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    #[command(flatten)]
    instructions: Instructions,
}

#[derive(Serialize)]
struct Findings {
    version: &'static str,
    device: String,
    executor: String,
    /// Best vector instructions of this processor, and those that the cpu executor uses.
    simd_found: &'static str,
    simd: Option<&'static str>,
    bf16: Option<&'static str>,
    threads: usize,
    gflops: f64,
    operations: Vec<Checked>,
}

#[derive(Serialize)]
struct Checked {
    name: &'static str,
    gradient_error: f64,
    ok: bool,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    set_threads(args.threads);
    let device = open_device(&args.device)?;
    let own = on_kernels(&args.executor, &device);
    args.instructions.hold((!own).then_some("candle"))?;
    let executor = choose_executor(&args.executor, &device, Precision::F32)?;
    let mut operations = Vec::new();
    for (op, shape) in Op::samples() {
        let name = op.layer().name();
        let graph = Graph::of(op, &shape)?;
        let network = Network::new(graph, &Params::new(0, &device), executor.clone())?;
        let gradient_error = gradient_error(&network, 2, 0)?;
        operations.push(Checked {
            name,
            gradient_error,
            ok: gradient_error < TOLERANCE,
        });
    }
    let findings = Findings {
        version: env!("CARGO_PKG_VERSION"),
        device: format!("{:?}", device.location()),
        executor: executor.name().into(),
        simd_found: Simd::best().level().name(),
        simd: own.then(|| Simd::detect().level().name()),
        bf16: own.then(instructions::bf16).flatten(),
        threads: rayon::current_num_threads(),
        gflops: product_speed(&device, executor)?,
        operations,
    };
    if json {
        print_json(&findings)?;
    } else {
        print_text(&text(&findings))?;
    }
    let wrong: Vec<&str> = findings
        .operations
        .iter()
        .filter(|c| !c.ok)
        .map(|c| c.name)
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "wrong gradients on this machine: {}; train with --executor candle --device cpu and report it",
        wrong.join(", ")
    )))
}

/// Billions of operations a second of a 512³ matrix product on `executor`, best of ten.
fn product_speed(device: &Device, executor: Arc<dyn Executor>) -> Result<f64> {
    const SIDE: usize = 512;
    let product = Op::Linear(Linear::new(SIDE, SIDE, false));
    let network = Network::new(
        Graph::of(product, &[SIDE])?,
        &Params::new(0, device),
        executor,
    )?;
    let x = Tensor::ones((SIDE, SIDE), DType::F32, device)?;
    let mut best = f64::INFINITY;
    for _ in 0..10 {
        let start = Instant::now();
        // Reading a number waits for a device that works on its own.
        network
            .eval(&x, "output")?
            .get(0)?
            .get(0)?
            .to_scalar::<f32>()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(2.0 * (SIDE as f64).powi(3) / best / 1e9)
}

fn text(findings: &Findings) -> String {
    let mut text = format!(
        "ravine {}\ndevice    {}\nexecutor  {}\nsimd      {} ({} found)\nbf16      {}\nthreads   {}\nproduct   {:.0} GFLOP/s\n\ngradients against finite differences\n",
        findings.version,
        findings.device,
        findings.executor,
        findings.simd.unwrap_or("the executor's own"),
        findings.simd_found,
        findings.bf16.unwrap_or("none"),
        findings.threads,
        findings.gflops
    );
    for checked in &findings.operations {
        let verdict = if checked.ok { "ok" } else { "WRONG" };
        let _ = writeln!(
            text,
            "  {:<16} {verdict:<6} largest error {:.4}",
            checked.name, checked.gradient_error
        );
    }
    text
}
