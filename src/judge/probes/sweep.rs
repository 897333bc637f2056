//! Linear layers, one for each learning rate, all trained at once.

use candle_core::Device;

use crate::error::{Error, Result};
use crate::eval::Features;
use crate::eval::standardize::Standardize;
use crate::graph::Layer;
use crate::graph::ops::Linear;
use crate::kernels::gemm::{Order, Start};
use crate::kernels::update::{Momentum, momentum};
use crate::kernels::{Products, Simd, log_partition};
use crate::optim::{Decay, Schedule, Sgd};
use crate::params::Params;
use crate::random::{Purpose, permutation, stream};

/// Passes over the features; the learning rates fall along half a cosine.
const EPOCHS: usize = 100;
const BATCH: usize = 256;

/// The learning rates that are tried.
pub(super) const LEARNING_RATES: [f64; 7] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0];

/// Trained layers.
pub(super) struct Layers {
    /// (layers · C, D), row-major, and (layers · C), of energies of standardised features.
    parameters: [Vec<f32>; 2],
    scale: Standardize,
    classes: usize,
}

impl Layers {
    /// Layers of `classes` outputs, one after the other, trained on standardised `train`.
    pub(super) fn fit(train: &Features, classes: usize, seed: u64) -> Result<Self> {
        let scale = Standardize::by(train);
        let (rows, labels) = (scale.rows(train), train.known_labels()?);
        if labels.iter().any(|label| *label as usize >= classes) {
            return Err(Error::Usage(format!(
                "the training part has labels above {}, the last class; mend the labels",
                classes.saturating_sub(1)
            )));
        }
        let mut layers = Self {
            parameters: start(train.dim, classes, seed)?,
            scale,
            classes,
        };
        let batch = BATCH.min(train.rows());
        let schedule = Schedule {
            steps: (EPOCHS * train.rows().div_ceil(batch)) as u64,
            warmup: 0,
            base: 1.0,
            end: 0.0,
            decay: Decay::Cosine,
        };
        let mut descent = Descent::new(&layers, batch);
        let mut steps = 0..schedule.steps;
        for epoch in 0..EPOCHS {
            let mut rng = stream(seed, Purpose::Order, epoch as u64, 0, 0);
            let order = permutation(labels.len(), &mut rng);
            for (chosen, step) in order.chunks(batch).zip(&mut steps) {
                let rate = schedule.at(step) as f32;
                descent.step(&mut layers, (&rows, &labels), chosen, rate);
            }
        }
        if !layers.parameters.iter().flatten().all(|p| p.is_finite()) {
            return Err(Error::Failed(
                "the linear probe diverged: these features have outliers that no learning rate of the sweep stands; \
                 take --kind logistic"
                    .into(),
            ));
        }
        Ok(layers)
    }

    /// The class that each layer gives to each row of `features`; of equal energies the lowest.
    pub(super) fn answers(&self, features: &Features) -> Vec<Vec<u32>> {
        let mut energies = vec![0.0; features.rows() * self.outputs()];
        let mut space = Vec::new();
        self.energies(&self.scale.rows(features), &mut energies, &mut space);
        let lowest = |row: &[f32]| {
            let classes = row.iter().enumerate();
            let lowest = classes.reduce(|a, b| if b.1 < a.1 { b } else { a });
            lowest.map_or(0, |(class, _)| class as u32)
        };
        let answer = |layer: usize| {
            let rows = energies.chunks_exact(self.outputs());
            rows.map(|row| lowest(&row[layer * self.classes..][..self.classes]))
                .collect()
        };
        (0..LEARNING_RATES.len()).map(answer).collect()
    }

    /// Energies of all layers.
    fn outputs(&self) -> usize {
        self.parameters[1].len()
    }

