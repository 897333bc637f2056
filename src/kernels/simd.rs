//! Choice of the instruction set at run time, and 16 lanes of 32-bit floats in each of them.

/// Instruction sets, the better the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whatever the build's target has: LLVM vectorises plain loops.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors with masks.
    Avx512,
}

/// Proof that the processor has the instructions of a [`Level`]; can only be had by asking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simd(Level);

impl Simd {
    /// The best level of this processor.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            let avx2 = has!("avx2") && has!("fma");
            if avx2 && has!("avx512f") && has!("avx512vl") && has!("avx512dq") && has!("avx512bw") {
                return Self(Level::Avx512);
            }
            if avx2 {
                return Self(Level::Avx2);
            }
        }
        Self(Level::Portable)
    }

    /// The best level of this processor that is not above `level`: for comparing levels.
    #[must_use]
    pub fn at_most(level: Level) -> Self {
        Self(Self::detect().0.min(level))
    }

    /// The level.
    #[must_use]
    pub fn level(self) -> Level {
        self.0
    }
}

/// Sixteen 32-bit floats.
///
/// # Safety
/// Implementations for an instruction set may only be used where [`Simd`] has proved it. Pointers must be
/// valid for 16 floats, for the first `count` in `*_some`; they need no alignment.
#[allow(
    clippy::missing_safety_doc,
    reason = "one contract for all, stated above"
)]
pub(crate) unsafe trait Lanes: Copy {
    /// Whether 32 registers of all 16 lanes are there, so that wide micro-kernels pay.
    const WIDE: bool;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn load_some(from: *const f32, count: usize) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn store_some(self, to: *mut f32, count: usize);
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

/// Sixteen lanes as an array.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 16]);

// SAFETY: plain Rust, no instruction set assumed.
unsafe impl Lanes for Portable {
    const WIDE: bool = false;
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

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
#[path = "simd_x86.rs"]
mod x86;

/// Asks the caches for what lies at `place`, which need not be valid.
#[inline(always)]
pub(crate) fn prefetch(place: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: part of every x86-64 processor, and it never faults.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Builds a function three times and chooses by its first argument, a [`Simd`].
///
/// The body sees the lanes type under the name given in angle brackets; loops without it are left to LLVM,
/// which vectorises them for each instruction set.
macro_rules! multiversion {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$lanes:ident>($($arg:ident: $type:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments, reason = "a kernel takes its sizes one by one")]
        $vis fn $name(simd: $crate::kernels::simd::Simd, $($arg: $type),*) $(-> $ret)? {
            #[inline(always)]
            #[allow(clippy::extra_unused_type_parameters, reason = "loops may be left to LLVM")]
            fn body<$lanes: $crate::kernels::simd::Lanes>($($arg: $type),*) $(-> $ret)? $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
            fn avx512($($arg: $type),*) $(-> $ret)? {
                body::<$crate::kernels::simd::Avx512>($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $type),*) $(-> $ret)? {
                body::<$crate::kernels::simd::Avx2>($($arg),*)
            }
            match simd.level() {
                // SAFETY: a `Simd` of this level exists only where the processor has these features.
                #[cfg(target_arch = "x86_64")]
                $crate::kernels::simd::Level::Avx512 => unsafe { avx512($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::kernels::simd::Level::Avx2 => unsafe { avx2($($arg),*) },
                _ => body::<$crate::kernels::simd::Portable>($($arg),*),
            }
        }
    };
}
pub(crate) use multiversion;
