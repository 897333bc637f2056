//! Laws of heads, latents, wrong answers and searches, looped over the families' own lists.

mod gradients;
mod inference;
mod latents;
mod negatives;

#[path = "../common/mod.rs"]
mod common;

use std::sync::Arc;

use candle_core::{Device, Tensor};
use common::Any;
use rand::RngExt;
use ravine::encoders::{Activation, Encoder, Mlp, network};
use ravine::energies::{EnergyKind, L1};
use ravine::graph::CandleExecutor;
use ravine::heads::{
    Continuous, Given, HeadKind, Implicit, Latent, LatentsKind, MultiClass, Reduce, Regression,
    Space,
};
use ravine::inference::{Bounds, EnergyModel};
use ravine::objectives::Batch;
use ravine::params::Params;
use ravine::random::{Purpose, stream};

const ROWS: usize = 5;

fn numbers(count: usize, which: u64) -> Vec<f32> {
    let mut rng = stream(17, Purpose::Check, which, 0, 0);
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn tensor(shape: &[usize], which: u64) -> Result<Tensor, Any> {
    let count = shape.iter().product();
    Ok(Tensor::from_vec(
        numbers(count, which),
        shape,
        &Device::Cpu,
    )?)
}

fn flat(tensor: &Tensor) -> Result<Vec<f32>, Any> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}

/// A head over a smooth perceptron of 3 inputs, and its parameters.
fn model(heads: &[HeadKind], space: Space) -> Result<(EnergyModel, Params), Any> {
    let encoder = Mlp {
        hidden: vec![6],
        output: 4,
        activation: Activation::Tanh,
    };
    let params = Params::new(5, &Device::Cpu);
    let graph = network(&encoder.graph(&[3])?, None, None)?;
    let executor: Arc<dyn ravine::graph::Executor> = Arc::new(CandleExecutor);
    let model = EnergyModel::new(None, graph, heads, space, (&params, &executor), 9)?;
    Ok((model, params))
}

/// Every head of the list that answers in `space`, and settings that take other paths.
fn heads(space: Space) -> Vec<(String, HeadKind)> {
    let mut found: Vec<(String, HeadKind)> = HeadKind::defaults()
        .into_iter()
        .map(|kind| (kind.name().to_string(), kind))
        .filter(|(_, kind)| model(std::slice::from_ref(kind), space).is_ok())
        .collect();
    if matches!(space, Space::Classes(_)) {
        let head = MultiClass { non_negative: true };
        found.push(("non_negative".into(), HeadKind::MultiClass(head)));
        return found;
    }
    let l1 = Regression {
        energy: EnergyKind::L1(L1 {}),
    };
    found.push(("regression, l1".into(), HeadKind::Regression(l1)));
    let code = Implicit {
        code: 3,
        ..Implicit::default()
    };
    found.push(("implicit, code".into(), HeadKind::Implicit(code)));
    let circle = Continuous {
        circle: true,
        points: 7,
        l2: 0.3,
        ..Continuous::default()
    };
    let noisy = Continuous {
        noise: 0.2,
        points: 5,
        l1: 0.1,
        ..Continuous::default()
    };
    let given = Given {
        values: vec![vec![0.3, -0.2], vec![-0.7, 0.5], vec![0.1, 0.9]],
    };
    let mut zs: Vec<LatentsKind> = LatentsKind::defaults();
    zs.extend([
        LatentsKind::Continuous(circle),
        LatentsKind::Continuous(noisy),
        LatentsKind::Given(given),
    ]);
    let latent = |z: &LatentsKind, reduce| {
        HeadKind::Latent(Latent {
            z: z.clone(),
            reduce,
            beta: 2.0,
            beta_start: Some(0.5),
            ..Latent::default()
        })
    };
    for reduce in [Reduce::FreeEnergy, Reduce::MeanFreeEnergy] {
        found.push((format!("latent {reduce:?}"), latent(&zs[0], reduce)));
    }
    for (i, z) in zs.iter().enumerate() {
        found.push((format!("latent {i}"), latent(z, Reduce::Min)));
    }
    found
}

/// Answers of two numbers in the unit square around 0.
fn bounds() -> Bounds {
    Bounds::of(&[(-1.0, 1.0), (-1.0, 1.0)])
}

/// A batch for answers in `space`.
fn batch(space: Space, step: u64) -> Result<Batch, Any> {
    let labels = match space {
        Space::Classes(count) => (0..ROWS).map(|i| (i * 7 % count) as u32).collect(),
        Space::Vectors(_) => vec![0; ROWS],
    };
    Ok(Batch {
        inputs: vec![tensor(&[ROWS, 3], 1)?],
        labels: Some(Tensor::from_vec(labels, ROWS, &Device::Cpu)?),
        answers: match space {
            Space::Classes(_) => None,
            Space::Vectors(dim) => Some((tensor(&[ROWS, dim], 2)? * 0.8)?),
        },
        samples: (0..ROWS as u64).map(|i| 3 + 2 * i).collect(),
        step,
        progress: 0.25,
    })
}
