//! Updates of parameters by optimizers, in place and in one pass, and the norms they ask for.

use rayon::prelude::*;

use super::simd::{Simd, multiversion};

/// Floats a task handles: parameter, gradient and state of it fit the second cache.
const CHUNK: usize = 16 * 1024;

/// Constants of a momentum step, see [`momentum`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// Learning rate.
    pub rate: f32,
    /// Share of the buffer kept.
    pub keep: f32,
    /// Share of the parameter added to the gradient.
    pub decay: f32,
    /// Factor of the decayed gradient (LARS; 1 for SGD).
    pub scale: f32,
    /// Step along `g + keep · b` instead of `b`.
    pub nesterov: bool,
}

/// Constants of an Adam step, see [`adam`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Learning rate divided by the first moment's correction, 1 − b1ᵗ.
    pub rate: f32,
    /// Decay rates of the moments.
    pub betas: [f32; 2],
    /// One minus the decay rates, rounded once from 64 bits.
    pub rest: [f32; 2],
    /// 1 / (1 − b2ᵗ).
    pub correction: f32,
    /// Added to the root of the second moment.
    pub eps: f32,
    /// What the parameter is multiplied by first.
    pub shrink: f32,
}

multiversion! {
    fn momentum_chunk<L>(c: &Momentum, p: &mut [f32], g: &[f32], b: &mut [f32]) {
        for ((p, g), b) in p.iter_mut().zip(g).zip(b) {
            let g = (g + *p * c.decay) * c.scale;
            *b = *b * c.keep + g;
            let along = if c.nesterov { g + *b * c.keep } else { *b };
            *p -= along * c.rate;
        }
    }
}

multiversion! {
    fn plain_chunk<L>(c: &Momentum, p: &mut [f32], g: &[f32]) {
        for (p, g) in p.iter_mut().zip(g) {
            let g = (g + *p * c.decay) * c.scale;
            *p -= g * c.rate;
        }
    }
}

multiversion! {
    fn adam_chunk<L>(c: &Adam, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        for (((p, g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
            *m = *m * c.betas[0] + g * c.rest[0];
            *v = *v * c.betas[1] + g * g * c.rest[1];
            let root = (*v * c.correction).sqrt() + c.eps;
            *p = *p * c.shrink - *m * c.rate / root;
        }
    }
}

multiversion! {
    /// Σ (x + factor · y)² in 64-bit floats.
    fn squares_chunk<L>(x: &[f32], y: &[f32], factor: f32) -> f64 {
        const LANES: usize = 32;
        let mut sums = [0.0f64; LANES];
        let ends = (x.chunks_exact(LANES).remainder(), y.chunks_exact(LANES).remainder());
        for (x, y) in x.chunks_exact(LANES).zip(y.chunks_exact(LANES)) {
            for i in 0..LANES {
                let value = f64::from(x[i] + factor * y[i]);
                sums[i] += value * value;
            }
        }
        let end: f64 = ends.0.iter().zip(ends.1).map(|(x, y)| f64::from(x + factor * y).powi(2)).sum();
        sums.iter().sum::<f64>() + end
    }
}

/// `g' = (g + decay · p) · scale; b = keep · b + g'; p −= rate · b`, or along `g' + keep · b` with `nesterov`.
///
/// Without a buffer `p −= rate · g'`.
pub fn momentum(simd: Simd, c: &Momentum, p: &mut [f32], g: &[f32], buffer: Option<&mut [f32]>) {
    let Some(buffer) = buffer else {
        if p.len() <= CHUNK {
            return plain_chunk(simd, c, p, g);
        }
        return p
            .par_chunks_mut(CHUNK)
            .zip(g.par_chunks(CHUNK))
            .for_each(|(p, g)| plain_chunk(simd, c, p, g));
    };
    if p.len() <= CHUNK {
        return momentum_chunk(simd, c, p, g, buffer);
    }
    p.par_chunks_mut(CHUNK)
        .zip(g.par_chunks(CHUNK))
        .zip(buffer.par_chunks_mut(CHUNK))
        .for_each(|((p, g), b)| momentum_chunk(simd, c, p, g, b));
}

/// `m = b1·m + (1−b1)·g; v = b2·v + (1−b2)·g²; p = shrink·p − rate·m / (√(correction·v) + eps)`
pub fn adam(simd: Simd, c: &Adam, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    if p.len() <= CHUNK {
        return adam_chunk(simd, c, p, g, m, v);
    }
    p.par_chunks_mut(CHUNK)
        .zip(g.par_chunks(CHUNK))
        .zip(m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK)))
        .for_each(|((p, g), (m, v))| adam_chunk(simd, c, p, g, m, v));
}

/// The 2-norm of `x + factor · y`, accumulated in 64-bit floats; `y` as long as `x`.
#[must_use]
pub fn norm_of_sum(simd: Simd, x: &[f32], y: &[f32], factor: f32) -> f64 {
    let chunk = |(x, y): (&[f32], &[f32])| squares_chunk(simd, x, y, factor);
    if x.len() <= CHUNK {
        return chunk((x, y)).sqrt();
    }
    // Collected before they are added, so that the order of the additions is fixed.
    let sums: Vec<f64> = x
        .par_chunks(CHUNK)
        .zip(y.par_chunks(CHUNK))
        .map(chunk)
        .collect();
    sums.iter().sum::<f64>().sqrt()
}

/// The 2-norm of `x`, accumulated in 64-bit floats.
#[must_use]
pub fn norm(simd: Simd, x: &[f32]) -> f64 {
    norm_of_sum(simd, x, x, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Level;

    #[test]
    fn every_level_gives_the_same_result() {
        let values = |len: usize, seed: u32| -> Vec<f32> {
            let hash = |i: usize| (i as u32 ^ seed).wrapping_mul(2_654_435_761) >> 8;
            (0..len)
                .map(|i| hash(i) as f32 / (1 << 23) as f32 - 1.0)
                .collect()
        };
        let c = Momentum {
            rate: 0.1,
            keep: 0.9,
            decay: 0.01,
            scale: 0.7,
            nesterov: true,
        };
        let long = if cfg!(miri) { 200 } else { CHUNK + 17 };
        for len in [1, 31, 100, long] {
            let (g, p) = (values(len, 1), values(len, 2));
            let exact: f64 = g.iter().map(|&g| f64::from(g).powi(2)).sum();
            let mut results = Vec::new();
            for level in [Level::Portable, Level::Avx2, Level::Avx512] {
                let simd = Simd::at_most(level);
                let (mut p, mut b) = (p.clone(), values(len, 3));
                momentum(simd, &c, &mut p, &g, Some(&mut b));
                momentum(simd, &c, &mut p, &g, None);
                results.push((p, b));
                assert!((norm(simd, &g) - exact.sqrt()).abs() < 1e-9 * exact);
            }
            assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }
}
