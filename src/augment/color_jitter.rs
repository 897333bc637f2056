//! Colour jitter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::augmentation::{Augmentation, uniform};
use super::check;
use super::planar::Planar;
use super::scratch::Scratch;
use crate::data::Image;
use crate::error::Result;
use crate::kernels::pixels;
use crate::random::{Stream, shuffle};

/// Pixels of a plane treated together: three planes of them stay in the first cache from step to step.
const CHUNK: usize = 1024;

/// Change brightness, contrast, saturation and hue by random amounts in a random order (torchvision's `ColorJitter`).
///
/// Factors are drawn from [max(0, 1 − s), 1 + s], the hue's shift from [−s, s]. Keeps a network from telling
/// views of one image by their colour histogram (Chen et al. 2020).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ColorJitter {
    /// Strength on the brightness, 0 or more.
    pub brightness: f64,
    /// Strength on the contrast, 0 or more.
    pub contrast: f64,
    /// Strength on the saturation, 0 or more; grey images have none.
    pub saturation: f64,
    /// Largest shift of the hue, as a share of the colour circle, at most 0.5.
    pub hue: f64,
    /// Probability.
    pub p: f64,
}

impl Default for ColorJitter {
    fn default() -> Self {
        Self {
            brightness: 0.8,
            contrast: 0.8,
            saturation: 0.8,
            hue: 0.2,
            p: 0.8,
        }
    }
}

/// One change of colour with its amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Adjustment {
    /// `clamp(f · x)`.
    Brightness(f32),
    /// `clamp(f · x + (1 − f) · m)`, `m` the mean luma of the image.
    Contrast(f32),
    /// `clamp(f · x + (1 − f) · luma)`; nothing on grey images.
    Saturation(f32),
    /// HSV hue plus a share of the circle; nothing on grey images.
    Hue(f32),
}

/// Apply `adjustments` in order to an image in [0, 1].
///
/// All run over a chunk while it lies in the first cache; a contrast opens a new pass, since it needs the mean
/// luma of everything before it. Channels that are no colours are adjusted by the same factors, each about its own mean.
pub fn adjust(view: &mut Planar, adjustments: &[Adjustment]) {
    if view.channels() == 3 {
        return adjust_together(view, adjustments);
    }
    for mut plane in view.planes() {
        adjust_together(&mut plane, adjustments);
    }
}

fn adjust_together(view: &mut Planar, adjustments: &[Adjustment]) {
    let mut start = 0;
    let mut mean = 0.0;
    for (at, adjustment) in adjustments.iter().enumerate() {
        if matches!(adjustment, Adjustment::Contrast(_)) {
            mean = pass(view, &adjustments[start..at], mean, true);
            start = at;
        }
    }
    pass(view, &adjustments[start..], mean, false);
}

/// Apply `adjustments` chunk by chunk; `mean` is that of the contrast, if one stands first.
///
/// Returns the mean luma of the result when `measure` asks for it.
fn pass(view: &mut Planar, adjustments: &[Adjustment], mean: f32, measure: bool) -> f32 {
    let pixels = view.height() * view.width();
    let mut sum = 0.0;
    if let Some([red, green, blue]) = view.colors() {
        let chunks = red
            .chunks_mut(CHUNK)
            .zip(green.chunks_mut(CHUNK))
            .zip(blue.chunks_mut(CHUNK));
        for ((r, g), b) in chunks {
            for &adjustment in adjustments {
                adjust_color(r, g, b, adjustment, mean);
            }
            if measure {
                sum += pixels::luma_sum(r, g, b);
            }
        }
    } else {
        for chunk in view.data().chunks_mut(CHUNK) {
            for &adjustment in adjustments {
                adjust_gray(chunk, adjustment, mean);
            }
            if measure {
                sum += pixels::sum(chunk);
            }
        }
    }
    (sum / pixels as f64) as f32
}

fn adjust_color(r: &mut [f32], g: &mut [f32], b: &mut [f32], adjustment: Adjustment, mean: f32) {
    match adjustment {
        Adjustment::Brightness(_) | Adjustment::Contrast(_) => {
            for plane in [r, g, b] {
                adjust_gray(plane, adjustment, mean);
            }
        }
        Adjustment::Saturation(factor) => pixels::saturation(r, g, b, factor),
        Adjustment::Hue(shift) => pixels::hue(r, g, b, sixths(shift)),
    }
}

fn adjust_gray(values: &mut [f32], adjustment: Adjustment, mean: f32) {
    match adjustment {
        Adjustment::Brightness(factor) => pixels::scale_shift(values, factor, 0.0),
        Adjustment::Contrast(factor) => pixels::scale_shift(values, factor, (1.0 - factor) * mean),
        Adjustment::Saturation(_) | Adjustment::Hue(_) => {}
    }
}

/// A shift of the hue in sixths of the circle, in [0, 6).
fn sixths(shift: f32) -> f32 {
    let turn = shift.rem_euclid(1.0) * 6.0;
    if turn < 6.0 { turn } else { 0.0 } // a tiny negative shift rounds up to the full circle
}

impl Augmentation for ColorJitter {
    fn probability(&self) -> f64 {
        self.p
    }

    fn apply(&self, _: &Image, view: &mut Planar, rng: &mut Stream, _: &mut Scratch) {
        let factor = |rng: &mut Stream, s: f64| uniform(rng, [(1.0 - s).max(0.0), 1.0 + s]) as f32;
        let mut steps = [
            Adjustment::Brightness(factor(rng, self.brightness)),
            Adjustment::Contrast(factor(rng, self.contrast)),
            Adjustment::Saturation(factor(rng, self.saturation)),
            Adjustment::Hue(uniform(rng, [-self.hue, self.hue]) as f32),
        ];
        shuffle(&mut steps, rng);
        let color = view.channels() == 3;
        let mut wanted = [Adjustment::Brightness(1.0); 4];
        let mut count = 0;
        for step in steps {
            let used = match step {
                Adjustment::Brightness(_) => self.brightness > 0.0,
                Adjustment::Contrast(_) => self.contrast > 0.0,
                Adjustment::Saturation(_) => color && self.saturation > 0.0,
                Adjustment::Hue(_) => color && self.hue > 0.0,
            };
            if used {
                wanted[count] = step;
                count += 1;
            }
        }
        adjust(view, &wanted[..count]);
    }

    fn validate(&self, key: &str, _: usize) -> Result<()> {
        check::probability(key, self.p)?;
        check::strength(&format!("{key}.brightness"), self.brightness, 10.0)?;
        check::strength(&format!("{key}.contrast"), self.contrast, 10.0)?;
        check::strength(&format!("{key}.saturation"), self.saturation, 10.0)?;
        check::strength(&format!("{key}.hue"), self.hue, 0.5)
    }
}
