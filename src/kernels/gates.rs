//! Factors: one a channel, one a channel and image, one a number, and gated halves.

use rayon::prelude::*;

use super::curve::{sigmoid, silu_slope};
use super::elementwise::{CHUNK, add_chunk, chunk_rows};
use super::simd::{Simd, multiversion};

multiversion! {
    fn rows_chunk<L>(x: &[f32], row: &[f32], y: &mut [f32]) {
        for (y, x) in y.chunks_exact_mut(row.len()).zip(x.chunks_exact(row.len())) {
            for ((y, x), factor) in y.iter_mut().zip(x).zip(row) {
                *y = x * factor;
            }
        }
    }
}

multiversion! {
    fn sums_chunk<L>(a: &[f32], b: &[f32], total: &mut [f32]) {
        let width = total.len();
        for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
            for ((total, a), b) in total.iter_mut().zip(a).zip(b) {
                *total += a * b;
            }
        }
    }
}

multiversion! {
    fn product_chunk<L>(a: &[f32], b: &[f32], y: &mut [f32]) {
        for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
            *y = a * b;
        }
    }
}

multiversion! {
    fn swiglu_rows<L>(half: usize, x: &[f32], y: &mut [f32]) {
        for (x, y) in x.chunks_exact(2 * half).zip(y.chunks_exact_mut(half)) {
            let (gate, value) = x.split_at(half);
            for ((y, gate), value) in y.iter_mut().zip(gate).zip(value) {
                *y = gate * sigmoid(*gate) * value;
            }
        }
    }
}

multiversion! {
    fn swiglu_backward_rows<L>(half: usize, x: &[f32], dy: &[f32], dx: &mut [f32]) {
        let rows = x.chunks_exact(2 * half).zip(dy.chunks_exact(half));
        for ((x, dy), dx) in rows.zip(dx.chunks_exact_mut(2 * half)) {
            let (gate, value) = x.split_at(half);
            let (by_gate, by_value) = dx.split_at_mut(half);
            for i in 0..half {
                by_gate[i] = dy[i] * value[i] * silu_slope(gate[i]);
                by_value[i] = dy[i] * gate[i] * sigmoid(gate[i]);
            }
        }
    }
}

/// `y = x · row` for every row of x.
pub fn scale_rows(simd: Simd, x: &[f32], row: &[f32], y: &mut [f32]) {
    let chunk = chunk_rows(row.len()) * row.len();
    y.par_chunks_mut(chunk)
        .zip(x.par_chunks(chunk))
        .for_each(|(y, x)| rows_chunk(simd, x, row, y));
}

/// Sum over the rows of `a · b`: the gradient of the factors of [`scale_rows`].
pub fn product_sums(simd: Simd, a: &[f32], b: &[f32], total: &mut [f32]) {
    let chunk = chunk_rows(total.len()) * total.len();
    let parts: Vec<Vec<f32>> = a
        .par_chunks(chunk)
        .zip(b.par_chunks(chunk))
        .map(|(a, b)| {
            let mut sums = vec![0.0; total.len()];
            sums_chunk(simd, a, b, &mut sums);
            sums
        })
        .collect();
    total.fill(0.0);
    for part in &parts {
        add_chunk(simd, total, part);
    }
}

/// `y = x · gate` with one row of `channels` gates for each of the images in x.
pub fn gate_images(simd: Simd, channels: usize, x: &[f32], gate: &[f32], y: &mut [f32]) {
    let image = image_len(x.len(), gate.len(), channels);
    y.par_chunks_mut(image)
        .zip(x.par_chunks(image).zip(gate.par_chunks(channels)))
        .for_each(|(y, (x, gate))| rows_chunk(simd, x, gate, y));
}

/// The gradient of the gates of [`gate_images`].
pub fn gate_sums(simd: Simd, channels: usize, x: &[f32], dy: &[f32], dgate: &mut [f32]) {
    let image = image_len(x.len(), dgate.len(), channels);
    dgate
        .par_chunks_mut(channels)
        .zip(x.par_chunks(image).zip(dy.par_chunks(image)))
        .for_each(|(dgate, (x, dy))| {
            dgate.fill(0.0);
            sums_chunk(simd, x, dy, dgate);
        });
}

fn image_len(len: usize, gates: usize, channels: usize) -> usize {
    (len / (gates / channels).max(1)).max(1)
}

/// `y = a · b`
pub fn product(simd: Simd, a: &[f32], b: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(CHUNK)
        .zip(a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK)))
        .for_each(|(y, (a, b))| product_chunk(simd, a, b, y));
}

/// `y = silu(first half) · second half` of every row of 2·`half` numbers.
pub fn swiglu(simd: Simd, half: usize, x: &[f32], y: &mut [f32]) {
    let rows = chunk_rows(8 * half);
    y.par_chunks_mut(rows * half)
        .zip(x.par_chunks(rows * 2 * half))
        .for_each(|(y, x)| swiglu_rows(simd, half, x, y));
}

/// The gradient by the input of [`swiglu`]; overwrites `dx`.
pub fn swiglu_backward(simd: Simd, half: usize, x: &[f32], dy: &[f32], dx: &mut [f32]) {
    let rows = chunk_rows(8 * half);
    dx.par_chunks_mut(rows * 2 * half)
        .zip(x.par_chunks(rows * 2 * half))
        .zip(dy.par_chunks(rows * half))
        .for_each(|((dx, x), dy)| swiglu_backward_rows(simd, half, x, dy, dx));
}
