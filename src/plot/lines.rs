//! Lines over one axis.

use super::drawing::{Drawing, Key, Overlay, Style, line_color};
use super::figure::{Figure, Mark};
use super::frame::{Frame, around};
use super::scale::Scale;

/// A line with its name.
#[derive(Clone, Debug)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// Points from left to right; what is not finite is left out.
    pub points: Vec<[f64; 2]>,
    /// Number of its colour.
    pub color: usize,
    /// Whether it is broken.
    pub dashed: bool,
}

/// Series over a common axis, with marks on them: energies over steps, or over y.
#[derive(Clone, Debug)]
pub struct Lines {
    /// What it is of.
    pub title: String,
    /// Of the x and the y axis.
    pub labels: [String; 2],
    /// The lines.
    pub series: Vec<Series>,
    /// Points on them.
    pub overlays: Vec<Overlay>,
    /// Width and height of the frame, in points.
    pub inner: (f64, f64),
    /// The x axis; that of all points when left out.
    pub x: Option<Scale>,
    /// The y axis is at least this long, so that equal energies look equal.
    pub span: f64,
}

impl Drawing for Lines {
    fn size(&self) -> (f64, f64) {
        around(self.inner, &self.title)
    }

    fn draw(&self, figure: &mut Figure, left: f64, top: f64) {
        let on = |axis: usize| {
            let lines = self.series.iter().flat_map(|s| &s.points);
            let all = lines.chain(self.overlays.iter().flat_map(|o| &o.points));
            Scale::of(all.map(move |point| point[axis]))
        };
        let x = self.x.unwrap_or_else(|| on(0));
        let scales = (x, on(1).at_least(self.span).wider(0.05));
        let frame = Frame::inside((left, top), self.inner, &self.title, scales);
        frame.lines_across(figure);
        for series in &self.series {
            let finite = series
                .points
                .iter()
                .filter(|p| p.iter().all(|v| v.is_finite()));
            figure.marks.push(Mark::Line {
                points: finite.map(|point| frame.place(*point)).collect(),
                color: line_color(series.color),
                width: 1.8,
                dashed: series.dashed,
            });
        }
        for overlay in &self.overlays {
            frame.overlay(figure, overlay);
        }
        frame.axes(figure, &self.title, &self.labels);
    }

    fn legend(&self) -> Vec<Key> {
        let lines = self.series.iter().map(|series| Key {
            style: Style::Line(series.color, series.dashed),
            name: series.name.clone(),
        });
        let marks = self.overlays.iter().filter(|o| !o.points.is_empty());
        lines.chain(marks.map(|o| o.key.clone())).collect()
    }
}
