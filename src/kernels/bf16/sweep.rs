//! A pass: blocks of positions by blocks of channels, a few images at a time.

use rayon::prelude::*;

use super::block::Tiles;
use super::dot::Bf16;
use super::flat::{Pass, Target};
use super::operands::{BLOCK, DEPTH, Lay, PART, SIDE, Term, Terms};
use super::pack::{self, Stack};
use crate::kernels::conv_shape::ConvShape;
use crate::kernels::scratch;
use crate::kernels::simd::multiversion;

/// Numbers of 16 bits of packed images that stay in a core's own cache.
const CACHED: usize = 256 << 10;

/// Numbers of 16 bits of a panel that stay in a core's first cache while positions pass by.
const NEAR: usize = 12 << 10;

/// At least so many tasks, so that cores finish together.
const TASKS: usize = 16;

/// Images of a task.
fn group(bf16: Bf16, pass: &Pass) -> usize {
    let plane = pass.positions() * pass.source.channels.next_multiple_of(DEPTH);
    let image = bf16.parts() * pass.planes.len() * plane;
    (CACHED / image).clamp(1, pass.batch.div_ceil(TASKS).max(1))
}

/// Numbers of all panels, of one part.
fn panels_len(pass: &Pass) -> usize {
    let targets = pass.targets.iter();
    targets.map(|target| pack::panels_len(pass, target)).sum()
}

/// Floats of workspace for either pass.
pub(super) fn workspace(bf16: Bf16, s: &ConvShape) -> usize {
    let [forward, backward] = [Pass::forward(s), Pass::backward(s)];
    pack::floats(bf16.parts() * panels_len(&forward).max(panels_len(&backward)))
}

pub(super) fn run(
    bf16: Bf16,
    pass: &Pass,
    (x, weight): (&[f32], &[f32]),
    (y, add): (&mut [f32], bool),
    workspace: &mut [f32],
) {
    let panels = pack::halves(workspace, bf16.parts() * panels_len(pass));
    let mut rest = &mut *panels;
    for target in &pass.targets {
        for part in 0..bf16.parts() {
            let (out, after) = rest.split_at_mut(pack::panels_len(pass, target));
            pack::panels(pass, target, weight, part, out);
            rest = after;
        }
    }
    let group = group(bf16, pass);
    let images = (group * pass.result.len(), group * pass.source.len());
    let depth = pass.source.channels.div_ceil(DEPTH);
    y.par_chunks_mut(images.0)
        .zip(x.par_chunks(images.1))
        .for_each(|(y, x)| {
            let stack = Stack::new(pass, x.len() / pass.source.len());
            let len = pass.planes.len() * stack.len * depth * DEPTH;
            let room = scratch::lines(pack::floats(bf16.parts() * len));
            let sums = stack.blocks * BLOCK;
            scratch::with(sums + room, |space| {
                let (sums, space) = space.split_at_mut(sums);
                let planes = pack::halves(space, bf16.parts() * len);
                for (part, planes) in planes.chunks_exact_mut(len).enumerate() {
                    pack::planes(bf16.simd(), pass, x, stack, depth, part, planes);
                }
                let mut rest = &*panels;
                for target in &pass.targets {
                    let (panels, after) =
                        rest.split_at(bf16.parts() * pack::panels_len(pass, target));
                    let from = Packed {
                        planes,
                        stack,
                        depth,
                        panels,
                    };
                    sum(bf16, (pass, target), &from, sums, (y, add));
                    rest = after;
                }
            });
        });
}

/// Operands of a few images.
struct Packed<'a> {
    planes: &'a [u16],
    stack: Stack,
    depth: usize,
    panels: &'a [u16],
}

