//! How a block's operands lie in memory.

/// Rows and columns of a block.
pub(super) const SIDE: usize = 32;

/// Products summed at once: two per lane of sixteen.
pub(super) const DEPTH: usize = 32;

/// Numbers of 16 bits that stand for one, at most.
pub(super) const MOST: usize = 3;

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
    /// Numbers of 16 bits that stand for one.
    pub(super) parts: usize,
    /// From one of those to the next, of rows and of panels.
    pub(super) next: (usize, usize),
}

impl Terms<'_> {
    /// Which parts of both operands are multiplied, those left out being below the last digit; every pair shares a part
    /// with the one before, and small ones come first.
    #[inline(always)]
    pub(super) fn pairs(&self) -> &'static [(usize, usize)] {
        match self.parts {
            1 => &[(0, 0)],
            2 => &[(0, 1), (0, 0), (1, 0)],
            _ => &[(0, 2), (0, 1), (1, 1), (1, 0), (2, 0), (0, 0)],
        }
    }
}
