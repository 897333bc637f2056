//! Choice of the instruction set at run time.

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
    /// The best level of this processor; the portable one under Miri, which interprets no vector instructions.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
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
