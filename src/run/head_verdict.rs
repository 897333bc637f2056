//! What a head's probes and card are told: the verdict, after a warm-up, in words that fit its loss.

use crate::assembly::HeadSetup;
use crate::eval::collapse::{Judgement, Verdict, too_early};
use crate::eval::surface::{self, Surface};
use crate::losses::Margin;

/// Judge the `surface` of a head after `step` steps, of `per_epoch` an epoch, by itself and by that `before` training.
pub(super) fn head_verdict(
    task: &HeadSetup,
    surface: &Surface,
    before: &Surface,
    (step, per_epoch): (u64, u64),
) -> Judgement {
    if let Some(early) = too_early(step, per_epoch) {
        let why = early.sentence(&[]);
        return Judgement { why, ..early };
    }
    let mut judged = surface::judge(surface, before);
    let rate = task.config.optimizer.part().learning_rate();
    let contrasts = !matches!(
        task.config.loss.part().margin(),
        Margin::None | Margin::Finite(0.0)
    );
    if contrasts && judged.verdict != Verdict::Healthy {
        judged.advice = format!(
            "the loss `{}` sets answers apart, so lower `optimizer.lr` (it is {rate}; try {}), or train longer than \
             {step} steps",
            task.config.loss.name(),
            rate / 4.0
        );
    }
    judged.why = judged.sentence(&[]);
    judged
}
