//! Choice of the instructions for products of 16-bit floats at run time.

#[cfg(target_arch = "x86_64")]
use crate::kernels::simd::Level;
use crate::kernels::simd::Simd;

/// How products of 16-bit floats are summed, the better the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bf16Dot {
    /// By widening to 32 bits: slower than 32-bit products, for comparing.
    Portable,
    /// AVX512-BF16: 32 products an instruction.
    Avx512,
    /// AMX: 8192 products an instruction.
    Amx,
}

/// Proof that the processor has the instructions of a [`Bf16Dot`]; can only be had by asking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bf16 {
    dot: Bf16Dot,
    simd: Simd,
    parts: usize,
}

impl Bf16 {
    /// The best instructions of this processor; `None` where it has none for 16-bit floats.
    #[must_use]
    pub fn detect() -> Option<Self> {
        Some(Self::at_most(Bf16Dot::Amx)).filter(|best| best.dot > Bf16Dot::Portable)
    }

    /// The best instructions of this processor that are not above `dot`: for comparing them.
    #[must_use]
    pub fn at_most(dot: Bf16Dot) -> Self {
        Self {
            dot: best().min(dot),
            simd: Simd::detect(),
            parts: 1,
        }
    }

    /// The same with operands as sums of two, three products for one: errors of about 2⁻¹⁶ of a product.
    #[must_use]
    pub fn in_two(self) -> Self {
        Self { parts: 2, ..self }
    }

    /// The same with operands as sums of three, which hold all digits of 32-bit floats, six products for one: errors
    /// are those of summing in 32 bits.
    #[must_use]
    pub fn in_three(self) -> Self {
        Self { parts: 3, ..self }
    }

    /// Whether three products of it, and six, are faster than one in 32 bits.
    #[must_use]
    pub fn splits(self) -> bool {
        self.dot == Bf16Dot::Amx
    }

    /// 16-bit floats that stand for a number.
    #[must_use]
    pub fn parts(self) -> usize {
        self.parts
    }

    /// The instructions in use.
    #[must_use]
    pub fn dot(self) -> Bf16Dot {
        self.dot
    }

    /// The instructions for all else.
    pub(super) fn simd(self) -> Simd {
        self.simd
    }
}

/// What this processor has.
#[cfg(not(target_arch = "x86_64"))]
fn best() -> Bf16Dot {
    Bf16Dot::Portable
}

/// What this processor has.
#[cfg(target_arch = "x86_64")]
fn best() -> Bf16Dot {
    if Simd::detect().level() < Level::Avx512 || !is_x86_feature_detected!("avx512bf16") {
        return Bf16Dot::Portable;
    }
    if has_amx() {
        Bf16Dot::Amx
    } else {
        Bf16Dot::Avx512
    }
}

/// Whether AMX has bf16 products and the system lets this process use its tiles.
#[cfg(target_arch = "x86_64")]
fn has_amx() -> bool {
    use std::arch::x86_64::__cpuid_count;
    use std::sync::LazyLock;
    const BF16_AND_TILES: u32 = 1 << 22 | 1 << 24;
    static FOUND: LazyLock<bool> = LazyLock::new(|| {
        let leaf = __cpuid_count(7, 0);
        leaf.edx & BF16_AND_TILES == BF16_AND_TILES && permitted()
    });
    *FOUND
}

/// Linux gives the tiles' 8 KiB of state only to processes that request it.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn permitted() -> bool {
    use std::ffi::c_long;
    const ARCH_PRCTL: c_long = 158;
    const REQUEST_PERMISSION: c_long = 0x1023;
    const TILE_DATA: c_long = 18;
    unsafe extern "C" {
        fn syscall(number: c_long, ...) -> c_long;
    }
    // SAFETY: the call changes nothing but what this process may use; a system that does not know it says so.
    unsafe { syscall(ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA) == 0 }
}

#[cfg(all(target_arch = "x86_64", not(target_os = "linux")))]
fn permitted() -> bool {
    false
}
