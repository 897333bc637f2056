//! Multi-head self-attention, one head of one sample at a time; nothing of it is kept for backward.

mod biased;

pub use biased::{Bias, backward as backward_biased, forward as forward_biased};

use rayon::prelude::*;

use super::activation::exp_negatives;
use super::gemm::{Left, PANEL, Right, Target, block, pack_panel, packed_len, turn_panel};
use super::product::product;
use super::scratch;
use super::shared::Shared;
use super::simd::{Lanes, Simd, multiversion};

/// Sizes of an attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// Samples.
    pub batch: usize,
    /// Tokens of a sample.
    pub tokens: usize,
    /// Heads.
    pub heads: usize,
    /// Size of a head; the width is heads times this.
    pub size: usize,
}

impl AttentionShape {
    fn width(&self) -> usize {
        self.heads * self.size
    }

    /// Floats of one token × token matrix, rows on whole cache lines.
    fn square(&self) -> usize {
        self.tokens * scratch::lines(self.tokens)
    }

    fn check(&self, qkv: usize, out: usize) {
        let len = product([self.batch, self.tokens, self.heads, self.size]);
        assert_eq!((qkv, out), (product([3, len]), len));
    }

    fn packed(&self) -> usize {
        packed_len(self.size, self.tokens).max(packed_len(self.tokens, self.size))
    }
}

/// Pack all of a depth × columns matrix, `row` floats from row to row, for the products.
///
/// # Safety
/// `b` holds the matrix, `to` at least [`packed_len`] floats.
#[inline(always)]
unsafe fn pack(
    (depth, columns): (usize, usize),
    b: *const f32,
    row: usize,
    to: &mut [f32],
) -> Right {
    for first in (0..columns).step_by(PANEL) {
        // SAFETY: the caller's promise.
        unsafe { pack_panel(depth, columns, first, b, (row, 1), to.as_mut_ptr()) }
    }
    Right::Packed(to.as_ptr())
}

/// [`pack`] of a depth × columns matrix whose transpose is stored, `row` floats from row to row.
///
/// # Safety
/// As for [`pack`]. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn turn<L: Lanes>(
    (depth, columns): (usize, usize),
    b: *const f32,
    row: usize,
    to: &mut [f32],
) -> Right {
    for first in (0..columns).step_by(PANEL) {
        // SAFETY: the caller's promise.
        unsafe { turn_panel::<L>((depth, columns), first, b, row, to.as_mut_ptr()) }
    }
    Right::Packed(to.as_ptr())
}

/// `softmax(scale · row)` of the first `t` numbers of a row of whole vectors, in place.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn softmax<L: Lanes>(row: &mut [f32], t: usize, scale: f32) {
    // What fills the last vector must not be the largest.
    let first = row[0];
    row[t..].fill(first);
    let (at, parts) = (row.as_mut_ptr(), row.len() / 16);
    // SAFETY: the row holds `parts` vectors; the caller has proved `L`.
    unsafe {
        let vector = |i: usize| at.add(16 * i);
        let top = (1..parts).fold(L::load(at), |top, i| top.max(L::load(vector(i))));
        let (top, scale) = (L::splat(top.largest()), L::splat(scale));
        let mut sum = L::splat(0.0);
        for i in 0..parts {
            exp_negatives(L::load(vector(i)).sub(top).mul(scale)).store(vector(i));
            sum = sum.add(L::load_up_to(vector(i), t - 16 * i));
        }
        let share = L::splat(1.0 / sum.total());
        for i in 0..parts {
            L::load(vector(i)).mul(share).store(vector(i));
        }
    }
}

/// The gradient `g` of a row's weights `p` to that of its scores: `p · (g − Σ g p) · scale`, in place.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn softmax_backward<L: Lanes>(p: &[f32], g: &mut [f32], t: usize, scale: f32) {
    assert!(p.len() == g.len() && t <= g.len());
    let (p, g) = (p.as_ptr(), g.as_mut_ptr());
    let places = || (0..t).step_by(16).map(|i| (i, t - i));
    // SAFETY: `t` numbers are in both rows (checked); the caller has proved `L`.
    unsafe {
        let mut sum = L::splat(0.0);
        for (i, count) in places() {
            let p = L::load_up_to(p.add(i), count);
            sum = p.fma(L::load_up_to(g.add(i), count), sum);
        }
        let (mean, scale) = (L::splat(sum.total()), L::splat(scale));
        for (i, count) in places() {
            let p = L::load_up_to(p.add(i), count).mul(scale);
            let centered = L::load_up_to(g.add(i), count).sub(mean);
            p.mul(centered).store_up_to(g.add(i), count);
        }
    }
}