impl Packed<'_> {
    /// What blocks rely on, which read through pointers: all positions of every tap, and all panels.
    fn check(&self, bf16: Bf16, pass: &Pass, target: &Target) {
        let plane = self.stack.len * self.depth * DEPTH;
        assert_eq!(self.planes.len(), bf16.parts() * pass.planes.len() * plane);
        assert_eq!(
            self.panels.len(),
            bf16.parts() * pack::panels_len(pass, target)
        );
        assert_eq!(self.depth, pass.source.channels.div_ceil(DEPTH));
        for tap in &target.taps {
            assert!(tap.plane < pass.planes.len() && self.stack.holds(tap.offset));
        }
    }
}

/// All of one target; `sums` hold a block for every block of positions.
fn sum(
    bf16: Bf16,
    (pass, target): (&Pass, &Target),
    from: &Packed,
    sums: &mut [f32],
    (y, add): (&mut [f32], bool),
) {
    let pitch = from.depth * DEPTH;
    let near = (NEAR / (bf16.parts() * from.depth * PART)).max(1);
    from.check(bf16, pass, target);
    assert_eq!(sums.len(), from.stack.blocks * BLOCK);
    let next = (
        from.planes.len() / bf16.parts(),
        from.panels.len() / bf16.parts(),
    );
    let tiles = Tiles::new(bf16);
    let mut panel = 0;
    let mut terms = Vec::with_capacity(near);
    for column in 0..pack::columns(pass.result.channels) {
        if target.taps.is_empty() {
            sums.fill(0.0);
        }
        for (turn, taps) in target.taps.chunks(near).enumerate() {
            for (block, c) in sums.chunks_exact_mut(BLOCK).enumerate() {
                let first = from.stack.before + block * SIDE;
                terms.clear();
                for (i, tap) in taps.iter().enumerate() {
                    let position = first.wrapping_add_signed(tap.offset);
                    let at = (tap.plane * from.stack.len + position) * pitch;
                    let (rows, panel) = (
                        &from.planes[at..],
                        &from.panels[panel + i * from.depth * PART..],
                    );
                    terms.push(Term {
                        rows: rows.as_ptr(),
                        panel: panel.as_ptr(),
                    });
                }
                let terms = Terms {
                    of: &terms,
                    lay: Lay::rows(pitch),
                    depth: from.depth,
                    parts: bf16.parts(),
                    next,
                };
                // SAFETY: whole blocks are there for every tap, and a part of the panel for every tap and depth (checked).
                unsafe { tiles.run(&terms, c.as_mut_ptr(), turn > 0) };
            }
            panel += taps.len() * from.depth * PART;
        }
        for (block, c) in sums.chunks_exact(BLOCK).enumerate() {
            place(
                bf16.simd(),
                pass,
                target.phase,
                block * SIDE,
                column * SIDE,
                c,
                y,
                add,
            );
        }
    }
}

multiversion! {
    /// A block's rows to their pixels, those of the border left out.
    fn place<L>(
        pass: &Pass, phase: (usize, usize), position: usize, channel: usize, block: &[f32], y: &mut [f32], add: bool,
    ) {
        let result = pass.result;
        let (height, width) = result.extent(phase);
        let count = SIDE.min(result.channels - channel);
        let mut n = position / pass.positions();
        let mut i = position % pass.positions() / pass.pitch;
        let mut j = position % pass.pitch;
        for row in block.chunks_exact(SIDE) {
            if n * result.len() >= y.len() {
                return;
            }
            if i < height && j < width {
                let pixel = (i * result.stride + phase.0) * result.width + j * result.stride + phase.1;
                let y = &mut y[n * result.len() + pixel * result.channels + channel..][..count];
                if add {
                    for (y, row) in y.iter_mut().zip(row) {
                        *y += row;
                    }
                } else if let (Some(y), Some(row)) = (y.first_chunk_mut::<SIDE>(), row.first_chunk::<SIDE>()) {
                    *y = *row;
                } else {
                    y.copy_from_slice(&row[..count]);
                }
            }
            j += 1;
            if j == pass.pitch {
                (i, j) = (i + 1, 0);
            }
            if i == pass.rows {
                (n, i) = (n + 1, 0);
            }
        }
    }
}
