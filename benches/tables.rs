//! Probes and tables of embeddings: `cargo bench --bench tables [-- knn|nearest|retrieval|logistic]` prints the median seconds of
//! three rounds.
//!
//! The rows are a formula, so that other programs can be given the same: a hash of the place, plus half the class's own centre,
//! scaled down by `(j + 1)^-0.7` in the j-th direction, the directions mixed by a Hadamard transform. Embeddings look like this:
//! all numbers vary alike, few directions hold most of the variance.

use std::hint::black_box;
use std::time::Instant;

use ravine::error::Result;
use ravine::eval::knn::Knn;
use ravine::eval::logistic::Logistic;
use ravine::eval::retrieval::retrieve;
use ravine::eval::{Bank, Features};

const DIM: usize = 512;
const CLASSES: usize = 10;
const ROUNDS: usize = 3;

/// A number from −1 to 1 for a place.
fn uniform(place: usize, seed: u32) -> f32 {
    let mut x = (place as u32).wrapping_add(seed.wrapping_mul(0x9e37_79b9));
    x = (x ^ x >> 16).wrapping_mul(0x7feb_352d);
    x = (x ^ x >> 15).wrapping_mul(0x846c_a68b);
    ((x ^ x >> 16) >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// Every sum and difference of places that differ in one bit, bit after bit.
fn hadamard(row: &mut [f32]) {
    let mut half = 1;
    while half < row.len() {
        for pair in row.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

fn rows(count: usize, seed: u32) -> Features {
    let scales: Vec<f32> = (1..=DIM).map(|j| (j as f32).powf(-0.7)).collect();
    let mut values = vec![0.0; count * DIM];
    for (i, row) in values.chunks_exact_mut(DIM).enumerate() {
        for (j, x) in row.iter_mut().enumerate() {
            let center = uniform(i % CLASSES * DIM + j, 7);
            *x = (uniform(i * DIM + j, seed) + 0.5 * center) * scales[j];
        }
        hadamard(row);
    }
    Features {
        dim: DIM,
        values,
        labels: (0..count).map(|i| Some((i % CLASSES) as u32)).collect(),
        ..Features::default()
    }
}

/// Median seconds of several calls.
fn median<T>(mut work: impl FnMut() -> Result<T>) -> Result<f64> {
    let mut seconds = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(work()?);
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[ROUNDS / 2])
}

fn main() -> Result<()> {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|c| c == name);
    let products = |queries: usize, rows: usize| 2e-9 * (queries * rows * DIM) as f64;
    if wanted("knn") {
        let (bank, queries) = (rows(50_000, 1), rows(10_000, 2));
        let seconds = median(|| Knn::default().predict(&bank, &queries))?;
        let rate = products(10_000, 50_000) / seconds;
        println!("knn: 10,000 queries over 50,000, k 200: {seconds:.3} s, {rate:.0} GFLOP/s");
    }
    if wanted("nearest") {
        let (bank, queries) = (rows(200_000, 1), rows(1_000, 2));
        let seconds = median(|| {
            let bank = Bank::new(&bank.values, DIM);
            Ok(bank.nearest(&queries.values, 10, |near| near[0].row))
        })?;
        let rate = products(1_000, 200_000) / seconds;
        println!("nearest: 10 of 200,000 to 1,000 queries: {seconds:.3} s, {rate:.0} GFLOP/s");
    }
    if wanted("retrieval") {
        let (gallery, queries) = (rows(100_000, 1), rows(10_000, 2));
        let votes = median(|| Knn::default().predict(&gallery, &queries))?;
        let ranked = median(|| retrieve(&gallery, &queries, &[1, 10]))?;
        println!(
            "retrieval: 10,000 queries over 100,000: {ranked:.3} s, {:.2} x kNN's {votes:.3} s",
            ranked / votes
        );
    }
    if wanted("logistic") {
        let train = rows(50_000, 1);
        let fitted = Logistic::default().fit(&train)?;
        let seconds = median(|| Logistic::default().fit(&train))?;
        println!(
            "logistic: 50,000 rows: {seconds:.3} s, {} steps, {:.1} ms each, objective {:.9}, gradient {:.1e}, {:?}",
            fitted.iterations,
            1e3 * seconds / fitted.iterations as f64,
            fitted.objective,
            fitted.gradient,
            fitted.stop
        );
    }
    Ok(())
}
