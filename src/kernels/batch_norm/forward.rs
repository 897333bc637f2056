//! Normalising with given statistics.

use rayon::prelude::*;

use super::affine::ScaleShift;
use super::columns::{by_columns, load, store};
use crate::kernels::elementwise::chunk_rows;
use crate::kernels::simd::{Lanes, Simd, multiversion};

/// [`apply_rows`] to the channels from `q` on.
///
/// # Safety
/// `x` and `y`, and `residual` where `ADD`, are valid for `rows` rows of `c` channels, and nothing else touches `y`
/// meanwhile; `affine` has `c` channels. The channels from `q` on are there as for [`load`].
#[inline(always)]
unsafe fn apply_to<L: Lanes, const NZ: usize, const ADD: bool, const RELU: bool>(
    (x, residual, y): (*const f32, *const f32, *mut f32),
    rows: usize,
    affine: &ScaleShift,
    c: usize,
    q: usize,
    last: usize,
) {
    // SAFETY: rows of `c` channels everywhere.
    unsafe {
        let scale = load::<L, NZ>(affine.scale.as_ptr().add(q), last);
        let shift = load::<L, NZ>(affine.shift.as_ptr().add(q), last);
        for row in 0..rows {
            let at = row * c + q;
            let mut values = load::<L, NZ>(x.add(at), last);
            for j in 0..NZ {
                values[j] = values[j].fma(scale[j], shift[j]);
            }
            if ADD {
                let more = load::<L, NZ>(residual.add(at), last);
                for j in 0..NZ {
                    values[j] = values[j].add(more[j]);
                }
            }
            if RELU {
                for value in &mut values {
                    *value = value.positive();
                }
            }
            store(values, y.add(at), last);
        }
    }
}

multiversion! {
    /// [`apply`] on this thread; `x` and `y` may be the same.
    ///
    /// # Safety
    /// `x` and `y` are valid for `rows` rows of the channels of `affine`, and nothing else touches `y` meanwhile.
    pub(super) unsafe fn apply_rows<L>(x: *const f32, rows: usize, residual: Option<&[f32]>, relu: bool, affine: &ScaleShift, y: *mut f32) {
        let c = affine.channels();
        assert!(residual.is_none_or(|r| r.len() >= rows * c));
        let places = (x, residual.map_or(x, <[f32]>::as_ptr), y);
        // SAFETY: the caller's promise, and checked above; `L` was proved by the `Simd`.
        unsafe {
            match (residual.is_some(), relu) {
                (false, false) => by_columns!(c, apply_to::<L, false, false>(places, rows, affine)),
                (false, true) => by_columns!(c, apply_to::<L, false, true>(places, rows, affine)),
                (true, false) => by_columns!(c, apply_to::<L, true, false>(places, rows, affine)),
                (true, true) => by_columns!(c, apply_to::<L, true, true>(places, rows, affine)),
            }
        }
    }
}

/// `y = x · scale + shift`, plus `residual`, then ReLU, as asked for.
///
/// # Panics
/// Slices of different lengths.
pub fn apply(
    simd: Simd,
    x: &[f32],
    affine: &ScaleShift,
    residual: Option<&[f32]>,
    relu: bool,
    y: &mut [f32],
) {
    let channels = affine.channels();
    assert_eq!(x.len(), y.len());
    let chunk = chunk_rows(channels) * channels;
    y.par_chunks_mut(chunk).enumerate().for_each(|(i, y)| {
        let range = i * chunk..i * chunk + y.len();
        let residual = residual.map(|r| &r[range.clone()]);
        let (x, rows, y) = (x[range].as_ptr(), y.len() / channels, y.as_mut_ptr());
        // SAFETY: both slices hold these rows.
        unsafe { apply_rows(simd, x, rows, residual, relu, affine, y) };
    });
}
