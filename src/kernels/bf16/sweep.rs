//! A pass: blocks of positions by blocks of channels, a few images at a time.

use rayon::prelude::*;

use super::block;
use super::dot::Bf16;
use super::flat::{Pass, Target};
use super::operands::{BLOCK, DEPTH, PART, Rows, SIDE};
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
fn group(pass: &Pass) -> usize {
    let image = pass.planes.len() * pass.positions() * pass.source.channels.next_multiple_of(DEPTH);
    (CACHED / image).clamp(1, pass.batch.div_ceil(TASKS).max(1))
}

fn panels_len(pass: &Pass) -> usize {
    let targets = pass.targets.iter();
    targets.map(|target| pack::panels_len(pass, target)).sum()
}

/// Floats of workspace for either pass.
pub(super) fn workspace(s: &ConvShape) -> usize {
    let [forward, backward] = [Pass::forward(s), Pass::backward(s)];
    pack::floats(panels_len(&forward).max(panels_len(&backward)))
}

pub(super) fn run(
    bf16: Bf16,
    pass: &Pass,
    (x, weight): (&[f32], &[f32]),
    (y, add): (&mut [f32], bool),
    workspace: &mut [f32],
) {
    let panels = pack::halves(workspace, panels_len(pass));
    let mut rest = &mut *panels;
    for target in &pass.targets {
        let (out, after) = rest.split_at_mut(pack::panels_len(pass, target));
        pack::panels(pass, target, weight, out);
        rest = after;
    }
    let group = group(pass);
    let images = (group * pass.result.len(), group * pass.source.len());
    let depth = pass.source.channels.div_ceil(DEPTH);
    y.par_chunks_mut(images.0)
        .zip(x.par_chunks(images.1))
        .for_each(|(y, x)| {
            let stack = Stack::new(pass, x.len() / pass.source.len());
            let len = pass.planes.len() * stack.len * depth * DEPTH;
            let room = scratch::lines(pack::floats(len));
            let sums = stack.blocks * BLOCK;
            scratch::with(sums + room, |space| {
                let (sums, space) = space.split_at_mut(sums);
                let planes = pack::halves(space, len);
                pack::planes(bf16.simd(), pass, x, stack, depth, planes);
                let mut rest = &*panels;
                for target in &pass.targets {
                    let (panels, after) = rest.split_at(pack::panels_len(pass, target));
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
    fn check(&self, pass: &Pass, target: &Target) {
        let plane = self.stack.len * self.depth * DEPTH;
        assert!(self.planes.len() >= pass.planes.len() * plane);
        assert!(self.panels.len() >= pack::panels_len(pass, target));
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
    let near = (NEAR / (from.depth * PART)).max(1);
    from.check(pass, target);
    assert_eq!(sums.len(), from.stack.blocks * BLOCK);
    let mut panels = from.panels;
    let mut places = Vec::with_capacity(near);
    for column in 0..pack::columns(pass.result.channels) {
        if target.taps.is_empty() {
            sums.fill(0.0);
        }
        for (turn, taps) in target.taps.chunks(near).enumerate() {
            for (block, c) in sums.chunks_exact_mut(BLOCK).enumerate() {
                let first = from.stack.before + block * SIDE;
                places.clear();
                places.extend(taps.iter().map(|tap| {
                    let position = first.wrapping_add_signed(tap.offset);
                    from.planes[(tap.plane * from.stack.len + position) * pitch..].as_ptr()
                }));
                let rows = Rows {
                    taps: &places,
                    pitch,
                    depth: from.depth,
                };
                // SAFETY: whole blocks are there for every tap, and a part of the panel for every tap and depth (checked).
                unsafe { block::run(bf16, &rows, panels.as_ptr(), c.as_mut_ptr(), turn > 0) };
            }
            panels = &panels[taps.len() * from.depth * PART..];
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
