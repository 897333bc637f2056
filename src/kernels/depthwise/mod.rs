//! Convolution with one kernel per channel: sixteen channels of an image at a time, padded into working memory, so that
//! several outputs share each weight and no tap has a border to look at.

mod correlate;
mod field;
mod weight_gradient;

use std::ops::Range;

use rayon::prelude::*;

use self::correlate::{Outputs, Taps, correlate};
use self::field::{BLOCK, Field, blocks};
pub(super) use self::weight_gradient::{backward_weight, workspace};
use super::conv_shape::ConvShape;
use super::scratch;
use super::shared::Shared;
use super::simd::{Simd, multiversion};

multiversion! {
    /// One block of one image: the field is filled from `from`, and the correlation with the taps goes to `y`.
    ///
    /// # Safety
    /// `from` is valid for `size` pixels of `to.c` floats less the channels in front, `y` for the outputs, and nothing else
    /// touches these channels of them meanwhile; every tap of every output lies in the field; `space` holds it.
    unsafe fn image<L>(from: *const f32, size: (usize, usize), field: Field, start: (usize, usize), taps: Taps<'_>, to: Outputs, y: *mut f32, space: &mut [f32]) {
        let filled = |row: usize| filled(field, size.0, taps, start.0 + row * (to.row / field.at(1, 0)));
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe {
            field.fill::<L>(from, size, (to.c, to.count), space);
            let x = space.as_ptr().add(field.at(start.0, start.1));
            correlate::<L>(x, taps, (to, y), filled);
        }
    }
}

/// The rows of taps that meet pixels where the first row of taps is the field's row `start`.
fn filled(field: Field, height: usize, taps: Taps, start: usize) -> Range<usize> {
    let apart = taps.row / field.at(1, 0);
    let end = field.first + (height - 1) * field.step + 1;
    let first = field
        .first
        .saturating_sub(start)
        .div_ceil(apart)
        .min(taps.side);
    let last = end.saturating_sub(start).div_ceil(apart).min(taps.side);
    first..last.max(first)
}

/// The weights as (block, tap, channel), `flipped` for the way back; 0 for channels that are not there.
fn by_block(s: &ConvShape, weight: &[f32], flipped: bool) -> Vec<f32> {
    let taps = s.kernel * s.kernel;
    let mut to = vec![0.0; blocks(s) * taps * BLOCK];
    for (channel, weight) in weight.chunks_exact(taps).enumerate() {
        let first = channel / BLOCK * taps * BLOCK + channel % BLOCK;
        for (tap, weight) in weight.iter().enumerate() {
            let tap = if flipped { taps - 1 - tap } else { tap };
            to[first + tap * BLOCK] = *weight;
        }
    }
    to
}

/// What one pass over all images reads and writes.
struct Pass<'a> {
    from: &'a [f32],
    /// Pixels of an image that is read.
    size: (usize, usize),
    field: Field,
    /// Row and column of the first window.
    start: (usize, usize),
    /// Blocks of weights.
    weights: Vec<f32>,
    to: Outputs,
}

/// One task a block of channels of an image.
fn run(simd: Simd, s: &ConvShape, pass: &Pass, y: &mut [f32]) {
    let taps = s.kernel * s.kernel * BLOCK;
    let (from, to) = (
        pass.size.0 * pass.size.1 * s.input,
        pass.to.height * pass.to.width * s.input,
    );
    let target = Shared::new(y);
    (0..s.batch * blocks(s)).into_par_iter().for_each(|task| {
        let (n, block) = (task / blocks(s), task % blocks(s));
        let first = block * BLOCK;
        let count = BLOCK.min(s.input - first);
        let taps = Taps {
            side: s.kernel,
            step: s.dilation,
            row: pass.field.at(s.dilation, 0),
            weights: &pass.weights[block * taps..][..taps],
        };
        let outputs = Outputs { count, ..pass.to };
        let from = pass.from[n * from + first..].as_ptr();
        let y = target.at(n * to + first);
        scratch::with(pass.field.len(), |space| {
            // SAFETY: lengths are checked by the callers; every window lies in the field; every task has its own channels
            // of an image.
            unsafe {
                image(
                    simd, from, pass.size, pass.field, pass.start, taps, outputs, y, space,
                );
            };
        });
    });
}

pub(super) fn forward(simd: Simd, s: &ConvShape, x: &[f32], weight: &[f32], y: &mut [f32]) {
    s.check(x.into(), (y.len(), weight.len()));
    let field = Field::input(s);
    let to = Outputs {
        height: s.out_height(),
        width: s.out_width(),
        step: s.stride,
        row: field.at(s.stride, 0),
        c: s.input,
        count: BLOCK,
        add: false,
    };
    let pass = Pass {
        from: x,
        size: (s.height, s.width),
        field,
        start: (0, 0),
        weights: by_block(s, weight, false),
        to,
    };
    run(simd, s, &pass, y);
}

pub(super) fn backward_data(
    simd: Simd,
    s: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    (dx, add): (&mut [f32], bool),
) {
    s.check((&*dx).into(), (dy.len(), weight.len()));
    // It has room for the kernel behind every pixel of the input.
    let field = Field::gradient(s);
    let to = Outputs {
        height: s.height,
        width: s.width,
        step: 1,
        row: field.at(1, 0),
        c: s.input,
        count: BLOCK,
        add,
    };
    let pass = Pass {
        from: dy,
        size: (s.out_height(), s.out_width()),
        field,
        start: (s.padding, s.padding),
        weights: by_block(s, weight, true),
        to,
    };
    run(simd, s, &pass, dx);
}
