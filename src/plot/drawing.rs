//! What every drawing is to the sheet it stands on, and the signs that drawings share.

use super::color::{BLUE, Color, INK, LINES, VERMILION, WHITE, viridis};
use super::figure::{Area, Figure, Mark};

/// One panel of a sheet: its size is known before it is drawn.
pub trait Drawing {
    /// Width and height with title, axes and bar, in points.
    fn size(&self) -> (f64, f64);

    /// Draw it with its upper left corner at (`left`, `top`).
    fn draw(&self, figure: &mut Figure, left: f64, top: f64);

    /// Its signs, for the legend.
    fn legend(&self) -> Vec<Key> {
        Vec::new()
    }
}

/// How something is marked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Style {
    /// White dots: rows of the data.
    Data,
    /// Crosses: minima that were found.
    Minima,
    /// Rings: predictions at the best latent values.
    Traced,
    /// Diamonds: right answers.
    Right,
    /// Dots of a group, right.
    Good,
    /// Crosses of a group, wrong.
    Bad,
    /// A line of its own colour; broken or not.
    Line(usize, bool),
    /// A thin line on the colours of a surface.
    Level(Color),
    /// A filled patch.
    Patch(Color),
}

/// A sign with what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The sign.
    pub style: Style,
    /// Its meaning.
    pub name: String,
}

/// Points of one kind on a drawing, in its units.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// What they are.
    pub key: Key,
    /// Where they lie.
    pub points: Vec<[f64; 2]>,
}

impl Overlay {
    /// Points of one kind.
    pub fn new(style: Style, name: &str, points: Vec<[f64; 2]>) -> Self {
        let name = name.into();
        Self {
            key: Key { style, name },
            points,
        }
    }
}

/// The colour of line number `index`.
#[must_use]
pub(super) fn line_color(index: usize) -> Color {
    LINES[index % LINES.len()]
}

/// Put the sign of `style` at a point of the figure.
pub(super) fn sign(figure: &mut Figure, style: Style, at: [f64; 2]) {
    let [x, y] = at;
    let level = [[x - 8.0, y], [x + 8.0, y]];
    match style {
        Style::Data => disc(figure, at, 2.2, Some(WHITE), Some((INK, 0.7))),
        Style::Good => disc(figure, at, 2.2, Some(BLUE.fading(150)), None),
        Style::Traced => disc(figure, at, 4.0, None, Some((VERMILION, 1.5))),
        Style::Bad => cross(figure, at, 2.6, VERMILION, 1.6),
        Style::Minima => {
            cross(figure, at, 3.0, WHITE, 3.0);
            cross(figure, at, 3.0, VERMILION, 1.6);
        }
        Style::Right => {
            let r = 4.5;
            let corners = [[x - r, y], [x, y - r], [x + r, y], [x, y + r], [x - r, y]];
            figure.marks.push(Mark::Polygon(corners.to_vec(), WHITE));
            figure.line(&corners, INK, 0.9);
        }
        Style::Line(index, dashed) => figure.marks.push(Mark::Line {
            points: level.to_vec(),
            color: line_color(index),
            width: 2.0,
            dashed,
        }),
        Style::Patch(color) => patch(figure, at, color),
        Style::Level(color) => {
            patch(figure, at, viridis(0.25));
            figure.line(&level, color, 1.2);
        }
    }
}

fn disc(
    figure: &mut Figure,
    at: [f64; 2],
    radius: f64,
    fill: Option<Color>,
    rim: Option<(Color, f64)>,
) {
    figure.marks.push(Mark::Disc {
        at,
        radius,
        fill,
        rim,
    });
}

fn cross(figure: &mut Figure, [x, y]: [f64; 2], r: f64, color: Color, width: f64) {
    let strokes = [
        [[x - r, y - r], [x + r, y + r]],
        [[x - r, y + r], [x + r, y - r]],
    ];
    figure
        .marks
        .push(Mark::Pieces(strokes.to_vec(), color, width));
}

fn patch(figure: &mut Figure, [x, y]: [f64; 2], color: Color) {
    let area = Area {
        left: x - 8.0,
        top: y - 5.0,
        width: 16.0,
        height: 10.0,
    };
    figure.marks.push(Mark::Rect(area, color));
}
