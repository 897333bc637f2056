//! Progress bars on a terminal, and a line now and then where there is none.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::{is_quiet, is_verbose, note};
use crate::eval::rounded;
use crate::run::Estimate;
use crate::train::{Line, Observer, Probed, StepReport};

/// One bar for the run, one for the epoch; messages go above them.
pub(super) struct Bars {
    all: MultiProgress,
    run: ProgressBar,
    epoch: ProgressBar,
    terminal: bool,
    estimate: Estimate,
    lines: Lines,
    /// The last step that was made.
    last: Option<StepReport>,
    /// A line of the last step of an epoch, unless a probe of that step says the same and more.
    held: Option<String>,
    /// What the last probe called the run.
    verdict: Option<String>,
    /// Whether it is said already where the numbers of probes are explained.
    explained: bool,
}

/// Where a step stands in its run: `epoch 2 of 25, step 15 of 250`.
fn place(report: &StepReport) -> String {
    let (step, steps, per_epoch) = (report.step, report.steps, report.per_epoch.max(1));
    format!(
        "epoch {} of {}, step {step} of {steps}",
        step.div_ceil(per_epoch),
        steps.div_ceil(per_epoch)
    )
}

/// What a probe found after the step `last`: where, the loss, its numbers, the verdict.
fn probe_line(last: Option<&StepReport>, found: &Probed) -> String {
    let place = last.map_or_else(|| "before training".into(), place);
    let loss = last.map(|report| format!("loss {:.4}", rounded(report.loss, 4)));
    let numbers = found.values.iter();
    let numbers = numbers.map(|(name, value)| format!("{name} {:.3}", rounded(*value, 3)));
    let verdict = noted(found, "verdict").map(|verdict| match noted(found, "causes") {
        Some(causes) if !causes.is_empty() => format!("{verdict} (likely: {causes})"),
        _ => verdict.into(),
    });
    let all: Vec<String> = loss.into_iter().chain(numbers).chain(verdict).collect();
    format!("{place}: {}", all.join(", "))
}

/// What a probe says under `name`.
fn noted<'a>(found: &'a Probed, name: &str) -> Option<&'a str> {
    let mut notes = found.notes.iter();
    notes
        .find(|(own, _)| *own == name)
        .map(|(_, text)| text.as_str())
}

/// A line of the journal in words.
fn journal_line(step: u64, line: &Line) -> String {
    let own = line.iter().filter(|(name, _)| *name != "step");
    let words = own.map(|(name, value)| format!("{name} {value}"));
    format!("step {step}: {}", words.collect::<Vec<_>>().join(", "))
}

impl Bars {
    pub(super) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal() && !is_quiet();
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
            last: None,
            held: None,
            verdict: None,
            explained: false,
        }
    }
}

impl Bars {
    /// Print the line held back.
    fn release(&mut self) {
        if let Some(line) = self.held.take() {
            self.message(&line);
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
        self.last = Some(*report);
        self.release();
        if let Some(text) = self.estimate.after(report) {
            self.message(&text);
        }
        if !self.terminal {
            if self.lines.due(report, Instant::now()) {
                self.held = Some(format!(
                    "{}: loss {:.4}",
                    place(report),
                    rounded(report.loss, 4)
                ));
                if !report.step.is_multiple_of(report.per_epoch) {
                    self.release();
                }
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
        let verdict = self.verdict.iter().map(|verdict| format!(", {verdict}"));
        let text = format!(
            "loss {:.4}, {:.0} images/s{}",
            report.loss,
            report.images_per_s(),
            verdict.collect::<String>()
        );
        self.epoch.set_message(text);
    }

    fn journaled(&mut self, step: u64, line: &Line) {
        if is_verbose() {
            self.message(&journal_line(step, line));
        }
    }

    fn probed(&mut self, step: u64, found: &Probed) {
        self.held = None;
        self.verdict = noted(found, "verdict").map(String::from);
        let last = self.last.filter(|report| report.step == step);
        self.message(&probe_line(last.as_ref(), found));
        if !std::mem::replace(&mut self.explained, true) {
            self.message("(`ravine list metrics` says what these numbers mean)");
        }
    }

    fn message(&mut self, text: &str) {
        if self.all.println(text).is_err() || !self.terminal {
            note(text);
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.release();
        self.run.finish_and_clear();
        self.epoch.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_says_where_it_is_and_the_loss() {
        let report = StepReport {
            step: 15,
            steps: 40,
            per_epoch: 10,
            loss: 1.25,
            images: 8,
            seconds: 1.0,
        };
        let found = Probed {
            values: vec![("knn", 0.5)],
            notes: vec![("verdict", "healthy".into())],
            ..Probed::default()
        };
        assert_eq!(
            probe_line(Some(&report), &found),
            "epoch 2 of 4, step 15 of 40: loss 1.2500, knn 0.500, healthy"
        );
        let first = probe_line(None, &found);
        assert_eq!(first, "before training: knn 0.500, healthy");
    }

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
