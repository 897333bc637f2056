//! Gradients through norm and batch statistics.

use rayon::prelude::*;

use super::affine::ScaleShift;
use super::columns::{by_columns, load, store};
use super::reduce::NormSums;
use crate::kernels::elementwise::chunk_rows;
use crate::kernels::shared::Shared;
use crate::kernels::simd::{Lanes, Simd, multiversion};

/// Coefficients of `dx = g · a + (x − mean) · b + d`, each of one float per channel.
struct Slopes {
    along: Vec<f32>,
    across: Vec<f32>,
    level: Vec<f32>,
}

/// [`slope_rows`] of the channels from `q` on.
///
/// # Safety
/// As for [`slope_rows`], with `c` channels. Those from `q` on are there as for [`load`].
#[inline(always)]
unsafe fn slope_to<L: Lanes, const NZ: usize>(
    (x, g, dx): (&[f32], *const f32, *mut f32),
    affine: &ScaleShift,
    slopes: &Slopes,
    c: usize,
    q: usize,
    last: usize,
) {
    // SAFETY: rows of `c` channels everywhere; `g` and `dx` may be the same.
    unsafe {
        let mean = load::<L, NZ>(affine.mean.as_ptr().add(q), last);
        let along = load::<L, NZ>(slopes.along.as_ptr().add(q), last);
        let across = load::<L, NZ>(slopes.across.as_ptr().add(q), last);
        let level = load::<L, NZ>(slopes.level.as_ptr().add(q), last);
        for row in 0..x.len() / c {
            let at = row * c + q;
            let values = load::<L, NZ>(x.as_ptr().add(at), last);
            let mut gradient = load::<L, NZ>(g.add(at), last);
            for j in 0..NZ {
                let base = values[j].sub(mean[j]).fma(across[j], level[j]);
                gradient[j] = gradient[j].fma(along[j], base);
            }
            store(gradient, dx.add(at), last);
        }
    }
}

multiversion! {
    /// The rows of `dx` on this thread; `g` and `dx` may be the same.
    ///
    /// # Safety
    /// `g` and `dx` are valid for as many rows of channels as `x` holds, and nothing else touches those of `dx`
    /// meanwhile; the slopes are of as many channels as `affine`.
    unsafe fn slope_rows<L>(x: &[f32], g: *const f32, affine: &ScaleShift, slopes: &Slopes, dx: *mut f32) {
        let c = affine.channels();
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe { by_columns!(c, slope_to::<L>((x, g, dx), affine, slopes)) }
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

/// Backward through norm and batch statistics, from the `gradient` of the norm's output and its sums.
///
/// `dx` becomes the gradient of `x`; without it, `gradient` does.
///
/// # Panics
/// Slices of different lengths.
pub fn backward(
    simd: Simd,
    x: &[f32],
    affine: &ScaleShift,
    sums: &NormSums,
    gradient: &mut [f32],
    dx: Option<&mut [f32]>,
) -> AffineGradient {
    let channels = affine.channels();
    assert_eq!(x.len(), gradient.len());
    let slopes = slopes(affine, sums, (x.len() / channels) as f64);
    let whole = Shared::new(gradient);
    let target = dx.map_or(whole, |dx| {
        assert_eq!(x.len(), dx.len());
        Shared::new(dx)
    });
    let chunk = chunk_rows(channels) * channels;
    x.par_chunks(chunk).enumerate().for_each(|(i, x)| {
        let (g, dx) = (whole.at(i * chunk), target.at(i * chunk));
        // SAFETY: both are as long as all of `x`; every task has its own rows, through pointers alone.
        unsafe { slope_rows(simd, x, g, affine, &slopes, dx) };
    });
    let of_weight = sums.along.iter().zip(&affine.inverse);
    AffineGradient {
        weight: of_weight
            .map(|(sum, inverse)| (sum * f64::from(*inverse)) as f32)
            .collect(),
        bias: sums.plain.iter().map(|sum| *sum as f32).collect(),
    }
}

fn slopes(affine: &ScaleShift, sums: &NormSums, count: f64) -> Slopes {
    let channels = affine.channels();
    let mut slopes = Slopes {
        along: affine.scale.clone(),
        across: Vec::with_capacity(channels),
        level: Vec::with_capacity(channels),
    };
    for c in 0..channels {
        let (scale, inverse) = (f64::from(affine.scale[c]), f64::from(affine.inverse[c]));
        let across = -scale * inverse * inverse * sums.along[c] / count;
        slopes.across.push(across as f32);
        slopes.level.push((-scale * sums.plain[c] / count) as f32);
    }
    slopes
}
