//! A sheet: title, notes, legend, and drawings side by side.

use super::drawing::{Drawing, Key, sign};
use super::figure::{Anchor, Figure};
use super::font;

/// Widest row of drawings, in points.
const WIDEST: f64 = 1240.0;

/// Narrowest sheet, in points.
const NARROWEST: f64 = 420.0;

const MARGIN: f64 = 14.0;
const TITLE: f64 = 16.0;
const NOTE: f64 = 12.0;

/// Put the drawings of each group side by side under a title, in as many rows as they need; their signs are explained
/// once, above them.
#[must_use]
pub fn sheet(title: &str, notes: &[String], groups: &[Vec<Box<dyn Drawing>>]) -> Figure {
    let rows: Vec<Row> = groups.iter().flat_map(|group| rows(group)).collect();
    let widest = rows.iter().map(|row| row.width).fold(NARROWEST, f64::max);
    let inner = widest - 2.0 * MARGIN;
    let mut head = Vec::new();
    let lines = font::wrapped(title, TITLE, inner);
    head.extend(lines.into_iter().map(|line| (line, TITLE)));
    let lines = notes
        .iter()
        .flat_map(|note| font::wrapped(note, NOTE, inner));
    head.extend(lines.map(|line| (line, NOTE)));
    let keys = keys(groups);
    let legend = legend_rows(&keys, inner);
    let text: f64 = head.iter().map(|(_, size)| size * 1.45).sum();
    let above = MARGIN + text + 20.0 * legend.len() as f64 + 4.0;
    let height = above + rows.iter().map(|row| row.height).sum::<f64>();
    let mut figure = Figure::new(
        widest,
        height + 4.0,
        &format!("{title}. {}", notes.join(" ")),
    );
    let mut y = MARGIN;
    for (line, size) in &head {
        figure.text([MARGIN, y + size], line, *size, Anchor::Start);
        y += size * 1.45;
    }
    for row in legend {
        draw_keys(&mut figure, &row, y + 12.0);
        y += 20.0;
    }
    let mut top = above;
    for row in rows {
        let mut left = 0.0;
        for drawing in row.drawings {
            drawing.draw(&mut figure, left, top);
            left += drawing.size().0;
        }
        top += row.height;
    }
    figure
}

struct Row<'a> {
    drawings: &'a [Box<dyn Drawing>],
    width: f64,
    height: f64,
}

/// Drawings in rows no wider than the widest, of about equally many.
fn rows(drawings: &[Box<dyn Drawing>]) -> Vec<Row<'_>> {
    let widest = drawings.iter().map(|d| d.size().0).fold(1.0, f64::max);
    let fit = ((WIDEST / widest) as usize).max(1);
    let count = drawings.len().div_ceil(fit).max(1);
    let each = drawings.len().div_ceil(count).max(1);
    let rows = drawings.chunks(each).map(|drawings| Row {
        drawings,
        width: drawings.iter().map(|d| d.size().0).sum(),
        height: drawings.iter().map(|d| d.size().1).fold(0.0, f64::max),
    });
    rows.collect()
}

/// The signs of all drawings, each once.
fn keys(groups: &[Vec<Box<dyn Drawing>>]) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for key in groups.iter().flatten().flat_map(|drawing| drawing.legend()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Width of a sign with its name.
fn key_width(key: &Key) -> f64 {
    26.0 + font::width(&key.name, NOTE) + 18.0
}

fn legend_rows(keys: &[Key], width: f64) -> Vec<Vec<Key>> {
    let mut rows: Vec<Vec<Key>> = Vec::new();
    let mut left = f64::INFINITY;
    for key in keys {
        if left + key_width(key) > width {
            rows.push(Vec::new());
            left = 0.0;
        }
        left += key_width(key);
        if let Some(row) = rows.last_mut() {
            row.push(key.clone());
        }
    }
    rows
}

fn draw_keys(figure: &mut Figure, keys: &[Key], middle: f64) {
    let mut left = MARGIN;
    for key in keys {
        sign(figure, key.style, [left + 10.0, middle]);
        figure.text([left + 26.0, middle + 4.0], &key.name, NOTE, Anchor::Start);
        left += key_width(key);
    }
}
