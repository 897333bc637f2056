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
            unsafe { super::block_x86::set_up() };
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
                Bf16Dot::Amx => super::block_x86::amx(terms, c, add),
                #[cfg(target_arch = "x86_64")]
                Bf16Dot::Avx512 => super::block_x86::avx512(terms, c, add),
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
            unsafe { super::block_x86::release() };
        }
    }
}

fn widen(x: u16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

/// [`Tiles::run`] by widening to 32 bits.
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
                let part = term.panel.add(depth * PART);
                for (r, c) in c.chunks_exact_mut(SIDE).enumerate() {
                    let row = r / 16 * terms.lay.half + r % 16 * terms.lay.row;
                    let a = term.rows.add(row + depth * terms.lay.part);
                    for k in 0..DEPTH {
                        let a = widen(*a.add(k));
                        for (n, c) in c.iter_mut().enumerate() {
                            let place = (n / 16) * PART / 2 + (k / 2) * 32 + (n % 16) * 2 + k % 2;
                            *c += a * widen(*part.add(place));
                        }
                    }
                }
            }
        }
    }
}
