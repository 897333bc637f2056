//! A figure as SVG: text stays text, a heat map is one embedded picture.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::color::Color;
use super::figure::{Anchor, Area, Figure, Mark};
use super::{font, png};
use crate::error::Result;

/// The document.
///
/// # Errors
/// The colours of a heat map cannot be packed.
pub(super) fn svg(figure: &Figure) -> Result<String> {
    let (width, height) = (figure.width, figure.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{}\">\n<title>{}</title>\n",
        font::FAMILY,
        escaped(&figure.about),
    );
    for mark in &figure.marks {
        out.push_str(&element(mark)?);
        out.push('\n');
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn element(mark: &Mark) -> Result<String> {
    Ok(match mark {
        Mark::Rect(area, color) => format!("<rect {} {}/>", place(area), paint("fill", *color)),
        Mark::Line {
            points,
            color,
            width,
            dashed,
        } => {
            let dashes = if *dashed {
                " stroke-dasharray=\"5 4\""
            } else {
                ""
            };
            format!(
                "<polyline points=\"{}\" fill=\"none\" {} stroke-width=\"{width}\" stroke-linejoin=\"round\"{dashes}/>",
                path(points),
                paint("stroke", *color)
            )
        }
        Mark::Pieces(pieces, color, width) => format!(
            "<path d=\"{}\" fill=\"none\" {} stroke-width=\"{width}\"/>",
            strokes(pieces),
            paint("stroke", *color)
        ),
        Mark::Polygon(points, color) => format!(
            "<polygon points=\"{}\" {}/>",
            path(points),
            paint("fill", *color)
        ),
        Mark::Disc {
            at: [x, y],
            radius,
            fill,
            rim,
        } => disc([*x, *y, *radius].map(number), *fill, *rim),
        Mark::Text {
            at: [x, y],
            text,
            size,
            anchor,
            upright,
            color,
        } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let (x, y) = (number(*x), number(*y));
            let turned = if *upright {
                format!(" transform=\"rotate(-90 {x} {y})\"")
            } else {
                String::new()
            };
            format!(
                "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\" {}{turned}>{}</text>",
                paint("fill", *color),
                escaped(text)
            )
        }
        Mark::Cells {
            area,
            columns,
            colors,
        } => {
            let picture = BASE64_STANDARD.encode(png::cells(*columns, colors)?);
            format!(
                "<image {} preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
                 href=\"data:image/png;base64,{picture}\"/>",
                place(area)
            )
        }
    })
}

fn disc([x, y, r]: [f64; 3], fill: Option<Color>, rim: Option<(Color, f64)>) -> String {
    let fill = fill.map_or("fill=\"none\"".into(), |color| paint("fill", color));
    let rim = rim.map_or(String::new(), |(color, width)| {
        format!(" {} stroke-width=\"{width}\"", paint("stroke", color))
    });
    format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" {fill}{rim}/>")
}

fn place(area: &Area) -> String {
    let [x, y, width, height] = [area.left, area.top, area.width, area.height].map(number);
    format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
}

/// Each piece as a stroke of its own.
fn strokes(pieces: &[[[f64; 2]; 2]]) -> String {
    let each = pieces.iter().map(|[from, to]| {
        let [a, b, c, d] = [from[0], from[1], to[0], to[1]].map(number);
        format!("M{a} {b}L{c} {d}")
    });
    each.collect()
}

fn path(points: &[[f64; 2]]) -> String {
    let pairs = points
        .iter()
        .map(|[x, y]| format!("{},{}", number(*x), number(*y)));
    pairs.collect::<Vec<_>>().join(" ")
}

/// Two decimals, without those that say nothing.
fn number(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn paint(what: &str, color: Color) -> String {
    let Color { r, g, b, alpha } = color;
    let mut text = format!("{what}=\"#{r:02x}{g:02x}{b:02x}\"");
    if alpha < 255 {
        let share = number(f64::from(alpha) / 255.0);
        let _ = write!(text, " {what}-opacity=\"{share}\"");
    }
    text
}

/// Text that XML takes: no markup, no control characters.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}
