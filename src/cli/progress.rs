//! Progress bars on a terminal, and a line now and then where there is none.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::eval::rounded;
use crate::run::Estimate;
use crate::train::{Observer, Probed, StepReport};

/// One bar for the run, one for the epoch; messages go above them.
pub(super) struct Bars {
    all: MultiProgress,
    run: ProgressBar,
    epoch: ProgressBar,
    terminal: bool,
    estimate: Estimate,
    lines: Lines,
}

impl Bars {
    pub(super) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let all = MultiProgress::with_draw_target(target);
        let bar = |template: &str| {
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            all.add(ProgressBar::new(0).with_style(style))
        };
        Self {
            run: bar("run   {wide_bar} {pos}/{len} steps, {eta} left"),
            epoch: bar("epoch {wide_bar} {pos}/{len} {msg}"),
            all,
            terminal,
            estimate: Estimate::default(),
            lines: Lines::default(),
        }
    }
}

/// When a line is due where there is no terminal: at the end of an epoch, once a minute in a long one, and never more than
/// one a second but for the last step.
#[derive(Default)]
struct Lines {
    last: Option<Instant>,
}

impl Lines {
    fn due(&mut self, report: &StepReport, now: Instant) -> bool {
        let since = now.duration_since(*self.last.get_or_insert(now));
        let epoch = report.step.is_multiple_of(report.per_epoch) && since >= Duration::from_secs(1);
        let due = epoch || since >= Duration::from_mins(1) || report.step == report.steps;
        if due {
            self.last = Some(now);
        }
        due
    }
}

impl Observer for Bars {
    fn step(&mut self, report: &StepReport) {
        if let Some(text) = self.estimate.after(report) {
            self.message(&text);
        }
        if !self.terminal {
            if self.lines.due(report, Instant::now()) {
                let loss = format!(
                    "step {} of {}: loss {:.4}",
                    report.step,
                    report.steps,
                    rounded(report.loss, 4)
                );
                self.message(&loss);
            }
            return;
        }
        if self.run.length() != Some(report.steps) {
            self.run.set_length(report.steps);
            self.run.reset_eta();
        }
        self.run.set_position(report.step);
        self.epoch.set_length(report.per_epoch);
        self.epoch
            .set_position((report.step - 1) % report.per_epoch + 1);
        let text = format!(
            "loss {:.4}, {:.0} images/s",
            rounded(report.loss, 4),
            report.images_per_s()
        );
        self.epoch.set_message(text);
    }

    fn probed(&mut self, step: u64, found: &Probed) {
        let numbers = found
            .values
            .iter()
            .map(|(name, value)| format!("{name} {:.3}", rounded(*value, 3)));
        let note = |wanted| found.notes.iter().find(|(name, _)| *name == wanted);
        let verdict = note("verdict").map(|(_, verdict)| match note("causes") {
            Some((_, causes)) if !causes.is_empty() => format!("{verdict} (likely: {causes})"),
            _ => verdict.clone(),
        });
        let all: Vec<String> = numbers.chain(verdict).collect();
        self.message(&format!("step {step}: {}", all.join(", ")));
    }

    fn message(&mut self, text: &str) {
        if self.all.println(text).is_err() || !self.terminal {
            eprintln!("{text}");
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.run.finish_and_clear();
        self.epoch.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_with_epochs_and_minutes_and_the_end() {
        let (mut lines, start) = (Lines::default(), Instant::now());
        let report = |step| StepReport {
            step,
            steps: 40,
            per_epoch: 10,
            loss: 1.0,
            images: 8,
            seconds: 1.0,
        };
        // Ten seconds a step, then all the rest at once.
        let slow = (1..=20).map(|step| (step, 10 * step));
        let fast = (21..=40).map(|step| (step, 200));
        let said: Vec<u64> = slow
            .chain(fast)
            .filter(|&(step, at)| lines.due(&report(step), start + Duration::from_secs(at)))
            .map(|(step, _)| step)
            .collect();
        assert_eq!(said, [7, 10, 16, 20, 40]);
    }
}
