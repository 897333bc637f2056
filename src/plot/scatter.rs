//! Rows of a table as points of a plane.

use super::color::{GREY, class_color};
use super::drawing::{Drawing, Key, Style};
use super::figure::{Figure, Mark};
use super::frame::{Frame, around};
use super::scale::Scale;

/// Classes that the legend names; of more, none.
const NAMED: usize = 24;

/// Points in the colours of their classes; both axes have one scale, and no ticks, since only nearness means something.
#[derive(Clone, Debug)]
pub struct Scatter {
    /// What it is of.
    pub title: String,
    /// (x, y) of each row.
    pub points: Vec<[f32; 2]>,
    /// Class of each row, as far as known.
    pub class_of: Vec<Option<usize>>,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Width and height of the frame, in points.
    pub side: f64,
}

impl Drawing for Scatter {
    fn size(&self) -> (f64, f64) {
        around((self.side, self.side), &self.title)
    }

    fn draw(&self, figure: &mut Figure, left: f64, top: f64) {
        let on = |axis: usize| Scale::of(self.points.iter().map(move |p| f64::from(p[axis])));
        let (x, y) = (on(0), on(1));
        let span = (x.high - x.low).max(y.high - y.low).max(1e-9);
        let around = |s: Scale| {
            let middle = f64::midpoint(s.low, s.high);
            Scale::new(middle - span / 2.0, middle + span / 2.0).wider(0.04)
        };
        let frame = Frame::inside(
            (left, top),
            (self.side, self.side),
            &self.title,
            (around(x), around(y)),
        );
        let radius = match self.points.len() {
            0..3_000 => 1.9,
            3_000..20_000 => 1.2,
            _ => 0.7,
        };
        for (point, class) in self.points.iter().zip(&self.class_of) {
            let color = class.map_or(GREY, |class| class_color(class, self.classes.len()));
            figure.marks.push(Mark::Disc {
                at: frame.place(point.map(f64::from)),
                radius,
                fill: Some(color.fading(200)),
                rim: None,
            });
        }
        figure.outline(frame.area, GREY, 0.8);
    }

    fn legend(&self) -> Vec<Key> {
        if self.classes.len() > NAMED {
            return Vec::new();
        }
        let count = self.classes.len();
        let key = |(i, name): (usize, &String)| Key {
            style: Style::Patch(class_color(i, count)),
            name: name.clone(),
        };
        self.classes.iter().enumerate().map(key).collect()
    }
}
