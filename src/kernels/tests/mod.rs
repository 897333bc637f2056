//! Every kernel that reads or writes through pointers, on shapes small enough for an interpreter: against its
//! definition in 64 bits, at every level.

mod attention;
mod batch_norm;
mod conv;
mod epilogues;
mod rows;

use super::simd::{Level, Simd};

/// Numbers in (−1, 1) that depend on `seed` only.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// The levels that this processor has.
fn levels() -> Vec<Simd> {
    let mut levels = [Level::Portable, Level::Avx2, Level::Avx512]
        .map(Simd::at_most)
        .to_vec();
    levels.dedup();
    levels
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

fn assert_close(found: &[f32], wanted: &[f64], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (i, (found, wanted)) in wide(found).iter().zip(wanted).enumerate() {
        let off = (found - wanted).abs();
        assert!(
            off < 1e-4 * (1.0 + wanted.abs()),
            "{what}, {i}: {found}, not {wanted}"
        );
    }
}

/// The gradient of `f` by its argument, every `step`-th number of it, by central differences.
fn differences(x: &[f64], step: usize, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    const H: f64 = 1e-5;
    let at = |i: usize, by: f64| {
        let mut x = x.to_vec();
        x[i] += by;
        f(&x)
    };
    let places = (0..x.len()).step_by(step);
    places.map(|i| (at(i, H) - at(i, -H)) / (2.0 * H)).collect()
}

fn every(step: usize, values: &[f32]) -> Vec<f32> {
    values.iter().copied().step_by(step).collect()
}
