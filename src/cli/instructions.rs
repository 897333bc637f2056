//! The vector instructions that a command measures.

use super::part::by_name;
use crate::error::{Error, Result};
use crate::kernels::bf16::{Bf16, Bf16Dot};
use crate::kernels::{Level, Simd};

#[derive(Debug, clap::Args)]
pub(super) struct Instructions {
    /// Vector instructions of the cpu executor; the best of this processor when left out.
    #[arg(long, env = "RAVINE_SIMD", value_parser = by_name(Level::ALL, Level::name))]
    simd: Option<Level>,
}

impl Instructions {
    /// Hold all kernels of this process to what was asked for, before an executor is made; refused where `other` computes,
    /// which would not follow.
    pub(super) fn hold(&self, other: Option<&str>) -> Result<()> {
        let Some(level) = self.simd else {
            return Ok(());
        };
        if let Some(other) = other {
            return Err(Error::Usage(format!(
                "--simd (or RAVINE_SIMD) is for the cpu executor; {other} has instructions of its own, so leave it out"
            )));
        }
        allowed(level, Simd::best().level())?;
        Simd::hold_to(level);
        Ok(())
    }
}

/// Refuse a level above the best of this processor.
fn allowed(level: Level, best: Level) -> Result<()> {
    if level <= best {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "this processor has no {} instructions; give --simd (or RAVINE_SIMD) {} or leave it out",
        level.name(),
        best.name()
    )))
}

/// What products of bfloat16 are computed by at the level in use.
pub(super) fn bf16() -> Option<&'static str> {
    match Bf16::detect()?.dot() {
        Bf16Dot::Amx => Some("amx"),
        Bf16Dot::Avx512 => Some("avx512-bf16"),
        Bf16Dot::Portable => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_the_processor_lacks_is_refused_with_the_one_it_has() {
        for best in Level::ALL {
            for level in Level::ALL {
                let refused = allowed(level, best).err();
                assert_eq!(refused.is_some(), level > best);
                let Some(error) = refused else { continue };
                let text = error.to_string();
                assert!(
                    text.contains(level.name()) && text.contains(best.name()),
                    "{text}"
                );
                assert_eq!(error.exit_code(), 2);
            }
        }
    }
}
