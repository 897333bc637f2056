//! Learning rate and momentum as pure functions of the step: nothing of them needs saving.

/// Linear warm-up, then half a cosine down to `end` (Loshchilov & Hutter 2017).
///
/// For steps s = 0, 1, …: `base·(s + 1)/warmup` while s < warmup, then
/// `end + (base − end)·(1 + cos(π·(s − warmup)/(steps − warmup)))/2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupCosine {
    /// Steps of the whole run; `end` would come at this step, one after the last.
    pub steps: u64,
    /// Steps of the warm-up.
    pub warmup: u64,
    /// The peak.
    pub base: f64,
    /// Where the cosine leads.
    pub end: f64,
}

impl WarmupCosine {
    /// The learning rate at `step`, counted from 0.
    #[must_use]
    pub fn at(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.base * (step + 1) as f64 / self.warmup as f64;
        }
        let length = self.steps.saturating_sub(self.warmup).max(1) as f64;
        let share = ((step - self.warmup) as f64 / length).min(1.0);
        self.end + (self.base - self.end) * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
    }
}

/// Momentum of a target branch, `1 − (1 − start)·(1 + cos(π·k/K))/2`: from `start` to 1 (BYOL, Grill et al. 2020).
///
/// `progress` is k/K, the share of the training done.
#[must_use]
pub fn momentum_schedule(start: f64, progress: f64) -> f64 {
    1.0 - (1.0 - start) * (1.0 + (std::f64::consts::PI * progress).cos()) / 2.0
}
