//! The micro-kernel: a block of 32 positions by 32 channels, summed over taps and source channels.

use super::dot::{Bf16, Bf16Dot};
use super::operands::{BLOCK, DEPTH, PART, Rows, SIDE};

/// `c = Σ rows · panel`, or `c += ..` when `add`; panel parts follow one another tap by tap, depth by depth.
///
/// # Safety
/// 32 rows are readable at every tap, the panel holds a part for each tap and depth, and `c` is a whole block that
/// nothing else touches meanwhile.
pub(super) unsafe fn run(bf16: Bf16, rows: &Rows, panel: *const u16, c: *mut f32, add: bool) {
    // SAFETY: the caller's promise; a `Bf16` of this kind exists only where the processor has the instructions.
    unsafe {
        match bf16.dot() {
            #[cfg(target_arch = "x86_64")]
            Bf16Dot::Amx => super::block_x86::amx(rows, panel, c, add),
            #[cfg(target_arch = "x86_64")]
            Bf16Dot::Avx512 => super::block_x86::avx512(rows, panel, c, add),
            _ => portable(rows, panel, c, add),
        }
    }
}

fn widen(x: u16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

/// [`run`] by widening to 32 bits.
///
/// # Safety
/// As for [`run`].
unsafe fn portable(rows: &Rows, panel: *const u16, c: *mut f32, add: bool) {
    // SAFETY: the caller's promise.
    unsafe {
        let c = std::slice::from_raw_parts_mut(c, BLOCK);
        if !add {
            c.fill(0.0);
        }
        let mut part = panel;
        for tap in rows.taps {
            for depth in 0..rows.depth {
                for (r, c) in c.chunks_exact_mut(SIDE).enumerate() {
                    let a = tap.add(r * rows.pitch + depth * DEPTH);
                    for k in 0..DEPTH {
                        let a = widen(*a.add(k));
                        for (n, c) in c.iter_mut().enumerate() {
                            let place = (n / 16) * PART / 2 + (k / 2) * 32 + (n % 16) * 2 + k % 2;
                            *c += a * widen(*part.add(place));
                        }
                    }
                }
                part = part.add(PART);
            }
        }
    }
}
