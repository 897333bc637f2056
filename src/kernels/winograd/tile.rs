//! The tile transforms: 6×6 inputs, 4×4 outputs, 4×4 output gradients.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::epilogue::TileEpilogue;
use super::tiles::Tiles;
use crate::kernels::batch_norm::{Input, ScaleShift};
use crate::kernels::simd::Lanes;

/// A tile transformed along one side, up to six rows of `N`. It is more than the registers hold: zeros would be
/// written to memory, for every tile, before it is filled.
struct Half<L, const N: usize>([[MaybeUninit<L>; N]; 6]);

impl<L: Lanes, const N: usize> Half<L, N> {
    #[inline(always)]
    fn uninit() -> Self {
        Self([const { [const { MaybeUninit::uninit() }; N] }; 6])
    }

    #[inline(always)]
    fn column<const M: usize>(&mut self, j: usize, values: [L; M]) {
        for (row, value) in self.0.iter_mut().zip(values) {
            row[j].write(value);
        }
    }

    /// # Safety
    /// All columns are filled down to row `i`.
    #[inline(always)]
    unsafe fn row(&self, i: usize) -> [L; N] {
        // SAFETY: the caller's promise.
        self.0[i].map(|value| unsafe { value.assume_init() })
    }
}

/// `a · k + c`
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn fma<L: Lanes>(a: L, k: f32, c: L) -> L {
    // SAFETY: the contract of `Lanes`, passed on.
    unsafe { a.fma(L::splat(k), c) }
}

/// `Bᵀ d`
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn input_line<L: Lanes>(d: [L; 6]) -> [L; 6] {
    // SAFETY: the contract of `Lanes`, passed on.
    unsafe {
        let t0 = fma(d[2], -4.0, d[4]);
        let t1 = fma(d[1], -4.0, d[3]);
        let t2 = d[4].sub(d[2]);
        let t3 = d[3].sub(d[1]);
        [
            fma(d[0], 4.0, fma(d[2], -5.0, d[4])),
            t0.add(t1),
            t0.sub(t1),
            fma(t3, 2.0, t2),
            fma(t3, -2.0, t2),
            fma(d[1], 4.0, fma(d[3], -5.0, d[5])),
        ]
    }
}

/// `Aᵀ m`
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn output_line<L: Lanes>(m: [L; 6]) -> [L; 4] {
    // SAFETY: the contract of `Lanes`, passed on.
    unsafe {
        let (p, q) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (r, t) = (m[3].add(m[4]), m[3].sub(m[4]));
        [
            m[0].add(p).add(r),
            fma(t, 2.0, q),
            fma(r, 4.0, p),
            fma(t, 8.0, q).add(m[5]),
        ]
    }
}

/// `A y`, the adjoint of [`output_line`].
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn gradient_line<L: Lanes>(y: [L; 4]) -> [L; 6] {
    // SAFETY: the contract of `Lanes`, passed on.
    unsafe {
        let (even, odd) = (y[0].add(y[2]), y[1].add(y[3]));
        let (even2, odd2) = (fma(y[2], 4.0, y[0]), fma(y[3], 8.0, y[1].add(y[1])));
        [
            y[0],
            even.add(odd),
            even.sub(odd),
            even2.add(odd2),
            even2.sub(odd2),
            y[3],
        ]
    }
}

/// Rows `rows` of `Bᵀ d B` of the input tiles `range`: element (i, j) of channel q of the nth goes to
/// `v[n · next + ((i − rows.start) · 6 + j) · step + q]`.
///
/// # Safety
/// `x` holds all pixels of `c` channels, a multiple of 16, and its norm as many; `v` every element named above, and
/// nothing else touches them meanwhile. The tiles of `range` are there, and `rows` at most 6. The processor has the
/// instructions of `L`.
#[inline(always)]
pub(super) unsafe fn inputs<L: Lanes>(
    tiles: Tiles,
    (x, c): (Input, usize),
    range: Range<usize>,
    rows: &Range<usize>,
    v: *mut f32,
    (next, step): (usize, usize),
) {
    let from = x.values.as_ptr();
    // SAFETY: the caller's promise.
    unsafe {
        for (n, t) in range.enumerate() {
            let v = v.add(n * next);
            tiles.prefetch(from, c, t);
            match x.norm {
                None => input::<L, false>(tiles, (from, c), None, t, rows, v, step),
                norm => input::<L, true>(tiles, (from, c), norm, t, rows, v, step),
            }
        }
    }
}

/// Sixteen channels of a pixel, through norm and ReLU if there is one.
///
/// # Safety
/// `from` is valid for them. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn read<L: Lanes, const NORM: bool>(from: *const f32, (scale, shift): (L, L)) -> L {
    // SAFETY: the caller's pixel and channels are inside.
    unsafe {
        let value = L::load(from);
        if NORM {
            value.fma(scale, shift).positive()
        } else {
            value
        }
    }
}

