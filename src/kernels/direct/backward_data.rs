//! The gradient by the input.
//!
//! With stride s the input pixels fall into s × s classes by their remainders: every pixel of a class meets the
//! same kernel taps, at neighbouring output pixels. A class is a convolution of stride 1 over the padded gradient.

use rayon::prelude::*;

use super::bands::{BLOCK, pad};
use super::pack::pack;
use crate::kernels::batch_norm::{Epilogue, Sums};
use crate::kernels::conv_shape::ConvShape;
use crate::kernels::gemm::{Left, Right, Run, Target, packed_len, sweep};
use crate::kernels::scratch;
use crate::kernels::simd::Simd;

/// The pixels of one remainder along one side of the image.
struct Class {
    /// First pixel.
    first: usize,
    /// Pixels.
    count: usize,
    /// Kernel positions it meets, in the order of the outputs they belong to.
    taps: Vec<usize>,
    /// Output of the first tap and the first pixel; may lie outside.
    source: isize,
}

fn classes(size: usize, s: &ConvShape) -> Vec<Class> {
    (0..s.stride.min(size))
        .map(|first| {
            let (whole, rest) = (
                (first + s.padding) / s.stride,
                (first + s.padding) % s.stride,
            );
            let mut taps: Vec<usize> = (rest..s.kernel).step_by(s.stride).collect();
            taps.reverse();
            Class {
                first,
                count: (size - first).div_ceil(s.stride),
                source: whole as isize - (taps.len() as isize - 1),
                taps,
            }
        })
        .collect()
}

/// Zeros needed before the outputs, and all that is needed then.
fn border(classes: &[Class], outputs: usize) -> (usize, usize) {
    let before = classes.iter().map(|c| -c.source).max().unwrap_or(0).max(0);
    let ends = classes
        .iter()
        .map(|c| c.source + (c.count + c.taps.len()) as isize - 1);
    let end = ends.max().unwrap_or(0).max(outputs as isize);
    (before as usize, (before + end) as usize)
}

/// The gradient with its border, and the classes of rows and columns.
struct Plan {
    rows: Vec<Class>,
    columns: Vec<Class>,
    /// Padded rows above the first, and all.
    height: (usize, usize),
    /// Padded pixels before the first, and all.
    width: (usize, usize),
}

pub(in crate::kernels) fn backward_data(
    simd: Simd,
    s: &ConvShape,
    dy: &[f32],
    weight: &[f32],
    (dx, add, epilogue): (&mut [f32], bool, Epilogue),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    s.check((&*dx).into(), (dy.len(), weight.len()));
    let (rows, columns) = (classes(s.height, s), classes(s.width, s));
    let plan = Plan {
        height: border(&rows, s.out_height()),
        width: border(&columns, s.out_width()),
        rows,
        columns,
    };
    let mut parts = Vec::new();
    let mut start = 0;
    for row in &plan.rows {
        for column in &plan.columns {
            let of_row = |ky: &usize| {
                let ky = *ky;
                column.taps.iter().map(move |kx| ky * s.kernel + kx)
            };
            let taps: Vec<usize> = row.taps.iter().flat_map(of_row).collect();
            let area = s.kernel * s.kernel;
            let steps = (s.taps(), area);
            if !taps.is_empty() {
                pack(
                    &taps,
                    (s.output, s.input),
                    steps,
                    weight,
                    &mut workspace[start..],
                );
            }
            parts.push((row, column, start));
            start += packed_len(taps.len() * s.output, s.input);
        }
    }
    let packed = &workspace[..start];
    let image = plan.height.1 * plan.width.1 * s.output;
    let images = (BLOCK / image).min(s.batch.div_ceil(32)).max(1);
    let pixels = s.height * s.width;
    let chunks = dx.par_chunks_mut(images * pixels * s.input).enumerate();
    Sums::collect(chunks.map(|(task, dx)| {
        let first = task * images;
        let count = images.min(s.batch - first);
        scratch::with(images * image, |padded| {
            plan.fill(s, first..first + count, dy, padded);
            for &(row, column, start) in &parts {
                let weights = &packed[start..];
                plan.class(simd, s, (row, column), (padded, count), weights, (dx, add));
            }
        });
        let rows = first * pixels..(first + count) * pixels;
        epilogue.run(simd, (rows, s.input), dx)
    }))
}

impl Plan {
    fn fill(&self, s: &ConvShape, images: std::ops::Range<usize>, dy: &[f32], to: &mut [f32]) {
        let (height, width) = (s.out_height(), s.out_width() * s.output);
        let (row, left) = (self.width.1 * s.output, self.width.0 * s.output);
        for (n, to) in images.zip(to.chunks_exact_mut(self.height.1 * row)) {
            let image = &dy[n * height * width..][..height * width];
            let copy = |start: usize, to: &mut [f32]| {
                to.copy_from_slice(&image[start..start + to.len()]);
            };
            pad(
                copy,
                (height, width),
                (-(self.height.0 as isize), left),
                to,
                row,
            );
        }
    }

    /// The pixels of one class in `images` images.
    fn class(
        &self,
        simd: Simd,
        s: &ConvShape,
        (rows, columns): (&Class, &Class),
        (padded, images): (&[f32], usize),
        weights: &[f32],
        (dx, add): (&mut [f32], bool),
    ) {
        let line = self.width.1 * s.output;
        let taps = (rows.taps.len(), columns.taps.len());
        let pixel = |n: usize, i: usize| {
            ((n * s.height + rows.first + i * s.stride) * s.width + columns.first) * s.input
        };
        let places = (0..images).flat_map(|n| (0..rows.count).map(move |i| (n, i)));
        if taps.0 * taps.1 == 0 {
            for (n, i) in places.filter(|_| !add) {
                let to = dx[pixel(n, i)..].chunks_mut(s.stride * s.input);
                to.take(columns.count)
                    .for_each(|to| to[..s.input].fill(0.0));
            }
            return;
        }
        let above = (self.height.0 as isize + rows.source) as usize;
        let before = (self.width.0 as isize + columns.source) as usize;
        let from = |n: usize, i: usize| (n * self.height.1 + above + i) * line + before * s.output;
        let groups: Vec<(usize, usize)> = places.map(|(n, i)| (from(n, i), pixel(n, i))).collect();
        let starts: Vec<usize> = (0..taps.0).map(|t| t * line).collect();
        let runs = Run::cut(&starts, taps.1 * s.output, 1);
        let a = Left {
            start: padded.as_ptr(),
            row: s.output,
            column: 1,
        };
        let c = Target {
            start: dx.as_mut_ptr(),
            row: s.stride * s.input,
            add,
        };
        let depth = taps.0 * taps.1 * s.output;
        assert!(padded.len() >= images * self.height.1 * line);
        assert!(weights.len() >= packed_len(depth, s.input));
        assert!(dx.len() >= images * s.height * s.width * s.input);
        let (size, b) = (
            (columns.count, s.input, depth),
            Right::Packed(weights.as_ptr()),
        );
        // SAFETY: a plan has a border for all outputs that its classes meet, and classes lie inside the image; images
        // and weights are whole (checked).
        unsafe { sweep(simd, size, a, &groups, &runs, b, c) };
    }
}
