//! Filter weights of an antialiased resize along one axis.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How pixels between pixels are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// Triangle filter, `max(0, 1 − |d|)`: the default of torchvision, cheapest.
    #[default]
    Bilinear,
    /// Cubic filter with a = −0.5 (Keys 1981), sharper; overshoots [0, 1] before clamping.
    Bicubic,
}

impl Interpolation {
    fn radius(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, distance: f64) -> f64 {
        const A: f64 = -0.5;
        let d = distance.abs();
        match self {
            Self::Bilinear => (1.0 - d).max(0.0),
            Self::Bicubic if d < 1.0 => ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0,
            Self::Bicubic if d < 2.0 => (((d - 5.0) * d + 8.0) * d - 4.0) * A,
            Self::Bicubic => 0.0,
        }
    }
}

/// For each target pixel the first source pixel and the weights of those that follow.
///
/// Weight of source j for target i: `k((j + ½ − (i + ½)·s) / max(s, 1))`, `s = source / target`, normalised over
/// the source (Pillow's antialiasing, which torchvision follows). Targets with fewer taps are padded with zeros.
#[derive(Debug, Default)]
pub struct Taps {
    targets: usize,
    count: usize,
    first: Vec<u32>,
    weights: Vec<f32>, // (count, targets)
}

impl Taps {
    /// Weights that bring `source` pixels to `full` pixels, for the targets in `window` only, times `scale`.
    pub fn fill(
        &mut self,
        interpolation: Interpolation,
        source: usize,
        full: usize,
        window: Range<usize>,
        scale: f64,
    ) {
        let step = source as f64 / full as f64;
        let stretch = step.max(1.0);
        let support = interpolation.radius() * stretch;
        let reach = |target: usize| {
            let center = (target as f64 + 0.5) * step;
            let low = (center - support + 0.5).max(0.0) as usize;
            let high = ((center + support + 0.5) as usize).min(source);
            (center, low, high)
        };
        self.targets = window.len();
        self.count = 0;
        self.first.clear();
        for target in window.clone() {
            let (_, low, high) = reach(target);
            self.first.push(low as u32);
            self.count = self.count.max(high - low);
        }
        self.weights.clear();
        self.weights.resize(self.count * self.targets, 0.0);
        for (i, target) in window.enumerate() {
            let (center, low, high) = reach(target);
            let weight = |j: usize| interpolation.weight((j as f64 + 0.5 - center) / stretch);
            let total: f64 = (low..high).map(weight).sum();
            for j in low..high {
                self.weights[(j - low) * self.targets + i] = (weight(j) * scale / total) as f32;
            }
        }
    }

    /// Taps of every target.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// First source pixel of every target.
    #[must_use]
    pub fn first(&self) -> &[u32] {
        &self.first
    }

    /// Weights (taps, targets).
    #[must_use]
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Source pixel and weight of tap `tap` of target `target`; a padding tap has weight 0.
    #[must_use]
    pub fn tap(&self, target: usize, tap: usize) -> (usize, f32) {
        if tap < self.count {
            let source = self.first[target] as usize + tap;
            return (source, self.weights[tap * self.targets + target]);
        }
        (self.first[target] as usize, 0.0)
    }

    /// The same taps over pixels of `channels` interleaved values.
    pub(super) fn interleave(&mut self, channels: usize) {
        for first in &mut self.first {
            *first *= channels as u32;
        }
    }
}
