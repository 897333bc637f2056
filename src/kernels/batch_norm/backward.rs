//! Gradients through ReLU, norm and batch statistics.

use rayon::prelude::*;

use super::{Affine, by_columns, load, store};
use crate::kernels::elementwise::chunk_rows;
use crate::kernels::shared::Shared;
use crate::kernels::simd::{Lanes, Simd, multiversion};

/// Where the ReLU after the norm let the gradient through.
#[derive(Clone, Copy, Debug)]
pub enum Gate<'a> {
    /// There is no ReLU.
    Open,
    /// `x · scale + shift > 0`: nothing but the input needs to be kept.
    Input,
    /// `y > 0` for these outputs: a residual was added.
    Output(&'a [f32]),
}

/// The gradient after the ReLU's gate.
#[inline(always)]
unsafe fn gated<L: Lanes, const NZ: usize, const GATE: u8>(
    mut g: [L; NZ],
    x: &[L; NZ],
    (scale, shift): (&[L; NZ], &[L; NZ]),
    output: *const f32,
    last: usize,
) -> [L; NZ] {
    // SAFETY: `output` is valid for these channels where GATE is 2.
    unsafe {
        if GATE == 1 {
            for j in 0..NZ {
                g[j] = g[j].where_positive(x[j].fma(scale[j], shift[j]));
            }
        }
        if GATE == 2 {
            let y = load::<L, NZ>(output, last);
            for j in 0..NZ {
                g[j] = g[j].where_positive(y[j]);
            }
        }
        g
    }
}

#[inline(always)]
unsafe fn reduce_to<L: Lanes, const NZ: usize, const GATE: u8>(
    (x, output, g): (&[f32], *const f32, *mut f32),
    affine: &Affine,
    sums: &mut [f32],
    c: usize,
    q: usize,
    last: usize,
) {
    // SAFETY: rows of `c` channels everywhere, `sums` holds two rows.
    unsafe {
        let scale = load::<L, NZ>(affine.scale.as_ptr().add(q), last);
        let shift = load::<L, NZ>(affine.shift.as_ptr().add(q), last);
        let mean = load::<L, NZ>(affine.mean.as_ptr().add(q), last);
        let mut first = [L::splat(0.0); NZ];
        let mut second = first;
        for row in 0..x.len() / c {
            let at = row * c + q;
            let values = load::<L, NZ>(x.as_ptr().add(at), last);
            let gradient = load::<L, NZ>(g.add(at), last);
            let gate = output.wrapping_add(at);
            let gradient = gated::<L, NZ, GATE>(gradient, &values, (&scale, &shift), gate, last);
            if GATE == 2 {
                store(gradient, g.add(at), last);
            }
            for j in 0..NZ {
                first[j] = first[j].add(gradient[j]);
                second[j] = gradient[j].fma(values[j].sub(mean[j]), second[j]);
            }
        }
        store(first, sums.as_mut_ptr().add(q), last);
        store(second, sums.as_mut_ptr().add(c + q), last);
    }
}

multiversion! {
    fn reduce_rows<L>(x: &[f32], gate: Gate<'_>, affine: &Affine, g: &mut [f32], sums: &mut [f32]) {
        let c = affine.scale.len();
        assert!(g.len() >= x.len() && sums.len() >= 2 * c);
        let none = std::ptr::null();
        match gate {
            Gate::Open => by_columns!(c, reduce_to::<L, 0>((x, none, g.as_mut_ptr()), affine, sums)),
            Gate::Input => by_columns!(c, reduce_to::<L, 1>((x, none, g.as_mut_ptr()), affine, sums)),
            Gate::Output(y) => {
                assert!(y.len() >= x.len());
                by_columns!(c, reduce_to::<L, 2>((x, y.as_ptr(), g.as_mut_ptr()), affine, sums));
            }
        }
    }
}

/// Coefficients of `dx = g · a + (x − mean) · b + d`, each of one float per channel.
struct Slopes {
    along: Vec<f32>,
    across: Vec<f32>,
    level: Vec<f32>,
}

