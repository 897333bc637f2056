//! Eight lanes of 64-bit floats, whatever the instruction set.

/// Eight 64-bit floats.
///
/// # Safety
/// As for [`Lanes`](super::Lanes), whose contract its methods have, for pointers to eight 64-bit floats.
#[allow(
    clippy::missing_safety_doc,
    reason = "one contract for all, stated above"
)]
pub(crate) unsafe trait Doubles: Copy {
    unsafe fn splat(value: f64) -> Self;
    unsafe fn load(from: *const f64) -> Self;
    unsafe fn store(self, to: *mut f64);
    unsafe fn add(self, other: Self) -> Self;
    /// `self · factor + term`
    unsafe fn fma(self, factor: Self, term: Self) -> Self;

    /// Sum of all lanes, halves first.
    #[inline(always)]
    unsafe fn total(self) -> f64 {
        let mut lanes = [0.0; 8];
        // SAFETY: the array holds eight floats.
        unsafe { self.store(lanes.as_mut_ptr()) };
        for half in [4, 2, 1] {
            for i in 0..half {
                lanes[i] += lanes[i + half];
            }
        }
        lanes[0]
    }
}

// SAFETY: plain Rust, no instruction set assumed.
unsafe impl Doubles for [f64; 8] {
    #[inline(always)]
    unsafe fn splat(value: f64) -> Self {
        [value; 8]
    }
    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: the caller promises eight readable floats.
        unsafe { from.cast::<Self>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: the caller promises eight writable floats.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] + other[i])
    }
    #[inline(always)]
    unsafe fn fma(self, factor: Self, term: Self) -> Self {
        std::array::from_fn(|i| self[i] * factor[i] + term[i])
    }
}
