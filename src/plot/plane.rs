//! The plane of the losses: energies of right answers against those of the most offending wrong ones.

use super::color::{GREY, INK};
use super::drawing::{Drawing, Key, Overlay, Style};
use super::figure::{Figure, Mark};
use super::frame::{Frame, around};
use super::scale::Scale;

/// Each question at (E_C, E_I), the line `E_I = E_C` and the margin line `E_I = E_C + m`.
///
/// Above the line the right answer has the lower energy; losses push points across the margin line (LeCun et al. 2006,
/// section 5.1).
#[derive(Clone, Debug)]
pub struct Plane {
    /// What it is of.
    pub title: String,
    /// (E_C, E_I) of each question.
    pub points: Vec<[f64; 2]>,
    /// The axes are at least this long, so that equal energies look equal.
    pub span: f64,
    /// m of the loss, where it has one above 0.
    pub margin: Option<f64>,
    /// Width and height of the frame, in points.
    pub side: f64,
}

impl Plane {
    /// One scale for both axes: all points, and the margin above the lowest one.
    fn scales(&self) -> (Scale, Scale) {
        let on = |axis: usize| Scale::of(self.points.iter().map(move |p| p[axis]));
        let (x, y) = (on(0), on(1));
        let reached = y.high.max(x.low + self.margin.unwrap_or(0.0));
        let (low, high) = (x.low.min(y.low), x.high.max(reached));
        let both = Scale::new(low, high).at_least(self.span).wider(0.05);
        (both, both)
    }

    /// The part of the line `E_I = E_C + above` that lies in the frame.
    fn line(frame: &Frame, above: f64) -> Option<Vec<[f64; 2]>> {
        let from = frame.x.low.max(frame.y.low - above);
        let to = frame.x.high.min(frame.y.high - above);
        let ends = [from, to].map(|e| frame.place([e, e + above]));
        (from < to).then(|| ends.to_vec())
    }
}

impl Drawing for Plane {
    fn size(&self) -> (f64, f64) {
        around((self.side, self.side), &self.title)
    }

    fn draw(&self, figure: &mut Figure, left: f64, top: f64) {
        let size = (self.side, self.side);
        let frame = Frame::inside((left, top), size, &self.title, self.scales());
        let equal = Self::line(&frame, 0.0).unwrap_or_default();
        figure.line(&equal, GREY, 1.2);
        if let Some(points) = self.margin.and_then(|m| Self::line(&frame, m)) {
            figure.marks.push(Mark::Line {
                points,
                color: INK,
                width: 1.6,
                dashed: true,
            });
        }
        for overlay in self.overlays() {
            frame.overlay(figure, &overlay);
        }
        let labels = [
            "E_C, energy of the right answer".into(),
            "E_I, most offending wrong answer".into(),
        ];
        frame.axes(figure, &self.title, &labels);
    }

    fn legend(&self) -> Vec<Key> {
        let marks = self.overlays().into_iter().map(|overlay| overlay.key);
        let margin = self.margin.map(|m| Key {
            style: Style::Line(5, true),
            name: format!("E_I = E_C + {m}"),
        });
        marks.chain(margin).collect()
    }
}

impl Plane {
    fn overlays(&self) -> [Overlay; 2] {
        let right = |p: &&[f64; 2]| p[0] < p[1];
        let (good, bad): (Vec<_>, Vec<_>) = self.points.iter().partition(right);
        [
            Overlay::new(
                Style::Good,
                &format!("right answer lower ({})", good.len()),
                good,
            ),
            Overlay::new(
                Style::Bad,
                &format!("a wrong answer as low or lower ({})", bad.len()),
                bad,
            ),
        ]
    }
}
