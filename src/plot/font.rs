//! The letters of figures: their widths, and their outlines where pixels are wanted.

use std::sync::LazyLock;

use tiny_skia::{Path, PathBuilder, Transform};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// What an SVG asks its reader for; the first is the embedded one.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// A part of DejaVu Sans (`font/README.md`), so that pictures are the same on every machine.
static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| {
    let bytes: &'static [u8] = include_bytes!("font/dejavu-sans.ttf");
    Face::parse(bytes, 0).ok()
});

/// Width of a line of text in the units of `size`.
#[must_use]
pub(super) fn width(text: &str, size: f64) -> f64 {
    let Some(face) = FACE.as_ref() else {
        return 0.6 * size * text.chars().count() as f64;
    };
    let units: f32 = text.chars().map(|letter| advance(face, letter)).sum();
    f64::from(units) * size / f64::from(face.units_per_em())
}

/// `text` in lines no wider than `width`, broken between words.
#[must_use]
pub(super) fn wrapped(text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

/// Width of a letter in units of the font; one that the font lacks is as wide as it is high.
fn advance(face: &Face, letter: char) -> f32 {
    let glyph = face.glyph_index(letter);
    let width = glyph.map(|glyph| f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)));
    width.unwrap_or(f32::from(face.units_per_em()))
}

/// The outline of `text` with its baseline starting at (0, 0); `None` for blanks. A letter that the font lacks is a box
/// with its number in Unicode, so that different names stay different.
pub(super) fn outline(text: &str, size: f64) -> Option<Path> {
    let face = FACE.as_ref()?;
    let scale = (size / f64::from(face.units_per_em())) as f32;
    let mut pen = Pen {
        path: PathBuilder::new(),
        at: [0.0, 0.0],
        scale: 1.0,
    };
    let mut start = 0.0;
    for letter in text.chars() {
        (pen.at, pen.scale) = ([start, 0.0], 1.0);
        match face.glyph_index(letter) {
            Some(glyph) => drop(face.outline_glyph(glyph, &mut pen)),
            None if letter.is_whitespace() => {}
            None => pen.number(face, letter, start),
        }
        start += advance(face, letter);
    }
    pen.path
        .finish()?
        .transform(Transform::from_scale(scale, -scale))
}

/// Draws glyphs one after the other.
struct Pen {
    path: PathBuilder,
    at: [f32; 2],
    scale: f32,
}

impl Pen {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let [left, base] = self.at;
        (left + self.scale * x, base + self.scale * y)
    }

    /// A frame with the number of `letter` in two rows of hexadecimal digits, one em wide from `left` on.
    fn number(&mut self, face: &Face, letter: char, left: f32) {
        let em = f32::from(face.units_per_em());
        for (inset, forth) in [(0.06, true), (0.1, false)] {
            let (x0, x1) = (left + inset * em, left + (1.0 - inset) * em);
            let (y0, y1) = ((inset - 0.2) * em, (0.8 - inset) * em);
            let (a, b) = if forth { (y0, y1) } else { (y1, y0) }; // inside the other way round: a hole
            self.path.move_to(x0, a);
            self.path.line_to(x1, a);
            self.path.line_to(x1, b);
            self.path.line_to(x0, b);
            self.path.close();
        }
        let digits: Vec<char> = format!("{:04X}", u32::from(letter)).chars().collect();
        let half = digits.len().div_ceil(2);
        self.scale = if half == 2 { 0.45 } else { 0.36 };
        for (row, base) in digits.chunks(half).zip([0.36, -0.06]) {
            let width: f32 = row.iter().map(|&digit| advance(face, digit)).sum();
            self.at = [left + (em - self.scale * width) / 2.0, base * em];
            for &digit in row {
                let glyph = face.glyph_index(digit).unwrap_or(GlyphId(0));
                face.outline_glyph(glyph, self);
                self.at[0] += self.scale * advance(face, digit);
            }
        }
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2)) = (self.place(x1, y1), self.place(x2, y2));
        let (x, y) = self.place(x, y);
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_font_is_read_and_lines_break_between_words() {
        assert!(FACE.is_some());
        assert!(width("WW", 12.0) > width("ii", 12.0));
        assert!(outline("E(x, y)", 12.0).is_some() && outline("  ", 12.0).is_none());
        assert_eq!(wrapped("one two three", 12.0, 60.0), ["one two", "three"]);
    }

    #[test]
    fn letters_that_the_font_lacks_stay_different() {
        assert_ne!(outline("猫", 12.0), outline("犬", 12.0));
        assert!(outline("🐈", 12.0).is_some() && outline("\u{3000}", 12.0).is_none());
        assert_eq!(width("猫犬", 12.0), 24.0);
    }
}
