//! The micro-kernel: sums of a few rows and vectors of columns, all in registers.

use super::matrices::{Left, Sink};
use crate::kernels::simd::Lanes;

/// `MR` × (`NZ` · 16) products: all sums live in registers. `last` lanes of the last vector are valid.
///
/// The sums run over `k` places of the left-hand side from each of `starts` on; the right-hand side follows on.
///
/// # Safety
/// `a` holds `MR` rows of these places; `b` as many rows of `NZ` vectors, `ldb` floats apart; `c`, and what it adds,
/// `MR` rows of `NZ` vectors but for the end of the last. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn micro<L: Lanes, const MR: usize, const NZ: usize>(
    (starts, k): (&[usize], usize),
    a: Left,
    b: *const f32,
    ldb: usize,
    c: Sink,
    last: usize,
) {
    // SAFETY: the caller's matrices hold MR rows and NZ vectors from these starts.
    unsafe {
        let mut sums = [[L::splat(0.0); NZ]; MR];
        let mut bp = b;
        for &start in starts {
            let mut ap = a.start.add(start);
            for _ in 0..k {
                let mut row = [L::splat(0.0); NZ];
                for j in 0..NZ {
                    row[j] = L::load(bp.add(16 * j));
                }
                for i in 0..MR {
                    let factor = L::splat(*ap.add(i * a.row));
                    for j in 0..NZ {
                        sums[i][j] = factor.fma(row[j], sums[i][j]);
                    }
                }
                // Behind the last place they may lie outside of the matrices.
                ap = ap.wrapping_add(a.column);
                bp = bp.wrapping_add(ldb);
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            for (j, &sum) in sums.iter().enumerate() {
                let count = if j + 1 < NZ { 16 } else { last };
                put(c.at(i, 16 * j), sum, count);
            }
        }
    }
}

/// Store the first `count` lanes of `sum` where `c` starts.
///
/// # Safety
/// `c`, and what it adds, hold `count` floats, at most 16. The processor has the instructions of `L`.
#[inline(always)]
unsafe fn put<L: Lanes>(c: Sink, mut sum: L, count: usize) {
    // SAFETY: the caller's matrices hold `count` floats from there.
    unsafe {
        for &term in &[c.old, c.bias] {
            if !term.is_null() {
                sum = sum.add(L::load_up_to(term, count));
            }
        }
        sum.store_up_to(c.start, count);
    }
}

/// All rows of one panel part: `MR` at a time, then 8, 4, 2, 1.
///
/// # Safety
/// As for [`micro`], with `m` rows.
#[inline(always)]
unsafe fn column<L: Lanes, const MR: usize, const NZ: usize>(
    m: usize,
    k: (&[usize], usize),
    a: Left,
    b: *const f32,
    ldb: usize,
    c: Sink,
    last: usize,
) {
    // Two equal parts are faster than a whole and a third of one.
    let pair = match MR {
        12 => 16,
        6 => 8,
        _ => 0,
    };
    let mut i = 0;
    // SAFETY: rows i .. i + step lie inside the caller's matrices.
    unsafe {
        let at = |i: usize| {
            let a = Left {
                start: a.start.add(i * a.row),
                ..a
            };
            (a, c.at(i, 0))
        };
        while i + MR <= m && m - i != pair {
            let (a, c) = at(i);
            micro::<L, MR, NZ>(k, a, b, ldb, c, last);
            i += MR;
        }
        while MR > 8 && i + 8 <= m {
            let (a, c) = at(i);
            micro::<L, 8, NZ>(k, a, b, ldb, c, last);
            i += 8;
        }
        while MR > 4 && i + 4 <= m {
            let (a, c) = at(i);
            micro::<L, 4, NZ>(k, a, b, ldb, c, last);
            i += 4;
        }
        if i + 2 <= m {
            let (a, c) = at(i);
            micro::<L, 2, NZ>(k, a, b, ldb, c, last);
            i += 2;
        }
        while i < m {
            let (a, c) = at(i);
            micro::<L, 1, NZ>(k, a, b, ldb, c, last);
            i += 1;
        }
    }
}

/// [`column`] with the micro-kernel that fits a panel of `width` columns, a multiple of 16 up to 64.
///
/// # Safety
/// As for [`micro`], with `m` rows and `width` columns.
#[inline(always)]
pub(super) unsafe fn columns<L: Lanes>(
    m: usize,
    k: (&[usize], usize),
    a: Left,
    (b, ldb): (*const f32, usize),
    c: Sink,
    (width, last): (usize, usize),
) {
    // SAFETY: the caller's matrices hold these rows and columns.
    unsafe {
        if L::WIDE {
            match width / 16 {
                1 => column::<L, 8, 1>(m, k, a, b, ldb, c, last),
                2 => column::<L, 8, 2>(m, k, a, b, ldb, c, last),
                3 => column::<L, 8, 3>(m, k, a, b, ldb, c, last),
                _ => column::<L, 6, 4>(m, k, a, b, ldb, c, last),
            }
        } else {
            for z in (0..width).step_by(16) {
                let last = if z + 16 == width { last } else { 16 };
                let c = c.at(0, z);
                column::<L, 6, 1>(m, k, a, b.add(z), ldb, c, last);
            }
        }
    }
}
