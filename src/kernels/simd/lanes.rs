//! Sixteen lanes of 32-bit floats, whatever the instruction set.

use super::doubles::Doubles;

/// Sixteen 32-bit floats.
///
/// # Safety
/// Implementations access no memory but what the pointers are promised to be valid for.
///
/// All methods have one contract. Lanes of an instruction set may only be used where a [`Simd`](super::Simd) has
/// proved it. Pointers must be valid for 16 floats, in `*_some` for the first `count`, at most 16, and in `*_up_to`
/// for as many of 16 as there are in `count`; they need no alignment.
#[allow(
    clippy::missing_safety_doc,
    reason = "one contract for all, stated above"
)]
pub(crate) unsafe trait Lanes: Copy {
    /// Whether 32 registers of all 16 lanes are there, so that wide micro-kernels pay.
    const WIDE: bool;
    /// Of the same instruction set.
    type Doubles: Doubles;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn load_some(from: *const f32, count: usize) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn store_some(self, to: *mut f32, count: usize);
    /// [`Lanes::store`] past the caches, to a whole cache line; [`super::streamed`] makes it seen.
    #[inline(always)]
    unsafe fn stream(self, to: *mut f32) {
        // SAFETY: the contract of the trait.
        unsafe { self.store(to) }
    }
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    /// `self · factor + term`
    unsafe fn fma(self, factor: Self, term: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// `max(0, self)`
    unsafe fn positive(self) -> Self;
    /// `self` where `gate > 0`, else 0.
    unsafe fn where_positive(self, gate: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// The smaller one; `other` where one is not a number.
    unsafe fn min(self, other: Self) -> Self;
    /// The larger one; `other` where one is not a number.
    unsafe fn max(self, other: Self) -> Self;
    /// `self · 2ⁿ` for whole numbers n in −126 ..= 127.
    unsafe fn times_two_to(self, n: Self) -> Self;

    /// [`Lanes::load`], or [`Lanes::load_some`] of fewer than sixteen.
    #[inline(always)]
    unsafe fn load_up_to(from: *const f32, count: usize) -> Self {
        // SAFETY: the contract of the trait.
        unsafe {
            if count >= 16 {
                Self::load(from)
            } else {
                Self::load_some(from, count)
            }
        }
    }

    /// [`Lanes::store`], or [`Lanes::store_some`] of fewer than sixteen.
    #[inline(always)]
    unsafe fn store_up_to(self, to: *mut f32, count: usize) {
        // SAFETY: the contract of the trait.
        unsafe {
            if count >= 16 {
                self.store(to);
            } else {
                self.store_some(to, count);
            }
        }
    }

    /// The lanes as an array.
    #[inline(always)]
    unsafe fn array(self) -> [f32; 16] {
        let mut lanes = [0.0; 16];
        // SAFETY: the array holds 16 floats.
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes
    }

    /// Sum of all lanes, halves first.
    #[inline(always)]
    unsafe fn total(self) -> f32 {
        // SAFETY: the contract of the trait.
        fold(unsafe { self.array() }, |a, b| a + b)
    }

    /// The largest of all lanes.
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        // SAFETY: the contract of the trait.
        fold(unsafe { self.array() }, f32::max)
    }

    /// The square of sixteen rows turned: rows become lanes.
    #[inline(always)]
    unsafe fn turn(rows: [Self; 16]) -> [Self; 16] {
        // SAFETY: the contract of the trait; the arrays hold 16 floats.
        unsafe {
            let from = rows.map(|row| row.array());
            let mut turned = rows;
            for (i, turned) in turned.iter_mut().enumerate() {
                let row: [f32; 16] = std::array::from_fn(|j| from[j][i]);
                *turned = Self::load(row.as_ptr());
            }
            turned
        }
    }
}

/// Sixteen numbers to one, half with half.
#[inline(always)]
fn fold(mut lanes: [f32; 16], both: impl Fn(f32, f32) -> f32) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] = both(lanes[i], lanes[i + half]);
        }
    }
    lanes[0]
}
