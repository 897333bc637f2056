//! Max pooling and global average pooling over NHWC images.

use rayon::prelude::*;

use super::scratch;
use super::simd::{Simd, multiversion};

/// Sizes of a max pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolShape {
    /// Height of the input.
    pub height: usize,
    /// Width of the input.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Window height and width.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Border on every side; never the largest.
    pub padding: usize,
    /// Height of the output.
    pub out_height: usize,
    /// Width of the output.
    pub out_width: usize,
}

impl PoolShape {
    /// First float of the input pixels under the window at (row, column), in row-major order.
    fn window(&self, row: usize, column: usize) -> impl Iterator<Item = usize> {
        let s = *self;
        let range = move |position: usize, size: usize| {
            let first = position * s.stride;
            let end = (first + s.kernel).min(size + s.padding);
            first.max(s.padding) - s.padding..end.saturating_sub(s.padding)
        };
        range(row, s.height)
            .flat_map(move |y| range(column, s.width).map(move |x| (y * s.width + x) * s.channels))
    }

    fn input(&self) -> usize {
        self.height * self.width * self.channels
    }

    fn output(&self) -> usize {
        self.out_height * self.out_width * self.channels
    }
}

multiversion! {
    fn max_image<L>(s: &PoolShape, x: &[f32], y: &mut [f32]) {
        for (i, y) in y.chunks_exact_mut(s.channels).enumerate() {
            y.fill(f32::NEG_INFINITY);
            for start in s.window(i / s.out_width, i % s.out_width) {
                for (y, x) in y.iter_mut().zip(&x[start..start + s.channels]) {
                    *y = if *x > *y { *x } else { *y };
                }
            }
        }
    }
}

multiversion! {
    #[allow(clippy::float_cmp, reason = "the maximum is one of these very numbers")]
    fn max_backward_image<L>(s: &PoolShape, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32], left: &mut [f32]) {
        let rows = y.chunks_exact(s.channels).zip(dy.chunks_exact(s.channels));
        for (i, (y, dy)) in rows.enumerate() {
            // What has not found its maximum yet: the first of equal ones takes all.
            left.copy_from_slice(dy);
            for start in s.window(i / s.out_width, i % s.out_width) {
                let (x, dx) = (&x[start..start + s.channels], &mut dx[start..start + s.channels]);
                for c in 0..s.channels {
                    let hit = x[c] == y[c];
                    dx[c] += if hit { left[c] } else { 0.0 };
                    left[c] = if hit { 0.0 } else { left[c] };
                }
            }
        }
    }
}

/// Largest value of each window.
pub fn max(simd: Simd, s: &PoolShape, x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(s.output())
        .zip(x.par_chunks(s.input()))
        .for_each(|(y, x)| max_image(simd, s, x, y));
}

/// Adds to `dx` the gradient by the input; `y` are the maxima.
pub fn max_backward(simd: Simd, s: &PoolShape, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32]) {
    dx.par_chunks_mut(s.input())
        .zip(x.par_chunks(s.input()))
        .zip(y.par_chunks(s.output()).zip(dy.par_chunks(s.output())))
        .for_each(|((dx, x), (y, dy))| {
            scratch::with(s.channels, |left| {
                max_backward_image(simd, s, x, y, dy, dx, left);
            });
        });
}

multiversion! {
    fn average_image<L>(x: &[f32], y: &mut [f32]) {
        y.fill(0.0);
        for row in x.chunks_exact(y.len()) {
            for (y, x) in y.iter_mut().zip(row) {
                *y += x;
            }
        }
        let scale = y.len() as f32 / x.len() as f32;
        for y in y {
            *y *= scale;
        }
    }
}

multiversion! {
    fn average_backward_image<L>(dy: &[f32], dx: &mut [f32]) {
        let scale = dy.len() as f32 / dx.len() as f32;
        for dx in dx.chunks_exact_mut(dy.len()) {
            for (dx, dy) in dx.iter_mut().zip(dy) {
                *dx = dy * scale;
            }
        }
    }
}

/// Mean over the `pixels` of each image.
pub fn average(simd: Simd, pixels: usize, channels: usize, x: &[f32], y: &mut [f32]) {
    average_behind(simd, (pixels, 0), channels, x, y);
}

/// Gradient of [`average`]; overwrites `dx`.
pub fn average_backward(simd: Simd, pixels: usize, channels: usize, dy: &[f32], dx: &mut [f32]) {
    average_behind_backward(simd, (pixels, 0), channels, dy, dx);
}

/// Mean over the rows of each sequence of `rows` behind the first `skip`.
pub fn average_behind(
    simd: Simd,
    (rows, skip): (usize, usize),
    width: usize,
    x: &[f32],
    y: &mut [f32],
) {
    y.par_chunks_mut(width)
        .zip(x.par_chunks(rows * width))
        .for_each(|(y, x)| average_image(simd, &x[skip * width..], y));
}

/// Gradient of [`average_behind`]; overwrites `dx`.
pub fn average_behind_backward(
    simd: Simd,
    (rows, skip): (usize, usize),
    width: usize,
    dy: &[f32],
    dx: &mut [f32],
) {
    dx.par_chunks_mut(rows * width)
        .zip(dy.par_chunks(width))
        .for_each(|(dx, dy)| {
            let (front, rest) = dx.split_at_mut(skip * width);
            front.fill(0.0);
            average_backward_image(simd, dy, rest);
        });
}
