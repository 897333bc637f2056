//! Matrices in 16 bits, in the order in which blocks read them.

use super::block::Tiles;
use super::digits::{head, pair, rest};
use super::dot::Bf16;
use super::operands::{self, BLOCK, DEPTH, Lay, PART, SIDE, Terms};
use super::pack::{Words, shuffled};
use crate::kernels::simd::{multiversion, prefetch};

/// Parts of a panel that stay in a core's first cache while rows pass by.
const NEAR: usize = 12;

/// Rows that are asked for ahead of being packed.
const AHEAD: usize = 32;
/// Columns that are.
const AHEAD_COLUMNS: usize = 64;

/// Sizes of a left operand: rows over the summed dimension.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// Blocks of [`SIDE`] rows.
    pub(super) blocks: usize,
    /// Parts of [`DEPTH`] numbers that are summed.
    pub(super) depth: usize,
}

impl Rows {
    /// `rows` rows of `summed` numbers.
    pub(super) fn of(rows: usize, summed: usize) -> Self {
        Self {
            blocks: rows.div_ceil(SIDE),
            depth: summed.div_ceil(DEPTH),
        }
    }

    /// Numbers of all rows: of heads, or of tails.
    pub(super) fn len(self) -> usize {
        self.blocks * self.depth * PART
    }
}

multiversion! {
    /// The rows of `a`, `k` floats each, in parts: heads to `out`, tails to `tails`; what is beyond them is 0.
    pub(super) fn rows<L>(a: &[f32], k: usize, sizes: Rows, out: &mut [u16], tails: Option<&mut [u16]>) {
        let mut tails = tails;
        for row in 0..sizes.blocks * SIDE {
            let from = a.get(row * k..(row + 1) * k).unwrap_or(&[]);
            for depth in 0..sizes.depth {
                let to = (row / SIDE * sizes.depth + depth) * PART + row % SIDE * DEPTH;
                let from = from.get(depth * DEPTH..).unwrap_or(&[]);
                let mut numbers = [0.0; DEPTH];
                let numbers = from.first_chunk::<DEPTH>().unwrap_or_else(|| {
                    numbers[..from.len()].copy_from_slice(from);
                    &numbers
                });
                for (x, to) in numbers.iter().zip(&mut out[to..][..DEPTH]) {
                    *to = head(*x);
                }
                if let Some(tails) = &mut tails {
                    for (x, to) in numbers.iter().zip(&mut tails[to..][..DEPTH]) {
                        *to = head(rest(*x));
                    }
                }
            }
        }
    }
}

/// A matrix over rows of `width` floats, of which a part is packed.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) of: &'a [f32],
    pub(super) width: usize,
    /// First column of the part.
    pub(super) first: usize,
}

impl Part<'_> {
    /// Ask for what [`Part::sixteen`] will read, which the processor does not foresee: rows lie far apart.
    #[inline(always)]
    fn foresee(self, row: usize, at: usize) {
        let place = row.wrapping_mul(self.width).wrapping_add(self.first + at);
        prefetch(self.of.as_ptr().wrapping_add(place));
    }

    /// Sixteen columns of a row from the part's column `at` on; 0 where there is none.
    #[inline(always)]
    fn sixteen(self, row: usize, at: usize) -> [f32; 16] {
        let column = self.first + at;
        let mut numbers = [0.0; 16];
        if column >= self.width || (row + 1) * self.width > self.of.len() {
            return numbers;
        }
        let from = &self.of[row * self.width + column..(row + 1) * self.width];
        if let Some(whole) = from.first_chunk() {
            return *whole;
        }
        numbers[..from.len()].copy_from_slice(from);
        numbers
    }
}

/// Two rows as pairs, column by column: heads, tails.
#[inline(always)]
fn pairs(first: &[f32; 16], second: &[f32; 16], tail: bool) -> Words {
    let mut words = [0; 16];
    for c in 0..16 {
        words[c] = if tail {
            pair(rest(first[c]), rest(second[c]))
        } else {
            pair(first[c], second[c])
        };
    }
    words
}

multiversion! {
    /// A panel of [`SIDE`] columns of a matrix whose rows are summed over.
    pub(super) fn panel<L>(b: Part<'_>, out: &mut [u32], tails: Option<&mut [u32]>) {
        let mut tails = tails;
        for (i, to) in out.chunks_exact_mut(16).enumerate() {
            let (row, at) = (i / 32 * DEPTH + i % 16 * 2, i / 16 % 2 * 16);
            b.foresee(row + AHEAD, at);
            b.foresee(row + 1 + AHEAD, at);
            let (first, second) = (b.sixteen(row, at), b.sixteen(row + 1, at));
            to.copy_from_slice(&pairs(&first, &second, false));
            if let Some(tails) = &mut tails {
                tails[i * 16..][..16].copy_from_slice(&pairs(&first, &second, true));
            }
        }
    }
}

