//! 3×3 convolution, stride 1, padding 1, by Winograd's F(4×4, 3×3) (Lavin & Gray 2016).
//!
//! A 4×4 tile of the output needs 36 products per pair of channels instead of 144: `Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A`.
//! Tiles are transformed a block at a time, so that the 36 small matrix products of a block work from the
//! second cache. In 32-bit floats the largest error is about 4e-6 on outputs near 1. Input and output
//! channels must be multiples of 16.

mod epilogue;
mod kernel;
mod tile;
mod weight_gradient;

pub(super) use weight_gradient::backward_weight;

use rayon::prelude::*;

use super::batch_norm::{Gate, Input, Sums, Then};
use super::conv::ConvShape;
use super::gemm::{Left, Right, Target, block};
use super::scratch;
use super::shared::Shared;
use super::simd::{Simd, multiversion};
use epilogue::{Finishing, Measuring, Plain, Reducing};
use kernel::Side;
use tile::Tiles;

/// Floats of the transformed tiles that a task holds: 1 MiB.
const BLOCK: usize = 256 * 1024;

pub(super) fn workspace(s: &ConvShape) -> usize {
    weight_gradient::partials(s) * 36 * plane(s.input, s.output)
}

pub(super) fn forward(
    simd: Simd,
    s: &ConvShape,
    x: Input,
    weight: &[f32],
    (y, then): (&mut [f32], Then),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    kernel::transform(simd, s, Side::Forward, weight, workspace);
    run(
        simd,
        s,
        (x, s.input),
        workspace,
        (y, s.output),
        (false, then),
    )
}

/// The gradient by the input is the convolution of the output's gradient with the kernel turned by 180°.
pub(super) fn backward_data(
    simd: Simd,
    s: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    (dx, add, then): (&mut [f32], bool, Then),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    kernel::transform(simd, s, Side::Backward, weight, workspace);
    run(
        simd,
        s,
        (dy.into(), s.output),
        workspace,
        (dx, s.input),
        (add, then),
    )
}

/// Tiles of a block: as many as fit, but enough to be worth a walk through the kernels, which are 4 to 37 MB
/// where there are many channels.
fn block_tiles(channels: usize) -> usize {
    let least = if channels < 1024 { 48 } else { 64 };
    (BLOCK / (36 * channels) / 12 * 12).clamp(least, 96)
}

/// Floats between two of 36 matrices: a cache line more than they hold, since strides of whole pages would put
/// the same element of all 36 into the same few places of the caches.
fn plane(rows: usize, columns: usize) -> usize {
    rows * columns + 16
}

/// Convolve `x` of `c` channels with transformed kernels `u` into `y` of `k` channels.
fn run(
    simd: Simd,
    s: &ConvShape,
    (x, c): (Input, usize),
    u: &[f32],
    (y, k): (&mut [f32], usize),
    (add, then): (bool, Then),
) -> Option<Vec<Sums>> {
    then.check(y.len(), k);
    let tiles = Tiles::of(s);
    let step = block_tiles(c + k);
    let target = Shared::new(y);
    let blocks = (0..tiles.count().div_ceil(step)).into_par_iter().map(|b| {
        let first = b * step;
        let count = (tiles.count() - first).min(step);
        let len = 36 * plane(count, c);
        let mut sums = then.sums(k, tiles.inside(first..first + count));
        scratch::with(len + 36 * plane(count, k), |space| {
            let (v, m) = space.split_at_mut(len);
            let range = (first, count);
            let output = (k, add, then);
            block_of(
                simd,
                tiles,
                range,
                (x, c),
                u,
                target,
                output,
                sums.as_mut(),
                v,
                m,
            );
        });
        sums
    });
    Sums::collect(blocks)
}

multiversion! {
    /// One block: transform the inputs, multiply, transform the products back.
    fn block_of<L>(
        tiles: Tiles,
        range: (usize, usize),
        input: (Input, usize),
        u: &[f32],
        y: Shared,
        output: (usize, bool, Then),
        sums: Option<&mut Sums>,
        v: &mut [f32],
        m: &mut [f32],
    ) {
        let ((first, count), (x, c), (k, add, then)) = (range, input, output);
        assert!(x.values.len() >= tiles.pixels() * c && u.len() >= 36 * plane(c, k));
        let (v_step, m_step) = (plane(count, c), plane(count, k));
        assert!(v.len() >= 36 * v_step && m.len() >= 36 * m_step);
        let y = y.at(0);
        // SAFETY: lengths are checked above; every block writes the pixels of its own tiles.
        unsafe {
            tile::inputs::<L>(tiles, (x, c), first..first + count, &(0..6), v.as_mut_ptr(), (c, v_step));
            for xi in 0..36 {
                let a = Left { start: v.as_ptr().add(xi * v_step), row: c, column: 1 };
                let b = Right::Packed(u.as_ptr().add(xi * plane(c, k)));
                let to = Target { start: m.as_mut_ptr().add(xi * m_step), row: k, add: false };
                block::<L>((count, k, c), a, b, to);
            }
            let from = (m.as_ptr(), m_step, k);
            let (range, to, zero) = (first..first + count, (y, add, then.reads()), L::splat(0.0));
            match (then, sums) {
                (Then::Finish(finish), _) => tile::outputs::<L>(tiles, from, range, to, Finishing::new(finish, zero)),
                (Then::Measure, Some(sums)) => tile::outputs::<L>(tiles, from, range, to, Measuring::new(sums, zero)),
                (Then::Reduce(reduce), Some(sums)) => match reduce.gate {
                    Gate::Open => {
                        let epilogue = Reducing::<L, 0>::new(reduce, sums, zero);
                        tile::outputs::<L>(tiles, from, range, to, epilogue);
                    }
                    Gate::Input => {
                        let epilogue = Reducing::<L, 1>::new(reduce, sums, zero);
                        tile::outputs::<L>(tiles, from, range, to, epilogue);
                    }
                    Gate::Output(_) => {
                        let epilogue = Reducing::<L, 2>::new(reduce, sums, zero);
                        tile::outputs::<L>(tiles, from, range, to, epilogue);
                    }
                },
                _ => tile::outputs::<L>(tiles, from, range, to, Plain),
            }
        }
    }
}
