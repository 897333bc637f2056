//! Matrices in 16 bits, in the order in which blocks read them.

use super::block::Tiles;
use super::digits::{near, pair, rest, round};
use super::dot::Bf16;
use super::operands::{BLOCK, DEPTH, Lay, MOST, PART, SIDE, Term, Terms};
use super::pack::{Words, turn};
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
    /// Numbers of 16 bits that stand for one.
    pub(super) parts: usize,
}

impl Rows {
    /// `rows` rows of `summed` numbers.
    pub(super) fn of(bf16: Bf16, rows: usize, summed: usize) -> Self {
        Self {
            blocks: rows.div_ceil(SIDE),
            depth: summed.div_ceil(DEPTH),
            parts: bf16.parts(),
        }
    }

    /// Numbers of a block, or of a panel: of one part all of the summed dimension, then of the next.
    pub(super) fn block(self) -> usize {
        self.parts * self.depth * PART
    }

    /// Numbers of all rows.
    pub(super) fn len(self) -> usize {
        self.blocks * self.block()
    }
}

/// Numbers as 16-bit floats in the upper halves; where `more` are asked for, what is left takes the numbers' place.
#[inline(always)]
fn rounded<const N: usize>(numbers: &mut [f32; N], more: bool) -> [u32; N] {
    let mut words = [0; N];
    if more {
        for i in 0..N {
            words[i] = near(numbers[i]);
        }
        for i in 0..N {
            numbers[i] = rest(numbers[i]);
        }
    } else {
        for i in 0..N {
            words[i] = round(numbers[i]);
        }
    }
    words
}

/// [`rounded`] of two rows as pairs, column by column.
#[inline(always)]
fn pairs(first: &mut [f32; 16], second: &mut [f32; 16], more: bool) -> Words {
    let (first, second) = (rounded(first, more), rounded(second, more));
    let mut words = [0; 16];
    for i in 0..16 {
        words[i] = pair(first[i], second[i]);
    }
    words
}

/// Up to [`DEPTH`] numbers from the front of a row; 0 where there is none.
#[inline(always)]
fn front(row: &[f32]) -> [f32; DEPTH] {
    if let Some(whole) = row.first_chunk() {
        return *whole;
    }
    let mut numbers = [0.0; DEPTH];
    numbers[..row.len()].copy_from_slice(row);
    numbers
}

