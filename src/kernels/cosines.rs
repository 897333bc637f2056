//! Cosines from products, and their order as whole numbers.

use super::simd::multiversion;

/// Numbers that are looked at together.
const LANES: usize = 16;
/// No cosine, but where something overflowed: the largest number below 2.
const MOST: f32 = 1.999_999_9;

/// The cosine of a product and its row's scale: above −2 and below 2 whatever overflowed, and 0 without a sign.
#[inline(always)]
#[must_use]
pub fn cosine(product: f32, scale: f32) -> f32 {
    let cosine = product * scale;
    // What is not a number comes last.
    let cosine = if cosine > -MOST { cosine } else { -MOST };
    (if cosine < MOST { cosine } else { MOST }) + 0.0
}

/// A number that is the lower the larger `cosine` is, of 31 bits.
#[inline(always)]
fn rank(cosine: f32) -> u32 {
    // Below 2 the highest bit of the exponent is free.
    let bits = cosine.to_bits();
    let size = bits & 0x3fff_ffff;
    if bits >> 31 == 1 {
        0x4000_0000 | size
    } else {
        0x3fff_ffff - size
    }
}

multiversion! {
    /// Cosines of products and scales, and the lowest and highest of them.
    ///
    /// # Panics
    /// The slices are not of one length.
    pub fn cosines<L>(products: &[f32], scales: &[f32], to: &mut [f32]) -> (f32, f32) {
        assert!(products.len() == to.len() && scales.len() == to.len());
        let (mut low, mut high) = ([MOST; LANES], [-MOST; LANES]);
        let mut one = |lane: usize, product: f32, scale: f32| {
            let cosine = cosine(product, scale);
            low[lane] = if cosine < low[lane] { cosine } else { low[lane] };
            high[lane] = if cosine > high[lane] { cosine } else { high[lane] };
            cosine
        };
        let (products, last) = products.as_chunks::<LANES>();
        let (scales, last_scales) = scales.as_chunks::<LANES>();
        let (to, last_to) = to.as_chunks_mut::<LANES>();
        for ((to, products), scales) in to.iter_mut().zip(products).zip(scales) {
            for i in 0..LANES {
                to[i] = one(i, products[i], scales[i]);
            }
        }
        for i in 0..last.len() {
            last_to[i] = one(i, last[i], last_scales[i]);
        }
        let low = low.into_iter().fold(MOST, f32::min);
        (low, high.into_iter().fold(-MOST, f32::max))
    }
}

multiversion! {
    /// For each cosine: its `rank` times 2, plus 1 where its label is `label`, to `keys`, and `(high − cosine) · per`,
    /// which is below 2^16 − 1, rounded to `buckets`.
    ///
    /// # Panics
    /// The slices are not of one length.
    pub fn keys<L>(cosines: &[f32], high: f32, per: f32, labels: &[u32], label: u32, keys: &mut [u32], buckets: &mut [u16]) {
        let len = cosines.len();
        assert!(labels.len() == len && keys.len() == len && buckets.len() == len);
        for i in 0..len {
            keys[i] = rank(cosines[i]) << 1 | u32::from(labels[i] == label);
        }
        for i in 0..len {
            // From 2^23 on a float's last bits count in ones.
            let place = (high - cosines[i]) * per + 8_388_608.0;
            buckets[i] = place.to_bits() as u16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Level, Simd};

    #[test]
    fn keys_are_in_the_order_of_cosines_at_every_level() {
        let products = [
            f32::INFINITY,
            1.5,
            1.0,
            0.5,
            1e-30,
            -0.0,
            -0.5,
            -1.5,
            -1e30,
            f32::NAN,
        ];
        let products = products.repeat(4);
        let scales = vec![1.0; products.len()];
        let labels: Vec<u32> = (0..products.len() as u32).map(|i| i % 3).collect();
        for level in [Level::Portable, Level::Avx2, Level::Avx512] {
            let simd = Simd::at_most(level);
            let mut cosine = vec![9.0; products.len()];
            assert_eq!(
                cosines(simd, &products, &scales, &mut cosine),
                (-MOST, MOST)
            );
            assert!(cosine[5].is_sign_positive() && cosine[5] == 0.0);
            let (mut found, mut buckets) = (vec![9; products.len()], vec![9; products.len()]);
            keys(
                simd,
                &cosine,
                MOST,
                10.0,
                &labels,
                2,
                &mut found,
                &mut buckets,
            );
            for (place, pair) in found[..9].windows(2).enumerate() {
                assert!(pair[0] >> 1 < pair[1] >> 1, "{level:?} {place}");
            }
            assert_eq!(found[8] >> 1, found[9] >> 1);
            assert!(
                found
                    .iter()
                    .zip(&labels)
                    .all(|(key, l)| key & 1 == u32::from(*l == 2))
            );
            assert_eq!(buckets[..8], [0, 5, 10, 15, 20, 20, 25, 35]);
        }
    }
}
