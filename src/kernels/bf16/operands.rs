//! How a block's operands lie in memory.

use super::dot::Bf16;

/// Rows and columns of a block.
pub(super) const SIDE: usize = 32;

/// Products summed at once: two per lane of sixteen.
pub(super) const DEPTH: usize = 32;

/// Numbers of a panel's part for one tap and [`DEPTH`] source channels: two tiles of 16 pairs by 16 columns.
pub(super) const PART: usize = DEPTH * SIDE;

/// Floats of a block.
pub(super) const BLOCK: usize = SIDE * SIDE;

/// Where row 0 of a left operand lies, and the first part of the right one.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Term {
    pub(super) rows: *const u16,
    pub(super) panel: *const u16,
}

/// How the 32 rows of left operands lie: numbers from one row to the next, from the first sixteen to the others, from
/// one part of [`DEPTH`] to the next.
#[derive(Clone, Copy)]
pub(super) struct Lay {
    pub(super) row: usize,
    pub(super) half: usize,
    pub(super) part: usize,
}

impl Lay {
    /// Row after row, `pitch` numbers apart.
    pub(super) fn rows(pitch: usize) -> Self {
        Self {
            row: pitch,
            half: 16 * pitch,
            part: DEPTH,
        }
    }

    /// Part after part, each of them 32 short rows.
    pub(super) const PARTS: Self = Self {
        row: DEPTH,
        half: 16 * DEPTH,
        part: PART,
    };
}

/// What a block sums: of every term `depth` parts.
pub(super) struct Terms<'a> {
    pub(super) of: &'a [Term],
    pub(super) lay: Lay,
    pub(super) depth: usize,
}

/// The terms of a product and their number: of heads, and where operands are split, of head with tail and tail with
/// head; tails lie so many numbers behind the heads.
#[inline(always)]
pub(super) fn terms(
    bf16: Bf16,
    (rows, rows_tail): (&[u16], usize),
    (panel, panel_tail): (&[u16], usize),
) -> ([Term; 3], usize) {
    let heads = Term {
        rows: rows.as_ptr(),
        panel: panel.as_ptr(),
    };
    if !bf16.is_split() {
        return ([heads; 3], 1);
    }
    let second = Term {
        panel: panel[panel_tail..].as_ptr(),
        ..heads
    };
    let third = Term {
        rows: rows[rows_tail..].as_ptr(),
        ..heads
    };
    ([heads, second, third], 3)
}
