//! Convolution with one kernel per channel: sixteen channels of an image at a time, padded into working memory, so that
//! several outputs share each weight and no tap has a border to look at.

use rayon::prelude::*;

use super::conv_shape::ConvShape;
use super::elementwise;
use super::scratch;
use super::shared::Shared;
use super::simd::{Lanes, Simd, multiversion};

/// Parts into which the sum over images of the weight gradient is cut.
const PARTS: usize = 16;

/// Channels of a task.
const BLOCK: usize = 16;

pub(super) fn workspace(s: &ConvShape) -> usize {
    PARTS.min(s.batch) * s.weight_len()
}

/// Pixels of an image in working memory, `BLOCK` floats each, among zeros.
#[derive(Clone, Copy)]
struct Field {
    /// Pixels of a row.
    columns: usize,
    /// Rows.
    rows: usize,
    /// Place of the first pixel in its row and column.
    first: usize,
    /// Places from pixel to pixel.
    step: usize,
}

impl Field {
    /// The input with its border.
    fn input(s: &ConvShape) -> Self {
        Self {
            columns: s.width + 2 * s.padding,
            rows: s.height + 2 * s.padding,
            first: s.padding,
            step: 1,
        }
    }

    /// The gradient of the output, where its windows begin, with room for all of the kernel on every side.
    fn gradient(s: &ConvShape) -> Self {
        let reach = s.dilation * (s.kernel - 1);
        Self {
            columns: s.width + 2 * s.padding + reach,
            rows: s.height + 2 * s.padding + reach,
            first: reach,
            step: s.stride,
        }
    }

    fn len(self) -> usize {
        self.columns * self.rows * BLOCK
    }

    /// The place of (row, column), in floats.
    fn at(self, row: usize, column: usize) -> usize {
        (row * self.columns + column) * BLOCK
    }

    /// Fill `to` with the pixels (height, width) at `from`, `count` floats of `c` each.
    ///
    /// # Safety
    /// `from` is valid for these pixels, whose places lie in the field. The processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn fill<L: Lanes>(
        self,
        from: *const f32,
        (height, width): (usize, usize),
        (c, count): (usize, usize),
        to: &mut [f32],
    ) {
        to[..self.len()].fill(0.0);
        let last = self.at(
            self.first + (height - 1) * self.step,
            self.first + (width - 1) * self.step,
        );
        assert!(last + BLOCK <= self.len());
        for row in 0..height {
            for column in 0..width {
                let place = self.at(
                    self.first + row * self.step,
                    self.first + column * self.step,
                );
                // SAFETY: the place lies in the field (the last was checked), the pixel in the image.
                unsafe {
                    let pixel = from.add((row * width + column) * c);
                    L::load_up_to(pixel, count).store(to.as_mut_ptr().add(place));
                }
            }
        }
    }
}

/// Sums over the taps of `O` neighbouring outputs.
///
/// # Safety
/// `x` is valid for every tap of every output, `weights` for sixteen floats a tap, `y` for `count` floats of each output.
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn outputs<L: Lanes, const O: usize>(
    (x, step): (*const f32, usize),
    (taps, weights): (&[usize], *const f32),
    (y, c, count, add): (*mut f32, usize, usize, bool),
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sums = [L::splat(0.0); O];
        for (t, tap) in taps.iter().enumerate() {
            let weight = L::load(weights.add(t * BLOCK));
            for o in 0..O {
                sums[o] = L::load(x.add(tap + o * step)).fma(weight, sums[o]);
            }
        }
        for (o, mut sum) in sums.into_iter().enumerate() {
            let to = y.add(o * c);
            if add {
                sum = sum.add(L::load_up_to(to, count));
            }
            sum.store_up_to(to, count);
        }
    }
}

/// Where the outputs of a task go, and from where they start.
#[derive(Clone, Copy)]
struct Outputs {
    height: usize,
    width: usize,
    /// Floats of the field from the window of one output to that of the next.
    step: usize,
    /// Floats from row to row.
    row: usize,
    /// Floats of a pixel, of which `count` are written.
    c: usize,
    count: usize,
    add: bool,
}

