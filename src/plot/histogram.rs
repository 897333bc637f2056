//! How energies of right and of wrong answers are distributed.

use super::color::{BLUE, Color, VERMILION};
use super::drawing::{Drawing, Key, Style};
use super::figure::{Area, Figure, Mark};
use super::frame::{Frame, around};
use super::scale::Scale;

/// Bins over the common range.
const BINS: usize = 40;

/// Shares of right and of wrong answers in 40 bins of energy, each of which sums to 100 %.
///
/// Apart is well told apart; on top of each other, the energy says nothing.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// What it is of.
    pub title: String,
    /// Energies of right answers.
    pub right: Vec<f64>,
    /// Energies of wrong answers.
    pub wrong: Vec<f64>,
    /// What the wrong ones are.
    pub wrong_name: String,
    /// Energies from the left to the right edge.
    pub range: Scale,
    /// Width and height of the frame, in points.
    pub inner: (f64, f64),
}

/// Percent of the finite `values` in each bin of `range`.
fn shares(values: &[f64], range: Scale) -> Vec<f64> {
    let mut counts = vec![0_usize; BINS];
    for value in values.iter().filter(|v| v.is_finite()) {
        let bin = (range.share(*value) * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    let all = counts.iter().sum::<usize>().max(1) as f64;
    counts.iter().map(|&n| 100.0 * n as f64 / all).collect()
}

impl Drawing for Histogram {
    fn size(&self) -> (f64, f64) {
        around(self.inner, &self.title)
    }

    fn draw(&self, figure: &mut Figure, left: f64, top: f64) {
        let x = self.range;
        let groups = [(&self.wrong, VERMILION), (&self.right, BLUE)]
            .map(|(values, color)| (shares(values, x), color));
        let highest = groups
            .iter()
            .flat_map(|(s, _)| s)
            .copied()
            .fold(0.0, f64::max);
        let y = Scale::new(0.0, highest.max(1.0) * 1.05);
        let frame = Frame::inside((left, top), self.inner, &self.title, (x, y));
        frame.lines_across(figure);
        for (shares, color) in &groups {
            bins(figure, &frame, shares, *color);
        }
        let labels = ["energy".into(), "share of answers (%)".into()];
        frame.axes(figure, &self.title, &labels);
    }

    fn legend(&self) -> Vec<Key> {
        let key = |color: Color, name: &str, count: usize| Key {
            style: Style::Patch(color.fading(150)),
            name: format!("{name} ({count})"),
        };
        vec![
            key(BLUE, "right answers", self.right.len()),
            key(VERMILION, &self.wrong_name, self.wrong.len()),
        ]
    }
}

fn bins(figure: &mut Figure, frame: &Frame, shares: &[f64], color: Color) {
    let width = frame.area.width / BINS as f64;
    let mut outline = vec![[frame.area.left, frame.area.bottom()]];
    for (bin, share) in shares.iter().enumerate() {
        let left = frame.area.left + bin as f64 * width;
        let [_, top] = frame.place([frame.x.low, *share]);
        let area = Area {
            left,
            top,
            width,
            height: frame.area.bottom() - top,
        };
        outline.extend([[left, top], [left + width, top]]);
        if area.height > 0.0 {
            figure.marks.push(Mark::Rect(area, color.fading(110)));
        }
    }
    outline.push([frame.area.right(), frame.area.bottom()]);
    figure.line(&outline, color, 1.4);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_a_hundred_and_the_highest_value_is_counted() {
        let shares = shares(&[0.0, 0.5, 1.0, f64::NAN], Scale::new(0.0, 1.0));
        assert!((shares.iter().sum::<f64>() - 100.0).abs() < 1e-9);
        assert!(shares[0] > 0.0 && shares[BINS / 2] > 0.0 && shares[BINS - 1] > 0.0);
    }
}
