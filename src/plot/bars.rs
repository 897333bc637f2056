//! The energies of all classes for one question.

use super::color::{BLUE, GREY, INK, VERMILION};
use super::drawing::{Drawing, Key, Style};
use super::figure::{Anchor, Area, Figure, Mark};
use super::frame::{Frame, LEFT, SMALL, around, cut, x_ticks};
use super::scale::Scale;

/// Classes shown; of more, those of lowest energy.
const MOST: usize = 12;

/// Height of a bar with its gap, in points.
const STEP: f64 = 17.0;

/// A bar from 0 to `E(x, y)` for each class y: blue the right one, vermilion a wrong one of lowest energy, grey the rest.
#[derive(Clone, Debug)]
pub struct Bars {
    /// What it is of.
    pub title: String,
    /// Names of the classes.
    pub names: Vec<String>,
    /// Their energies.
    pub energies: Vec<f64>,
    /// The right class.
    pub right: usize,
    /// Energies from the left to the right edge; it holds 0.
    pub scale: Scale,
    /// Width of the frame, in points.
    pub width: f64,
}

impl Bars {
    /// The classes that are shown, in their order.
    fn shown(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.energies.len()).collect();
        order.sort_by(|&a, &b| self.energies[a].total_cmp(&self.energies[b]));
        let mut shown: Vec<usize> = order.into_iter().take(MOST).collect();
        if self.right < self.energies.len() && !shown.contains(&self.right) {
            shown.pop();
            shown.push(self.right);
        }
        shown.sort_unstable();
        shown
    }

    fn height(&self) -> f64 {
        STEP * self.energies.len().min(MOST) as f64 + 8.0
    }

    /// The class of lowest energy.
    fn lowest(&self) -> Option<usize> {
        (0..self.energies.len()).min_by(|&a, &b| self.energies[a].total_cmp(&self.energies[b]))
    }
}

impl Drawing for Bars {
    fn size(&self) -> (f64, f64) {
        around((self.width, self.height()), &self.title)
    }

    fn draw(&self, figure: &mut Figure, left: f64, top: f64) {
        let size = (self.width, self.height());
        let scales = (self.scale, Scale::new(0.0, 1.0));
        let frame = Frame::inside((left, top), size, &self.title, scales);
        let [zero, _] = frame.place([0.0, 0.0]);
        for (place, class) in self.shown().into_iter().enumerate() {
            let [end, _] = frame.place([self.energies[class], 0.0]);
            let y = frame.area.top + 4.0 + STEP * place as f64;
            let color = match class {
                right if right == self.right => BLUE,
                lowest if Some(lowest) == self.lowest() => VERMILION,
                _ => GREY.fading(160),
            };
            let bar = Area {
                left: zero.min(end),
                top: y + 2.0,
                width: (end - zero).abs().max(0.5),
                height: STEP - 4.0,
            };
            figure.marks.push(Mark::Rect(bar, color));
            let name = cut(&self.names[class], LEFT - 12.0, SMALL);
            let at = [frame.area.left - 7.0, y + 12.5];
            figure.text(at, &name, SMALL, Anchor::End);
        }
        figure.line(
            &[[zero, frame.area.top], [zero, frame.area.bottom()]],
            INK,
            1.0,
        );
        axis(figure, &frame);
        frame.title(figure, &self.title);
    }

    fn legend(&self) -> Vec<Key> {
        let mut keys = vec![Key {
            style: Style::Patch(BLUE),
            name: "right class".into(),
        }];
        if self.lowest() != Some(self.right) {
            keys.push(Key {
                style: Style::Patch(VERMILION),
                name: "a wrong class of lowest energy".into(),
            });
        }
        keys
    }
}

/// The outline and the ticks of the energy.
fn axis(figure: &mut Figure, frame: &Frame) {
    figure.outline(frame.area, INK, 1.0);
    let bottom = frame.area.bottom();
    for (value, label) in x_ticks(frame.x, frame.area.width) {
        let [x, _] = frame.place([value, 0.0]);
        figure.line(&[[x, bottom], [x, bottom + 4.0]], INK, 1.0);
        figure.text([x, bottom + 16.0], &label, SMALL, Anchor::Middle);
    }
    let middle = frame.area.left + frame.area.width / 2.0;
    figure.text(
        [middle, bottom + 33.0],
        "energy E(x, y)",
        SMALL,
        Anchor::Middle,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_classes_the_lowest_and_the_right_one_are_shown() {
        let bars = Bars {
            title: String::new(),
            names: (0..50).map(|i| i.to_string()).collect(),
            energies: (0..50).map(f64::from).collect(),
            right: 49,
            scale: Scale::new(0.0, 49.0),
            width: 100.0,
        };
        let shown = bars.shown();
        assert_eq!((shown.len(), shown[0], shown[MOST - 1]), (MOST, 0, 49));
        assert_eq!(bars.legend().len(), 2);
    }
}
