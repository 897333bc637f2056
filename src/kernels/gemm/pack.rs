//! The right-hand side of a product in panels.

use super::PANEL;
use crate::kernels::simd::Lanes;

/// Floats that [`pack`] needs for a matrix of `depth` rows and `columns` columns.
pub(in crate::kernels) const fn packed_len(depth: usize, columns: usize) -> usize {
    depth * columns.next_multiple_of(16)
}

/// Width of the panel that starts at `column`, rounded up to whole vectors.
pub(in crate::kernels) fn panel_width(columns: usize, column: usize) -> usize {
    (columns - column).min(PANEL).next_multiple_of(16)
}

/// Lay a `depth` × `columns` matrix, element (p, j) at `b[p · row + j · column]`, out in panels of 64 columns
/// (the last narrower, padded with zeros to whole vectors), each row-major.
///
/// # Safety
/// `to` must be valid for `packed_len(depth, columns)` floats, `b` for every element.
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
/// As for [`pack_panel`]; `L` must be proved by a `Simd`.
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
