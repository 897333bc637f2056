//! The micro-kernel with AVX512-BF16 and with AMX.

use std::arch::asm;
use std::arch::x86_64::{
    __m512, __m512bh, _mm512_dpbf16_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_set1_epi32,
    _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::operands::{BLOCK, DEPTH, PART, SIDE, Terms};

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
                    let part = term.panel.add(depth * PART);
                    let row = first / 16 * terms.lay.half + first % 16 * terms.lay.row;
                    let a = term.rows.add(row + depth * terms.lay.part);
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
            for (r, sums) in sums.iter().enumerate() {
                _mm512_storeu_ps(at(r, 0), sums[0]);
                _mm512_storeu_ps(at(r, 1), sums[1]);
            }
        }
    }
}

/// How the eight tiles are divided: each 16 rows of 64 bytes.
#[repr(C, align(64))]
struct TileConfig {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static TILES: TileConfig = TileConfig {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Tiles 0 to 3 for a block, 4 and 5 for sixteen rows each, 6 and 7 for sixteen columns each.
///
/// # Safety
/// The processor has AMX, which the system permits.
pub(super) unsafe fn set_up() {
    // SAFETY: the caller's promise; the configuration is whole.
    unsafe { asm!("ldtilecfg [{tiles}]", tiles = in(reg) &raw const TILES, options(nostack)) };
}

/// Tiles as they were before [`set_up`].
///
/// # Safety
/// The processor has AMX.
pub(super) unsafe fn release() {
    // SAFETY: the caller's promise.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
}

/// [`avx512`] with AMX.
///
/// # Safety
/// As for [`avx512`], but this thread's tiles are set up.
pub(super) unsafe fn amx(terms: &Terms, c: *mut f32, add: bool) {
    if terms.of.is_empty() || terms.depth == 0 {
        if !add {
            // SAFETY: the caller's promise: a whole block.
            unsafe { std::slice::from_raw_parts_mut(c, BLOCK).fill(0.0) };
        }
        return;
    }
    let bytes = |numbers: usize| numbers * size_of::<u16>();
    // SAFETY: tiles are divided as `set_up` does, and all addresses lie in what the caller promises.
    unsafe {
        asm!(
            "test {k}, {k}",
            "jz 2f",
            "tileloadd tmm0, [{c} + {line} * 2]",
            "tileloadd tmm1, [{c} + {line} * 2 + 64]",
            "tileloadd tmm2, [{c} + {line} * 2 + 2048]",
            "tileloadd tmm3, [{c} + {line} * 2 + 2112]",
            "jmp 3f",
            "2:",
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "3:",
            "mov {a}, [{terms}]",
            "mov {b}, [{terms} + 8]",
            "add {terms}, 16",
            "lea {low}, [{a} + {half}]",
            "mov {k}, {depth}",
            "4:",
            "tileloadd tmm4, [{a} + {pitch} * 1]",
            "tileloadd tmm6, [{b} + {line} * 1]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{b} + {line} * 1 + 1024]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{low} + {pitch} * 1]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {a}, {part}",
            "add {low}, {part}",
            "add {b}, 2048",
            "dec {k}",
            "jnz 4b",
            "dec {count}",
            "jnz 3b",
            "tilestored [{c} + {line} * 2], tmm0",
            "tilestored [{c} + {line} * 2 + 64], tmm1",
            "tilestored [{c} + {line} * 2 + 2048], tmm2",
            "tilestored [{c} + {line} * 2 + 2112], tmm3",
            c = in(reg) c,
            line = in(reg) 64_usize,
            terms = inout(reg) terms.of.as_ptr() => _,
            count = inout(reg) terms.of.len() => _,
            depth = in(reg) terms.depth,
            half = in(reg) bytes(terms.lay.half),
            pitch = in(reg) bytes(terms.lay.row),
            part = in(reg) bytes(terms.lay.part),
            b = out(reg) _,
            a = out(reg) _,
            k = inout(reg) usize::from(add) => _,
            low = out(reg) _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
