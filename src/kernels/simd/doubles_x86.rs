//! Eight 64-bit floats of AVX-512 (one register) and AVX2 (two registers).

use std::arch::x86_64::{
    __m256d, __m512d, _mm256_add_pd, _mm256_fmadd_pd, _mm256_loadu_pd, _mm256_set1_pd,
    _mm256_storeu_pd, _mm512_add_pd, _mm512_fmadd_pd, _mm512_loadu_pd, _mm512_set1_pd,
    _mm512_storeu_pd,
};

use super::doubles::Doubles;

/// One 512-bit register.
#[derive(Clone, Copy)]
pub(crate) struct Doubles512(__m512d);

// SAFETY: used only where `Simd` has proved AVX-512; pointers are the caller's promise.
unsafe impl Doubles for Doubles512 {
    #[inline(always)]
    unsafe fn splat(value: f64) -> Self {
        // SAFETY: the contract of `Doubles`.
        Self(unsafe { _mm512_set1_pd(value) })
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: the contract of `Doubles`.
        Self(unsafe { _mm512_loadu_pd(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: the contract of `Doubles`.
        unsafe { _mm512_storeu_pd(to, self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the contract of `Doubles`.
        Self(unsafe { _mm512_add_pd(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn fma(self, factor: Self, term: Self) -> Self {
        // SAFETY: the contract of `Doubles`.
        Self(unsafe { _mm512_fmadd_pd(self.0, factor.0, term.0) })
    }
}

/// Two 256-bit registers.
#[derive(Clone, Copy)]
pub(crate) struct Doubles256(__m256d, __m256d);

// SAFETY: used only where `Simd` has proved AVX2 and FMA; pointers are the caller's promise.
unsafe impl Doubles for Doubles256 {
    #[inline(always)]
    unsafe fn splat(value: f64) -> Self {
        // SAFETY: the contract of `Doubles`.
        let half = unsafe { _mm256_set1_pd(value) };
        Self(half, half)
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: the contract of `Doubles`.
        unsafe { Self(_mm256_loadu_pd(from), _mm256_loadu_pd(from.add(4))) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: the contract of `Doubles`.
        unsafe {
            _mm256_storeu_pd(to, self.0);
            _mm256_storeu_pd(to.add(4), self.1);
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the contract of `Doubles`.
        unsafe {
            Self(
                _mm256_add_pd(self.0, other.0),
                _mm256_add_pd(self.1, other.1),
            )
        }
    }
    #[inline(always)]
    unsafe fn fma(self, factor: Self, term: Self) -> Self {
        // SAFETY: the contract of `Doubles`.
        unsafe {
            Self(
                _mm256_fmadd_pd(self.0, factor.0, term.0),
                _mm256_fmadd_pd(self.1, factor.1, term.1),
            )
        }
    }
}
