//! The micro-kernel with AVX512-BF16.

use std::arch::x86_64::{
    __m512, __m512bh, _mm512_dpbf16_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_set1_epi32,
    _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::operands::{DEPTH, PART, SIDE, Terms};

/// Rows whose sums stay in registers.
const ROWS: usize = 8;

/// `c = Σ rows · panel` over the terms, or `c += ..` when `add`, with AVX512-BF16.
///
/// # Safety
/// Of every term, 32 rows and a panel's parts are readable to their depth, and `c` is a whole block that nothing else
/// touches meanwhile. The processor has AVX512-BF16.
#[target_feature(enable = "avx512f,avx512bf16")]
pub(super) unsafe fn avx512(terms: &Terms, c: *mut f32, add: bool) {
    for first in (0..SIDE).step_by(ROWS) {
        // SAFETY: the caller's promise: rows, panel and block are whole.
        unsafe {
            let at = |r: usize, half: usize| c.add((first + r) * SIDE + half * 16);
            let mut sums: [[__m512; 2]; ROWS] = [[_mm512_setzero_ps(); 2]; ROWS];
            if add {
                for (r, sums) in sums.iter_mut().enumerate() {
                    *sums = [_mm512_loadu_ps(at(r, 0)), _mm512_loadu_ps(at(r, 1))];
                }
            }
            for term in terms.of {
                for depth in 0..terms.depth {
                    let row = first / 16 * terms.lay.half + first % 16 * terms.lay.row;
                    for (left, right) in terms.pairs() {
                        let part = term.panel.add(right * terms.next.1 + depth * PART);
                        let a = term
                            .rows
                            .add(left * terms.next.0 + row + depth * terms.lay.part);
                        for pair in 0..DEPTH / 2 {
                            let column = |half: usize| -> __m512bh {
                                let from = part.add(half * PART / 2 + pair * 32);
                                std::mem::transmute(_mm512_loadu_si512(from.cast()))
                            };
                            let columns = [column(0), column(1)];
                            for (r, sums) in sums.iter_mut().enumerate() {
                                let two = a.add(r * terms.lay.row + pair * 2).cast::<[u8; 4]>();
                                let two = i32::from_ne_bytes(*two);
                                let two: __m512bh = std::mem::transmute(_mm512_set1_epi32(two));
                                sums[0] = _mm512_dpbf16_ps(sums[0], two, columns[0]);
                                sums[1] = _mm512_dpbf16_ps(sums[1], two, columns[1]);
                            }
                        }
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                _mm512_storeu_ps(at(r, 0), sums[0]);
                _mm512_storeu_ps(at(r, 1), sums[1]);
            }
        }
    }
}
