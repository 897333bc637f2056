//! A rectangle with axes: where numbers lie on a figure.

use super::color::{FAINT, INK};
use super::drawing::{Overlay, sign};
use super::figure::{Anchor, Area, Figure, Mark};
use super::font;
use super::scale::Scale;

/// Size of labels.
pub(super) const SMALL: f64 = 11.0;

/// Room left of a frame for ticks and the label of the y axis.
pub(super) const LEFT: f64 = 74.0;
/// Room right of it.
const RIGHT: f64 = 16.0;
/// Room above it for a title.
const ABOVE: f64 = 26.0;
/// Room above it without one.
const UNTITLED: f64 = 12.0;
/// Room below it for ticks and the label of the x axis.
const BELOW: f64 = 44.0;

/// Points between two ticks, about.
const APART: f64 = 62.0;

/// Width and height of a drawing with a frame of this inner size.
pub(super) fn around((width, height): (f64, f64), title: &str) -> (f64, f64) {
    (LEFT + width + RIGHT, above(title) + height + BELOW)
}

/// Room above a frame.
fn above(title: &str) -> f64 {
    if title.is_empty() { UNTITLED } else { ABOVE }
}

/// Where the numbers of two scales lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) area: Area,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Frame {
    /// A frame of this inner size in a drawing whose corner is (`left`, `top`).
    pub(super) fn inside(
        (left, top): (f64, f64),
        (width, height): (f64, f64),
        title: &str,
        (x, y): (Scale, Scale),
    ) -> Self {
        let area = Area {
            left: left + LEFT,
            top: top + above(title),
            width,
            height,
        };
        Self { area, x, y }
    }

    /// A point of the figure.
    pub(super) fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            self.area.left + self.x.share(x) * self.area.width,
            self.area.bottom() - self.y.share(y) * self.area.height,
        ]
    }

    /// Lines across at the ticks, to be drawn first.
    pub(super) fn lines_across(&self, figure: &mut Figure) {
        for (value, _) in self.y_ticks() {
            let [_, y] = self.place([self.x.low, value]);
            figure.line(&[[self.area.left, y], [self.area.right(), y]], FAINT, 0.8);
        }
    }

    /// The outline, ticks, labels and the title above.
    pub(super) fn axes(&self, figure: &mut Figure, title: &str, labels: &[String; 2]) {
        let area = self.area;
        figure.outline(area, INK, 1.0);
        for (value, label) in x_ticks(self.x, area.width) {
            let [x, _] = self.place([value, self.y.low]);
            figure.line(&[[x, area.bottom()], [x, area.bottom() + 4.0]], INK, 1.0);
            figure.text([x, area.bottom() + 16.0], &label, SMALL, Anchor::Middle);
        }
        self.y_axis(figure);
        let middle = area.left + area.width / 2.0;
        let below = [middle, area.bottom() + 33.0];
        figure.text(below, &labels[0], SMALL, Anchor::Middle);
        self.y_label(figure, &labels[1]);
        self.title(figure, title);
    }

    fn y_ticks(&self) -> Vec<(f64, String)> {
        self.y.ticks((self.area.height / APART) as usize)
    }

    fn y_axis(&self, figure: &mut Figure) {
        let left = self.area.left;
        for (value, label) in self.y_ticks() {
            let [_, y] = self.place([self.x.low, value]);
            figure.line(&[[left - 4.0, y], [left, y]], INK, 1.0);
            figure.text([left - 7.0, y + 4.0], &label, SMALL, Anchor::End);
        }
    }

    fn y_label(&self, figure: &mut Figure, label: &str) {
        figure.marks.push(Mark::Text {
            at: [
                self.area.left - 59.0,
                self.area.top + self.area.height / 2.0,
            ],
            text: label.into(),
            size: SMALL,
            anchor: Anchor::Middle,
            upright: true,
            color: INK,
        });
    }

    /// The title above the frame.
    pub(super) fn title(&self, figure: &mut Figure, title: &str) {
        let at = [self.area.left, self.area.top - 9.0];
        figure.text(
            at,
            &cut(title, self.area.width + RIGHT, 12.0),
            12.0,
            Anchor::Start,
        );
    }

    /// The points that lie in the frame.
    pub(super) fn overlay(&self, figure: &mut Figure, overlay: &Overlay) {
        for point in &overlay.points {
            if self.x.holds(point[0]) && self.y.holds(point[1]) {
                sign(figure, overlay.key.style, self.place(*point));
            }
        }
    }
}

/// Ticks along `width` points whose labels keep apart.
pub(super) fn x_ticks(scale: Scale, width: f64) -> Vec<(f64, String)> {
    let fits = |ticks: &Vec<(f64, String)>| {
        let widest = ticks.iter().map(|(_, label)| font::width(label, SMALL));
        let widest = widest.fold(0.0, f64::max);
        ticks.len() as f64 * (widest + 12.0) <= width
    };
    let most = ((width / APART) as usize).max(1);
    let fewer = (1..=most).rev().map(|count| scale.ticks(count));
    fewer.into_iter().find(fits).unwrap_or_default()
}

/// `text` shortened to `width`, with an ellipsis.
pub(super) fn cut(text: &str, width: f64, size: f64) -> String {
    if font::width(text, size) <= width {
        return text.into();
    }
    let mut short = text.to_string();
    while !short.is_empty() && font::width(&format!("{short}…"), size) > width {
        short.pop();
    }
    short + "…"
}
