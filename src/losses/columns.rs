use candle_core::Tensor;

use crate::error::Result;

/// Columns of `table` (N, M) chosen row by row: `choose(row)` lists them, the same number K for each row: (N, K).
///
/// # Errors
/// A tensor operation failed.
pub(crate) fn columns(table: &Tensor, choose: impl Fn(usize) -> Vec<u32>) -> Result<Tensor> {
    let rows = table.dim(0)?;
    let index: Vec<u32> = (0..rows).flat_map(choose).collect();
    let width = index.len() / rows.max(1);
    let index = Tensor::from_vec(index, (rows, width), table.device())?;
    Ok(table.gather(&index, 1)?)
}
