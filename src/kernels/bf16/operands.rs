//! How a block's operands lie in memory.

/// Rows and columns of a block.
pub(super) const SIDE: usize = 32;

/// Products summed at once: two per lane of sixteen.
pub(super) const DEPTH: usize = 32;

/// Numbers of a panel's part for one tap and [`DEPTH`] source channels: two tiles of 16 pairs by 16 columns.
pub(super) const PART: usize = DEPTH * SIDE;

/// Floats of a block.
pub(super) const BLOCK: usize = SIDE * SIDE;

/// Left operand: for every tap the place of row 0, rows `pitch` numbers apart, `depth` · [`DEPTH`] of each read.
pub(super) struct Rows<'a> {
    pub(super) taps: &'a [*const u16],
    pub(super) pitch: usize,
    pub(super) depth: usize,
}
