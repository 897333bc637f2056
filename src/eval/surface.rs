//! The surface E(x, y) over y: is it flat, is it lowest at the right answer?

use serde::{Deserialize, Serialize};

use super::collapse::{Judgement, Verdict};
use super::moments::moments;

/// A surface that varies less over y than this share of its variation before training is flat.
pub const FLAT: f64 = 0.1;

/// A surface that varies less over y than this share of its level is flat, whatever it was before.
pub const FLAT_OF_LEVEL: f64 = 0.04;

/// Right answers that fell by more than so many gaps to the wrong ones fall without saying anything.
pub const RUNAWAY: f64 = 5.0;

/// Below this share of wrong answers above the right one, the energy tells them hardly apart (chance is 0.5).
pub const TOLD_APART: f64 = 0.6;

/// From this share of wrong answers above the right one on, with the lowest of them above it by [`CLEAR`], no fall of the
/// variation since a wild start is a collapse.
pub const RANKED: f64 = 0.9;

/// Share of the variation over y by which the lowest wrong answers lie above the right ones, on average.
pub const CLEAR: f64 = 0.05;

/// What was measured of E(x, y) over the questions of one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Surface {
    /// Standard deviation of E over y, the mean over x: 0 is flat.
    pub flatness: f64,
    /// Mean energy of the right answers.
    pub e_c: f64,
    /// Mean energy of the most offending wrong answers.
    pub e_i: f64,
    /// `e_i − e_c`.
    pub gap: f64,
    /// Share of wrong answers whose energy is above that of the right one, ties by half; chance is 0.5.
    pub ranked: f64,
}

/// Sums of a [`Surface`] while rows come in.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    count: f64,
    sum: Surface,
    /// (E_C, E_I) of each row: the plane of the losses.
    pub plane: Vec<[f32; 2]>,
}

impl Rows {
    /// Add one question: the energy of its right answer, those of all answers looked at, those of the wrong ones.
    pub fn add(&mut self, right: f32, all: &[f32], wrong: &[f32]) {
        let right = f64::from(right);
        let offending = wrong.iter().copied().fold(f32::INFINITY, f32::min);
        let above = |e: &f32| match f64::from(*e).total_cmp(&right) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
        self.count += 1.0;
        let (_, variance) = moments(all.iter().map(|e| f64::from(*e)));
        self.sum.flatness += variance.sqrt();
        self.sum.e_c += right;
        self.sum.e_i += f64::from(offending);
        self.sum.ranked += wrong.iter().map(above).sum::<f64>() / wrong.len().max(1) as f64;
        self.plane.push([right as f32, offending]);
    }

    /// The means over the questions.
    #[must_use]
    pub fn surface(&self) -> Surface {
        let n = self.count.max(1.0);
        let (e_c, e_i) = (self.sum.e_c / n, self.sum.e_i / n);
        Surface {
            flatness: self.sum.flatness / n,
            e_c,
            e_i,
            gap: e_i - e_c,
            ranked: self.sum.ranked / n,
        }
    }
}

