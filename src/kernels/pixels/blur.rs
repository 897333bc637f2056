//! Convolution with a symmetric kernel along either axis.

/// Values made at once: their sums stay in registers.
pub const BLOCK: usize = 32;

dispatch! {
    /// `out[x] = w[0] · s[r·step + x] + Σ_{k=1..r} w[k] · (s[(r−k)·step + x] + s[(r+k)·step + x])`, `r = w.len() − 1`.
    ///
    /// `step = 1` convolves along a row, `step` = the row length along a column. `source` reaches to
    /// `2 · r · step + out.len()` rounded up to a whole [`BLOCK`] of outputs.
    pub fn symmetric(out: &mut [f32], source: &[f32], step: usize, weights: &[f32]) {
        let radius = weights.len() - 1;
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let center = radius * step + block * BLOCK;
            let mut sums = [0.0_f32; BLOCK];
            for (sum, x) in sums.iter_mut().zip(&source[center..center + BLOCK]) {
                *sum = weights[0] * x;
            }
            for (k, weight) in weights.iter().enumerate().skip(1) {
                let before = &source[center - k * step..center - k * step + BLOCK];
                let after = &source[center + k * step..center + k * step + BLOCK];
                for i in 0..BLOCK {
                    sums[i] += weight * (before[i] + after[i]);
                }
            }
            out.copy_from_slice(&sums[..out.len()]);
        }
    }
}