#[inline(always)]
unsafe fn slope_to<L: Lanes, const NZ: usize, const GATE: u8>(
    (x, g, dx): (&[f32], *const f32, *mut f32),
    affine: &Affine,
    slopes: &Slopes,
    c: usize,
    q: usize,
    last: usize,
) {
    // SAFETY: rows of `c` channels everywhere; `g` and `dx` may be the same.
    unsafe {
        let scale = load::<L, NZ>(affine.scale.as_ptr().add(q), last);
        let shift = load::<L, NZ>(affine.shift.as_ptr().add(q), last);
        let mean = load::<L, NZ>(affine.mean.as_ptr().add(q), last);
        let along = load::<L, NZ>(slopes.along.as_ptr().add(q), last);
        let across = load::<L, NZ>(slopes.across.as_ptr().add(q), last);
        let level = load::<L, NZ>(slopes.level.as_ptr().add(q), last);
        for row in 0..x.len() / c {
            let at = row * c + q;
            let values = load::<L, NZ>(x.as_ptr().add(at), last);
            let gradient = load::<L, NZ>(g.add(at), last);
            let mut gradient = gated::<L, NZ, GATE>(gradient, &values, (&scale, &shift), g, last);
            for j in 0..NZ {
                let base = values[j].sub(mean[j]).fma(across[j], level[j]);
                gradient[j] = gradient[j].fma(along[j], base);
            }
            store(gradient, dx.add(at), last);
        }
    }
}

multiversion! {
    fn slope_rows<L>(x: &[f32], g: *const f32, relu: bool, affine: &Affine, slopes: &Slopes, dx: &mut [f32]) {
        let c = affine.scale.len();
        assert!(dx.len() >= x.len());
        let places = (x, g, dx.as_mut_ptr());
        if relu {
            by_columns!(c, slope_to::<L, 1>(places, affine, slopes));
        } else {
            by_columns!(c, slope_to::<L, 0>(places, affine, slopes));
        }
    }
}

/// Gradients of weight and bias.
#[derive(Clone, Debug)]
pub struct AffineGradient {
    /// d loss / d weight
    pub weight: Vec<f32>,
    /// d loss / d bias
    pub bias: Vec<f32>,
}

/// Backward through (ReLU,) norm and batch statistics.
///
/// `gradient` is that of the output. With [`Gate::Output`] it becomes the gated gradient, which is also that of
/// the residual, and `dx` must be given; else `dx` may be `None` and `gradient` becomes dx.
///
/// # Panics
/// Slices of different lengths, or [`Gate::Output`] without `dx`.
pub fn backward(
    simd: Simd,
    x: &[f32],
    affine: &Affine,
    gate: Gate<'_>,
    gradient: &mut [f32],
    dx: Option<&mut [f32]>,
) -> AffineGradient {
    let channels = affine.scale.len();
    assert_eq!(x.len(), gradient.len());
    let chunk = chunk_rows(channels) * channels;
    let parts: Vec<Vec<f32>> = gradient
        .par_chunks_mut(chunk)
        .zip(x.par_chunks(chunk))
        .enumerate()
        .map(|(i, (g, x))| {
            let gate = match gate {
                Gate::Output(y) => Gate::Output(&y[i * chunk..i * chunk + x.len()]),
                other => other,
            };
            let mut sums = vec![0.0; 2 * channels];
            reduce_rows(simd, x, gate, affine, g, &mut sums);
            sums
        })
        .collect();
    let mut sums = vec![0.0f64; 2 * channels];
    for part in &parts {
        for (sum, value) in sums.iter_mut().zip(part) {
            *sum += f64::from(*value);
        }
    }
    let count = (x.len() / channels) as f64;
    let slopes = slopes(affine, &sums, count);
    let whole = Shared::new(gradient);
    let target = dx.map(|dx| {
        assert_eq!(x.len(), dx.len());
        Shared::new(dx)
    });
    assert!(target.is_some() || !matches!(gate, Gate::Output(_)));
    x.par_chunks(chunk).enumerate().for_each(|(i, x)| {
        let target = target.unwrap_or(whole);
        // SAFETY: every task has its own rows; `g` is only read, through a pointer, before dx is written.
        let dx = unsafe { target.part(i * chunk, x.len()) };
        let g = whole.at(i * chunk);
        slope_rows(simd, x, g, matches!(gate, Gate::Input), affine, &slopes, dx);
    });
    let of_weight = sums[channels..].iter().zip(&affine.inverse);
    AffineGradient {
        weight: of_weight
            .map(|(sum, inverse)| (sum * f64::from(*inverse)) as f32)
            .collect(),
        bias: sums[..channels].iter().map(|sum| *sum as f32).collect(),
    }
}

fn slopes(affine: &Affine, sums: &[f64], count: f64) -> Slopes {
    let channels = affine.scale.len();
    let mut slopes = Slopes {
        along: affine.scale.clone(),
        across: Vec::with_capacity(channels),
        level: Vec::with_capacity(channels),
    };
    for c in 0..channels {
        let (scale, inverse) = (f64::from(affine.scale[c]), f64::from(affine.inverse[c]));
        slopes
            .across
            .push((-scale * inverse * inverse * sums[channels + c] / count) as f32);
        slopes.level.push((-scale * sums[c] / count) as f32);
    }
    slopes
}
