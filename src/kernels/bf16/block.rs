//! The micro-kernel: a block of 32 positions by 32 channels, summed over taps and source channels.

use super::{Bf16, Dot};

/// Rows and columns of a block.
pub(super) const SIDE: usize = 32;

/// Products summed at once: two per lane of sixteen.
pub(super) const DEPTH: usize = 32;

/// Numbers of a panel's part for one tap and [`DEPTH`] source channels: two tiles of 16 pairs by 16 columns.
pub(super) const PART: usize = DEPTH * SIDE;

/// Floats of a block.
pub(super) const BLOCK: usize = SIDE * SIDE;

/// Left operand: for every tap the place of row 0, rows `pitch` numbers apart, `depth` · [`DEPTH`] of each read.
pub(super) struct Rows<'a> {
    pub(super) taps: &'a [*const u16],
    pub(super) pitch: usize,
    pub(super) depth: usize,
}

/// `c = Σ rows · panel`, or `c += ..` when `add`; panel parts follow one another tap by tap, depth by depth.
///
/// # Safety
/// 32 rows are readable at every tap, the panel holds a part for each tap and depth, and `c` is a whole block.
pub(super) unsafe fn run(bf16: Bf16, rows: &Rows, panel: *const u16, c: *mut f32, add: bool) {
    // SAFETY: the caller's promise; a `Bf16` of this kind exists only where the processor has the instructions.
    unsafe {
        match bf16.dot() {
            #[cfg(target_arch = "x86_64")]
            Dot::Amx => super::block_x86::amx(rows, panel, c, add),
            #[cfg(target_arch = "x86_64")]
            Dot::Avx512 => super::block_x86::avx512(rows, panel, c, add),
            _ => portable(rows, panel, c, add),
        }
    }
}

fn widen(x: u16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

/// # Safety
/// As [`run`].
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
