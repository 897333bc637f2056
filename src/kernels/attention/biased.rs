//! Attention whose scores have something added: positions within windows, masks.

use rayon::prelude::*;

use super::{AttentionShape, gradients, values, weights};
use crate::kernels::elementwise::add_chunk;
use crate::kernels::scratch;
use crate::kernels::shared::Shared;
use crate::kernels::simd::Simd;

/// Parts into which the sum over samples of the bias' gradient is cut.
const PARTS: usize = 16;

/// What is added to the scores of every head, before the softmax.
#[derive(Clone, Copy, Debug)]
pub struct Bias<'a> {
    /// (kinds, heads, tokens, tokens)
    pub values: &'a [f32],
    /// Sample n has the values of kind n modulo this.
    pub kinds: usize,
}

impl<'a> Bias<'a> {
    fn of(&self, s: &AttentionShape, n: usize, head: usize) -> &'a [f32] {
        let square = s.tokens * s.tokens;
        &self.values[(n % self.kinds * s.heads + head) * square..][..square]
    }
}

/// `softmax(q kᵀ / √size + bias) v` of `qkv` (batch, tokens, 3 · width) to `out` (batch, tokens, width).
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn forward(simd: Simd, s: &AttentionShape, qkv: &[f32], bias: Bias, out: &mut [f32]) {
    s.check(qkv.len(), out.len());
    let sample = s.tokens * s.width();
    let target = Shared::new(out);
    (0..s.batch * s.heads).into_par_iter().for_each(|task| {
        let (n, head) = (task / s.heads, task % s.heads);
        scratch::with(s.square() + s.packed(), |space| {
            let (p, space) = space.split_at_mut(s.square());
            let place = n * sample + head * s.size;
            let start = qkv[3 * n * sample + head * s.size..].as_ptr();
            // SAFETY: both slices hold all samples (checked), and the working memory what was asked for; every task has
            // its own head.
            unsafe {
                weights(simd, s, start, bias.of(s, n, head), p, space);
                values(simd, s, start, p, target.at(place), space);
            }
        });
    });
}

/// Gradient by `qkv`; overwrites `dqkv`. Gives the gradient by the bias, summed over samples: (heads, tokens, tokens).
///
/// # Panics
/// A slice does not have the length its shape says.
pub fn backward(
    simd: Simd,
    s: &AttentionShape,
    qkv: &[f32],
    bias: Bias,
    dout: &[f32],
    dqkv: &mut [f32],
) -> Vec<f32> {
    s.check(qkv.len(), dout.len());
    assert_eq!(dqkv.len(), qkv.len());
    let (sample, square) = (s.tokens * s.width(), s.tokens * s.tokens);
    let target = Shared::new(dqkv);
    let span = s.batch.div_ceil(PARTS.min(s.batch.max(1)));
    let root = (s.size as f32).sqrt();
    let mut parts = vec![0.0; s.batch.div_ceil(span.max(1)) * s.heads * square];
    parts
        .par_chunks_mut(square)
        .enumerate()
        .for_each(|(task, total)| {
            let (part, head) = (task / s.heads, task % s.heads);
            for n in part * span..s.batch.min((part + 1) * span) {
                scratch::with(2 * s.square() + s.packed(), |space| {
                    let (p, space) = space.split_at_mut(s.square());
                    let (g, space) = space.split_at_mut(s.square());
                    let start = 3 * n * sample + head * s.size;
                    let upstream = dout[n * sample + head * s.size..].as_ptr();
                    let from = qkv[start..].as_ptr();
                    // SAFETY: as in `forward`.
                    unsafe {
                        weights(simd, s, from, bias.of(s, n, head), p, space);
                        gradients(simd, s, from, p, upstream, target.at(start), g, space);
                    }
                    let rows = g.chunks_exact(scratch::lines(s.tokens));
                    for (total, g) in total.chunks_exact_mut(s.tokens).zip(rows) {
                        for (total, g) in total.iter_mut().zip(g) {
                            *total += g * root; // the gradient of the scaled scores
                        }
                    }
                });
            }
        });
    let mut total = vec![0.0; s.heads * square];
    for part in parts.chunks_exact(total.len()) {
        add_chunk(simd, &mut total, part);
    }
    total
}
