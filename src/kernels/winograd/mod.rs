//! 3×3 convolution, stride 1, padding 1, by Winograd's F(4×4, 3×3) (Lavin & Gray 2016).
//!
//! A 4×4 tile of the output needs 36 products per pair of channels instead of 144: `Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A`.
//! Tiles are transformed a block at a time, so that the 36 small matrix products of a block work from the
//! second cache. In 32-bit floats the largest error is about 4e-6 on outputs near 1. Input and output
//! channels must be multiples of 16.

mod epilogue;
mod kernel;
mod tile;
mod tiles;
mod weight_gradient;

pub(super) use weight_gradient::backward_weight;

use rayon::prelude::*;

use super::batch_norm::{Epilogue, Gate, Input, Sums};
use super::conv_shape::ConvShape;
use super::gemm::{Left, Right, Target, block};
use super::scratch;
use super::shared::Shared;
use super::simd::{Simd, multiversion};
use epilogue::{Finishing, Measuring, Plain, Reducing};
use kernel::{Side, plane};
use tiles::Tiles;

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
    (y, epilogue): (&mut [f32], Epilogue),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    s.check(x, (y.len(), weight.len()));
    kernel::transform(simd, s, Side::Forward, weight, workspace);
    run(
        simd,
        s,
        (x, s.input),
        workspace,
        (y, s.output),
        (false, epilogue),
    )
}

/// The gradient by the input is the convolution of the output's gradient with the kernel turned by 180°.
pub(super) fn backward_data(
    simd: Simd,
    s: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    (dx, add, epilogue): (&mut [f32], bool, Epilogue),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    s.check((&*dx).into(), (dy.len(), weight.len()));
    kernel::transform(simd, s, Side::Backward, weight, workspace);
    run(
        simd,
        s,
        (dy.into(), s.output),
        workspace,
        (dx, s.input),
        (add, epilogue),
    )
}

/// Tiles of a block: as many as fit, but enough to be worth a walk through the kernels, which are 4 to 37 MB
/// where there are many channels.
fn block_tiles(channels: usize) -> usize {
    let least = if channels < 1024 { 48 } else { 64 };
    (BLOCK / (36 * channels) / 12 * 12).clamp(least, 96)
}

/// Convolve `x` of `c` channels with transformed kernels `u` into `y` of `k` channels.
fn run(
    simd: Simd,
    s: &ConvShape,
    (x, c): (Input, usize),
    u: &[f32],
    (y, k): (&mut [f32], usize),
    (add, epilogue): (bool, Epilogue),
) -> Option<Vec<Sums>> {
    let tiles = Tiles::of(s);
    assert!(c.is_multiple_of(16) && k.is_multiple_of(16));
    assert!(x.norm.is_none_or(|norm| norm.channels() == c));
    assert!(y.len() >= tiles.pixels() * k);
    epilogue.check(y.len(), k);
    let step = block_tiles(c + k);
    let target = Shared::new(y);
    let blocks = (0..tiles.count().div_ceil(step)).into_par_iter().map(|b| {
        let first = b * step;
        let count = (tiles.count() - first).min(step);
        let len = 36 * plane(count, c);
        let mut sums = epilogue.sums(k, tiles.inside(first..first + count));
        scratch::with(len + 36 * plane(count, k), |space| {
            let (v, m) = space.split_at_mut(len);
            let range = (first, count);
            let output = (k, add, epilogue);
            let (input, sums) = ((x, c), sums.as_mut());
            // SAFETY: tensors and channels are checked above; every task has its own tiles.
            unsafe { block_of(simd, tiles, range, input, u, target, output, sums, v, m) };
        });
        sums
    });
    Sums::collect(blocks)
}

multiversion! {
    /// One block: transform the inputs, multiply, transform the products back.
    ///
    /// # Safety
    /// Input and output channels are multiples of 16. `y` holds all pixels, and nothing else touches those of these
    /// tiles meanwhile. The norm of the input has its channels; all that the epilogue reads, and the sums, are of
    /// the output's size or channels.
    unsafe fn block_of<L>(
        tiles: Tiles,
        range: (usize, usize),
        input: (Input, usize),
        u: &[f32],
        y: Shared,
        output: (usize, bool, Epilogue),
        sums: Option<&mut Sums>,
        v: &mut [f32],
        m: &mut [f32],
    ) {
        let ((first, count), (x, c), (k, add, epilogue)) = (range, input, output);
        assert!(x.values.len() >= tiles.pixels() * c && u.len() >= 36 * plane(c, k));
        let (v_step, m_step) = (plane(count, c), plane(count, k));
        assert!(v.len() >= 36 * v_step && m.len() >= 36 * m_step);
        let y = y.at(0);
        // SAFETY: lengths are checked above, but for those that the caller promises; `L` was proved by the `Simd`.
        unsafe {
            tile::inputs::<L>(tiles, (x, c), first..first + count, &(0..6), v.as_mut_ptr(), (c, v_step));
            for xi in 0..36 {
                let a = Left { start: v.as_ptr().add(xi * v_step), row: c, column: 1 };
                let b = Right::Packed(u.as_ptr().add(xi * plane(c, k)));
                let to = Target { start: m.as_mut_ptr().add(xi * m_step), row: k, add: false };
                block::<L>((count, k, c), a, b, to);
            }
            let from = (m.as_ptr(), m_step, k);
            let (range, to, zero) = (first..first + count, (y, add, epilogue.reads()), L::splat(0.0));
            match (epilogue, sums) {
                (Epilogue::Finish(finish), _) => tile::outputs::<L>(tiles, from, range, to, Finishing::new(finish, zero)),
                (Epilogue::Moments, Some(sums)) => tile::outputs::<L>(tiles, from, range, to, Measuring::new(sums, zero)),
                (Epilogue::GatedSums(reduce), Some(sums)) => match reduce.gate {
                    Gate::Open => {
                        let reducing = Reducing::<L, 0>::new(reduce, sums, zero);
                        tile::outputs::<L>(tiles, from, range, to, reducing);
                    }
                    Gate::Input => {
                        let reducing = Reducing::<L, 1>::new(reduce, sums, zero);
                        tile::outputs::<L>(tiles, from, range, to, reducing);
                    }
                    Gate::Output(_) => {
                        let reducing = Reducing::<L, 2>::new(reduce, sums, zero);
                        tile::outputs::<L>(tiles, from, range, to, reducing);
                    }
                },
                _ => tile::outputs::<L>(tiles, from, range, to, Plain),
            }
        }
    }
}
