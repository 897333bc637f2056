//! Photographs side by side under one caption.

use super::color::{Color, GREY};
use super::drawing::Drawing;
use super::figure::{Anchor, Area, Figure, Mark};
use super::frame::{SMALL, cut};

/// Room around a picture, and between its panels, in points.
const GAP: f64 = 5.0;
/// Room above it for the caption.
const ABOVE: f64 = 20.0;

/// One image of a [`Picture`].
#[derive(Clone, Debug)]
pub struct Panel {
    /// Pixels in a row.
    pub columns: usize,
    /// Their colours, row by row.
    pub colors: Vec<Color>,
    /// Width on the sheet, in points.
    pub width: f64,
}

impl Panel {
    /// A view (C, H, W) of values in [0, 1]: grey, or its first three channels as red, green and blue; what lies outside is cut off.
    #[must_use]
    pub fn of(values: &[f32], [channels, height, width]: [usize; 3], on_sheet: f64) -> Self {
        let pixels = height * width;
        let byte = |channel: usize, i: usize| {
            let plane = channel.min(channels.saturating_sub(1));
            let value = values.get(plane * pixels + i).copied().unwrap_or_default();
            (value.clamp(0.0, 1.0) * 255.0).round() as u8
        };
        let color = |i: usize| Color {
            r: byte(0, i),
            g: byte(1, i),
            b: byte(2, i),
            alpha: 255,
        };
        Self {
            columns: width,
            colors: (0..pixels).map(color).collect(),
            width: on_sheet,
        }
    }

    fn height(&self) -> f64 {
        let rows = self.colors.len() as f64 / self.columns.max(1) as f64;
        self.width * rows / self.columns.max(1) as f64
    }
}

/// Images in a row, their lower edges on one line, under one caption: the views of a sample, or a pair.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// The images, from left to right.
    pub panels: Vec<Panel>,
}

impl Picture {
    fn tallest(&self) -> f64 {
        self.panels.iter().map(Panel::height).fold(0.0, f64::max)
    }
}

impl Drawing for Picture {
    fn size(&self) -> (f64, f64) {
        let width: f64 = self.panels.iter().map(|panel| panel.width + GAP).sum();
        (width + 3.0 * GAP, ABOVE + self.tallest() + 2.0 * GAP)
    }

    fn draw(&self, figure: &mut Figure, left: f64, top: f64) {
        let bottom = top + ABOVE + self.tallest();
        let mut x = left + 2.0 * GAP;
        let title = cut(&self.title, self.size().0 - 3.0 * GAP, SMALL);
        figure.text([x, top + 14.0], &title, SMALL, Anchor::Start);
        for panel in &self.panels {
            let height = panel.height();
            let area = Area {
                left: x,
                top: bottom - height,
                width: panel.width,
                height,
            };
            figure.marks.push(Mark::Cells {
                area,
                columns: panel.columns,
                colors: panel.colors.clone(),
            });
            figure.outline(area, GREY, 0.5);
            x += panel.width + GAP;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_becomes_colors_and_keeps_its_shape() {
        let panel = Panel::of(&[0.0, 0.5, 1.0, 2.0, -1.0, 0.2], [1, 2, 3], 30.0);
        let grey: Vec<u8> = panel.colors.iter().map(|c| c.g).collect();
        assert_eq!(grey, [0, 128, 255, 255, 0, 51]);
        assert!((panel.height() - 20.0).abs() < 1e-9);
        let color = Panel::of(&[1.0, 0.0, 0.5], [3, 1, 1], 8.0).colors[0];
        assert_eq!((color.r, color.g, color.b), (255, 0, 128));
        let picture = Picture {
            title: "two".into(),
            panels: vec![panel.clone(), panel],
        };
        assert_eq!(picture.size(), (2.0 * 35.0 + 15.0, 20.0 + 20.0 + 10.0));
    }
}
