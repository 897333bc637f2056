//! Operands of convolutions in 16 bits, in the order in which blocks read them, one part of the numbers at a time.

use rayon::prelude::*;

use super::digits::{digit, head, pair, round};
use super::flat::{Images, Pass, Target};
use super::operands::{DEPTH, PART, SIDE};
use crate::kernels::simd::{Lanes, multiversion};

/// Positions laid out for `images` images, the margins that taps reach included.
#[derive(Clone, Copy)]
pub(super) struct Stack {
    pub(super) before: usize,
    /// Whole blocks of positions.
    pub(super) blocks: usize,
    pub(super) len: usize,
}

impl Stack {
    pub(super) fn new(pass: &Pass, images: usize) -> Self {
        let (before, after) = pass.margins();
        let blocks = (images * pass.positions()).div_ceil(SIDE);
        Self {
            before,
            blocks,
            len: before + blocks * SIDE + after,
        }
    }

    /// Whether all blocks of positions are there, `offset` positions away.
    pub(super) fn holds(&self, offset: isize) -> bool {
        let first = self.before.checked_add_signed(offset);
        first.is_some_and(|first| first + self.blocks * SIDE <= self.len)
    }
}

/// Where the pixel of every flat position begins in a stack of images; `None` on the border.
struct Walk {
    images: Images,
    phase: (usize, usize),
    extent: (usize, usize),
    rows: usize,
    pitch: usize,
    /// Image, row and column that come next.
    next: (usize, usize, usize),
    count: usize,
}

impl Walk {
    fn new(pass: &Pass, images: Images, phase: (usize, usize), len: usize) -> Self {
        Self {
            images,
            phase,
            extent: images.extent(phase),
            rows: pass.rows,
            pitch: pass.pitch,
            next: (0, 0, 0),
            count: len / images.len(),
        }
    }
}

impl Iterator for Walk {
    type Item = Option<usize>;

    #[inline(always)]
    fn next(&mut self) -> Option<Option<usize>> {
        let (n, i, j) = self.next;
        let inside = i < self.extent.0 && j < self.extent.1 && n < self.count;
        self.next.2 += 1;
        if self.next.2 == self.pitch {
            self.next = (n, i + 1, 0);
        }
        if self.next.1 == self.rows {
            self.next = (n + 1, 0, 0);
        }
        let (y, x) = (
            i * self.images.stride + self.phase.0,
            j * self.images.stride + self.phase.1,
        );
        let pixel = y * self.images.width + x;
        Some(inside.then_some(n * self.images.len() + pixel * self.images.channels))
    }
}

multiversion! {
    /// The planes of the source images `x`, one after another: rows of `depth` · [`DEPTH`] channels.
    pub(super) fn planes<L>(pass: &Pass, x: &[f32], stack: Stack, depth: usize, part: usize, out: &mut [u16]) {
        let (source, row) = (pass.source, depth * DEPTH);
        for (&phase, plane) in pass.planes.iter().zip(out.chunks_exact_mut(stack.len * row)) {
            let (before, rest) = plane.split_at_mut(stack.before * row);
            let (rows, after) = rest.split_at_mut(stack.blocks * SIDE * row);
            before.fill(0);
            after.fill(0);
            let walk = Walk::new(pass, source, phase, x.len());
            for (to, pixel) in rows.chunks_exact_mut(row).zip(walk) {
                let Some(at) = pixel else {
                    to.fill(0);
                    continue;
                };
                let (to, none) = to.split_at_mut(source.channels);
                for (to, from) in to.iter_mut().zip(&x[at..]) {
                    *to = head(digit(*from, part));
                }
                none.fill(0);
            }
        }
    }
}

/// Parts of [`SIDE`] result channels.
pub(super) fn columns(channels: usize) -> usize {
    channels.div_ceil(SIDE)
}

/// Numbers of the panels of a target: for every [`SIDE`] result channels, parts tap by tap, depth by depth.
pub(super) fn panels_len(pass: &Pass, target: &Target) -> usize {
    let depth = pass.source.channels.div_ceil(DEPTH);
    columns(pass.result.channels) * target.taps.len() * depth * PART
}

/// A part of the weight as the panels of `target`.
pub(super) fn panels(pass: &Pass, target: &Target, weight: &[f32], part: usize, out: &mut [u16]) {
    let depth = pass.source.channels.div_ceil(DEPTH);
    let panel = target.taps.len() * depth * PART;
    if panel == 0 {
        return;
    }
    let whole =
        pass.source.channels.is_multiple_of(DEPTH) && pass.result.channels.is_multiple_of(SIDE);
    out.par_chunks_exact_mut(panel)
        .enumerate()
        .for_each(|(column, out)| {
            if !whole {
                out.fill(0);
            }
            let first = column * SIDE;
            let mut put = |n: usize, k: usize| {
                let from = (first + n) * pass.weight.0 + k * pass.weight.1;
                let to = k / DEPTH * PART
                    + n / 16 * (PART / 2)
                    + k % DEPTH / 2 * 32
                    + n % 16 * 2
                    + k % 2;
                for (t, tap) in target.taps.iter().enumerate() {
                    out[to + t * depth * PART] = head(digit(weight[from + tap.place], part));
                }
            };
            let n = SIDE.min(pass.result.channels - first);
            if pass.weight.0 > pass.weight.1 {
                (0..n).for_each(|n| (0..pass.source.channels).for_each(|k| put(n, k)));
            } else {
                (0..pass.source.channels).for_each(|k| (0..n).for_each(|n| put(n, k)));
            }
        });
}

