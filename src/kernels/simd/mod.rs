//! Choice of the instruction set at run time, and 16 lanes of 32-bit floats in each of them.

mod doubles;
#[cfg(target_arch = "x86_64")]
mod doubles_x86;
mod lanes;
mod level;
mod multiversion;
mod portable;
mod prefetch;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use level::{Level, Simd};

pub(crate) use doubles::Doubles;
pub(crate) use lanes::Lanes;
pub(crate) use multiversion::multiversion;
pub(crate) use portable::Portable;
pub(crate) use prefetch::{prefetch, streamed};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};