    /// Energies (B, layers · C) of standardised rows (B, D).
    fn energies(&self, rows: &[f32], to: &mut [f32], space: &mut Vec<f32>) {
        let dim = self.scale.dim();
        let products = products();
        let size = (rows.len() / dim, self.outputs(), dim);
        space.resize(products.matmul_workspace(size.1, size.2), 0.0);
        let [weight, bias] = &self.parameters;
        let start = Start::Sum {
            bias: Some(bias),
            residual: None,
        };
        let weight = (weight.as_slice(), Order::Transposed);
        products.matmul(size, rows, weight, (to, start), space);
    }
}

fn products() -> Products {
    Products::F32(Simd::detect())
}

/// Weights and biases as a linear layer starts.
fn start(dim: usize, classes: usize, seed: u64) -> Result<[Vec<f32>; 2]> {
    let params = Params::new(seed, &Device::Cpu);
    let specs = Linear::new(dim, LEARNING_RATES.len() * classes, true).parameters("layers");
    let values = |spec| Ok(params.create(spec)?.var.flatten_all()?.to_vec1()?);
    let values: Result<Vec<Vec<f32>>> = specs.iter().map(values).collect();
    let values = values?.try_into();
    values.map_err(|_| Error::Failed("a linear layer has a weight and a bias".into()))
}

/// Stochastic gradient descent with momentum on `Σ_layers learning rate · nll`: without weight decay its steps are linear
/// in the gradient, so that a factor of the loss is a learning rate.
struct Descent {
    x: Vec<f32>,
    energies: Vec<f32>,
    partitions: Vec<f32>,
    upstream: Vec<f32>,
    gradient: Vec<f32>,
    /// Gradients of weights and biases, and the buffers of both.
    by: [Vec<f32>; 2],
    buffers: [Vec<f32>; 2],
    space: Vec<f32>,
}

impl Descent {
    fn new(layers: &Layers, batch: usize) -> Self {
        let numbers = |count: usize| vec![0.0; count];
        let all = layers.parameters.each_ref().map(|p| numbers(p.len()));
        Self {
            x: numbers(batch * layers.scale.dim()),
            energies: numbers(batch * layers.outputs()),
            partitions: numbers(batch * LEARNING_RATES.len()),
            upstream: Vec::new(),
            gradient: numbers(batch * layers.outputs()),
            by: all.clone(),
            buffers: all,
            space: Vec::new(),
        }
    }