/// Sixteen words.
pub(super) type Words = [u32; 16];

// Plain loops below: closures given to array functions would be built without the instructions chosen.

/// Up to sixteen channels of a pixel from `at` on; 0 where there is none.
#[inline(always)]
fn sixteen(x: &[f32], at: Option<usize>, count: usize) -> [f32; 16] {
    let Some(at) = at.filter(|_| count > 0) else {
        return [0.0; 16];
    };
    // One load where all sixteen are there.
    if let (16, Some(row)) = (count, x[at..].first_chunk()) {
        return *row;
    }
    let mut row = [0.0; 16];
    for (to, from) in row.iter_mut().take(count).zip(&x[at..]) {
        *to = *from;
    }
    row
}

/// Two positions as pairs, channel by channel.
#[inline(always)]
fn paired(first: &[f32; 16], second: &[f32; 16], part: usize) -> Words {
    let mut words = [0; 16];
    for c in 0..16 {
        words[c] = pair(round(digit(first[c], part)), round(digit(second[c], part)));
    }
    words
}

/// Rows to columns, after one another to `out`.
#[inline(always)]
pub(super) fn turn<L: Lanes>(square: &[Words; 16], out: &mut [u32]) {
    assert_eq!(out.len(), 256);
    // SAFETY: sixteen rows of sixteen words of any bits are read and written; the lanes' instructions were proved.
    unsafe {
        let mut rows = [L::splat(0.0); 16];
        for (lanes, row) in rows.iter_mut().zip(square) {
            *lanes = L::load(row.as_ptr().cast());
        }
        let columns = L::turn(rows);
        for (column, out) in columns.iter().zip(out.chunks_exact_mut(16)) {
            column.store(out.as_mut_ptr().cast());
        }
    }
}

multiversion! {
    /// Sixteen channels from `first` on of a plane of the source, each a row of `out` over positions.
    pub(super) fn turned<L>(
        pass: &Pass, x: &[f32], phase: (usize, usize), stack: Stack, first: usize, part: usize, out: &mut [u16],
    ) {
        let len = out.len() / 16;
        let count = pass.source.channels.saturating_sub(first).min(16);
        if count == 0 {
            out.fill(0);
            return;
        }
        for row in out.chunks_exact_mut(len) {
            row[..stack.before].fill(0);
            row[stack.before + stack.blocks * SIDE..].fill(0);
        }
        let mut walk = Walk::new(pass, pass.source, phase, x.len());
        let mut next = || walk.next().flatten().map(|at| at + first);
        let (mut square, mut rows) = ([[0; 16]; 16], [0; 256]);
        for block in 0..stack.blocks {
            for words in &mut square {
                let (first, second) = (sixteen(x, next(), count), sixteen(x, next(), count));
                *words = paired(&first, &second, part);
            }
            turn::<L>(&square, &mut rows);
            for (row, words) in out.chunks_exact_mut(len).zip(rows.chunks_exact(16)) {
                let to = &mut row[stack.before + block * SIDE..][..SIDE];
                for (to, word) in to.chunks_exact_mut(2).zip(words) {
                    to.copy_from_slice(&[*word as u16, (*word >> 16) as u16]);
                }
            }
        }
    }
}

multiversion! {
    /// [`SIDE`] channels from `first` on of the result's gradient, as a panel over positions.
    pub(super) fn over_positions<L>(pass: &Pass, dy: &[f32], first: usize, part: usize, out: &mut [u32]) {
        for half in 0..SIDE / 16 {
            let first = first + half * 16;
            let count = pass.result.channels.saturating_sub(first).min(16);
            let mut walk = Walk::new(pass, pass.result, (0, 0), dy.len());
            let mut next = || walk.next().flatten().map(|at| at + first);
            for depth in out.chunks_exact_mut(PART / 2) {
                for to in depth[half * PART / 4..][..PART / 4].chunks_exact_mut(16) {
                    let (first, second) = (sixteen(dy, next(), count), sixteen(dy, next(), count));
                    to.copy_from_slice(&paired(&first, &second, part));
                }
            }
        }
    }
}

/// Floats that hold `count` numbers of 16 bits.
pub(super) fn floats(count: usize) -> usize {
    count.div_ceil(2)
}

/// The first `count` numbers of 16 bits of working memory.
pub(super) fn halves(space: &mut [f32], count: usize) -> &mut [u16] {
    assert!(floats(count) <= space.len());
    // SAFETY: inside the slice (checked), less aligned than it, and any bits are a number.
    unsafe { std::slice::from_raw_parts_mut(space.as_mut_ptr().cast(), count) }
}

/// Working memory as words.
pub(super) fn words(space: &mut [f32]) -> &mut [u32] {
    // SAFETY: the same size and alignment, and any bits are a number.
    unsafe { std::slice::from_raw_parts_mut(space.as_mut_ptr().cast(), space.len()) }
}

/// Words as the numbers of 16 bits that they are.
pub(super) fn as_halves(words: &[u32]) -> &[u16] {
    // SAFETY: the same bytes, less aligned, and any bits are a number.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), 2 * words.len()) }
}
