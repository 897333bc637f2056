//! The log of the partition function, the part of every Gibbs loss that costs.

use candle_core::{CpuStorage, CustomOp2, D, Layout, Shape, Tensor};

use super::stable::log_sum_exp;
use crate::error::Result;
use crate::host;
use crate::kernels::{Simd, log_partition as kernel};

/// `(1/beta) log Σ exp(−beta E)` over right answers (N, P) and wrong ones (N, K): (N, 1).
///
/// The lowest energy of a row as beta grows, its sign turned. On 32-bit floats of the CPU one pass of a kernel
/// that stores nothing of the size of the table; elsewhere a chain of candle operations, the reference.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::log_partition;
/// let (right, wrong) = (Tensor::new(&[[0.5]], &Cpu)?, Tensor::new(&[[0.5, 0.5]], &Cpu)?);
/// let value = log_partition(&right, &wrong, 1.0)?.to_vec2::<f64>()?[0][0];
/// assert!((value - (3_f64.ln() - 0.5)).abs() < 1e-9); // log(3 exp(−0.5))
/// # Ok::<(), ravine::error::Error>(())
/// ```
///
/// # Errors
/// A tensor operation failed.
pub fn log_partition(right: &Tensor, wrong: &Tensor, beta: f64) -> Result<Tensor> {
    if host::is_plain(right) && host::is_plain(wrong) {
        return Ok(right.apply_op2(wrong, LogPartition { beta: beta as f32 })?);
    }
    let all = Tensor::cat(&[right, wrong], D::Minus1)?;
    Ok((log_sum_exp(&(all * -beta)?)? * (1.0 / beta))?)
}

struct LogPartition {
    beta: f32,
}

impl LogPartition {
    /// The gradient by `energies`, given those by `value`.
    fn pull(
        &self,
        energies: &Tensor,
        value: &Tensor,
        upstream: &Tensor,
    ) -> candle_core::Result<Tensor> {
        let (n, k) = energies.dims2()?;
        let mut to = vec![0.0; n * k];
        let (e, value) = (energies.storage_and_layout(), value.storage_and_layout());
        let upstream = upstream.contiguous()?;
        let upstream = upstream.storage_and_layout();
        kernel::backward(
            Simd::detect(),
            self.beta,
            (k, slice(&e)?),
            slice(&value)?,
            slice(&upstream)?,
            &mut to,
        );
        Tensor::from_vec(to, (n, k), energies.device())
    }
}

/// The values behind a tensor's guard.
fn slice<'a, S>(guard: &'a (S, &Layout)) -> candle_core::Result<&'a [f32]>
where
    S: std::ops::Deref<Target = candle_core::Storage>,
{
    match &*guard.0 {
        candle_core::Storage::Cpu(storage) => host::values(storage, guard.1),
        _ => Err(candle_core::Error::Msg(
            "a tensor on the CPU was expected".into(),
        )),
    }
}

impl CustomOp2 for LogPartition {
    fn name(&self) -> &'static str {
        "log_partition"
    }

    fn cpu_fwd(
        &self,
        right: &CpuStorage,
        right_layout: &Layout,
        wrong: &CpuStorage,
        wrong_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (n, p) = right_layout.shape().dims2()?;
        let k = wrong_layout.shape().dims2()?.1;
        let mut out = vec![0.0; n];
        kernel::forward(
            Simd::detect(),
            self.beta,
            (p, host::values(right, right_layout)?),
            (k, host::values(wrong, wrong_layout)?),
            &mut out,
        );
        Ok((CpuStorage::F32(out), (n, 1).into()))
    }

    fn bwd(
        &self,
        right: &Tensor,
        wrong: &Tensor,
        value: &Tensor,
        upstream: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let pull = |energies| self.pull(energies, value, upstream).map(Some);
        Ok((pull(right)?, pull(wrong)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};
    use candle_core::{DType, Device, Var};
    use rand::RngExt;

    /// Value and gradients of a weighted sum over rows.
    fn all(right: &Tensor, wrong: &Tensor, beta: f64, dtype: DType) -> Result<Vec<Tensor>> {
        let right = Var::from_tensor(&right.to_dtype(dtype)?)?;
        let wrong = Var::from_tensor(&wrong.to_dtype(dtype)?)?;
        let value = log_partition(&right, &wrong, beta)?;
        let weights = Tensor::arange(1f64, 1.0 + right.dim(0)? as f64, &Device::Cpu)?;
        let weights = weights.unsqueeze(1)?.to_dtype(dtype)?;
        let store = (&value * weights)?.sum_all()?.backward()?;
        let mut found = vec![value.detach()];
        for leaf in [right, wrong] {
            let gradient = store
                .get(&leaf)
                .ok_or_else(|| candle_core::Error::Msg("no gradient".into()))?;
            found.push(gradient.clone());
        }
        Ok(found)
    }

    /// Energies in [0, 2), the same ones every time.
    fn energies(rows: usize, columns: usize, view: u64) -> Result<Tensor> {
        let mut rng = stream(0, Purpose::Check, rows as u64, columns as u64, view);
        let values: Vec<f32> = (0..rows * columns)
            .map(|_| rng.random_range(0.0..2.0))
            .collect();
        Ok(Tensor::from_vec(values, (rows, columns), &Device::Cpu)?)
    }

    #[test]
    fn the_kernel_equals_the_reference() -> Result<()> {
        for (n, p, k) in [(1, 1, 1), (3, 2, 5), (70, 1, 33), (40, 3, 160)] {
            for beta in [0.5, 2.0, 10.0, 400.0] {
                let right = energies(n, p, 0)?;
                let wrong = energies(n, k, 1)?;
                let fast = all(&right, &wrong, beta, DType::F32)?;
                let slow = all(&right, &wrong, beta, DType::F64)?;
                for (fast, slow) in fast.iter().zip(slow) {
                    let gap = (fast.to_dtype(DType::F64)? - &slow)?.abs()?;
                    let gap = gap.flatten_all()?.max(0)?.to_scalar::<f64>()?;
                    let scale = slow.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>()?;
                    assert!(
                        gap <= 1e-6 * beta.max(1.0) * scale.max(1e-3),
                        "{n} {p} {k} {beta}: {gap} of {scale}"
                    );
                }
            }
        }
        Ok(())
    }

    #[test]
    fn what_is_not_a_number_stays_visible() -> Result<()> {
        let right = Tensor::zeros((2, 1), DType::F32, &Device::Cpu)?;
        let wrong = Tensor::new(&[[1f32, f32::NAN], [1.0, f32::INFINITY]], &Device::Cpu)?;
        let value = log_partition(&right, &wrong, 1.0)?
            .flatten_all()?
            .to_vec1::<f32>()?;
        assert!(
            value[0].is_nan()
                && (value[1] - 1.0f32.mul_add((-1.0f32).exp(), 1.0).ln()).abs() < 1e-6
        );
        Ok(())
    }
}
