//! Rates of stochastic depth.

use crate::error::{Result, require};

/// The rate of each of `blocks` blocks in their order: evenly from 0 at the first to `last`; a single block has `last`.
///
/// # Errors
/// `last`, the key `encoder.drop_path`, is outside [0, 1).
pub(super) fn rates(last: f64, blocks: usize) -> Result<impl Iterator<Item = f64>> {
    require(
        "encoder.drop_path",
        (0.0..1.0).contains(&last),
        format_args!("must be 0 or more and below 1, not {last}; 0.1 is usual"),
    )?;
    let steps = blocks.saturating_sub(1);
    Ok((0..blocks).map(move |block| {
        if block == steps {
            last
        } else {
            last * block as f64 / steps as f64
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_evenly_and_those_out_of_range_are_refused() -> Result<()> {
        assert_eq!(rates(0.5, 3)?.collect::<Vec<_>>(), [0.0, 0.25, 0.5]);
        assert_eq!(rates(0.5, 1)?.collect::<Vec<_>>(), [0.5]);
        for rate in [-0.1, 1.0, f64::NAN] {
            let refused = rates(rate, 3).err().map(|e| e.to_string());
            assert!(refused.is_some_and(|e| e.contains("encoder.drop_path")));
        }
        Ok(())
    }
}
