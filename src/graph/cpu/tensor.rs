//! Between candle's tensors and the arena's buffers.

use std::sync::Arc;

use candle_core::{CpuStorage, Device, Storage, Tensor};

use super::arena::{Arena, Buffer};
use crate::error::{Error, Result};
use crate::kernels::layout;

/// Run `read` on the values of a contiguous tensor without copying them.
pub(super) fn with_values<R>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) => Ok(read(&values[start..end])),
        _ => Err(Error::Failed(
            "the cpu executor needs contiguous 32-bit floats on the CPU; choose `--executor candle`".into(),
        )),
    }
}

/// A copy of the values of a contiguous tensor.
pub(super) fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    with_values(tensor, <[f32]>::to_vec)
}

/// Channels and pixels of an image sample; `None` for vectors and sequences, which keep their layout.
fn image(shape: &[usize]) -> Option<(usize, usize)> {
    match *shape {
        [channels, height, width] => Some((channels, height * width)),
        _ => None,
    }
}

/// A tensor (batch, sample `shape`) in the kernels' layout.
pub(super) fn import(arena: &Arc<Arena>, tensor: &Tensor, shape: &[usize]) -> Result<Buffer> {
    let tensor = tensor.contiguous()?;
    let mut buffer = arena.take(tensor.elem_count());
    with_values(&tensor, |values| match image(shape) {
        Some((channels, pixels)) => layout::channels_last(channels, pixels, values, &mut buffer),
        None => buffer.copy_from_slice(values),
    })?;
    Ok(buffer)
}

/// The tensor (batch, sample `shape`) of a buffer in the kernels' layout.
pub(super) fn export(buffer: &[f32], shape: &[usize]) -> Result<Tensor> {
    let mut values = vec![0.0; buffer.len()];
    match image(shape) {
        Some((channels, pixels)) => layout::channels_first(channels, pixels, buffer, &mut values),
        None => values.copy_from_slice(buffer),
    }
    let sample: usize = shape.iter().product();
    let mut dims = vec![buffer.len() / sample.max(1)];
    dims.extend(shape);
    Ok(Tensor::from_vec(values, dims, &Device::Cpu)?)
}