multiversion! {
    /// A panel of [`SIDE`] columns of a matrix that is stored transposed: `b`'s rows are the columns.
    pub(super) fn panel_transposed<L>(b: &[f32], k: usize, first: usize, out: &mut [u32], tails: Option<&mut [u32]>) {
        let mut tails = tails;
        for (i, to) in out.chunks_exact_mut(PART / 4).enumerate() {
            let (depth, half) = (i / 2 * DEPTH, i % 2 * 16);
            let (mut heads, mut lows): ([Words; 16], [Words; 16]) = ([[0; 16]; 16], [[0; 16]; 16]);
            for n in 0..16 {
                let row = b.get((first + half + n) * k..(first + half + n + 1) * k).unwrap_or(&[]);
                let from = row.get(depth..).unwrap_or(&[]);
                prefetch(from.as_ptr().wrapping_add(AHEAD_COLUMNS));
                prefetch(from.as_ptr().wrapping_add(AHEAD_COLUMNS + 16));
                let mut numbers = [0.0; DEPTH];
                let numbers = from.first_chunk::<DEPTH>().unwrap_or_else(|| {
                    numbers[..from.len()].copy_from_slice(from);
                    &numbers
                });
                for w in 0..16 {
                    heads[n][w] = pair(numbers[2 * w], numbers[2 * w + 1]);
                }
                if tails.is_some() {
                    for w in 0..16 {
                        lows[n][w] = pair(rest(numbers[2 * w]), rest(numbers[2 * w + 1]));
                    }
                }
            }
            turn(&mut heads);
            to.copy_from_slice(heads.as_flattened());
            if let Some(tails) = &mut tails {
                turn(&mut lows);
                tails[i * (PART / 4)..][..PART / 4].copy_from_slice(lows.as_flattened());
            }
        }
    }
}

/// Equal parts of heads, each with that of the tails where operands are split.
pub(super) fn parts(
    bf16: Bf16,
    packed: &mut [u32],
    part: usize,
) -> Vec<(&mut [u32], Option<&mut [u32]>)> {
    if bf16.is_split() {
        let (heads, tails) = packed.split_at_mut(packed.len() / 2);
        let tails = tails.chunks_exact_mut(part).map(Some);
        return heads.chunks_exact_mut(part).zip(tails).collect();
    }
    packed
        .chunks_exact_mut(part)
        .map(|part| (part, None))
        .collect()
}

/// Rows to columns.
#[inline(always)]
fn turn(square: &mut [Words; 16]) {
    let mut other = [[0; 16]; 16];
    for _ in 0..2 {
        shuffled(square, &mut other);
        shuffled(&other, square);
    }
}

multiversion! {
    /// [`SIDE`] columns of a matrix as rows over its rows, in parts, and their sums added to `sums`.
    pub(super) fn turned<L>(a: Part<'_>, out: &mut [u32], tails: Option<&mut [u32]>, sums: &mut [f32]) {
        let mut tails = tails;
        for (half, sums) in sums.chunks_exact_mut(16).enumerate() {
            let mut total = [0.0; 16];
            for (depth, part) in out.chunks_exact_mut(PART / 2).enumerate() {
                let (mut heads, mut lows): ([Words; 16], [Words; 16]) = ([[0; 16]; 16], [[0; 16]; 16]);
                for line in 0..16 {
                    let row = depth * DEPTH + 2 * line;
                    a.foresee(row + AHEAD, half * 16);
                    a.foresee(row + 1 + AHEAD, half * 16);
                    let (first, second) = (a.sixteen(row, half * 16), a.sixteen(row + 1, half * 16));
                    for c in 0..16 {
                        total[c] += first[c] + second[c];
                    }
                    heads[line] = pairs(&first, &second, false);
                    if tails.is_some() {
                        lows[line] = pairs(&first, &second, true);
                    }
                }
                turn(&mut heads);
                part[half * (PART / 4)..][..PART / 4].copy_from_slice(heads.as_flattened());
                if let Some(tails) = &mut tails {
                    turn(&mut lows);
                    tails[depth * (PART / 2) + half * (PART / 4)..][..PART / 4].copy_from_slice(lows.as_flattened());
                }
            }
            for (sum, total) in sums.iter_mut().zip(total) {
                *sum += total;
            }
        }
    }
}

/// A left operand and a panel as they were packed; tails follow all heads.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    pub(super) rows: &'a [u16],
    pub(super) sizes: Rows,
    pub(super) panel: &'a [u16],
    /// Numbers from the panel's heads to its tails.
    pub(super) tails: usize,
}

/// `sums = rows · panel`, or `+= ..` when `add`: a block for every block of rows from `first` on.
pub(super) fn multiply(bf16: Bf16, first: usize, from: Operands, sums: &mut [f32], add: bool) {
    let (sizes, parts) = (from.sizes, bf16.parts());
    let blocks = sums.len() / BLOCK;
    assert_eq!(from.rows.len(), parts * sizes.len());
    assert!(first + blocks <= sizes.blocks);
    assert!(from.panel.len() >= (parts - 1) * from.tails + sizes.depth * PART);
    let near = NEAR / parts;
    let tiles = Tiles::new(bf16);
    for at in (0..sizes.depth).step_by(near) {
        let panel = &from.panel[at * PART..];
        for (block, c) in sums.chunks_exact_mut(BLOCK).enumerate() {
            let rows = &from.rows[((first + block) * sizes.depth + at) * PART..];
            let (of, count) = operands::terms(bf16, (rows, sizes.len()), (panel, from.tails));
            let terms = Terms {
                of: &of[..count],
                lay: Lay::PARTS,
                depth: near.min(sizes.depth - at),
            };
            // SAFETY: 32 rows and the panel's parts are there to their depth, heads and tails (checked).
            unsafe { tiles.run(&terms, c.as_mut_ptr(), add || at > 0) };
        }
    }
}
