//! Whole matrix products on all threads.

use rayon::prelude::*;

use super::dot::Bf16;
use super::matrix::{self, Operands, Part, Rows};
use super::operands::{BLOCK, SIDE};
use super::pack::{as_halves, floats, halves, words};
use crate::kernels::activation::{gelu_slopes, gelus};
use crate::kernels::gemm::{Order, Start};
use crate::kernels::memory::LINE;
use crate::kernels::product::product;
use crate::kernels::scratch;
use crate::kernels::shared::Shared;
use crate::kernels::simd::{multiversion, streamed};
use crate::kernels::then::{SharedThen, Then};

/// Numbers of packed rows that stay in a core's second cache.
const CACHED: usize = 400 << 10;
/// Rows of a task: enough to make up for reading all panels, or a part of them for few rows.
const ROWS: (usize, usize) = (128, 256);
/// Floats of a result from which on it is not kept in the caches.
const FAR: usize = 2 << 20;
/// At least so many tasks, so that cores finish together.
const TASKS: usize = 16;

/// Words of a panel.
fn panel_words(bf16: Bf16, k: usize) -> usize {
    Rows::of(bf16, 0, k).block() / 2
}

/// How a product is cut: rows of a task, panels of a task.
fn cut(bf16: Bf16, (m, n, k): (usize, usize, usize)) -> (usize, usize) {
    let cached = CACHED / (Rows::of(bf16, 1, k).block() / SIDE).max(1);
    let rows = m.div_ceil(TASKS).clamp(ROWS.0, ROWS.1).min(cached);
    let rows = rows.min(m).max(1).next_multiple_of(SIDE);
    let across = TASKS.div_ceil(m.div_ceil(rows).max(1));
    (rows, n.div_ceil(SIDE).div_ceil(across))
}

impl Bf16 {
    /// Floats of workspace that [`Bf16::matmul`] needs for n columns and sums of k.
    #[must_use]
    pub fn matmul_workspace(self, n: usize, k: usize) -> usize {
        n.div_ceil(SIDE) * panel_words(self, k)
    }

    /// `c = start + a · b` with operands rounded; sizes and orders are those of [`crate::kernels::gemm::matmul`].
    ///
    /// # Panics
    /// A slice is shorter than its matrix.
    pub fn matmul(
        self,
        size: (usize, usize, usize),
        a: &[f32],
        b: (&[f32], Order),
        to: (&mut [f32], Start),
        workspace: &mut [f32],
    ) {
        matmul_then(self, size, a, b, to, workspace, Then::Nothing);
    }
}

/// [`Bf16::matmul`], then `then` on every part of a row while it is in the caches.
pub(crate) fn matmul_then(
    bf16: Bf16,
    (m, n, k): (usize, usize, usize),
    a: &[f32],
    b: (&[f32], Order),
    (c, start): (&mut [f32], Start),
    space: &mut [f32],
    then: Then,
) {
    assert!(a.len() >= product([m, k]) && b.0.len() >= product([k, n]));
    assert!(c.len() >= product([m, n]));
    then.check(m * n);
    let panels = &mut words(space)[..bf16.matmul_workspace(n, k)];
    pack(bf16, (n, k), b, panels);
    let panels = as_halves(panels);
    let whole = |start: *const f32| start.addr().is_multiple_of(4 * LINE) && n.is_multiple_of(LINE);
    let far = m * n >= FAR && whole(c.as_ptr()) && then.beside().is_none_or(whole);
    let sink = Sink {
        c: Shared::new(c),
        row: n,
        start,
        then: then.shared(),
        far,
    };
    let (rows, across) = cut(bf16, (m, n, k));
    let down = m.div_ceil(rows);
    let columns = n.div_ceil(SIDE);
    (0..down * columns.div_ceil(across))
        .into_par_iter()
        .for_each(|task| {
            let first = task % down * rows;
            let rows = rows.min(m - first);
            let sizes = Rows::of(bf16, rows, k);
            let (blocks, numbers) = (sizes.blocks * BLOCK, sizes.len());
            scratch::with(blocks + floats(numbers), |space| {
                let (sums, space) = space.split_at_mut(blocks);
                let packed = halves(space, numbers);
                let a = &a[first * k..][..rows * k];
                matrix::rows(bf16.simd(), a, k, sizes, packed);
                let group = task / down * across;
                for column in group..(group + across).min(columns) {
                    let operands = Operands {
                        rows: packed,
                        sizes,
                        panel: &panels[column * sizes.block()..],
                    };
                    matrix::multiply(bf16, 0, operands, sums, false);
                    let at = first * n + column * SIDE;
                    let width = SIDE.min(n - column * SIDE);
                    // SAFETY: every task has its own rows and columns of the result.
                    unsafe { place(bf16.simd(), sums, (rows, width), at, &sink) };
                }
            });
            if far {
                streamed();
            }
        });
}

