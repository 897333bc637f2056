//! The right-hand side of a product in panels.

use super::matrices::PANEL;
use crate::kernels::simd::Lanes;

/// Floats that [`pack_panel`] needs for all panels of a matrix of `depth` rows and `columns` columns.
pub(in crate::kernels) const fn packed_len(depth: usize, columns: usize) -> usize {
    depth.saturating_mul(columns.next_multiple_of(16))
}

/// Width of the panel that starts at `column`, rounded up to whole vectors.
pub(in crate::kernels) fn panel_width(columns: usize, column: usize) -> usize {
    (columns - column).min(PANEL).next_multiple_of(16)
}

/// Lay the columns from `first` on of a `depth` × `columns` matrix, element (p, j) at `b[p · row + j · column]`, out
/// as the panel that starts there: 64 columns (the last panel narrower, padded with zeros to whole vectors),
/// row-major. `to` is where the first panel starts.
///
/// # Safety
/// `first` is a multiple of 64 below `columns`. `b` is valid for every element of the panel; `to` for
/// `packed_len(depth, columns)` floats, of which nothing else touches the panel's.
#[inline(always)]
pub(in crate::kernels) unsafe fn pack_panel(
    depth: usize,
    columns: usize,
    first: usize,
    b: *const f32,
    (row, column): (usize, usize),
    to: *mut f32,
) {
    let width = panel_width(columns, first);
    let valid = (columns - first).min(width);
    // SAFETY: the panel starts after `first` full columns; reads stay inside the matrix.
    unsafe {
        let to = to.add(first * depth);
        for p in 0..depth {
            let (from, to) = (b.add(p * row + first * column), to.add(p * width));
            if column == 1 {
                std::ptr::copy_nonoverlapping(from, to, valid);
            } else {
                for j in 0..valid {
                    *to.add(j) = *from.add(j * column);
                }
            }
            for j in valid..width {
                *to.add(j) = 0.0;
            }
        }
    }
}

/// [`pack_panel`] of a matrix whose transpose is stored, with `row` floats from one of its rows to the next:
/// element (p, j) at `b[j · row + p]`. Squares of sixteen are turned in registers.
///
/// # Safety
/// As for [`pack_panel`]; the processor has the instructions of `L`.
#[inline(always)]
pub(in crate::kernels) unsafe fn turn_panel<L: Lanes>(
    (depth, columns): (usize, usize),
    first: usize,
    b: *const f32,
    row: usize,
    to: *mut f32,
) {
    let width = panel_width(columns, first);
    // SAFETY: the panel starts after `first` full columns; reads stay inside the matrix.
    unsafe {
        let to = to.add(first * depth);
        for j in (0..width).step_by(16) {
            let valid = (columns - first).saturating_sub(j).min(16);
            let b = b.add((first + j) * row);
            for p in (0..depth).step_by(16) {
                let deep = (depth - p).min(16);
                let mut square = [L::splat(0.0); 16];
                for i in 0..valid {
                    square[i] = L::load_up_to(b.add(i * row + p), deep);
                }
                let square = L::turn(square);
                for i in 0..deep {
                    square[i].store(to.add((p + i) * width + j));
                }
            }
        }
    }
}
