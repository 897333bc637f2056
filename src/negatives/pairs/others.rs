//! The columns of a square table that belong to other samples.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};

use crate::error::Result;
use crate::host;
use crate::losses::columns;

/// Of a table (V·B, V·B) over views of the same B samples, view after view, each row's columns of other
/// samples, in order: (V·B, V·(B − 1)).
///
/// On 32-bit floats of the CPU runs of columns are copied; elsewhere they are gathered by index.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn others(table: &Tensor, batch: usize) -> Result<Tensor> {
    let rows = table.dim(0)?;
    if host::is_plain(table) {
        return Ok(table.apply_op1(Others { rows, batch })?);
    }
    let chosen = |row: usize| (0..rows).filter(move |c| c % batch != row % batch);
    columns(table, |row| chosen(row).map(|c| c as u32).collect())
}

struct Others {
    rows: usize,
    batch: usize,
}

impl Others {
    /// Run `copy` on every run of columns that a row keeps: where it starts in the table, where among the
    /// rows kept, and its length.
    fn runs(&self, mut copy: impl FnMut(usize, usize, usize)) {
        let (rows, mut to) = (self.rows, 0);
        for row in 0..rows {
            let mut start = 0;
            let own = (row % self.batch..rows).step_by(self.batch);
            for end in own.chain([rows]) {
                copy(row * rows + start, to, end - start);
                to += end - start;
                start = end + 1;
            }
        }
    }

    fn kept(&self) -> usize {
        self.rows - self.rows / self.batch
    }
}

impl CustomOp1 for Others {
    fn name(&self) -> &'static str {
        "others"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let table = host::values(storage, layout)?;
        let mut out = Vec::with_capacity(self.rows * self.kept());
        self.runs(|from, _, len| out.extend_from_slice(&table[from..from + len]));
        Ok((CpuStorage::F32(out), (self.rows, self.kept()).into()))
    }

    fn bwd(
        &self,
        table: &Tensor,
        _: &Tensor,
        upstream: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        let mut to = vec![0.0; self.rows * self.rows];
        let upstream = upstream.contiguous()?;
        let copied = host::read(&upstream, |from| {
            self.runs(|at, start, len| to[at..at + len].copy_from_slice(&from[start..start + len]));
        });
        copied.map_err(candle_core::Error::wrap)?;
        Tensor::from_vec(to, (self.rows, self.rows), table.device()).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device, Var};

    /// Value and gradient of a weighted sum.
    fn both(table: &Tensor, batch: usize, dtype: DType) -> Result<[Vec<f64>; 2]> {
        let table = Var::from_tensor(&table.to_dtype(dtype)?)?;
        let value = others(&table, batch)?;
        let store = value.sqr()?.sum_all()?.backward()?;
        let gradient = store
            .get(&table)
            .cloned()
            .map_or_else(|| table.zeros_like(), Ok)?;
        let list = |x: &Tensor| x.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
        Ok([list(&value)?, list(&gradient)?])
    }

    #[test]
    fn copied_runs_equal_gathered_columns() -> Result<()> {
        for (views, batch) in [(1, 3), (2, 2), (2, 5), (3, 4), (4, 1)] {
            let rows = views * batch;
            let table = Tensor::arange(0f32, (rows * rows) as f32, &Device::Cpu)?;
            let table = table.reshape((rows, rows))?;
            let copied = both(&table, batch, DType::F32)?;
            assert_eq!(copied, both(&table, batch, DType::F64)?);
            assert_eq!(copied[0].len(), rows * (rows - views));
        }
        Ok(())
    }
}
