//! Sums over windows of a field.

use super::field::BLOCK;
use crate::kernels::simd::Lanes;

/// The kernels of a block of channels.
#[derive(Clone, Copy)]
pub(super) struct Taps<'a> {
    /// Taps of a row.
    pub(super) side: usize,
    /// Places between neighbouring taps of a row.
    pub(super) step: usize,
    /// Floats of the field from one row of taps to the next.
    pub(super) row: usize,
    /// (tap, channel)
    pub(super) weights: &'a [f32],
}

/// Where the outputs of a task go, and from where they start.
#[derive(Clone, Copy)]
pub(super) struct Outputs {
    pub(super) height: usize,
    pub(super) width: usize,
    /// Places of the field from the window of one output to that of the next.
    pub(super) step: usize,
    /// Floats from row to row.
    pub(super) row: usize,
    /// Floats of a pixel, of which `count` are written.
    pub(super) c: usize,
    pub(super) count: usize,
    pub(super) add: bool,
}

/// Sums of `O` neighbouring outputs over some rows of taps.
///
/// # Safety
/// `x` is valid for every tap of every output, `weights` for sixteen floats a tap, `y` for `count` floats of each output.
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn outputs<L: Lanes, const O: usize>(
    x: *const f32,
    (taps, rows, weights): (Taps, usize, *const f32),
    (to, y): (Outputs, *mut f32),
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [L::splat(0.0); O];
        for tap in 0..rows * taps.side {
            let weight = L::load(weights.add(tap * BLOCK));
            let x = x.add(tap / taps.side * taps.row + tap % taps.side * taps.step * BLOCK);
            for (o, sum) in sums.iter_mut().enumerate() {
                *sum = L::load(x.add(o * to.step * BLOCK)).fma(weight, *sum);
            }
        }
        send(sums, (to, y));
    }
}

/// [`outputs`] of windows that lie one place apart, as their `K` taps do: a place is read once for all that it belongs to.
///
/// # Safety
/// As for [`outputs`].
#[inline(always)]
unsafe fn neighbors<L: Lanes, const O: usize, const K: usize>(
    x: *const f32,
    (taps, rows, weights): (Taps, usize, *const f32),
    to: (Outputs, *mut f32),
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [L::splat(0.0); O];
        for row in 0..rows {
            let (x, weights) = (x.add(row * taps.row), weights.add(row * K * BLOCK));
            let mut weight = [L::splat(0.0); K];
            for (k, weight) in weight.iter_mut().enumerate() {
                *weight = L::load(weights.add(k * BLOCK));
            }
            for place in 0..O + K - 1 {
                let x = L::load(x.add(place * BLOCK));
                for k in 0..K {
                    if place >= k && place - k < O {
                        sums[place - k] = x.fma(weight[k], sums[place - k]);
                    }
                }
            }
        }
        send(sums, to);
    }
}

/// Sums to their outputs.
///
/// # Safety
/// `y` is valid for them. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn send<L: Lanes, const O: usize>(sums: [L; O], (to, y): (Outputs, *mut f32)) {
    for (o, mut sum) in sums.into_iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            let y = y.add(o * to.c);
            if to.add {
                sum = sum.add(L::load_up_to(y, to.count));
            }
            sum.store_up_to(y, to.count);
        }
    }
}

/// [`outputs`] or [`neighbors`], whichever fits.
///
/// # Safety
/// As for [`outputs`].
#[inline(always)]
unsafe fn some<L: Lanes, const O: usize>(
    x: *const f32,
    taps: (Taps, usize, *const f32),
    to: (Outputs, *mut f32),
) {
    let near = L::WIDE && taps.0.step == 1 && to.0.step == 1;
    // SAFETY: the caller's promise.
    unsafe {
        match taps.0.side {
            3 if near => neighbors::<L, O, 3>(x, taps, to),
            5 if near => neighbors::<L, O, 5>(x, taps, to),
            7 if near => neighbors::<L, O, 7>(x, taps, to),
            _ => outputs::<L, O>(x, taps, to),
        }
    }
}

/// All outputs of a block of channels; `filled` tells which rows of taps of a row of outputs meet anything but zeros.
///
/// # Safety
/// As for [`outputs`], for all rows and columns.
#[inline(always)]
pub(super) unsafe fn correlate<L: Lanes>(
    x: *const f32,
    taps: Taps,
    (to, y): (Outputs, *mut f32),
    filled: impl Fn(usize) -> std::ops::Range<usize>,
) {
    for row in 0..to.height {
        let rows = filled(row);
        let mut column = 0;
        while column < to.width {
            // SAFETY: the caller's promise.
            unsafe {
                let x = x.add(row * to.row + rows.start * taps.row + column * to.step * BLOCK);
                let weights = taps.weights[rows.start * taps.side * BLOCK..].as_ptr();
                let taps = (taps, rows.len(), weights);
                let to_here = (to, y.add((row * to.width + column) * to.c));
                column += match to.width - column {
                    8.. if L::WIDE => {
                        some::<L, 8>(x, taps, to_here);
                        8
                    }
                    4.. => {
                        some::<L, 4>(x, taps, to_here);
                        4
                    }
                    2.. => {
                        some::<L, 2>(x, taps, to_here);
                        2
                    }
                    _ => {
                        some::<L, 1>(x, taps, to_here);
                        1
                    }
                };
            }
        }
    }
}
