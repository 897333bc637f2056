//! The outputs: a product per kernel row.

use rayon::prelude::*;

use super::bands::Bands;
use super::pack::pack;
use crate::kernels::batch_norm::{Epilogue, Input, Sums};
use crate::kernels::conv_shape::ConvShape;
use crate::kernels::gemm::{Left, Right, Run, Target, packed_len, sweep};
use crate::kernels::scratch;
use crate::kernels::shared::Shared;
use crate::kernels::simd::Simd;

pub(in crate::kernels) fn forward(
    simd: Simd,
    s: &ConvShape,
    x: Input,
    weight: &[f32],
    (y, epilogue): (&mut [f32], Epilogue),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    s.check(x, (y.len(), weight.len()));
    let (area, width) = (s.kernel * s.kernel, s.out_width());
    let taps: Vec<usize> = (0..area).collect();
    let steps = (area, s.taps());
    pack(&taps, (s.input, s.output), steps, weight, workspace);
    let packed = &workspace[..packed_len(s.taps(), s.output)];
    let bands = Bands::of(s);
    let rows: Vec<usize> = (0..s.kernel).map(|ky| ky * bands.row).collect();
    let runs = Run::cut(&rows, s.kernel * s.input, 1);
    let target = Shared::new(y);
    let tasks = (0..bands.count()).into_par_iter().map(|index| {
        let band = bands.get(index);
        let first = (band.images.start * s.out_height() + band.rows.start) * width;
        let pixels = band.images.len() * band.rows.len() * width;
        let lines = (0..).step_by(width * s.output);
        let groups: Vec<(usize, usize)> = bands.starts(&band).zip(lines).collect();
        scratch::with(bands.len(), |padded| {
            bands.fill(simd, &band, x, padded);
            let a = Left {
                start: padded.as_ptr(),
                row: s.stride * s.input,
                column: 1,
            };
            let c = Target {
                start: target.at(first * s.output),
                row: s.output,
                add: false,
            };
            let (size, b) = ((width, s.output, s.taps()), Right::Packed(packed.as_ptr()));
            // SAFETY: the band was filled with all rows behind its outputs, the weights were packed, and `y` has the
            // shape's length (checked); every task has its own band.
            unsafe { sweep(simd, size, a, &groups, &runs, b, c) };
        });
        // SAFETY: as above, and the band is written.
        let y = unsafe { target.part(first * s.output, pixels * s.output) };
        epilogue.run(simd, (first..first + pixels, s.output), y)
    });
    Sums::collect(tasks)
}
