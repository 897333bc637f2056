//! A figure as PNG.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use tiny_skia::{
    FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Rect, Stroke,
    StrokeDash, Transform,
};

use super::color::Color;
use super::figure::{Anchor, Area, Figure, Mark};
use super::font;
use crate::error::{Error, Result};

/// Pixels of a PNG to a side of a point.
pub const PIXELS: f64 = 2.0;

/// The file.
///
/// # Errors
/// The figure is larger than a picture can be.
pub(super) fn png(figure: &Figure) -> Result<Vec<u8>> {
    let side = |length: f64| (length * PIXELS) as u32;
    let (width, height) = (side(figure.width), side(figure.height));
    let mut canvas = Pixmap::new(width, height).ok_or_else(|| {
        Error::Failed(format!(
            "a picture of {width} by {height} pixels is too large"
        ))
    })?;
    for mark in &figure.marks {
        draw(&mut canvas, mark);
    }
    let pixels = canvas.pixels().iter();
    let opaque = pixels.flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]);
    encoded(&opaque.collect::<Vec<u8>>(), width, height)
}

/// The colours of a heat map as a picture of its own, one pixel a cell.
///
/// # Errors
/// They are no whole rows.
pub(super) fn cells(columns: usize, colors: &[Color]) -> Result<Vec<u8>> {
    let bytes: Vec<u8> = colors.iter().flat_map(|c| [c.r, c.g, c.b]).collect();
    encoded(
        &bytes,
        columns as u32,
        (colors.len() / columns.max(1)) as u32,
    )
}

fn encoded(bytes: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    PngEncoder::new_with_quality(&mut out, CompressionType::Best, FilterType::Adaptive)
        .write_image(bytes, width, height, ExtendedColorType::Rgb8)
        .map_err(|e| Error::Failed(format!("a picture cannot be written: {e}")))?;
    Ok(out)
}

/// Points to pixels.
fn zoom() -> Transform {
    Transform::from_scale(PIXELS as f32, PIXELS as f32)
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(color.r, color.g, color.b, color.alpha);
    paint
}

fn fill(canvas: &mut Pixmap, path: Option<Path>, color: Color, transform: Transform) {
    if let Some(path) = path {
        canvas.fill_path(&path, &paint(color), FillRule::Winding, transform, None);
    }
}

fn stroke(canvas: &mut Pixmap, path: Option<Path>, color: Color, width: f64, dashed: bool) {
    let stroke = Stroke {
        width: width as f32,
        line_join: LineJoin::Round,
        dash: dashed
            .then(|| StrokeDash::new(vec![5.0, 4.0], 0.0))
            .flatten(),
        ..Stroke::default()
    };
    if let Some(path) = path {
        canvas.stroke_path(&path, &paint(color), &stroke, zoom(), None);
    }
}

fn draw(canvas: &mut Pixmap, mark: &Mark) {
    match mark {
        Mark::Rect(area, color) => fill(canvas, rect(area), *color, zoom()),
        Mark::Line {
            points,
            color,
            width,
            dashed,
        } => stroke(canvas, open(points), *color, *width, *dashed),
        Mark::Pieces(pieces, color, width) => {
            stroke(canvas, separate(pieces), *color, *width, false);
        }
        Mark::Polygon(points, color) => fill(canvas, open(points), *color, zoom()),
        Mark::Disc {
            at: [x, y],
            radius,
            fill: inside,
            rim,
        } => {
            let circle = || PathBuilder::from_circle(*x as f32, *y as f32, *radius as f32);
            if let Some(color) = inside {
                fill(canvas, circle(), *color, zoom());
            }
            if let Some((color, width)) = rim {
                stroke(canvas, circle(), *color, *width, false);
            }
        }
        Mark::Text {
            at,
            text,
            size,
            anchor,
            upright,
            color,
        } => {
            let width = font::width(text, *size);
            let back = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => width / 2.0,
                Anchor::End => width,
            };
            let turn = if *upright { -90.0 } else { 0.0 };
            let place = zoom()
                .pre_translate(at[0] as f32, at[1] as f32)
                .pre_rotate(turn)
                .pre_translate(-back as f32, 0.0);
            fill(canvas, font::outline(text, *size), *color, place);
        }
        Mark::Cells {
            area,
            columns,
            colors,
        } => paste(canvas, area, *columns, colors),
    }
}

fn rect(area: &Area) -> Option<Path> {
    let [x, y, w, h] = [area.left, area.top, area.width, area.height].map(|v| v as f32);
    Some(PathBuilder::from_rect(Rect::from_xywh(x, y, w, h)?))
}

fn open(points: &[[f64; 2]]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, [x, y]) in points.iter().enumerate() {
        if i == 0 {
            path.move_to(*x as f32, *y as f32);
        } else {
            path.line_to(*x as f32, *y as f32);
        }
    }
    path.finish()
}

fn separate(pieces: &[[[f64; 2]; 2]]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for [from, to] in pieces {
        path.move_to(from[0] as f32, from[1] as f32);
        path.line_to(to[0] as f32, to[1] as f32);
    }
    path.finish()
}

/// Give every pixel of `area` the colour of the cell that holds its middle.
fn paste(canvas: &mut Pixmap, area: &Area, columns: usize, colors: &[Color]) {
    let rows = colors.len() / columns.max(1);
    let (width, height) = (canvas.width() as usize, canvas.height() as usize);
    // Only the rows of the area are visited: a contact sheet has hundreds of them.
    let row = |points: f64| ((points * PIXELS).max(0.0) as usize * width).min(width * height);
    let (first, last) = (row(area.top), row(area.bottom() + 1.0));
    let pixels = canvas.pixels_mut()[first..last].iter_mut().zip(first..);
    for (pixel, index) in pixels {
        let middle = |index: usize| (index as f64 + 0.5) / PIXELS;
        let across = (middle(index % width) - area.left) / area.width;
        let down = (middle(index / width) - area.top) / area.height;
        if !(0.0..1.0).contains(&across) || !(0.0..1.0).contains(&down) {
            continue;
        }
        let cell = (down * rows as f64) as usize * columns + (across * columns as f64) as usize;
        let opaque = |c: &Color| PremultipliedColorU8::from_rgba(c.r, c.g, c.b, 255);
        if let Some(color) = colors.get(cell).and_then(opaque) {
            *pixel = color;
        }
    }
}
