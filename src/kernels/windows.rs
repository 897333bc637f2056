//! Positions of images in another order: windows, and four neighbours as one.

use rayon::prelude::*;

/// Windows of an image, moved and wrapped around.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    /// Rows of the image.
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// Side of a window; divides both.
    pub side: usize,
    /// Rows and columns by which windows are moved.
    pub shift: usize,
}

impl Windows {
    /// The position of the image that place `at` of all windows, one after the other, shows.
    fn position(&self, at: usize) -> usize {
        let area = self.side * self.side;
        let (window, inside) = (at / area, at % area);
        let columns = self.width / self.side;
        let y = window / columns * self.side + inside / self.side + self.shift;
        let x = window % columns * self.side + inside % self.side + self.shift;
        y % self.height * self.width + x % self.width
    }

    /// Images (positions, channels) as windows.
    pub fn split(&self, channels: usize, images: &[f32], windows: &mut [f32]) {
        let image = self.height * self.width * channels;
        windows
            .par_chunks_mut(image)
            .zip(images.par_chunks(image))
            .for_each(|(to, from)| {
                for (at, to) in to.chunks_exact_mut(channels).enumerate() {
                    to.copy_from_slice(&from[self.position(at) * channels..][..channels]);
                }
            });
    }

    /// The inverse of [`Windows::split`].
    pub fn join(&self, channels: usize, windows: &[f32], images: &mut [f32]) {
        let image = self.height * self.width * channels;
        images
            .par_chunks_mut(image)
            .zip(windows.par_chunks(image))
            .for_each(|(to, from)| {
                for (at, from) in from.chunks_exact(channels).enumerate() {
                    to[self.position(at) * channels..][..channels].copy_from_slice(from);
                }
            });
    }
}

/// The place of channel block `part` of merged position `at` in an image of `width` columns.
fn neighbour(width: usize, at: usize, part: usize) -> usize {
    let (row, column) = (at / (width / 2), at % (width / 2));
    (2 * row + part % 2) * width + 2 * column + part / 2
}

/// Two by two neighbouring positions of images (height, `width`, `channels`) as one of four times the channels.
pub fn merge(image: usize, width: usize, channels: usize, x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(image)
        .zip(x.par_chunks(image))
        .for_each(|(y, x)| {
            for (i, y) in y.chunks_exact_mut(channels).enumerate() {
                let from = neighbour(width, i / 4, i % 4) * channels;
                y.copy_from_slice(&x[from..][..channels]);
            }
        });
}

/// The inverse of [`merge`].
pub fn unmerge(image: usize, width: usize, channels: usize, y: &[f32], x: &mut [f32]) {
    x.par_chunks_mut(image)
        .zip(y.par_chunks(image))
        .for_each(|(x, y)| {
            for (i, y) in y.chunks_exact(channels).enumerate() {
                let to = neighbour(width, i / 4, i % 4) * channels;
                x[to..][..channels].copy_from_slice(y);
            }
        });
}