multiversion! {
    /// The weights of one head to `p`: `qkv` starts at its queries; `bias` (tokens, tokens) is added to the scores, or empty.
    ///
    /// # Safety
    /// `qkv` is valid to the head's last value of its sample; `p` holds a square, `space` what is packed.
    unsafe fn weights<L>(s: &AttentionShape, qkv: *const f32, bias: &[f32], p: &mut [f32], space: &mut [f32]) {
        let (t, step, row) = (s.tokens, 3 * s.width(), scratch::lines(s.tokens));
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe {
            let keys = turn::<L>((s.size, t), qkv.add(s.width()), step, space);
            let q = Left { start: qkv, row: step, column: 1 };
            block::<L>((t, t, s.size), q, keys, Target { start: p.as_mut_ptr(), row, add: false });
        }
        let root = (s.size as f32).sqrt();
        for (p, bias) in p.chunks_exact_mut(row).zip(bias.chunks_exact(t)) {
            for (p, bias) in p.iter_mut().zip(bias) {
                *p += bias * root; // before the scale
            }
        }
        let scale = 1.0 / root;
        for p in p.chunks_exact_mut(row) {
            // SAFETY: `L` was proved by the `Simd`.
            unsafe { softmax::<L>(p, t, scale) };
        }
    }
}

multiversion! {
    /// `out = p · v` for one head.
    ///
    /// # Safety
    /// As for [`weights`]; `out` is valid to the head's last output of its sample, and nothing else touches those of
    /// this head meanwhile.
    unsafe fn values<L>(s: &AttentionShape, qkv: *const f32, p: &[f32], out: *mut f32, space: &mut [f32]) {
        let (t, step) = (s.tokens, 3 * s.width());
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe {
            let v = pack((t, s.size), qkv.add(2 * s.width()), step, space);
            let p = Left { start: p.as_ptr(), row: scratch::lines(t), column: 1 };
            block::<L>((t, s.size, t), p, v, Target { start: out, row: s.width(), add: false });
        }
    }
}

multiversion! {
    /// The gradients of one head's queries, keys and values to `dqkv`, from its weights `p`; `g` is scratch.
    ///
    /// # Safety
    /// As for [`weights`], for `g` too; `dout` is valid to the head's last output of its sample, `dqkv` to its last
    /// value, and nothing else touches those of this head meanwhile.
    unsafe fn gradients<L>(s: &AttentionShape, qkv: *const f32, p: &[f32], dout: *const f32, dqkv: *mut f32, g: &mut [f32], space: &mut [f32]) {
        let (t, size, width, row) = (s.tokens, s.size, s.width(), scratch::lines(s.tokens));
        let step = 3 * width;
        let to = |part: usize| Target { start: dqkv.wrapping_add(part * width), row: step, add: false };
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe {
            let upstream = pack((t, size), dout, width, space);
            let turned = Left { start: p.as_ptr(), row: 1, column: row };
            block::<L>((t, size, t), turned, upstream, to(2));
            let v = turn::<L>((size, t), qkv.add(2 * width), step, space);
            let upstream = Left { start: dout, row: width, column: 1 };
            block::<L>((t, t, size), upstream, v, Target { start: g.as_mut_ptr(), row, add: false });
        }
        let scale = 1.0 / (size as f32).sqrt();
        for (g, p) in g.chunks_exact_mut(row).zip(p.chunks_exact(row)) {
            // SAFETY: `L` was proved by the `Simd`.
            unsafe { softmax_backward::<L>(p, g, t, scale) };
        }
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe {
            let k = pack((t, size), qkv.add(width), step, space);
            block::<L>((t, size, t), Left { start: g.as_ptr(), row, column: 1 }, k, to(0));
            let q = pack((t, size), qkv, step, space);
            block::<L>((t, size, t), Left { start: g.as_ptr(), row: 1, column: row }, q, to(1));
        }
    }
}

/// `softmax(q kᵀ / √size) v` of `qkv` (batch, tokens, 3 · width) to `out` (batch, tokens, width).
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn forward(simd: Simd, s: &AttentionShape, qkv: &[f32], out: &mut [f32]) {
    s.check(qkv.len(), out.len());
    let sample = s.tokens * s.width();
    let target = Shared::new(out);
    (0..s.batch * s.heads).into_par_iter().for_each(|task| {
        let (n, head) = (task / s.heads, task % s.heads * s.size);
        scratch::with(s.square() + s.packed(), |space| {
            let (p, space) = space.split_at_mut(s.square());
            let (qkv, out) = (
                qkv[3 * n * sample + head..].as_ptr(),
                target.at(n * sample + head),
            );
            // SAFETY: both slices hold all samples (checked), and the working memory what was asked for; every task
            // has its own head.
            unsafe {
                weights(simd, s, qkv, &[], p, space);
                values(simd, s, qkv, p, out, space);
            }
        });
    });
}

/// Gradient by `qkv`; overwrites `dqkv`.
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn backward(simd: Simd, s: &AttentionShape, qkv: &[f32], dout: &[f32], dqkv: &mut [f32]) {
    s.check(qkv.len(), dout.len());
    assert_eq!(dqkv.len(), qkv.len());
    let sample = s.tokens * s.width();
    let target = Shared::new(dqkv);
    (0..s.batch * s.heads).into_par_iter().for_each(|task| {
        let (n, head) = (task / s.heads, task % s.heads * s.size);
        scratch::with(2 * s.square() + s.packed(), |space| {
            let (p, space) = space.split_at_mut(s.square());
            let (g, space) = space.split_at_mut(s.square());
            let (start, dout) = (3 * n * sample + head, dout[n * sample + head..].as_ptr());
            let qkv = qkv[start..].as_ptr();
            // SAFETY: as in `forward`.
            unsafe {
                weights(simd, s, qkv, &[], p, space);
                gradients(simd, s, qkv, p, dout, target.at(start), g, space);
            }
        });
    });
}
