//! Progress bars on a terminal, and nothing where there is none.

use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::Estimate;
use crate::train::{Observer, Probed, StepReport};

/// One bar for the run, one for the epoch; messages go above them.
pub(super) struct Bars {
    all: MultiProgress,
    run: ProgressBar,
    epoch: ProgressBar,
    terminal: bool,
    estimate: Estimate,
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
        }
    }
}

impl Observer for Bars {
    fn step(&mut self, report: &StepReport) {
        if let Some(text) = self.estimate.after(report) {
            self.message(&text);
        }
        if !self.terminal {
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
            report.loss,
            report.images_per_s()
        );
        self.epoch.set_message(text);
    }

    fn probed(&mut self, step: u64, found: &Probed) {
        let numbers = found
            .values
            .iter()
            .map(|(name, value)| format!("{name} {value:.3}"));
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
