//! The lanes of AVX-512 (one register) and AVX2 (two registers).

use std::arch::x86_64::{
    __m256, __m512, _CMP_GT_OQ, _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps,
    _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cvtps_epi32, _mm256_div_ps, _mm256_fmadd_ps,
    _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_setzero_ps, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_sub_ps,
    _mm512_add_ps, _mm512_castpd_ps, _mm512_castps_pd, _mm512_cmp_ps_mask, _mm512_div_ps,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps,
    _mm512_maskz_mov_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_reduce_add_ps,
    _mm512_reduce_max_ps, _mm512_scalef_ps, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_shuffle_f32x4, _mm512_storeu_ps, _mm512_stream_ps, _mm512_sub_ps, _mm512_unpackhi_pd,
    _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

use super::doubles_x86::{Doubles256, Doubles512};
use super::lanes::Lanes;
use super::portable::Portable;

/// One 512-bit register.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

/// The lowest `count` of 16 bits.
#[inline(always)]
fn mask(count: usize) -> u16 {
    ((1u32 << count) - 1) as u16
}

// SAFETY: used only where `Simd` has proved AVX-512; pointers are the caller's promise.
unsafe impl Lanes for Avx512 {
    const WIDE: bool = true;
    type Doubles = Doubles512;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_set1_ps(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn load_some(from: *const f32, count: usize) -> Self {
        // SAFETY: the contract of `Lanes`; masked lanes are not touched.
        Self(unsafe { _mm512_maskz_loadu_ps(mask(count), from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the contract of `Lanes`.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        // SAFETY: the contract of `Lanes`; a whole cache line.
        unsafe { _mm512_stream_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut f32, count: usize) {
        // SAFETY: the contract of `Lanes`; masked lanes are not touched.
        unsafe { _mm512_mask_storeu_ps(to, mask(count), self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn fma(self, factor: Self, term: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, term.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn positive(self) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_max_ps(self.0, _mm512_setzero_ps()) })
    }
    #[inline(always)]
    unsafe fn where_positive(self, gate: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            let mask = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(gate.0, _mm512_setzero_ps());
            Self(_mm512_maskz_mov_ps(mask, self.0))
        }
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_div_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_min_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn times_two_to(self, n: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        Self(unsafe { _mm512_scalef_ps(self.0, n.0) })
    }
    #[inline(always)]
    unsafe fn total(self) -> f32 {
        // SAFETY: the contract of `Lanes`.
        unsafe { _mm512_reduce_add_ps(self.0) }
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        // SAFETY: the contract of `Lanes`.
        unsafe { _mm512_reduce_max_ps(self.0) }
    }
    #[inline(always)]
    unsafe fn turn(rows: [Self; 16]) -> [Self; 16] {
        let mut fours = [[rows[0].0; 4]; 4];
        let mut turned = rows;
        // SAFETY: the contract of `Lanes`.
        unsafe {
            // Squares of four within the quarters of the registers, then the quarters themselves.
            for (group, fours) in fours.iter_mut().enumerate() {
                let r: [__m512; 4] = std::array::from_fn(|i| rows[4 * group + i].0);
                let low = [
                    _mm512_unpacklo_ps(r[0], r[1]),
                    _mm512_unpacklo_ps(r[2], r[3]),
                ];
                let high = [
                    _mm512_unpackhi_ps(r[0], r[1]),
                    _mm512_unpackhi_ps(r[2], r[3]),
                ];
                for (half, [a, b]) in [low, high].into_iter().enumerate() {
                    let (a, b) = (_mm512_castps_pd(a), _mm512_castps_pd(b));
                    fours[2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
                    fours[2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
                }
            }
            let [a, b, c, d] = fours;
            for k in 0..4 {
                let low = _mm512_shuffle_f32x4::<0x44>(a[k], b[k]);
                let high = _mm512_shuffle_f32x4::<0xEE>(a[k], b[k]);
                let more_low = _mm512_shuffle_f32x4::<0x44>(c[k], d[k]);
                let more_high = _mm512_shuffle_f32x4::<0xEE>(c[k], d[k]);
                turned[k] = Self(_mm512_shuffle_f32x4::<0x88>(low, more_low));
                turned[k + 4] = Self(_mm512_shuffle_f32x4::<0xDD>(low, more_low));
                turned[k + 8] = Self(_mm512_shuffle_f32x4::<0x88>(high, more_high));
                turned[k + 12] = Self(_mm512_shuffle_f32x4::<0xDD>(high, more_high));
            }
        }
        turned
    }
}

/// Two 256-bit registers.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256, __m256);

// SAFETY: used only where `Simd` has proved AVX2 and FMA; pointers are the caller's promise.
unsafe impl Lanes for Avx2 {
    const WIDE: bool = false;
    type Doubles = Doubles256;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the contract of `Lanes`.
        let half = unsafe { _mm256_set1_ps(value) };
        Self(half, half)
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }
    #[inline(always)]
    unsafe fn load_some(from: *const f32, count: usize) -> Self {
        let mut lanes = [0.0; 16];
        // SAFETY: the contract of `Lanes`.
        unsafe {
            Portable::load_some(from, count).store(lanes.as_mut_ptr());
            Self::load(lanes.as_ptr())
        }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            _mm256_storeu_ps(to, self.0);
            _mm256_storeu_ps(to.add(8), self.1);
        }
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut f32, count: usize) {
        let mut lanes = [0.0; 16];
        // SAFETY: the contract of `Lanes`.
        unsafe {
            self.store(lanes.as_mut_ptr());
            Portable::load(lanes.as_ptr()).store_some(to, count);
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            Self(
                _mm256_add_ps(self.0, other.0),
                _mm256_add_ps(self.1, other.1),
            )
        }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            Self(
                _mm256_sub_ps(self.0, other.0),
                _mm256_sub_ps(self.1, other.1),
            )
        }
    }
    #[inline(always)]
    unsafe fn fma(self, factor: Self, term: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            Self(
                _mm256_fmadd_ps(self.0, factor.0, term.0),
                _mm256_fmadd_ps(self.1, factor.1, term.1),
            )
        }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            Self(
                _mm256_mul_ps(self.0, other.0),
                _mm256_mul_ps(self.1, other.1),
            )
        }
    }
    #[inline(always)]
    unsafe fn positive(self) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            let zero = _mm256_setzero_ps();
            Self(_mm256_max_ps(self.0, zero), _mm256_max_ps(self.1, zero))
        }
    }
    #[inline(always)]
    unsafe fn where_positive(self, gate: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            let zero = _mm256_setzero_ps();
            Self(
                _mm256_and_ps(self.0, _mm256_cmp_ps::<_CMP_GT_OQ>(gate.0, zero)),
                _mm256_and_ps(self.1, _mm256_cmp_ps::<_CMP_GT_OQ>(gate.1, zero)),
            )
        }
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            Self(
                _mm256_div_ps(self.0, other.0),
                _mm256_div_ps(self.1, other.1),
            )
        }
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            Self(
                _mm256_min_ps(self.0, other.0),
                _mm256_min_ps(self.1, other.1),
            )
        }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: the contract of `Lanes`.
        unsafe {
            Self(
                _mm256_max_ps(self.0, other.0),
                _mm256_max_ps(self.1, other.1),
            )
        }
    }
    #[inline(always)]
    unsafe fn times_two_to(self, n: Self) -> Self {
        // SAFETY: the contract of `Lanes`; a float with n + 127 as its exponent is 2ⁿ.
        unsafe {
            let half = |value, n| {
                let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
                let power = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent));
                _mm256_mul_ps(value, power)
            };
            Self(half(self.0, n.0), half(self.1, n.1))
        }
    }
}