/// All outputs of a block of channels.
///
/// # Safety
/// As for [`outputs`], for all rows and columns.
#[inline(always)]
unsafe fn correlate<L: Lanes>(
    x: *const f32,
    (taps, weights): (&[usize], *const f32),
    to: Outputs,
    y: *mut f32,
) {
    for row in 0..to.height {
        let mut column = 0;
        while column < to.width {
            // SAFETY: the caller's promise.
            unsafe {
                let from = (x.add(row * to.row + column * to.step), to.step);
                let y = (
                    y.add((row * to.width + column) * to.c),
                    to.c,
                    to.count,
                    to.add,
                );
                let left = to.width - column;
                column += if L::WIDE && left >= 8 {
                    outputs::<L, 8>(from, (taps, weights), y);
                    8
                } else if left >= 4 {
                    outputs::<L, 4>(from, (taps, weights), y);
                    4
                } else {
                    outputs::<L, 1>(from, (taps, weights), y);
                    1
                };
            }
        }
    }
}

/// The weights of the channels from `first` on as (tap, channel).
fn taps_first(s: &ConvShape, weight: &[f32], first: usize, count: usize, to: &mut [f32]) {
    let taps = s.kernel * s.kernel;
    to[..taps * BLOCK].fill(0.0);
    for channel in 0..count {
        for tap in 0..taps {
            to[tap * BLOCK + channel] = weight[(first + channel) * taps + tap];
        }
    }
}

/// The floats between the window's start and each tap; `flipped` for the way back.
fn places(s: &ConvShape, field: Field, flipped: bool) -> Vec<usize> {
    let taps = s.kernel * s.kernel;
    let place = |tap: usize| {
        let tap = if flipped { taps - 1 - tap } else { tap };
        field.at(tap / s.kernel * s.dilation, tap % s.kernel * s.dilation)
    };
    (0..taps).map(place).collect()
}

multiversion! {
    /// One block of one image: the field is filled from `from`, and the correlation with the weights goes to `y`.
    ///
    /// # Safety
    /// `from` is valid for `size` pixels of `to.c` floats less the channels in front, `y` for the outputs, and nothing else
    /// touches these channels of them meanwhile; every tap of every output lies in the field; `space` holds it and the weights.
    unsafe fn image<L>(from: *const f32, size: (usize, usize), field: Field, start: usize, taps: &[usize], to: Outputs, y: *mut f32, space: &mut [f32]) {
        let (weights, field_space) = space.split_at_mut(taps.len() * BLOCK);
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe {
            field.fill::<L>(from, size, (to.c, to.count), field_space);
            correlate::<L>(field_space.as_ptr().add(start), (taps, weights.as_ptr()), to, y);
        }
    }
}

multiversion! {
    /// Adds one image's weight gradient, (tap, channel), to `sums`.
    ///
    /// # Safety
    /// `x` and `dy` are valid for an image of their channels from here on; `space` holds the field.
    unsafe fn weight_image<L>(s: &ConvShape, x: *const f32, dy: *const f32, count: usize, sums: &mut [f32], space: &mut [f32]) {
        let field = Field::input(s);
        // SAFETY: the caller's promise; `L` was proved by the `Simd`.
        unsafe {
            field.fill::<L>(x, (s.height, s.width), (s.input, count), space);
            match s.kernel {
                3 => weight_rows::<L, 3>(s, field, space, dy, count, sums),
                5 => weight_rows::<L, 5>(s, field, space, dy, count, sums),
                7 => weight_rows::<L, 7>(s, field, space, dy, count, sums),
                _ => weight_rows::<L, 1>(s, field, space, dy, count, sums),
            }
        }
    }
}

/// The sums of `K` taps of a row of the kernel at a time.
///
/// # Safety
/// As for [`weight_image`]; `K` divides the kernel. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn weight_rows<L: Lanes, const K: usize>(
    s: &ConvShape,
    field: Field,
    x: &[f32],
    dy: *const f32,
    count: usize,
    sums: &mut [f32],
) {
    let (height, width) = (s.out_height(), s.out_width());
    let last = field.at(
        (height - 1) * s.stride + (s.kernel - 1) * s.dilation,
        (width - 1) * s.stride + (s.kernel - 1) * s.dilation,
    );
    assert!(last + BLOCK <= x.len() && sums.len() >= s.kernel * s.kernel * BLOCK);
    for first in (0..s.kernel * s.kernel).step_by(K) {
        let start = field.at(first / s.kernel * s.dilation, first % s.kernel * s.dilation);
        // SAFETY: the last place that is read lies in the field (checked); the rest is the caller's promise.
        unsafe {
            let mut total = [L::splat(0.0); K];
            for row in 0..height {
                let from = x.as_ptr().add(start + field.at(row * s.stride, 0));
                for column in 0..width {
                    let g = L::load_up_to(dy.add((row * width + column) * s.input), count);
                    let from = from.add(column * s.stride * BLOCK);
                    for (k, total) in total.iter_mut().enumerate() {
                        *total = L::load(from.add(k * s.dilation * BLOCK)).fma(g, *total);
                    }
                }
            }
            for (k, total) in total.into_iter().enumerate() {
                let to = sums.as_mut_ptr().add((first + k) * BLOCK);
                total.add(L::load(to)).store(to);
            }
        }
    }
}

