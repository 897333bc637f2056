//! Batch normalisation of NHWC rows with ReLU and a residual sum: by itself in two passes each way, or in parts that
//! the convolutions before and behind it take over.

mod backward;
mod forward;
mod fused;
mod moments;
mod reduce;

pub use backward::{AffineGradient, backward};
pub use forward::apply;
pub use fused::{Finish, Input, Then};
pub use moments::{Statistics, Sums};
pub use reduce::{Gate, Reduce, Reduced};

pub(super) use reduce::gated;

use super::simd::Lanes;

/// What normalising with given statistics comes to: `y = x · scale + shift`.
#[derive(Clone, Debug, Default)]
pub struct Affine {
    /// weight / sqrt(var + eps)
    pub scale: Vec<f32>,
    /// bias − mean · scale
    pub shift: Vec<f32>,
    /// The mean that is taken off.
    pub mean: Vec<f32>,
    /// 1 / sqrt(var + eps)
    pub inverse: Vec<f32>,
}

impl Affine {
    /// From the statistics and, where there are any, weight and bias.
    #[must_use]
    pub fn new(statistics: &Statistics, eps: f64, weights: Option<(&[f32], &[f32])>) -> Self {
        let mut affine = Self::default();
        let both = statistics.mean.iter().zip(&statistics.variance);
        for (c, (mean, variance)) in both.enumerate() {
            let (weight, bias) = weights.map_or((1.0, 0.0), |(w, b)| (w[c], b[c]));
            let inverse = 1.0 / (variance + eps).sqrt();
            let scale = inverse * f64::from(weight);
            affine.scale.push(scale as f32);
            affine.shift.push((f64::from(bias) - mean * scale) as f32);
            affine.mean.push(*mean as f32);
            affine.inverse.push(inverse as f32);
        }
        affine
    }
}

/// Vectors of the channels `q .. q + 16 · NZ` at `from`; in the last group only `last` lanes are there.
#[inline(always)]
unsafe fn load<L: Lanes, const NZ: usize>(from: *const f32, last: usize) -> [L; NZ] {
    // SAFETY: the caller's pointer is valid for these channels.
    unsafe {
        let mut values = [L::splat(0.0); NZ];
        for (j, value) in values.iter_mut().enumerate() {
            *value = match last {
                16 => L::load(from.add(16 * j)),
                _ => L::load_some(from, last),
            };
        }
        values
    }
}

#[inline(always)]
unsafe fn store<L: Lanes, const NZ: usize>(values: [L; NZ], to: *mut f32, last: usize) {
    // SAFETY: the caller's pointer is valid for these channels.
    unsafe {
        for (j, value) in values.into_iter().enumerate() {
            match last {
                16 => value.store(to.add(16 * j)),
                _ => value.store_some(to, last),
            }
        }
    }
}

/// Calls a function with 64 channels in registers at a time, then with 16, then with what is left.
macro_rules! by_columns {
    ($c:expr, $function:ident::<$lanes:ident $(, $flag:tt)*>($($arg:expr),*)) => {
        // SAFETY: the public functions check that slices hold whole rows of `c` channels.
        unsafe {
            let mut q = 0;
            while q + 64 <= $c {
                $function::<$lanes, 4 $(, $flag)*>($($arg,)* $c, q, 16);
                q += 64;
            }
            while q < $c {
                $function::<$lanes, 1 $(, $flag)*>($($arg,)* $c, q, ($c - q).min(16));
                q += 16;
            }
        }
    };
}
use by_columns;