    /// One step along the mean over the rows `chosen`.
    fn step(
        &mut self,
        layers: &mut Layers,
        (rows, labels): (&[f32], &[u32]),
        chosen: &[usize],
        rate: f32,
    ) {
        let (dim, count) = (layers.scale.dim(), chosen.len());
        let x = &mut self.x[..count * dim];
        for (x, &row) in x.chunks_exact_mut(dim).zip(chosen) {
            x.copy_from_slice(&rows[row * dim..][..dim]);
        }
        let energies = &mut self.energies[..count * layers.outputs()];
        layers.energies(x, energies, &mut self.space);
        let gradient = &mut self.gradient[..energies.len()];
        let partitions = &mut self.partitions[..count * LEARNING_RATES.len()];
        let share = |rate: f64| (rate / count as f64) as f32;
        self.upstream.clear();
        for _ in chosen {
            self.upstream.extend(LEARNING_RATES.map(share));
        }
        let (simd, of) = (Simd::detect(), (layers.classes, &*energies));
        log_partition::forward(simd, 1.0, (0, &[]), of, partitions);
        log_partition::backward(simd, 1.0, of, partitions, &self.upstream, gradient);
        for (row, &chosen) in gradient.chunks_exact_mut(layers.outputs()).zip(chosen) {
            let label = labels[chosen] as usize;
            let layers = row.chunks_exact_mut(layers.classes);
            for (layer, rate) in layers.zip(LEARNING_RATES) {
                layer[label] += share(rate);
            }
        }
        let size = (layers.outputs(), dim, count);
        self.space.resize(products().over_rows_workspace(size), 0.0);
        let [weight, bias] = &mut self.by;
        products().over_rows(size, gradient, x, (weight, Some(bias)), &mut self.space);
        let rule = Momentum {
            rate,
            keep: Sgd::default().momentum as f32,
            decay: 0.0,
            scale: 1.0,
            nesterov: false,
        };
        let buffers = self.by.iter().zip(&mut self.buffers);
        for (parameter, (by, buffer)) in layers.parameters.iter_mut().zip(buffers) {
            momentum(simd, &rule, parameter, by, Some(buffer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::normal;

    /// The same in f64 as the formulas stand, one layer after the other.
    fn naive(x: &[f32], labels: &[u32], dim: usize, classes: usize, seed: u64) -> Result<Vec<f64>> {
        let rows = labels.len();
        let [weight, bias] = start(dim, classes, seed)?;
        let mut p: Vec<f64> = weight.iter().chain(&bias).map(|p| f64::from(*p)).collect();
        let mut buffer = vec![0.0; p.len()];
        let outputs = bias.len();
        let batch = BATCH.min(rows);
        let steps = EPOCHS * rows.div_ceil(batch);
        for step in 0..steps {
            let epoch = step / rows.div_ceil(batch);
            let order = permutation(rows, &mut stream(seed, Purpose::Order, epoch as u64, 0, 0));
            let first = step % rows.div_ceil(batch) * batch;
            let chosen = &order[first..rows.min(first + batch)];
            let mut g = vec![0.0; p.len()];
            for &row in chosen {
                let x: Vec<f64> = x[row * dim..][..dim]
                    .iter()
                    .map(|x| f64::from(*x))
                    .collect();
                let energy = |o: usize| {
                    let products = x.iter().zip(&p[o * dim..]).map(|(x, w)| x * w);
                    products.sum::<f64>() + p[outputs * dim + o]
                };
                for (layer, rate) in LEARNING_RATES.iter().enumerate() {
                    let own = layer * classes..(layer + 1) * classes;
                    let total: f64 = own.clone().map(|o| (-energy(o)).exp()).sum();
                    for o in own {
                        let right = f64::from(u8::from(o % classes == labels[row] as usize));
                        let slope = right - (-energy(o)).exp() / total;
                        let slope = slope * rate / chosen.len() as f64;
                        for d in 0..dim {
                            g[o * dim + d] += slope * x[d];
                        }
                        g[outputs * dim + o] += slope;
                    }
                }
            }
            let share = step as f64 / steps as f64;
            let rate = f64::midpoint(1.0, (std::f64::consts::PI * share).cos());
            for ((p, b), g) in p.iter_mut().zip(&mut buffer).zip(&g) {
                *b = 0.9 * *b + g;
                *p -= rate * *b;
            }
        }
        Ok(p)
    }

    #[test]
    fn layers_end_where_plain_gradient_descent_in_64_bits_ends() -> Result<()> {
        let (rows, dim, classes, seed) = (300, 5, 3, 4); // two batches an epoch, the second one smaller
        let mut rng = stream(1, Purpose::Check, 0, 0, 0);
        let labels: Vec<u32> = (0..rows).map(|i| i % classes as u32).collect();
        let train = Features {
            dim,
            values: labels
                .iter()
                .flat_map(|label| [*label as f32, 0.0, 1.0, 0.0, 0.0])
                .map(|mean| mean + normal(&mut rng) as f32)
                .collect(),
            labels: labels.iter().copied().map(Some).collect(),
            ..Features::default()
        };
        let layers = Layers::fit(&train, classes, seed)?;
        let wanted = naive(&layers.scale.rows(&train), &labels, dim, classes, seed)?;
        let found = layers.parameters.iter().flatten();
        for (found, wanted) in found.zip(wanted) {
            let off = (f64::from(*found) - wanted).abs();
            assert!(off < 1e-3, "{found} instead of {wanted}");
        }
        let answers = layers.answers(&train);
        let right = answers[3].iter().zip(&labels).filter(|(a, b)| a == b);
        assert!(answers.len() == 7 && right.count() > 150);
        assert!(Layers::fit(&train, 2, seed).is_err());
        Ok(())
    }
}