/// Judge a surface by itself and by that `before` training.
///
/// ```
/// use ravine::eval::collapse::Verdict;
/// use ravine::eval::surface::{Surface, judge};
/// let before = Surface { flatness: 0.4, e_c: 0.5, e_i: 0.2, gap: -0.3, ranked: 0.5 };
/// let flat = Surface { flatness: 0.0002, ranked: 0.5, ..before };
/// assert_eq!(judge(&flat, &before).verdict, Verdict::Collapsed);
/// let high = Surface { flatness: 0.03, e_c: 1.0, e_i: 1.0, gap: 0.0, ranked: 0.9 };
/// assert_eq!(judge(&high, &before).verdict, Verdict::Collapsed);
/// let carved = Surface { flatness: 2.3, ranked: 0.99, ..before };
/// assert_eq!(judge(&carved, &before).verdict, Verdict::Healthy);
/// assert_eq!(judge(&before, &before).verdict, Verdict::Uninformative);
/// let falling = Surface { flatness: 10.0, e_c: -68.0, e_i: -60.0, gap: 8.0, ranked: 0.98 };
/// assert_eq!(judge(&falling, &before).verdict, Verdict::Uninformative);
/// let wild = Surface { flatness: 1610.0, ..before };
/// let tamed = Surface { flatness: 7.2, e_c: 0.1, e_i: 12.0, gap: 11.9, ranked: 1.0 };
/// assert_eq!(judge(&tamed, &wild).verdict, Verdict::Healthy);
/// let accurate = Surface { flatness: 53.0, e_c: -20.0, e_i: -5.0, gap: 15.0, ranked: 1.0 };
/// assert_eq!(judge(&accurate, &wild).verdict, Verdict::Healthy);
/// let high = Surface { e_c: 53.0, ..before };
/// let settled = Surface { flatness: 6.0, e_c: -10.0, e_i: -5.3, gap: 4.7, ranked: 1.0 };
/// assert_eq!(judge(&settled, &high).verdict, Verdict::Healthy);
/// ```
#[must_use]
pub fn judge(surface: &Surface, before: &Surface) -> Judgement {
    let Surface {
        flatness,
        ranked,
        gap,
        ..
    } = *surface;
    // The level that random weights happened to start from is no fall.
    let fell = before.e_c.min(0.0) - surface.e_c;
    let level = surface.e_c.abs().max(surface.e_i.abs());
    // Less than before training is not flat where right and wrong answers lie further apart than all others, nor where
    // nearly all wrong ones lie clearly above: random weights may have started from wild energies.
    let told = ranked >= RANKED && gap > CLEAR * flatness;
    let lost = flatness < FLAT * before.flatness && gap < flatness && !told;
    let flat = lost || flatness < FLAT_OF_LEVEL * level;
    let (verdict, why, advice) = if !flatness.is_finite() || flat {
        let why = format!(
            "the energy is nearly the same for every answer (it varies by {flatness:.4} over y around {level:.4}, by {:.4} before training)",
            before.flatness
        );
        let advice = "choose a loss with a margin and wrong answers (square_square, hinge, nll), a wider radius around \
                      the right answer, or a lower learning rate";
        (Verdict::Collapsed, why, advice)
    } else if ranked < TOLD_APART {
        let why = format!(
            "the energy differs between answers, but only {:.0} % of wrong ones lie above the right one (chance is 50 %)",
            100.0 * ranked
        );
        (
            Verdict::Uninformative,
            why,
            "train longer, or check the learning rate and the data",
        )
    } else if surface.e_c < 0.0 && fell > RUNAWAY * gap.abs() {
        let why = format!(
            "the energies of right answers fell by {fell:.1} below zero, those of wrong ones fell with them (the gap is \
             {gap:.2}): they fall without end instead of telling answers apart"
        );
        (
            Verdict::Uninformative,
            why,
            "choose a loss that contrasts (nll, hinge, log)",
        )
    } else {
        let why = format!(
            "the energy varies over y (by {flatness:.3}) and {:.1} % of wrong answers lie above the right one",
            100.0 * ranked
        );
        (Verdict::Healthy, why, "")
    };
    Judgement {
        verdict,
        why,
        advice: advice.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_tells_answers_apart_has_not_collapsed_from_a_wild_start() {
        let wild = Surface {
            flatness: 100.0,
            ..Surface::default()
        };
        let tamed = Surface {
            flatness: 3.3,
            e_c: -5.0,
            e_i: -4.0,
            gap: 1.0,
            ranked: 0.99,
        };
        assert_eq!(judge(&tamed, &wild).verdict, Verdict::Healthy);
        let flat = Surface {
            gap: 0.0,
            ranked: 0.6,
            ..tamed
        };
        assert_eq!(judge(&flat, &wild).verdict, Verdict::Collapsed);
    }

    #[test]
    fn rows_are_averaged_and_ties_count_half() {
        let mut rows = Rows::default();
        rows.add(1.0, &[1.0, 3.0], &[1.0, 3.0]);
        rows.add(0.0, &[2.0, 2.0], &[2.0, 2.0]);
        let surface = rows.surface();
        assert!((surface.flatness - 0.5 * 2.0_f64.sqrt()).abs() < 1e-9);
        assert_eq!((surface.e_c, surface.e_i), (0.5, 1.5));
        assert_eq!((surface.gap, surface.ranked), (1.0, 0.875));
        assert_eq!(rows.plane, [[1.0, 1.0], [0.0, 2.0]]);
    }
}
