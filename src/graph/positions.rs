//! Learned positions for images of another size than they were learned for.

use crate::augment::{Interpolation, Taps};

/// Learned positions brought to another grid, by antialiased bicubic interpolation (a = −0.5).
///
/// This is timm's `resample_abs_pos_embed`; DINO's own code interpolates without antialiasing and with a = −0.75.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampled {
    /// Rows and columns of the learned grid.
    pub from: [usize; 2],
    /// Rows and columns of the grid in use.
    pub to: [usize; 2],
}

impl Resampled {
    /// The matrix (to, from), row-major, that makes positions in use from learned ones.
    #[must_use]
    pub fn matrix(&self) -> Vec<f32> {
        let taps = |axis: usize| {
            let (from, to) = (self.from[axis], self.to[axis]);
            let mut taps = Taps::default();
            taps.fill(Interpolation::Bicubic, from, to, 0..to, 1.0);
            taps
        };
        let (rows, columns) = (taps(0), taps(1));
        let learned = self.from[0] * self.from[1];
        let mut matrix = vec![0.0; self.to[0] * self.to[1] * learned];
        for (token, weights) in matrix.chunks_exact_mut(learned.max(1)).enumerate() {
            let (i, j) = (token / self.to[1], token % self.to[1]);
            for row in 0..rows.count() {
                let (y, of_row) = rows.tap(i, row);
                for column in 0..columns.count() {
                    let (x, of_column) = columns.tap(j, column);
                    let weight = of_row * of_column;
                    if weight != 0.0 {
                        weights[y * self.from[1] + x] += weight; // a padding tap may point past the end
                    }
                }
            }
        }
        matrix
    }
}
