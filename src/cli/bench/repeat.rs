//! A piece of work, timed over and over.

use std::time::Instant;

use crate::error::Result;

/// Seconds of each repetition in ascending order, after two that warm up.
pub(super) fn repeat(seconds: f64, mut work: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    for _ in 0..2 {
        work()?;
    }
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < 3 || start.elapsed().as_secs_f64() < seconds {
        let begin = Instant::now();
        work()?;
        times.push(begin.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}
