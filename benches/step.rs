//! Where a SimCLR step spends its time, on the tiny convnet and 32×32 images.
//!
//! `cargo bench --bench step [-- BATCH]` prints the median milliseconds of each part.

use std::sync::Arc;
use std::time::Instant;

use candle_core::{Device, Tensor, Var};
use ravine::encoders::{Convnet, Encoder, Projector, network};
use ravine::energies::EnergyKind;
use ravine::error::Result;
use ravine::graph::{CpuExecutor, Mode, Network};
use ravine::losses::{InfoNce, LossKind};
use ravine::negatives::PairsKind;
use ravine::objectives::{Batch, Embedded, Joint, Objective};
use ravine::optim::{AdamW, Lars, Optimizer, Sgd, State, clip};
use ravine::params::Params;

const PARTS: [&str; 8] = [
    "forward",
    "loss forward",
    "loss backward",
    "backward",
    "clip",
    "sgd",
    "adamw",
    "lars",
];

fn objective() -> Result<Joint> {
    let encoder = Convnet::default().graph(&[3, 32, 32])?;
    let graph = network(&encoder, Some(&Projector::default()), None)?;
    let params = Params::new(0, &Device::Cpu);
    let network = Network::new(graph, &params, Arc::new(CpuExecutor::new()))?;
    Joint::new(
        network,
        EnergyKind::Cosine(ravine::energies::Cosine {}),
        LossKind::InfoNce(InfoNce::default()),
        PairsKind::default(),
        Vec::new(),
        None,
    )
}

/// Seconds of each part of one step.
fn step(objective: &Joint, batch: &Batch, states: &mut [State; 3]) -> Result<[f64; PARTS.len()]> {
    let mut seconds = [0.0; PARTS.len()];
    let mut begin = Instant::now();
    let mut part = 0;
    let mut lap = |seconds: &mut [f64; PARTS.len()]| {
        seconds[part] = begin.elapsed().as_secs_f64();
        part += 1;
        begin = Instant::now();
    };
    let Embedded { tensors, pullback } = objective.embed(batch, Mode::Train(None))?;
    lap(&mut seconds);
    let leaves = tensors
        .iter()
        .map(Var::from_tensor)
        .collect::<candle_core::Result<Vec<_>>>()?;
    let inputs: Vec<Tensor> = leaves.iter().map(|leaf| leaf.as_tensor().clone()).collect();
    let loss = objective.loss(&inputs, batch)?.loss;
    lap(&mut seconds);
    let store = loss.backward()?;
    let upstream: Vec<Option<Tensor>> = inputs.iter().map(|x| store.get(x).cloned()).collect();
    lap(&mut seconds);
    let mut gradients = pullback(&upstream)?;
    lap(&mut seconds);
    clip(&mut gradients, 1e-3)?;
    lap(&mut seconds);
    let optimizers: [&dyn Optimizer; 3] = [&Sgd::default(), &AdamW::default(), &Lars::default()];
    for (optimizer, state) in optimizers.into_iter().zip(states) {
        for param in objective.network().params().trainable() {
            if let Some(gradient) = gradients.of.get(&param.name) {
                optimizer.update(&param, gradient, optimizer.pace(1e-6, 1), state)?;
            }
        }
        lap(&mut seconds);
    }
    Ok(seconds)
}

fn main() -> Result<()> {
    let size = std::env::args().find_map(|a| a.parse::<usize>().ok());
    for size in size.map_or(vec![128, 256], |size| vec![size]) {
        let objective = objective()?;
        let view = || Tensor::randn(0f32, 1f32, (size, 3, 32, 32), &Device::Cpu);
        let batch = Batch {
            inputs: vec![view()?, view()?],
            labels: None,
            answers: None,
            samples: (0..size as u64).collect(),
            step: 0,
            progress: 0.0,
        };
        let mut states = [State::default(), State::default(), State::default()];
        let mut rows = Vec::new();
        let start = Instant::now();
        while rows.len() < 5 || start.elapsed().as_secs_f64() < 6.0 {
            rows.push(step(&objective, &batch, &mut states)?);
        }
        println!("batch {size}, {} steps:", rows.len());
        for (part, name) in PARTS.iter().enumerate() {
            let mut times: Vec<f64> = rows.iter().map(|row| row[part]).collect();
            times.sort_by(f64::total_cmp);
            let (median, best) = (times[times.len() / 2], times[0]);
            println!(
                "  {name:<14} {:8.3} ms, best {:8.3}",
                median * 1e3,
                best * 1e3
            );
        }
    }
    Ok(())
}
