//! The table of cosine energies as one operation on the CPU.

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};

use crate::host;
use crate::kernels::gemm::{Order, Start, matmul, over_rows, over_rows_workspace, workspace};
use crate::kernels::{Simd, normalize};

/// `1 − x̂ · ŷᵀ` for x (N, D) and y (M, D), 32-bit floats on the CPU: rows normalised, one product, and two in
/// its backward pass.
pub(super) struct CosineTable;

/// Rows at length 1 and what they were divided by.
fn normalized(dim: usize, x: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let (mut y, mut norms) = (vec![0.0; x.len()], vec![0.0; x.len() / dim.max(1)]);
    normalize::forward(Simd::detect(), dim, x, &mut y, &mut norms);
    (y, norms)
}

/// `a · b` of the sizes (m, n, k).
fn product(sizes: (usize, usize, usize), a: &[f32], b: (&[f32], Order)) -> Vec<f32> {
    let (m, n, k) = sizes;
    let mut c = vec![0.0; m * n];
    let mut space = vec![0.0; workspace(n, k)];
    matmul(
        Simd::detect(),
        sizes,
        a,
        b,
        (&mut c, Start::Zero),
        &mut space,
    );
    c
}

/// `aᵀ · b`, summed over rows; the sizes are those of the result and the rows.
fn product_over_rows(sizes: (usize, usize, usize), a: &[f32], b: &[f32]) -> Vec<f32> {
    let mut c = vec![0.0; sizes.0 * sizes.1];
    let mut space = vec![0.0; over_rows_workspace(sizes)];
    over_rows(Simd::detect(), sizes, a, b, (&mut c, None), &mut space);
    c
}

impl CustomOp2 for CosineTable {
    fn name(&self) -> &'static str {
        "cosine_table"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (n, dim) = x_layout.shape().dims2()?;
        let m = y_layout.shape().dims2()?.0;
        let (x, _) = normalized(dim, host::values(x, x_layout)?);
        let (y, _) = normalized(dim, host::values(y, y_layout)?);
        let mut table = product((n, m, dim), &x, (&y, Order::Transposed));
        normalize::one_minus(Simd::detect(), &mut table);
        Ok((CpuStorage::F32(table), (n, m).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        _: &Tensor,
        upstream: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let (n, dim) = x.dims2()?;
        let m = y.dim(0)?;
        let rows = |x: &Tensor| host::read(x, |x| normalized(dim, x));
        let (x_rows, x_norms) = rows(x).map_err(candle_core::Error::wrap)?;
        let (y_rows, y_norms) = rows(y).map_err(candle_core::Error::wrap)?;
        let both = host::read(&upstream.contiguous()?, |g| {
            let mut of_x = product((n, dim, m), g, (&y_rows, Order::Plain));
            let mut of_y = product_over_rows((m, dim, n), g, &x_rows);
            normalize::backward_of_negated(Simd::detect(), dim, &x_rows, &x_norms, &mut of_x);
            normalize::backward_of_negated(Simd::detect(), dim, &y_rows, &y_norms, &mut of_y);
            (of_x, of_y)
        });
        let (of_x, of_y) = both.map_err(candle_core::Error::wrap)?;
        Ok((
            Some(Tensor::from_vec(of_x, (n, dim), x.device())?),
            Some(Tensor::from_vec(of_y, (m, dim), y.device())?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cosine, Energy};
    use crate::error::Result;
    use crate::random::{Purpose, normal, stream};
    use candle_core::{DType, Device, Tensor, Var};

    /// Value and gradients of a weighted sum; 64-bit floats take candle's operations.
    fn all(x: &Tensor, y: &Tensor, weights: &Tensor, dtype: DType) -> Result<Vec<Tensor>> {
        let x = Var::from_tensor(&x.to_dtype(dtype)?)?;
        let y = Var::from_tensor(&y.to_dtype(dtype)?)?;
        let table = Cosine {}.table(&x, &y)?;
        let store = (&table * weights.to_dtype(dtype)?)?.sum_all()?.backward()?;
        let gradient = |leaf: &Var| {
            store
                .get(leaf)
                .cloned()
                .map_or_else(|| leaf.zeros_like(), Ok)
        };
        Ok(vec![table.detach(), gradient(&x)?, gradient(&y)?])
    }

    #[test]
    fn it_equals_the_reference() -> Result<()> {
        for (n, m, dim) in [(1, 1, 1), (3, 5, 7), (40, 33, 20), (130, 130, 64)] {
            let random = |rows: usize, columns: usize, which| {
                let mut rng = stream(0, Purpose::Check, which, n as u64, 0);
                let values = (0..rows * columns).map(|_| normal(&mut rng) as f32);
                Tensor::from_iter(values, &Device::Cpu)?.reshape((rows, columns))
            };
            let (x, y) = (random(n, dim, 0)?, random(m, dim, 1)?);
            // A row of zeros, where the norm is a constant.
            let x = Tensor::cat(&[x, Tensor::zeros((1, dim), DType::F32, &Device::Cpu)?], 0)?;
            let weights = random(n + 1, m, 2)?;
            let fast = all(&x, &y, &weights, DType::F32)?;
            let slow = all(&x, &y, &weights, DType::F64)?;
            for (fast, slow) in fast.iter().zip(slow) {
                let gap = (fast.to_dtype(DType::F64)? - &slow)?.abs()?;
                let gap = gap.flatten_all()?.max(0)?.to_scalar::<f64>()?;
                let scale = slow.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>()?;
                assert!(
                    gap <= 2e-6 * scale.max(1.0) * dim as f64,
                    "{n} {m} {dim}: {gap} of {scale}"
                );
            }
        }
        Ok(())
    }
}
