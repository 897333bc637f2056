//! Windows gathered from an image, and added back to it.

use std::ops::Range;

use crate::kernels::conv_shape::ConvShape;

/// Whether windows are single pixels in order: the input already is the matrix.
pub(super) fn is_pointwise(s: &ConvShape) -> bool {
    s.kernel == 1 && s.stride == 1 && s.padding == 0
}

/// A row of windows: image, output row, output column.
fn pixel(s: &ConvShape, row: usize) -> (usize, usize, usize) {
    let (height, width) = (s.out_height(), s.out_width());
    (row / (height * width), row / width % height, row % width)
}

/// The kernel rows `ky` of the windows `rows` of group `g`, a window every `stride` floats.
pub(super) fn gather(
    s: &ConvShape,
    g: usize,
    x: &[f32],
    rows: Range<usize>,
    ky: Range<usize>,
    (out, stride): (&mut [f32], usize),
) {
    let (channels, line) = (s.group_input(), s.kernel * s.group_input());
    for (row, out) in rows.zip(out.chunks_exact_mut(stride)) {
        let (image, oy, ox) = pixel(s, row);
        let left = ox * s.stride;
        for (ky, to) in ky.clone().zip(out.chunks_exact_mut(line)) {
            let y = oy * s.stride + ky * s.dilation;
            if y < s.padding || y >= s.height + s.padding {
                to.fill(0.0);
                continue;
            }
            let start = (image * s.height + y - s.padding) * s.width;
            if s.dilation == 1 && s.groups == 1 {
                let first = s.padding.saturating_sub(left).min(s.kernel);
                let end = (s.width + s.padding).saturating_sub(left).min(s.kernel);
                let end = end.max(first);
                to[..first * channels].fill(0.0);
                to[end * channels..].fill(0.0);
                if end > first {
                    let from = (start + left + first - s.padding) * channels;
                    let len = (end - first) * channels;
                    to[first * channels..end * channels].copy_from_slice(&x[from..from + len]);
                }
            } else {
                for (kx, to) in to.chunks_exact_mut(channels).enumerate() {
                    let column = left + kx * s.dilation;
                    if column < s.padding || column >= s.width + s.padding {
                        to.fill(0.0);
                    } else {
                        let from = (start + column - s.padding) * s.input + g * channels;
                        to.copy_from_slice(&x[from..from + channels]);
                    }
                }
            }
        }
    }
}

/// Add the windows `rows` of group `g` back to where they were gathered from; `dx` starts with image
/// `first_image`.
pub(super) fn scatter(
    s: &ConvShape,
    g: usize,
    windows: &[f32],
    rows: Range<usize>,
    first_image: usize,
    dx: &mut [f32],
) {
    let channels = s.group_input();
    let line = s.kernel * channels;
    let add = |to: &mut [f32], from: &[f32]| {
        for (to, from) in to.iter_mut().zip(from) {
            *to += from;
        }
    };
    let mut lines = windows.chunks_exact(line);
    for row in rows {
        let (image, oy, ox) = pixel(s, row);
        let left = ox * s.stride;
        for (ky, from) in (0..s.kernel).zip(&mut lines) {
            let y = oy * s.stride + ky * s.dilation;
            if y < s.padding || y >= s.height + s.padding {
                continue;
            }
            let start = ((image - first_image) * s.height + y - s.padding) * s.width;
            if s.dilation == 1 && s.groups == 1 {
                let first = s.padding.saturating_sub(left).min(s.kernel);
                let end = (s.width + s.padding).saturating_sub(left).min(s.kernel);
                if end > first {
                    let to = (start + left + first - s.padding) * channels;
                    let len = (end - first) * channels;
                    add(
                        &mut dx[to..to + len],
                        &from[first * channels..end * channels],
                    );
                }
            } else {
                for (kx, from) in from.chunks_exact(channels).enumerate() {
                    let column = left + kx * s.dilation;
                    if column >= s.padding && column < s.width + s.padding {
                        let to = (start + column - s.padding) * s.input + g * channels;
                        add(&mut dx[to..to + channels], from);
                    }
                }
            }
        }
    }
}
