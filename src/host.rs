//! Tensors of 32-bit floats on the CPU as the plain slices that kernels take.
//!
//! Candle's element-wise operations return new tensors; where a value is as large as the network, or where a
//! chain of them would walk through memory many times, a kernel on the slices does the work in one pass.

use std::cell::Cell;

use candle_core::{CpuStorage, DType, InplaceOp1, InplaceOp2, Layout, Storage, Tensor, Var};
use rayon::prelude::*;

use crate::error::{Error, Result};

/// Values a task moves.
const CHUNK: usize = 1 << 14;

/// Whether `tensor` is a contiguous block of 32-bit floats on the CPU.
#[must_use]
pub fn is_plain(tensor: &Tensor) -> bool {
    tensor.device().is_cpu() && tensor.dtype() == DType::F32 && tensor.is_contiguous()
}

/// Run `work` on the values of a plain tensor.
///
/// # Errors
/// The tensor is not plain, see [`is_plain`].
pub fn read<R>(tensor: &Tensor, work: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(work(values(storage, layout)?)),
        _ => Err(not_plain().into()),
    }
}

/// Run `work` on the values of a plain tensor, which it may change: every tensor that shares them sees it.
///
/// # Errors
/// The tensor is not plain.
pub fn write<R>(tensor: &Tensor, work: impl FnOnce(&mut [f32]) -> R) -> Result<R> {
    let once = Once::new(work);
    tensor.inplace_op1(&once)?;
    once.finish()
}

/// Run `work` on the values of `to`, which it may change, and on those of `from`.
///
/// # Errors
/// A tensor is not plain, or both are the same memory.
pub fn write_from<R>(
    to: &Tensor,
    from: &Tensor,
    work: impl FnOnce(&mut [f32], &[f32]) -> R,
) -> Result<R> {
    let once = Once::new(work);
    to.inplace_op2(from, &once)?;
    once.finish()
}

/// Move `to` the share 1 − `keep` of the way to `from`; where both are equal nothing changes, not even by rounding.
///
/// # Errors
/// Tensors of different shapes, or the same memory.
pub fn approach(to: &Var, from: &Tensor, keep: f64) -> Result<()> {
    if !is_plain(to) || !is_plain(from) {
        let way = ((from - to.as_detached_tensor())? * (1.0 - keep))?;
        return Ok(to.set(&(to.as_detached_tensor() + way)?)?);
    }
    let take = (1.0 - keep) as f32;
    write_from(to, from, |to, from| {
        let chunks = to.par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK));
        chunks.for_each(|(to, from)| {
            for (to, from) in to.iter_mut().zip(from) {
                *to += take * (from - *to);
            }
        });
    })
}

/// The values of a contiguous block of 32-bit floats.
///
/// # Errors
/// It is another kind of block.
pub fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => Err(not_plain()),
    }
}

fn values_mut<'a>(
    storage: &'a mut CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => Err(not_plain()),
    }
}

fn not_plain() -> candle_core::Error {
    candle_core::Error::Msg("contiguous 32-bit floats on the CPU were expected".into())
}

/// A closure in the shape of candle's in-place operations, run once.
struct Once<F, R> {
    work: Cell<Option<F>>,
    result: Cell<Option<R>>,
}

impl<F, R> Once<F, R> {
    fn new(work: F) -> Self {
        Self {
            work: Cell::new(Some(work)),
            result: Cell::new(None),
        }
    }

    fn finish(self) -> Result<R> {
        let missing = || Error::Failed("an in-place operation was not run".into());
        self.result.into_inner().ok_or_else(missing)
    }
}

impl<R, F: FnOnce(&mut [f32]) -> R> InplaceOp1 for Once<F, R> {
    fn name(&self) -> &'static str {
        "write"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let values = values_mut(storage, layout)?;
        self.result.set(self.work.take().map(|work| work(values)));
        Ok(())
    }
}

/// [`Once`] with a second slice to read.
impl<R, F: FnOnce(&mut [f32], &[f32]) -> R> InplaceOp2 for Once<F, R> {
    fn name(&self) -> &'static str {
        "write_from"
    }

    fn cpu_fwd(
        &self,
        to: &mut CpuStorage,
        to_layout: &Layout,
        from: &CpuStorage,
        from_layout: &Layout,
    ) -> candle_core::Result<()> {
        let (to, from) = (values_mut(to, to_layout)?, values(from, from_layout)?);
        self.result.set(self.work.take().map(|work| work(to, from)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn writing_is_seen_and_the_same_memory_is_refused() -> Result<()> {
        let x = Tensor::arange(0f32, 6., &Device::Cpu)?.reshape((2, 3))?;
        let y = x.copy()?;
        assert!(is_plain(&x) && !is_plain(&x.t()?));
        let sum = write_from(&x.narrow(0, 1, 1)?, &y.narrow(0, 0, 1)?, |x, y| {
            x.copy_from_slice(y);
            x.iter().sum::<f32>()
        })?;
        assert_eq!(sum, 3.0);
        assert_eq!(x.to_vec2::<f32>()?, [[0., 1., 2.], [0., 1., 2.]]);
        write(&x, |x| x.fill(7.0))?;
        assert_eq!(read(&x, |x| x[5])?, 7.0);
        assert!(write_from(&x, &x, |_, _| ()).is_err());
        assert!(write(&x.t()?, |_| ()).is_err());
        Ok(())
    }
}