/// All panels of b.
fn pack(bf16: Bf16, (n, k): (usize, usize), (b, order): (&[f32], Order), panels: &mut [u32]) {
    let b = &b[..n * k];
    panels
        .par_chunks_exact_mut(panel_words(bf16, k).max(1))
        .enumerate()
        .for_each(|(column, panel)| {
            let first = column * SIDE;
            match order {
                Order::Plain => {
                    let part = Part {
                        of: b,
                        width: n,
                        first,
                    };
                    matrix::panel(bf16.simd(), part, bf16.parts(), panel);
                }
                Order::Transposed => {
                    matrix::panel_transposed(bf16.simd(), b, k, first, bf16.parts(), panel);
                }
            }
        });
}

/// Where results go, and what they go through.
struct Sink<'a> {
    c: Shared<'a>,
    /// Numbers of a row.
    row: usize,
    start: Start<'a>,
    then: SharedThen<'a>,
    /// Whether results, whole cache lines, would not stay in the caches.
    far: bool,
}

multiversion! {
    /// The sums of some rows by a width to their places, with what they start from and what follows.
    ///
    /// # Safety
    /// Nothing else touches these rows' parts of the result, or what is beside them, meanwhile.
    unsafe fn place<L>(sums: &[f32], size: (usize, usize), first: usize, to: &Sink<'_>) {
        for (row, sums) in sums.chunks_exact(SIDE).take(size.0).enumerate() {
            let at = first + row * to.row;
            // SAFETY: the caller's promise.
            let c = unsafe { to.c.part(at, size.1) };
            for j in (0..size.1).step_by(16) {
                let count = size.1 - j;
                let read = |from: &[f32]| {
                    let from = &from[..count.min(16)];
                    // SAFETY: as many floats are there; the lanes' instructions were proved.
                    unsafe { L::load_up_to(from.as_ptr(), from.len()) }
                };
                // SAFETY: as for `read`; sixteen sums are there, and parts of rows are the caller's promise.
                unsafe {
                    let mut sum = L::load(sums[j..].as_ptr());
                    match to.start {
                        Start::Zero => (),
                        Start::Old => sum = sum.add(read(&c[j..])),
                        Start::Sum { bias, residual } => {
                            if let Some(bias) = bias {
                                sum = sum.add(read(&bias[at % to.row + j..]));
                            }
                            if let Some(residual) = residual {
                                sum = sum.add(read(&residual[at + j..]));
                            }
                        }
                    }
                    let send = |value: L, to: &mut [f32], far: bool| {
                        if far {
                            value.stream(to.as_mut_ptr());
                        } else {
                            value.store_up_to(to.as_mut_ptr(), count);
                        }
                    };
                    match to.then {
                        SharedThen::Nothing => (),
                        SharedThen::Gelu => sum = gelus(sum),
                        SharedThen::GeluBeside(beside) => send(gelus(sum), beside.part(at + j, count.min(16)), to.far),
                        SharedThen::GeluBackward(x) => sum = sum.mul(gelu_slopes(read(&x[at + j..]))),
                    }
                    send(sum, &mut c[j..], to.far);
                }
            }
        }
    }
}