/// One tile of [`inputs`].
///
/// # Safety
/// As for [`inputs`]; there is a norm where `NORM`.
#[inline(always)]
unsafe fn input<L: Lanes, const NORM: bool>(
    tiles: Tiles,
    (x, c): (*const f32, usize),
    norm: Option<&ScaleShift>,
    t: usize,
    rows: &Range<usize>,
    v: *mut f32,
    step: usize,
) {
    let (start, top, left) = tiles.place(t);
    let (height, width) = (tiles.height, tiles.width);
    let inner = top > 0 && left > 0 && top + 5 <= height && left + 5 <= width;
    // SAFETY: only pixels inside the image are read.
    unsafe {
        let base = x.add(start * c);
        for q in (0..c).step_by(16) {
            let norms = match norm {
                Some(norm) => (
                    L::load(norm.scale.as_ptr().add(q)),
                    L::load(norm.shift.as_ptr().add(q)),
                ),
                None => (L::splat(1.0), L::splat(0.0)),
            };
            let mut half = Half::<L, 6>::uninit();
            for j in 0..6 {
                let mut column = [L::splat(0.0); 6];
                if inner {
                    let from = base.add(((top - 1) * width + left + j - 1) * c + q);
                    for (i, value) in column.iter_mut().enumerate() {
                        *value = read::<L, NORM>(from.add(i * width * c), norms);
                    }
                } else if left + j >= 1 && left + j <= width {
                    for (i, value) in column.iter_mut().enumerate() {
                        if top + i >= 1 && top + i <= height {
                            let pixel = (top + i - 1) * width + left + j - 1;
                            *value = read::<L, NORM>(base.add(pixel * c + q), norms);
                        }
                    }
                }
                half.column(j, input_line(column));
            }
            for i in rows.clone() {
                for (j, value) in input_line(half.row(i)).into_iter().enumerate() {
                    value.store(v.add(((i - rows.start) * 6 + j) * step + q));
                }
            }
        }
    }
}

/// `Aᵀ m A` of the tiles `range`, written to (or added to) their pixels of `y` after `epilogue`, which reads the
/// tensors `reads` too; element (i, j) of channel q of the nth is read at `m[n · k + (6 i + j) · step + q]`.
///
/// # Safety
/// `m` holds those elements of `k` channels, a multiple of 16; `y` and what `epilogue` was given all pixels, and
/// nothing else touches those of these tiles in `y` meanwhile. The tiles of `range` are there. The processor has the
/// instructions of `L`.
#[inline(always)]
pub(super) unsafe fn outputs<L: Lanes>(
    tiles: Tiles,
    (m, step, k): (*const f32, usize, usize),
    range: Range<usize>,
    (y, add, reads): (*mut f32, bool, [Option<&[f32]>; 2]),
    mut epilogue: impl TileEpilogue<L>,
) {
    for (n, t) in range.enumerate() {
        let (start, top, left) = tiles.place(t);
        let (rows, columns) = tiles.size(top, left);
        tiles.prefetch(y, k, t);
        for tensor in reads.into_iter().flatten() {
            tiles.prefetch(tensor.as_ptr(), k, t);
        }
        // SAFETY: only pixels inside the image are written.
        unsafe {
            let base = (start + top * tiles.width + left) * k;
            for q in (0..k).step_by(16) {
                epilogue.start(q, n == 0);
                let mut half = Half::<L, 6>::uninit();
                for j in 0..6 {
                    let mut column = [L::splat(0.0); 6];
                    for (i, value) in column.iter_mut().enumerate() {
                        *value = L::load(m.add(n * k + (i * 6 + j) * step + q));
                    }
                    half.column(j, output_line(column));
                }
                for i in 0..rows {
                    let line = output_line(half.row(i));
                    for (j, mut value) in line.into_iter().enumerate().take(columns) {
                        let at = base + (i * tiles.width + j) * k + q;
                        if add {
                            value = L::load(y.add(at)).add(value);
                        }
                        epilogue.take(value, at).store(y.add(at));
                    }
                }
                epilogue.end(q);
            }
        }
    }
}

/// Rows `rows` of `A dy Aᵀ` of tile `t`, laid out as by [`input`].
///
/// # Safety
/// As for [`inputs`], of `dy` with `k` channels and `m`.
#[inline(always)]
pub(super) unsafe fn gradient<L: Lanes>(
    tiles: Tiles,
    dy: *const f32,
    k: usize,
    t: usize,
    rows: Range<usize>,
    m: *mut f32,
    step: usize,
) {
    let (start, top, left) = tiles.place(t);
    let (height, width) = tiles.size(top, left);
    tiles.prefetch(dy, k, t);
    // SAFETY: only pixels inside the image are read.
    unsafe {
        let base = dy.add((start + top * tiles.width + left) * k);
        for q in (0..k).step_by(16) {
            let mut half = Half::<L, 4>::uninit();
            for j in 0..4 {
                let mut column = [L::splat(0.0); 4];
                if j < width {
                    for (i, value) in column.iter_mut().enumerate().take(height) {
                        *value = L::load(base.add((i * tiles.width + j) * k + q));
                    }
                }
                half.column(j, gradient_line(column));
            }
            for i in rows.clone() {
                for (j, value) in gradient_line(half.row(i)).into_iter().enumerate() {
                    value.store(m.add(((i - rows.start) * 6 + j) * step + q));
                }
            }
        }
    }
}
