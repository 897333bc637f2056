//! The outputs: a product per kernel row.

use rayon::prelude::*;

use super::{Bands, pack};
use crate::kernels::batch_norm::{Input, Sums, Then};
use crate::kernels::conv::ConvShape;
use crate::kernels::gemm::{Left, Right, Run, Target, sweep};
use crate::kernels::scratch;
use crate::kernels::shared::Shared;
use crate::kernels::simd::Simd;

pub(in crate::kernels) fn forward(
    simd: Simd,
    s: &ConvShape,
    x: Input,
    weight: &[f32],
    (y, then): (&mut [f32], Then),
    workspace: &mut [f32],
) -> Option<Vec<Sums>> {
    let (area, width) = (s.kernel * s.kernel, s.out_width());
    let packed = Shared::new(workspace);
    let taps: Vec<usize> = (0..area).collect();
    let steps = (area, s.taps());
    pack(&taps, (s.input, s.output), steps, weight, packed, 0);
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
            let size = (width, s.output, s.taps());
            sweep(
                simd,
                size,
                a,
                &groups,
                &runs,
                Right::Packed(packed.at(0)),
                c,
            );
        });
        // SAFETY: every task has its own band.
        let y = unsafe { target.part(first * s.output, pixels * s.output) };
        then.run(simd, (first..first + pixels, s.output), y)
    });
    Sums::collect(tasks)
}
