//! Choice of the instruction set at run time.

use std::sync::atomic::{AtomicU8, Ordering};

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

impl Level {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// The level that [`Simd::detect`] stays at or below.
static HELD: AtomicU8 = AtomicU8::new(Level::Avx512 as u8);

/// Proof that the processor has the instructions of a [`Level`]; can only be had by asking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simd(Level);

impl Simd {
    /// The best level of this processor; the portable one under Miri, which interprets no vector instructions.
    #[must_use]
    pub fn best() -> Self {
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

    /// The level to compute with: the best of this processor, or the one that the process is held to.
    #[must_use]
    pub fn detect() -> Self {
        let held = HELD.load(Ordering::Relaxed);
        let free = Level::ALL.into_iter().find(|level| *level as u8 <= held);
        Self::at_most(free.unwrap_or(Level::Portable))
    }

    /// Hold what [`Simd::detect`] finds in this process from now on to `level` or below; call it before executors are
    /// made, which keep what they found.
    pub fn hold_to(level: Level) {
        HELD.store(level as u8, Ordering::Relaxed);
    }

    /// The best level of this processor that is not above `level`: for comparing levels.
    #[must_use]
    pub fn at_most(level: Level) -> Self {
        Self(Self::best().0.min(level))
    }

    /// The level.
    #[must_use]
    pub fn level(self) -> Level {
        self.0
    }
}
