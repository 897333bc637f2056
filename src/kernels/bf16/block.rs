//! The micro-kernel: a block of 32 rows by 32 columns, summed over terms and their depth.

use std::marker::PhantomData;

use super::dot::{Bf16, Bf16Dot};
use super::operands::{BLOCK, DEPTH, PART, SIDE, Terms};

/// This thread's matrix tiles, set up for blocks until dropped; nothing where no block needs them.
pub(super) struct Tiles {
    dot: Bf16Dot,
    /// The set-up is this thread's.
    thread: PhantomData<*const ()>,
}

impl Tiles {
    pub(super) fn new(bf16: Bf16) -> Self {
        let dot = bf16.dot();
        #[cfg(target_arch = "x86_64")]
        if dot == Bf16Dot::Amx {
            // SAFETY: a `Bf16` of this kind exists only where the processor has tiles.
            unsafe { super::amx::set_up() };
        }
        Self {
            dot,
            thread: PhantomData,
        }
    }

    /// `c = Σ rows · panel` over the terms, or `c += ..` when `add`.
    ///
    /// # Safety
    /// Of every term, 32 rows and a panel's parts are readable to their depth, and `c` is a whole block that nothing
    /// else touches meanwhile.
    pub(super) unsafe fn run(&self, terms: &Terms, c: *mut f32, add: bool) {
        // SAFETY: the caller's promise; a `Bf16` of this kind exists only where the processor has the instructions, and
        // tiles are set up.
        unsafe {
            match self.dot {
                #[cfg(target_arch = "x86_64")]
                Bf16Dot::Amx => super::amx::amx(terms, c, add),
                #[cfg(target_arch = "x86_64")]
                Bf16Dot::Avx512 => super::avx512::avx512(terms, c, add),
                _ => portable(terms, c, add),
            }
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if self.dot == Bf16Dot::Amx {
            // SAFETY: as in `new`.
            unsafe { super::amx::release() };
        }
    }
}

fn widen(x: u16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

/// [`Tiles::run`] by widening to 32 bits, summed as AMX does: even and odd products of a part, then both to the sum.
///
/// # Safety
/// As for [`Tiles::run`].
unsafe fn portable(terms: &Terms, c: *mut f32, add: bool) {
    // SAFETY: the caller's promise.
    unsafe {
        let c = std::slice::from_raw_parts_mut(c, BLOCK);
        if !add {
            c.fill(0.0);
        }
        for term in terms.of {
            for depth in 0..terms.depth {
                for (left, right) in terms.pairs() {
                    let part = term.panel.add(right * terms.next.1 + depth * PART);
                    let a = left * terms.next.0 + depth * terms.lay.part;
                    for (r, c) in c.chunks_exact_mut(SIDE).enumerate() {
                        let row = r / 16 * terms.lay.half + r % 16 * terms.lay.row;
                        for (n, c) in c.iter_mut().enumerate() {
                            let column = (n / 16) * PART / 2 + (n % 16) * 2;
                            let mut sums = [0.0; 2];
                            for k in 0..DEPTH {
                                let a = widen(*term.rows.add(a + row + k));
                                sums[k % 2] += a * widen(*part.add(column + k / 2 * 32 + k % 2));
                            }
                            *c += sums[0] + sums[1];
                        }
                    }
                }
            }
        }
    }
}
