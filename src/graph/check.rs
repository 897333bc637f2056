//! Gradients by finite differences: does an executor pull back what it should?

use candle_core::{DType, Device, Tensor, Var};
use rand::RngExt;

use crate::error::Result;
use crate::graph::draws::Draws;
use crate::graph::mode::Mode;
use crate::graph::network::Network;
use crate::random::{Purpose, permutation, stream};

/// Half the distance between the two ends of a central difference.
const STEP: f64 = 2e-3;

/// Directions along which the input and each parameter are moved.
const DIRECTIONS: u64 = 3;

/// The largest error of `network`'s gradients against central differences on random input of `batch` samples.
///
/// For each trainable parameter and the input, the derivative of a random linear function of the outputs
/// along random directions is compared with `(f(p + h·d) − f(p − h·d)) / 2h`; the error is relative to the
/// larger of the two. Computed in 32-bit floats with h = 0.002 on inputs that lie on a grid, wider than h
/// and clear of 0, so that no ReLU or maximum changes its mind between the two ends: a right gradient of an
/// op stays below about 0.02, a wrong one is near 1.
///
/// # Errors
/// A tensor operation failed.
pub fn gradient_error(network: &Network, batch: usize, seed: u64) -> Result<f64> {
    let graph = network.graph();
    let mut shape = vec![batch];
    shape.extend(graph.shape(graph.input()));
    let device = network.params().device();
    let random = |shape: &[usize], which: u64| -> Result<Tensor> {
        let mut rng = stream(seed, Purpose::Check, which, 0, 0);
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| rng.random_range(-1.0..1.0)).collect();
        Ok(Tensor::from_vec(values, shape, device)?)
    };
    let x = Var::from_tensor(&grid(&shape, seed, device)?)?;
    let mode = Mode::Recompute(Some(Draws::whole(seed, 0, batch)));
    let forward = network.forward(&x, mode)?;
    let upstream = forward
        .outputs
        .iter()
        .zip(1..)
        .map(|(output, i)| random(output.dims(), i))
        .collect::<Result<Vec<_>>>()?;
    let wanted: Vec<Option<Tensor>> = upstream.iter().cloned().map(Some).collect();
    let gradients = network.backward(forward.tape, &wanted)?;
    let value = || weighted(&network.forward(&x, mode)?.outputs, &upstream);
    let mut places: Vec<(Var, Option<Tensor>)> = vec![(x.clone(), gradients.input.clone())];
    for param in network.params().trainable() {
        let gradient = gradients.of.get(&param.name).cloned();
        places.push((param.var, gradient));
    }
    let mut worst: f64 = 0.0;
    for (i, (var, gradient)) in places.iter().enumerate() {
        for d in 0..DIRECTIONS {
            let direction = random(var.dims(), 100 + 10 * i as u64 + d)?;
            let analytic = match gradient {
                Some(gradient) => {
                    f64::from((gradient * &direction)?.sum_all()?.to_scalar::<f32>()?)
                }
                None => 0.0,
            };
            let numeric = difference(var, &direction, &value)?;
            let scale = analytic.abs().max(numeric.abs()).max(1e-1);
            worst = worst.max((analytic - numeric).abs() / scale);
        }
    }
    Ok(worst)
}

/// The sum of all `outputs` times `upstream`, in 64 bits.
fn weighted(outputs: &[Tensor], upstream: &[Tensor]) -> Result<f64> {
    let mut sum = 0.0;
    for (output, upstream) in outputs.iter().zip(upstream) {
        let product = (output.to_dtype(DType::F64)? * upstream.to_dtype(DType::F64)?)?;
        sum += product.sum_all()?.to_scalar::<f64>()?;
    }
    Ok(sum)
}

/// The middles of equal parts of [−1, 1], one for each element, in random order.
fn grid(shape: &[usize], seed: u64, device: &Device) -> Result<Tensor> {
    let count: usize = shape.iter().product();
    let order = permutation(count, &mut stream(seed, Purpose::Check, 0, 0, 0));
    let values = order
        .iter()
        .map(|&i| ((2 * i + 1) as f64 / count as f64 - 1.0) as f32);
    Ok(Tensor::from_vec(values.collect(), shape, device)?)
}

/// `(f(v + h·d) − f(v − h·d)) / 2h`, leaving `var` as it was.
fn difference(var: &Var, direction: &Tensor, value: &dyn Fn() -> Result<f64>) -> Result<f64> {
    let start = var.as_tensor().copy()?;
    var.set(&(&start + (direction * STEP)?)?)?;
    let high = value()?;
    var.set(&(&start - (direction * STEP)?)?)?;
    let low = value()?;
    var.set(&start)?;
    Ok((high - low) / (2.0 * STEP))
}
