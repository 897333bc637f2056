//! What every drawing is to the sheet it stands on, and the signs that drawings share.

use super::colour::{BLUE, Colour, INK, LINES, VERMILION, WHITE};
use super::figure::{Figure, Mark, Shape};

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
    Level(Colour),
    /// A filled patch.
    Patch(Colour),
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
pub(super) fn line_colour(index: usize) -> Colour {
    LINES[index % LINES.len()]
}

/// Put the sign of `style` at a point of the figure.
pub(super) fn sign(figure: &mut Figure, style: Style, at: [f64; 2]) {
    let (shape, radius, colour, rim) = match style {
        Style::Data => (Shape::Dot, 2.2, WHITE, INK),
        Style::Minima => (Shape::Cross, 3.0, VERMILION, WHITE),
        Style::Traced => (Shape::Ring, 4.0, VERMILION, WHITE),
        Style::Right => (Shape::Diamond, 4.5, WHITE, INK),
        Style::Good => (Shape::Dot, 2.2, BLUE.fading(150), BLUE.fading(0)),
        Style::Bad => (Shape::Cross, 2.6, VERMILION, WHITE.fading(0)),
        Style::Line(index, dashed) => {
            figure.marks.push(Mark::Line {
                points: vec![[at[0] - 9.0, at[1]], [at[0] + 9.0, at[1]]],
                colour: line_colour(index),
                width: 2.0,
                dashed,
            });
            return;
        }
        Style::Level(colour) => {
            sign(figure, Style::Patch(super::colour::viridis(0.25)), at);
            figure.line(&[[at[0] - 7.0, at[1]], [at[0] + 7.0, at[1]]], colour, 1.2);
            return;
        }
        Style::Patch(colour) => {
            let area = super::figure::Area {
                left: at[0] - 7.0,
                top: at[1] - 5.0,
                width: 14.0,
                height: 10.0,
            };
            figure.marks.push(Mark::Rect(area, colour));
            return;
        }
    };
    figure.marks.push(Mark::Marker {
        at,
        shape,
        radius,
        colour,
        rim,
    });
}
