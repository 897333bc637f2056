//! Between candle's (N, C, H, W) and the kernels' (N, H, W, C).

use rayon::prelude::*;

/// Rows of the input times columns that are turned together: they stay in the first cache.
const TILE: usize = 16;

/// Per image: (rows, columns) -> (columns, rows).
fn transpose((rows, columns): (usize, usize), from: &[f32], to: &mut [f32]) {
    let image = rows * columns;
    if image == 0 {
        return;
    }
    to.par_chunks_mut(image)
        .zip(from.par_chunks(image))
        .for_each(|(to, from)| {
            for top in (0..rows).step_by(TILE) {
                for left in (0..columns).step_by(TILE) {
                    for column in left..columns.min(left + TILE) {
                        for row in top..rows.min(top + TILE) {
                            to[column * rows + row] = from[row * columns + column];
                        }
                    }
                }
            }
        });
}

/// (N, C, P) -> (N, P, C) with P pixels.
pub fn channels_last(channels: usize, pixels: usize, from: &[f32], to: &mut [f32]) {
    transpose((channels, pixels), from, to);
}

/// (N, P, C) -> (N, C, P) with P pixels.
pub fn channels_first(channels: usize, pixels: usize, from: &[f32], to: &mut [f32]) {
    transpose((pixels, channels), from, to);
}
