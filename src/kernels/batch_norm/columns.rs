//! Rows of channels, a few vectors of columns at a time.

use crate::kernels::simd::Lanes;

/// Vectors of the channels `q .. q + 16 · NZ` at `from`; in the last group only `last` lanes are there.
///
/// # Safety
/// `from` is valid for these channels; `last` is 16 unless `NZ` is 1. The processor has the instructions of `L`.
#[inline(always)]
pub(super) unsafe fn load<L: Lanes, const NZ: usize>(from: *const f32, last: usize) -> [L; NZ] {
    // SAFETY: the caller's pointer is valid for these channels.
    unsafe {
        let mut values = [L::splat(0.0); NZ];
        for (j, value) in values.iter_mut().enumerate() {
            *value = match last {
                16 => L::load(from.add(16 * j)),
                _ => L::load_some(from, last),
            };
        }
        values
    }
}

/// Store what [`load`] loads.
///
/// # Safety
/// As for [`load`]; nothing else touches these channels meanwhile.
#[inline(always)]
pub(super) unsafe fn store<L: Lanes, const NZ: usize>(values: [L; NZ], to: *mut f32, last: usize) {
    // SAFETY: the caller's pointer is valid for these channels.
    unsafe {
        for (j, value) in values.into_iter().enumerate() {
            match last {
                16 => value.store(to.add(16 * j)),
                _ => value.store_some(to, last),
            }
        }
    }
}

/// Calls an unsafe function with 64 channels in registers at a time, then with 16, then with what is left: `q` is the
/// first of its channels, of which `last` are in the last vector. To stand in an unsafe block.
macro_rules! by_columns {
    ($c:expr, $function:ident::<$lanes:ident $(, $flag:tt)*>($($arg:expr),*)) => {{
        let mut q = 0;
        while q + 64 <= $c {
            $function::<$lanes, 4 $(, $flag)*>($($arg,)* $c, q, 16);
            q += 64;
        }
        while q < $c {
            $function::<$lanes, 1 $(, $flag)*>($($arg,)* $c, q, ($c - q).min(16));
            q += 16;
        }
    }};
}
pub(super) use by_columns;
