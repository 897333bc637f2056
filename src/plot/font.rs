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
    let advance = |letter| f64::from(face.glyph_hor_advance(glyph(face, letter)).unwrap_or(0));
    text.chars().map(advance).sum::<f64>() * size / f64::from(face.units_per_em())
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

/// Letters that the font lacks become its empty box.
fn glyph(face: &Face, letter: char) -> GlyphId {
    face.glyph_index(letter).unwrap_or(GlyphId(0))
}

/// The outline of `text` with its baseline starting at (0, 0); `None` for blanks.
pub(super) fn outline(text: &str, size: f64) -> Option<Path> {
    let face = FACE.as_ref()?;
    let scale = (size / f64::from(face.units_per_em())) as f32;
    let mut pen = Pen {
        path: PathBuilder::new(),
        x: 0.0,
    };
    for letter in text.chars() {
        let glyph = glyph(face, letter);
        face.outline_glyph(glyph, &mut pen);
        pen.x += f32::from(face.glyph_hor_advance(glyph).unwrap_or(0));
    }
    pen.path
        .finish()?
        .transform(Transform::from_scale(scale, -scale))
}

/// Draws glyphs one after the other.
struct Pen {
    path: PathBuilder,
    x: f32,
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + x1, y1, self.x + x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.path
            .cubic_to(self.x + x1, y1, self.x + x2, y2, self.x + x, y);
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
}
