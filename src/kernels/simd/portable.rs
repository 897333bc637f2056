//! Sixteen lanes in plain Rust.

use super::lanes::Lanes;

/// Sixteen lanes as an array.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 16]);

// SAFETY: plain Rust, no instruction set assumed.
unsafe impl Lanes for Portable {
    const WIDE: bool = false;
    type Doubles = [f64; 8];
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 16])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller promises 16 readable floats.
        Self(unsafe { from.cast::<[f32; 16]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn load_some(from: *const f32, count: usize) -> Self {
        let mut lanes = [0.0; 16];
        for (i, lane) in lanes.iter_mut().enumerate().take(count) {
            // SAFETY: the caller promises `count` readable floats.
            *lane = unsafe { *from.add(i) };
        }
        Self(lanes)
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller promises 16 writable floats.
        unsafe { to.cast::<[f32; 16]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut f32, count: usize) {
        for (i, lane) in self.0.iter().enumerate().take(count) {
            // SAFETY: the caller promises `count` writable floats.
            unsafe { *to.add(i) = *lane }
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        let mut lanes = self.0;
        for i in 0..16 {
            lanes[i] += other.0[i];
        }
        Self(lanes)
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        let mut lanes = self.0;
        for i in 0..16 {
            lanes[i] -= other.0[i];
        }
        Self(lanes)
    }
    #[inline(always)]
    unsafe fn fma(self, factor: Self, term: Self) -> Self {
        let mut lanes = self.0;
        for i in 0..16 {
            lanes[i] = lanes[i] * factor.0[i] + term.0[i];
        }
        Self(lanes)
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        let mut lanes = self.0;
        for i in 0..16 {
            lanes[i] *= other.0[i];
        }
        Self(lanes)
    }
    #[inline(always)]
    unsafe fn positive(self) -> Self {
        let mut lanes = self.0;
        for lane in &mut lanes {
            *lane = if *lane > 0.0 { *lane } else { 0.0 };
        }
        Self(lanes)
    }
    #[inline(always)]
    unsafe fn where_positive(self, gate: Self) -> Self {
        let mut lanes = self.0;
        for i in 0..16 {
            lanes[i] = if gate.0[i] > 0.0 { lanes[i] } else { 0.0 };
        }
        Self(lanes)
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] / other.0[i]))
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        let less = |i: usize| self.0[i] < other.0[i];
        Self(std::array::from_fn(|i| {
            if less(i) { self.0[i] } else { other.0[i] }
        }))
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        let more = |i: usize| self.0[i] > other.0[i];
        Self(std::array::from_fn(|i| {
            if more(i) { self.0[i] } else { other.0[i] }
        }))
    }
    #[inline(always)]
    unsafe fn times_two_to(self, n: Self) -> Self {
        let power = |n: f32| f32::from_bits(((n as i32 + 127) as u32) << 23);
        Self(std::array::from_fn(|i| self.0[i] * power(n.0[i])))
    }
}