/// Blocks of channels, and the channels of block `block`.
fn blocks(s: &ConvShape) -> usize {
    s.input.div_ceil(BLOCK)
}

fn image_lens(s: &ConvShape) -> (usize, usize) {
    (s.input_len() / s.batch, s.output_len() / s.batch)
}

pub(super) fn forward(simd: Simd, s: &ConvShape, x: &[f32], weight: &[f32], y: &mut [f32]) {
    s.check(x.into(), (y.len(), weight.len()));
    let (input, output) = image_lens(s);
    let (field, target) = (Field::input(s), Shared::new(y));
    let taps = places(s, field, false);
    (0..s.batch * blocks(s)).into_par_iter().for_each(|task| {
        let (n, first) = (task / blocks(s), task % blocks(s) * BLOCK);
        let to = Outputs {
            height: s.out_height(),
            width: s.out_width(),
            step: s.stride * BLOCK,
            row: field.at(s.stride, 0),
            c: s.input,
            count: BLOCK.min(s.input - first),
            add: false,
        };
        scratch::with(taps.len() * BLOCK + field.len(), |space| {
            taps_first(s, weight, first, to.count, space);
            let from = x[n * input + first..].as_ptr();
            let (size, y) = ((s.height, s.width), target.at(n * output + first));
            // SAFETY: lengths are checked; every window of a convolution lies in the padded input; every task has its
            // own channels of an image.
            unsafe { image(simd, from, size, field, 0, &taps, to, y, space) };
        });
    });
}

pub(super) fn backward_data(
    simd: Simd,
    s: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    (dx, add): (&mut [f32], bool),
) {
    s.check((&*dx).into(), (dy.len(), weight.len()));
    let (input, output) = image_lens(s);
    let (field, target) = (Field::gradient(s), Shared::new(dx));
    let taps = places(s, field, true);
    let start = field.at(s.padding, s.padding);
    (0..s.batch * blocks(s)).into_par_iter().for_each(|task| {
        let (n, first) = (task / blocks(s), task % blocks(s) * BLOCK);
        let to = Outputs {
            height: s.height,
            width: s.width,
            step: BLOCK,
            row: field.at(1, 0),
            c: s.input,
            count: BLOCK.min(s.input - first),
            add,
        };
        scratch::with(taps.len() * BLOCK + field.len(), |space| {
            taps_first(s, weight, first, to.count, space);
            let from = dy[n * output + first..].as_ptr();
            let (size, dx) = (
                (s.out_height(), s.out_width()),
                target.at(n * input + first),
            );
            // SAFETY: as in `forward`; the field has room for the kernel behind every pixel of the input.
            unsafe { image(simd, from, size, field, start, &taps, to, dx, space) };
        });
    });
}

pub(super) fn backward_weight(
    simd: Simd,
    s: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut [f32],
) {
    s.check(x.into(), (dy.len(), dw.len()));
    let parts = PARTS.min(s.batch);
    let span = s.batch.div_ceil(parts);
    let (input, output) = image_lens(s);
    let taps = s.kernel * s.kernel;
    let all = &mut workspace[..parts * s.weight_len()];
    let target = Shared::new(all);
    (0..parts * blocks(s)).into_par_iter().for_each(|task| {
        let (part, first) = (task / blocks(s), task % blocks(s) * BLOCK);
        let count = BLOCK.min(s.input - first);
        scratch::with(taps * BLOCK + Field::input(s).len(), |space| {
            let (sums, space) = space.split_at_mut(taps * BLOCK);
            sums.fill(0.0);
            for n in part * span..s.batch.min((part + 1) * span) {
                let from = x[n * input + first..].as_ptr();
                let g = dy[n * output + first..].as_ptr();
                // SAFETY: lengths are checked.
                unsafe { weight_image(simd, s, from, g, count, sums, space) };
            }
            // SAFETY: every task has its own channels of its part.
            let to = unsafe { target.part((part * s.input + first) * taps, count * taps) };
            for (i, to) in to.iter_mut().enumerate() {
                *to = sums[i % taps * BLOCK + i / taps];
            }
        });
    });
    elementwise::sum_parts(simd, all, parts, 0, dw);
}