multiversion! {
    /// The rows of `a`, `k` floats each, to `out`; what is beyond them is 0.
    pub(super) fn rows<L>(a: &[f32], k: usize, sizes: Rows, out: &mut [u16]) {
        for row in 0..sizes.blocks * SIDE {
            let from = a.get(row * k..(row + 1) * k).unwrap_or(&[]);
            let to = &mut out[row / SIDE * sizes.block() + row % SIDE * DEPTH..];
            for depth in 0..sizes.depth {
                let mut numbers = front(from.get(depth * DEPTH..).unwrap_or(&[]));
                for part in 0..sizes.parts {
                    let at = (part * sizes.depth + depth) * PART;
                    let words = rounded(&mut numbers, part + 1 < sizes.parts);
                    for (to, word) in to[at..][..DEPTH].iter_mut().zip(words) {
                        *to = (word >> 16) as u16;
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

multiversion! {
    /// A panel of [`SIDE`] columns of a matrix whose rows are summed over, in parts.
    pub(super) fn panel<L>(b: Part<'_>, parts: usize, out: &mut [u32]) {
        let next = out.len() / parts;
        for at in (0..next).step_by(16) {
            let (row, column) = (at / 512 * DEPTH + at / 16 % 16 * 2, at / 256 % 2 * 16);
            b.foresee(row + AHEAD, column);
            b.foresee(row + 1 + AHEAD, column);
            let (mut first, mut second) = (b.sixteen(row, column), b.sixteen(row + 1, column));
            for part in 0..parts {
                let words = pairs(&mut first, &mut second, part + 1 < parts);
                out[part * next + at..][..16].copy_from_slice(&words);
            }
        }
    }
}

multiversion! {
    /// A panel of [`SIDE`] columns of a matrix that is stored transposed: `b`'s rows are the columns.
    pub(super) fn panel_transposed<L>(b: &[f32], k: usize, first: usize, parts: usize, out: &mut [u32]) {
        let next = out.len() / parts;
        for at in (0..next).step_by(PART / 4) {
            let (depth, half) = (at / (PART / 2) * DEPTH, at / (PART / 4) % 2 * 16);
            let mut numbers = [[0.0; DEPTH]; 16];
            for (n, numbers) in numbers.iter_mut().enumerate() {
                let row = b.get((first + half + n) * k..(first + half + n + 1) * k).unwrap_or(&[]);
                let from = row.get(depth..).unwrap_or(&[]);
                prefetch(from.as_ptr().wrapping_add(AHEAD_COLUMNS));
                prefetch(from.as_ptr().wrapping_add(AHEAD_COLUMNS + 16));
                *numbers = front(from);
            }
            for part in 0..parts {
                let mut square = [[0; 16]; 16];
                for (words, numbers) in square.iter_mut().zip(&mut numbers) {
                    let rounded = rounded(numbers, part + 1 < parts);
                    for w in 0..16 {
                        words[w] = pair(rounded[2 * w], rounded[2 * w + 1]);
                    }
                }
                turn::<L>(&square, &mut out[part * next + at..][..PART / 4]);
            }
        }
    }
}

multiversion! {
    /// [`SIDE`] columns of a matrix as rows over its rows, in parts, and their sums added to `sums`.
    pub(super) fn turned<L>(a: Part<'_>, parts: usize, out: &mut [u32], sums: &mut [f32]) {
        let next = out.len() / parts;
        for (half, sums) in sums.chunks_exact_mut(16).enumerate() {
            let mut total = [0.0; 16];
            for depth in 0..next / (PART / 2) {
                let mut squares: [[Words; 16]; MOST] = [[[0; 16]; 16]; MOST];
                for line in 0..16 {
                    let row = depth * DEPTH + 2 * line;
                    a.foresee(row + AHEAD, half * 16);
                    a.foresee(row + 1 + AHEAD, half * 16);
                    let (mut first, mut second) = (a.sixteen(row, half * 16), a.sixteen(row + 1, half * 16));
                    for c in 0..16 {
                        total[c] += first[c] + second[c];
                    }
                    for (part, square) in squares.iter_mut().take(parts).enumerate() {
                        square[line] = pairs(&mut first, &mut second, part + 1 < parts);
                    }
                }
                for (part, square) in squares.iter().take(parts).enumerate() {
                    let at = part * next + depth * (PART / 2) + half * (PART / 4);
                    turn::<L>(square, &mut out[at..][..PART / 4]);
                }
            }
            for (sum, total) in sums.iter_mut().zip(total) {
                *sum += total;
            }
        }
    }
}

/// A left operand and a panel as they were packed.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    pub(super) rows: &'a [u16],
    pub(super) sizes: Rows,
    pub(super) panel: &'a [u16],
}

/// `sums = rows · panel`, or `+= ..` when `add`: a block for every block of rows from `first` on.
pub(super) fn multiply(bf16: Bf16, first: usize, from: Operands, sums: &mut [f32], add: bool) {
    let sizes = from.sizes;
    let blocks = sums.len() / BLOCK;
    assert_eq!(from.rows.len(), sizes.len());
    assert!(first + blocks <= sizes.blocks && sizes.parts == bf16.parts());
    assert!(from.panel.len() >= sizes.block());
    let (near, next) = (NEAR / sizes.parts, sizes.depth * PART);
    let tiles = Tiles::new(bf16);
    for at in (0..sizes.depth).step_by(near) {
        let panel = &from.panel[at * PART..];
        for (block, c) in sums.chunks_exact_mut(BLOCK).enumerate() {
            let rows = &from.rows[(first + block) * sizes.block() + at * PART..];
            let terms = Terms {
                of: &[Term {
                    rows: rows.as_ptr(),
                    panel: panel.as_ptr(),
                }],
                lay: Lay::PARTS,
                depth: near.min(sizes.depth - at),
                parts: sizes.parts,
                next: (next, next),
            };
            // SAFETY: 32 rows and the panel's parts are there to their depth (checked).
            unsafe { tiles.run(&terms, c.as_mut_ptr(), add || at > 0) };
        }
    }
}
