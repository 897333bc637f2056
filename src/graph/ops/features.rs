//! Where the features of a shape are: channels of images, the last dimension of all else.

use candle_core::Tensor;

use crate::error::Result;

/// Channels of an image (C, height, width), features of a vector or of tokens.
pub(super) fn channels(shape: &[usize]) -> Option<usize> {
    match shape {
        [channels, _, _] => Some(*channels),
        other => other.last().copied(),
    }
}

/// `values` (C) in the shape that broadcasts over the channels of the batch `x`.
pub(super) fn over_channels(values: &Tensor, x: &Tensor) -> Result<Tensor> {
    Ok(match x.dims().len() {
        4 => values.reshape((1, values.elem_count(), 1, 1))?,
        _ => values.clone(),
    })
}

/// Run `rows`, which works over the last dimension, over the channels of images (N, C, H, W); other batches as they are.
pub(super) fn over_last(x: &Tensor, rows: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    if x.dims().len() != 4 {
        return rows(x);
    }
    let last = x.permute((0, 2, 3, 1))?.contiguous()?;
    Ok(rows(&last)?.permute((0, 3, 1, 2))?.contiguous()?)
}
