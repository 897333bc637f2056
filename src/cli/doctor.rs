//! `ravine doctor`: does this machine compute what it should?

use std::fmt::Write;
use std::time::Instant;

use serde::Serialize;

use super::output::{open_device, print_json, print_text};
use crate::assembly::{choose_executor, set_threads};
use crate::error::{Error, Result};
use crate::graph::check::gradient_error;
use crate::graph::{Graph, Network, Op, Precision};
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
}

#[derive(Serialize)]
struct Findings {
    version: &'static str,
    device: String,
    executor: String,
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
        threads: rayon::current_num_threads(),
        gflops: product_speed(&device)?,
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

/// Billions of operations a second of a 1024³ matrix product, best of five.
fn product_speed(device: &candle_core::Device) -> Result<f64> {
    const SIDE: usize = 1024;
    let x = candle_core::Tensor::ones((SIDE, SIDE), candle_core::DType::F32, device)?;
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        x.matmul(&x)?.to_vec2::<f32>()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(2.0 * (SIDE as f64).powi(3) / best / 1e9)
}

fn text(findings: &Findings) -> String {
    let mut text = format!(
        "ravine {}\ndevice    {}\nexecutor  {}\nthreads   {}\nproduct   {:.0} GFLOP/s\n\ngradients against finite differences\n",
        findings.version, findings.device, findings.executor, findings.threads, findings.gflops
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
