//! A surface as colours.

use super::color::{Color, INK, WHITE, viridis};
use super::contours::contour;
use super::drawing::{Drawing, Key, Overlay, Style};
use super::field::Field;
use super::figure::{Anchor, Area, Figure, Mark};
use super::frame::{Frame, SMALL, around};
use super::scale::Scale;

/// Room right of the frame for the colour bar.
const BAR: f64 = 84.0;

/// Lines of equal energy.
const LINES: usize = 8;

/// Their colour.
const EQUAL: Color = WHITE.fading(130);

/// Steps of colour in the bar.
const STEPS: usize = 128;

/// Cells across the bar: readers that smooth pictures would blur the edges of a single one.
const WIDE: usize = 14;

/// E over two numbers, `color = viridis((E − low) / (high − low))`, dark where it is low; white lines join equal energies.
///
/// Numbers on the axes are in the units of the data. Choose it for one number x and one number y, or two
/// numbers y.
#[derive(Clone, Debug)]
pub struct HeatMap {
    /// What it is of.
    pub title: String,
    /// The energies.
    pub field: Field,
    /// Of the x and the y axis.
    pub labels: [String; 2],
    /// What lies on the surface.
    pub overlays: Vec<Overlay>,
    /// Energies of the darkest and of the brightest colour.
    pub colors: Scale,
    /// Label of the colour bar; none leaves the bar out.
    pub bar: Option<String>,
    /// Width and height of the surface, in points.
    pub side: f64,
}

impl HeatMap {
    /// Energies of the lines: closer together where energies are low, which is where answers are told apart.
    fn levels(&self) -> Vec<f64> {
        let share = |line: usize| (line as f64 / (LINES + 1) as f64).powi(2);
        let levels = (1..=LINES).map(|line| self.colors.low + share(line) * self.colors.span());
        levels.collect()
    }
}

impl Drawing for HeatMap {
    fn size(&self) -> (f64, f64) {
        let bar = if self.bar.is_some() { BAR } else { 0.0 };
        around((self.side + bar, self.side), &self.title)
    }

    fn draw(&self, figure: &mut Figure, left: f64, top: f64) {
        let Field { x, y, .. } = self.field;
        let size = (self.side, self.side);
        let frame = Frame::inside((left, top), size, &self.title, (x, y));
        let columns = self.field.columns;
        let upwards = self.field.energies.chunks_exact(columns.max(1)).rev();
        let shares = upwards.flatten().map(|e| self.colors.share(f64::from(*e)));
        figure.marks.push(Mark::Cells {
            area: frame.area,
            columns,
            colors: shares.map(viridis).collect(),
        });
        for level in self.levels() {
            let place = |piece: [[f64; 2]; 2]| piece.map(|point| frame.place(point));
            let pieces = contour(&self.field, level).into_iter().map(place);
            figure
                .marks
                .push(Mark::Pieces(pieces.collect(), EQUAL, 0.8));
        }
        for overlay in &self.overlays {
            frame.overlay(figure, overlay);
        }
        frame.axes(figure, &self.title, &self.labels);
        if let Some(label) = &self.bar {
            bar(figure, frame.area, self.colors, &self.levels(), label);
        }
    }

    fn legend(&self) -> Vec<Key> {
        let shown = self.overlays.iter().filter(|o| !o.points.is_empty());
        let lines = Key {
            style: Style::Level(EQUAL),
            name: "equal energy, at the lines of the bar".into(),
        };
        let lines = self.bar.iter().map(|_| lines.clone());
        shown.map(|o| o.key.clone()).chain(lines).collect()
    }
}

/// The colours beside `area` with their energies.
fn bar(figure: &mut Figure, area: Area, colors: Scale, levels: &[f64], label: &str) {
    let bar = Area {
        left: area.right() + 16.0,
        width: 14.0,
        ..area
    };
    let share = |step| 1.0 - (step as f64 + 0.5) / STEPS as f64;
    let colors_down = (0..STEPS).flat_map(|step| [viridis(share(step)); WIDE]);
    figure.marks.push(Mark::Cells {
        area: bar,
        columns: WIDE,
        colors: colors_down.collect(),
    });
    for level in levels {
        let y = bar.bottom() - colors.share(*level) * bar.height;
        figure.line(&[[bar.left, y], [bar.right(), y]], EQUAL, 0.8);
    }
    figure.outline(bar, INK, 1.0);
    for (value, text) in colors.ticks((area.height / 45.0) as usize) {
        let y = bar.bottom() - colors.share(value) * bar.height;
        figure.line(&[[bar.right(), y], [bar.right() + 4.0, y]], INK, 1.0);
        figure.text([bar.right() + 7.0, y + 4.0], &text, SMALL, Anchor::Start);
    }
    figure.marks.push(Mark::Text {
        at: [bar.right() + 52.0, bar.top + bar.height / 2.0],
        text: label.into(),
        size: SMALL,
        anchor: Anchor::Middle,
        upright: true,
        color: INK,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_color_of_a_cell_follows_its_energy_and_low_y_lies_below() {
        let map = HeatMap {
            title: "test".into(),
            field: Field {
                x: Scale::new(0.0, 1.0),
                y: Scale::new(0.0, 1.0),
                columns: 2,
                energies: vec![0.0, 1.0, 2.0, f32::NAN],
            },
            labels: ["x".into(), "y".into()],
            overlays: Vec::new(),
            colors: Scale::new(0.0, 2.0),
            bar: None,
            side: 100.0,
        };
        let mut figure = Figure::new(300.0, 300.0, "test");
        map.draw(&mut figure, 0.0, 0.0);
        let cells = figure.marks.iter().find_map(|mark| match mark {
            Mark::Cells { colors, .. } => Some(colors.clone()),
            _ => None,
        });
        let wanted = [1.0, f64::NAN, 0.0, 0.5].map(viridis);
        assert_eq!(cells, Some(wanted.to_vec()));
    }
}
