//! How long a run will take, told by its first steps.

use crate::train::StepReport;

/// Steps that are looked at, after the first, which also allocates memory and starts the loader.
const STEPS: usize = 10;

/// Collects the first steps of a run.
#[derive(Debug, Default)]
pub struct Estimate {
    seconds: Vec<f64>,
    first: bool,
    said: bool,
}

impl Estimate {
    /// A sentence once enough steps have been seen and many more are to come; `None` before and after.
    pub fn after(&mut self, report: &StepReport) -> Option<String> {
        if self.said || !std::mem::replace(&mut self.first, true) {
            return None;
        }
        self.seconds.push(report.seconds);
        if self.seconds.len() < STEPS {
            return None;
        }
        self.said = true;
        let left = report.steps - report.step;
        let mut seconds = self.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        let median = f64::midpoint(seconds[STEPS / 2 - 1], seconds[STEPS / 2]);
        (left > STEPS as u64).then(|| {
            format!(
                "about {} to go: {left} steps of {:.1} ms, probes not counted",
                duration(left as f64 * median),
                median * 1e3
            )
        })
    }
}

/// Seconds in the unit that a person would choose.
pub(super) fn duration(seconds: f64) -> String {
    let (minutes, hours) = (seconds / 60.0, seconds / 3600.0);
    if seconds < 100.0 {
        format!("{seconds:.0} s")
    } else if minutes < 100.0 {
        format!("{minutes:.0} min")
    } else if hours < 48.0 {
        format!("{hours:.1} h")
    } else {
        format!("{:.1} days", hours / 24.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: u64, steps: u64, seconds: f64) -> StepReport {
        StepReport {
            step,
            steps,
            per_epoch: 10,
            loss: 1.0,
            images: 8,
            seconds,
        }
    }

    #[test]
    fn it_speaks_once_and_takes_the_median() {
        let mut estimate = Estimate::default();
        let said: Vec<String> = (1..=30)
            .filter_map(|step| {
                // The first step and one in ten are slow.
                let seconds = if step == 1 || step == 7 { 9.0 } else { 0.5 };
                estimate.after(&report(step, 7211, seconds))
            })
            .collect();
        assert_eq!(
            said,
            ["about 60 min to go: 7200 steps of 500.0 ms, probes not counted"]
        );
        let mut short = Estimate::default();
        assert!((1..=15).all(|step| short.after(&report(step, 15, 1.0)).is_none()));
    }

    #[test]
    fn durations_read_naturally() {
        let said = [12.3, 99.0, 600.0, 36_000.0, 864_000.0].map(duration);
        assert_eq!(said, ["12 s", "99 s", "10 min", "10.0 h", "10.0 days"]);
    }
}
