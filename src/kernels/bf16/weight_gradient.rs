//! Gradient by the weight: for every tap a product over positions.

use rayon::prelude::*;

use super::block::Tiles;
use super::dot::Bf16;
use super::flat::{Pass, Tap};
use super::operands::{BLOCK, Lay, PART, SIDE, Term, Terms};
use super::pack::{self, Stack};
use crate::kernels::conv_shape::ConvShape;
use crate::kernels::scratch::lines;

/// Numbers of 16 bits of packed operands that stay in the cores' caches together.
const CACHED: usize = 1 << 20;

/// Blocks of positions whose operands stay in a core's first cache while taps pass by.
const NEAR: usize = 8;

/// Sizes of the packed operands of `images` images.
struct Sizes {
    stack: Stack,
    /// Numbers from one channel's row of positions to the next.
    row: usize,
    /// Numbers of the source's planes, rows of positions, of one part.
    turned: usize,
    /// Numbers of the gradient's panels, likewise.
    panels: usize,
}

impl Sizes {
    fn new(pass: &Pass, images: usize) -> Self {
        let stack = Stack::new(pass, images);
        // Rows an odd number of cache lines apart spread over the cache.
        let row = (stack.len.div_ceil(SIDE) | 1) * SIDE;
        let channels = pass.source.channels.next_multiple_of(SIDE);
        Self {
            stack,
            row,
            turned: pass.planes.len() * channels * row,
            panels: pack::columns(pass.result.channels) * stack.blocks * PART,
        }
    }
}

fn group(bf16: Bf16, pass: &Pass) -> usize {
    let source = pass.planes.len() * pass.source.channels.next_multiple_of(SIDE);
    let image =
        bf16.parts() * pass.positions() * (source + pass.result.channels.next_multiple_of(SIDE));
    (CACHED / image).clamp(1, pass.batch.max(1))
}

/// Blocks of sums: result channels, source channels, taps.
fn blocks(pass: &Pass) -> (usize, usize, usize) {
    let columns = pack::columns(pass.result.channels);
    (
        columns,
        pass.source.channels.div_ceil(SIDE),
        taps(pass).len(),
    )
}

fn taps(pass: &Pass) -> &[Tap] {
    &pass.targets[0].taps
}

/// Floats of workspace.
pub(super) fn workspace(bf16: Bf16, s: &ConvShape) -> usize {
    let pass = Pass::forward(s);
    let (columns, rows, taps) = blocks(&pass);
    let sizes = Sizes::new(&pass, group(bf16, &pass));
    lines(pack::floats(bf16.parts() * sizes.turned))
        + lines(pack::floats(bf16.parts() * sizes.panels))
        + columns * rows * taps * BLOCK
}

pub(super) fn run(
    bf16: Bf16,
    s: &ConvShape,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut [f32],
) {
    let pass = Pass::forward(s);
    let (columns, rows, taps) = blocks(&pass);
    let group = group(bf16, &pass);
    let most = Sizes::new(&pass, group);
    let (sums, rest) = workspace.split_at_mut(columns * rows * taps * BLOCK);
    let (turned, panels) = rest.split_at_mut(lines(pack::floats(bf16.parts() * most.turned)));
    let parts = x.chunks(group * pass.source.len());
    for (turn, (x, dy)) in parts.zip(dy.chunks(group * pass.result.len())).enumerate() {
        let sizes = Sizes::new(&pass, x.len() / pass.source.len());
        let turned = pack::halves(turned, bf16.parts() * sizes.turned);
        let panels = &mut pack::words(panels)[..bf16.parts() * sizes.panels / 2];
        rayon::join(
            || turn_source(bf16, &pass, &sizes, x, turned),
            || {
                let parts = panels
                    .par_chunks_mut(sizes.stack.blocks * PART / 2)
                    .enumerate();
                parts.for_each(|(part, out)| {
                    let (part, column) = (part / columns, part % columns);
                    pack::over_positions(bf16.simd(), &pass, dy, column * SIDE, part, out);
                });
            },
        );
        sum(
            bf16,
            &pass,
            &sizes,
            (turned, pack::as_halves(panels)),
            (sums, turn > 0),
        );
    }
    unpack(&pass, sums, dw);
}

fn turn_source(bf16: Bf16, pass: &Pass, sizes: &Sizes, x: &[f32], out: &mut [u16]) {
    let plane = sizes.turned / pass.planes.len();
    let parts = out.par_chunks_exact_mut(16 * sizes.row).enumerate();
    parts.for_each(|(i, out)| {
        let at = i * 16 * sizes.row;
        let (part, at) = (at / sizes.turned, at % sizes.turned);
        let (phase, first) = (pass.planes[at / plane], at % plane / sizes.row);
        pack::turned(bf16.simd(), pass, x, phase, sizes.stack, first, part, out);
    });
}

/// Adds the products over these positions to the sums, blocks in the order of [`blocks`].
fn sum(
    bf16: Bf16,
    pass: &Pass,
    sizes: &Sizes,
    (turned, panels): (&[u16], &[u16]),
    (sums, add): (&mut [f32], bool),
) {
    let (columns, rows, count) = blocks(pass);
    let plane = sizes.turned / pass.planes.len();
    assert!(plane >= rows * SIDE * sizes.row);
    assert_eq!(turned.len(), bf16.parts() * sizes.turned);
    assert_eq!(
        panels.len(),
        bf16.parts() * columns * sizes.stack.blocks * PART
    );
    assert!(sizes.row >= sizes.stack.len && sums.len() <= columns * rows * count * BLOCK);
    for tap in taps(pass) {
        assert!(tap.plane < pass.planes.len() && sizes.stack.holds(tap.offset));
    }
    let near = NEAR / bf16.parts();
    let parts = sums.par_chunks_exact_mut(count * BLOCK).enumerate();
    parts.for_each(|(part, sums)| {
        let tiles = Tiles::new(bf16);
        let (column, row) = (part / rows, part % rows);
        let panel = &panels[column * sizes.stack.blocks * PART..];
        for block in (0..sizes.stack.blocks).step_by(near) {
            let panel = &panel[block * PART..];
            for (tap, c) in taps(pass).iter().zip(sums.chunks_exact_mut(BLOCK)) {
                let position = (sizes.stack.before + block * SIDE).wrapping_add_signed(tap.offset);
                let from = &turned[tap.plane * plane + row * SIDE * sizes.row + position..];
                let terms = Terms {
                    of: &[Term {
                        rows: from.as_ptr(),
                        panel: panel.as_ptr(),
                    }],
                    lay: Lay::rows(sizes.row),
                    depth: near.min(sizes.stack.blocks - block),
                    parts: bf16.parts(),
                    next: (sizes.turned, sizes.panels),
                };
                // SAFETY: 32 rows of all positions are there for every tap, and a part of the panel for as many (checked).
                unsafe { tiles.run(&terms, c.as_mut_ptr(), add || block > 0) };
            }
        }
    });
}

/// Sums by block, tap, input and output to the weight's own order, in which taps are numbered too.
fn unpack(pass: &Pass, sums: &[f32], dw: &mut [f32]) {
    let (_, rows, taps) = blocks(pass);
    let outputs = dw.par_chunks_mut(taps * pass.source.channels);
    outputs.enumerate().for_each(|(o, dw)| {
        for (i, dw) in dw.chunks_exact_mut(taps).enumerate() {
            let block = (o / SIDE * rows + i / SIDE) * taps;
            let at = i % SIDE * SIDE + o % SIDE;
            for (tap, dw) in dw.iter_mut().enumerate() {
                *dw = sums[(block + tap) * BLOCK + at];
            }
        }
    });
}
