//! Products of matrices, in 32 bits or of 16-bit operands.

use super::bf16::{self, Bf16};
use super::gemm::{self, Order, Start};
use super::simd::Simd;
use super::then::Then;

/// Which kernels compute products.
#[derive(Clone, Copy, Debug)]
pub enum Products {
    /// In 32 bits.
    F32(Simd),
    /// Of operands in 16 bits, or split into two or three such numbers.
    Bf16(Bf16),
}

impl Products {
    /// Floats of workspace that [`Products::matmul`] needs for n columns and sums of k.
    #[must_use]
    pub fn matmul_workspace(self, n: usize, k: usize) -> usize {
        match self {
            Self::F32(_) => gemm::workspace(n, k),
            Self::Bf16(bf16) => bf16.matmul_workspace(n, k),
        }
    }

    /// `c = start + a · b`, see [`gemm::matmul`].
    ///
    /// # Panics
    /// A slice is shorter than its matrix.
    pub fn matmul(
        self,
        size: (usize, usize, usize),
        a: &[f32],
        b: (&[f32], Order),
        to: (&mut [f32], Start),
        workspace: &mut [f32],
    ) {
        self.matmul_then(size, a, b, to, workspace, Then::Nothing);
    }

    /// [`Products::matmul`], then what follows.
    ///
    /// # Panics
    /// A slice is shorter than its matrix.
    pub fn matmul_then(
        self,
        size: (usize, usize, usize),
        a: &[f32],
        b: (&[f32], Order),
        to: (&mut [f32], Start),
        workspace: &mut [f32],
        then: Then,
    ) {
        match self {
            Self::F32(simd) => gemm::matmul_then(simd, size, a, b, to, workspace, then),
            Self::Bf16(bf16) => bf16::matmul_then(bf16, size, a, b, to, workspace, then),
        }
    }

    /// Floats of workspace that [`Products::over_rows`] needs.
    #[must_use]
    pub fn over_rows_workspace(self, size: (usize, usize, usize)) -> usize {
        match self {
            Self::F32(_) => gemm::over_rows_workspace(size),
            Self::Bf16(bf16) => bf16.over_rows_workspace(size),
        }
    }

    /// `c = aᵀ · b` and the column sums of `a`, see [`gemm::over_rows`].
    ///
    /// # Panics
    /// A slice is shorter than its matrix.
    pub fn over_rows(
        self,
        size: (usize, usize, usize),
        a: &[f32],
        b: &[f32],
        to: (&mut [f32], Option<&mut [f32]>),
        workspace: &mut [f32],
    ) {
        match self {
            Self::F32(simd) => gemm::over_rows(simd, size, a, b, to, workspace),
            Self::Bf16(bf16) => bf16.over_rows(size, a, b, to, workspace),
        }
    }
}
