//! Judging code against the golden vectors and slow references, and embeddings read back from their files.

mod card;
mod knn;
mod logistic;
mod metrics;
mod retrieval;
mod writers;

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use rand::RngExt;
use ravine::eval::Features;
use ravine::random::{Purpose, normal, stream};

/// One case of the golden vectors.
struct Golden {
    case: serde_json::Value,
    tensors: HashMap<String, Tensor>,
}

impl Golden {
    fn open(name: &str) -> Self {
        let text = std::fs::read_to_string("tests/goldens/goldens.json").unwrap();
        let all: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cases = all["cases"].as_array().unwrap();
        let case = cases.iter().find(|c| c["name"] == name).unwrap().clone();
        let tensors =
            candle_core::safetensors::load("tests/goldens/goldens.safetensors", &Device::Cpu)
                .unwrap();
        Self { case, tensors }
    }

    fn tensor(&self, side: &str, name: &str) -> &Tensor {
        &self.tensors[self.case[side][name].as_str().unwrap()]
    }

    fn input(&self, name: &str) -> Vec<f32> {
        let tensor = self.tensor("inputs", name).flatten_all().unwrap();
        tensor.to_vec1().unwrap()
    }

    fn features(&self, name: &str) -> Features {
        let dim = self.tensor("inputs", name).dims().last().copied().unwrap();
        features(dim, self.input(name), None)
    }

    fn labels(&self, side: &str, name: &str) -> Vec<u32> {
        let labels: Vec<i64> = self.tensor(side, name).to_vec1().unwrap();
        labels.into_iter().map(|l| l as u32).collect()
    }

    /// |actual − expected| <= atol + rtol |expected| for every element.
    fn check(&self, name: &str, actual: &[f64]) {
        let expected: Vec<f32> = self
            .tensor("outputs", name)
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        assert_eq!(expected.len(), actual.len(), "{name}");
        let tolerance = |key: &str| self.case["tolerance"][key].as_f64().unwrap();
        for (e, a) in expected.iter().zip(actual) {
            let e = f64::from(*e);
            let allowed = tolerance("atol") + tolerance("rtol") * e.abs();
            assert!((a - e).abs() <= allowed, "{name}: {a} instead of {e}");
        }
    }
}

fn features(dim: usize, values: Vec<f32>, labels: Option<Vec<u32>>) -> Features {
    let ids = (0..values.len() / dim)
        .map(|i| format!("image {i}.png"))
        .collect();
    Features {
        dim,
        values,
        labels: labels.map_or_else(Vec::new, known),
        ids,
        ..Features::default()
    }
}

/// All of `labels`, each known.
fn known(labels: Vec<u32>) -> Vec<Option<u32>> {
    labels.into_iter().map(Some).collect()
}

/// Gaussian blobs: class c is centred at `apart` times its own random direction.
fn blobs(rows: usize, dim: usize, classes: u32, apart: f64, seed: u64) -> Features {
    let mut rng = stream(7, Purpose::Check, 0, 0, 0); // the centres are those of every seed
    let centers: Vec<f64> = (0..classes as usize * dim)
        .map(|_| normal(&mut rng))
        .collect();
    let mut rng = stream(seed, Purpose::Check, 1, 0, 0);
    let labels: Vec<u32> = (0..rows).map(|_| rng.random_range(0..classes)).collect();
    let value = |label: u32, d: usize, rng: &mut _| {
        (apart * centers[label as usize * dim + d] + normal(rng)) as f32
    };
    let values = labels
        .iter()
        .flat_map(|&label| {
            (0..dim)
                .map(|d| value(label, d, &mut rng))
                .collect::<Vec<_>>()
        })
        .collect();
    features(dim, values, Some(labels))
}

/// What `work` returns on a pool of 1 thread and on one of 3.
fn on_one_and_three_threads<T: Send>(work: impl Fn() -> T + Sync) -> [T; 2] {
    [1, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(&work)
    })
}
