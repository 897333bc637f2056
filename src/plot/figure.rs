//! A figure as data: what is drawn, in the order in which it covers what lies below.

use super::color::{Color, INK, WHITE};

/// A rectangle, from its upper left corner, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Area {
    /// Right edge.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Lower edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// Which end of a text lies at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// One thing that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A filled rectangle.
    Rect(Area, Color),
    /// A line through points.
    Line {
        /// Its points.
        points: Vec<[f64; 2]>,
        /// Its colour.
        color: Color,
        /// Its width.
        width: f64,
        /// Whether it is broken.
        dashed: bool,
    },
    /// Separate straight pieces of one colour.
    Pieces(Vec<[[f64; 2]; 2]>, Color, f64),
    /// A filled polygon.
    Polygon(Vec<[f64; 2]>, Color),
    /// A disc or a circle.
    Disc {
        /// Its centre.
        at: [f64; 2],
        /// Its radius.
        radius: f64,
        /// Its colour; none leaves it open.
        fill: Option<Color>,
        /// Colour and width of its rim.
        rim: Option<(Color, f64)>,
    },
    /// A line of text.
    Text {
        /// The anchored end of its baseline.
        at: [f64; 2],
        /// What it says.
        text: String,
        /// Its size.
        size: f64,
        /// Which end lies at `at`.
        anchor: Anchor,
        /// Whether it runs upwards.
        upright: bool,
        /// Its colour.
        color: Color,
    },
    /// Coloured cells of equal size, the upper row first.
    Cells {
        /// Where they lie.
        area: Area,
        /// Cells in a row.
        columns: usize,
        /// Their colours, row by row.
        colors: Vec<Color>,
    },
}

/// Marks on white paper, in points of which a PNG has [`super::PIXELS`] pixels a side.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Width of the paper.
    pub width: f64,
    /// Height of the paper.
    pub height: f64,
    /// What it shows, for readers who cannot see it.
    pub about: String,
    /// From the lowest to the uppermost.
    pub marks: Vec<Mark>,
}

impl Figure {
    /// Empty paper.
    #[must_use]
    pub fn new(width: f64, height: f64, about: &str) -> Self {
        let (width, height) = (width.ceil(), height.ceil());
        let paper = Area {
            left: 0.0,
            top: 0.0,
            width,
            height,
        };
        Self {
            width,
            height,
            about: about.into(),
            marks: vec![Mark::Rect(paper, WHITE)],
        }
    }

    /// Add a straight or bent line.
    pub fn line(&mut self, points: &[[f64; 2]], color: Color, width: f64) {
        self.marks.push(Mark::Line {
            points: points.to_vec(),
            color,
            width,
            dashed: false,
        });
    }

    /// Add a line of text in ink.
    pub fn text(&mut self, at: [f64; 2], text: &str, size: f64, anchor: Anchor) {
        self.marks.push(Mark::Text {
            at,
            text: text.into(),
            size,
            anchor,
            upright: false,
            color: INK,
        });
    }

    /// Add the outline of `area`.
    pub fn outline(&mut self, area: Area, color: Color, width: f64) {
        let (left, right, top, bottom) = (area.left, area.right(), area.top, area.bottom());
        let corners = [
            [left, top],
            [right, top],
            [right, bottom],
            [left, bottom],
            [left, top],
        ];
        self.line(&corners, color, width);
    }
}
