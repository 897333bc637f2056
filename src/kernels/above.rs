//! Which of many numbers are large enough.

use super::simd::multiversion;

/// Numbers that are looked at together.
pub const TOGETHER: usize = 32;

multiversion! {
    /// How many whole groups' numbers come before the first group that holds a `value · scale` that is above `threshold`
    /// or not a number; all numbers, where none does.
    ///
    /// The slices are of equal length; of the last, shorter group nothing is known.
    pub fn skip<L>(values: &[f32], scales: &[f32], threshold: f32) -> usize {
        let groups = values.chunks_exact(TOGETHER).zip(scales.chunks_exact(TOGETHER));
        let mut before = 0;
        for (values, scales) in groups {
            // A lane each, without a branch: one look at all of them follows.
            let mut large = [0; 16];
            for half in [0, 16] {
                for i in 0..16 {
                    let product = values[half + i] * scales[half + i];
                    large[i] |= u32::from((product > threshold) | product.is_nan());
                }
            }
            let any = large.into_iter().fold(0, |any, large| any | large);
            if any != 0 {
                return before;
            }
            before += TOGETHER;
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Level, Simd};

    #[test]
    fn the_first_group_with_a_large_number_is_found_at_every_level() {
        let scales = vec![0.5; 5 * TOGETHER + 7];
        for level in [Level::Portable, Level::Avx2, Level::Avx512] {
            let simd = Simd::at_most(level);
            let mut values = vec![-1.0; scales.len()];
            values[3] = 2.0; // times its scale no more than the threshold
            assert_eq!(skip(simd, &values, &scales, 1.0), 5 * TOGETHER);
            for at in [0, 15, 16, 31, 32, 100, 5 * TOGETHER - 1] {
                let mut values = values.clone();
                values[at] = 2.5;
                let group = at / TOGETHER * TOGETHER;
                assert_eq!(skip(simd, &values, &scales, 1.0), group, "{level:?} {at}");
            }
            values[5 * TOGETHER + 2] = 9.0;
            assert_eq!(skip(simd, &values, &scales, 1.0), 5 * TOGETHER);
            assert_eq!(skip(simd, &values[..5], &scales[..5], 1.0), 0);
        }
    }
}
