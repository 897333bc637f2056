//! Answers that are vectors: the surface, its course over the saved steps, cuts through it.

use super::drawn::{Drawn, Named};
use super::opened::{Opened, flat, stretched};
use super::view::{View, before, views};
use super::{slices, steps};
use crate::data::table::Tables;
use crate::error::Result;
use crate::plot::{Field, HeatMap, Scale, sheet};

/// Side of a surface that stands alone, in points.
const LARGE: f64 = 420.0;

/// Side of one of several.
const SMALL: f64 = 230.0;

/// What can be drawn of a run whose answers are vectors.
///
/// # Errors
/// A checkpoint cannot be read, or a tensor operation failed.
pub(super) fn figures(run: &Opened) -> Result<Vec<Named>> {
    let Some(tables) = run.tables() else {
        return Ok(Vec::new());
    };
    let views = views(run);
    let mut figures = Vec::new();
    if !views.is_empty() {
        figures.push(("surface", surface(run, tables, &views)?));
        figures.push((
            "steps",
            steps::figure(run, tables, &views[views.len() / 2])?,
        ));
    }
    if tables.test.y_dim() == 1 {
        figures.push(("slices", slices::figure(run, tables)?));
    }
    Ok(figures)
}

/// The surface of each question, with data and what inference finds, on one scale.
fn surface(run: &Opened, tables: &Tables, views: &[View]) -> Result<crate::plot::Figure> {
    let side = if views.len() == 1 { LARGE } else { SMALL };
    let mut maps = Vec::new();
    let mut notes = vec![run.note()];
    for view in views {
        let (map, note) = heat_map(run, tables, view, side)?;
        notes.push(note);
        maps.push(map);
    }
    let ranges = maps
        .iter()
        .flat_map(|map| [map.colors.low, map.colors.high]);
    let colors = Scale::of(ranges);
    let count = maps.len();
    let drawings = maps.into_iter().enumerate().map(|(i, map)| {
        let bar = map.bar.filter(|_| i + 1 == count);
        Box::new(HeatMap { colors, bar, ..map }) as Drawn
    });
    let title = format!("{}: energy {}", run.name(), run.energy());
    Ok(sheet(&title, &notes, &[drawings.collect()]))
}

/// One surface, and how much it varies; a flat one keeps the scale it had before training, so that it looks flat.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn heat_map(
    run: &Opened,
    tables: &Tables,
    view: &View,
    side: f64,
) -> Result<(HeatMap, String)> {
    let field = view.field(run, &run.model, tables)?;
    let before = before(run, tables, view)?;
    let now = view.flatness(&field);
    let flatter = |before: &&Field| stretched(now, view.flatness(before)) > 0.0;
    let span = before
        .as_ref()
        .filter(flatter)
        .map_or(0.0, |field| field.range().span());
    let note = flat(now, before.map(|f| view.flatness(&f)));
    let question = view.question();
    let note = if question.is_empty() {
        note
    } else {
        format!("{question}: {note}")
    };
    let map = HeatMap {
        title: question.into(),
        colors: field.range().at_least(span),
        field,
        labels: view.labels(tables),
        overlays: view.overlays(run, tables)?,
        bar: Some(format!("energy {}", run.energy())),
        side,
    };
    Ok((map, note))
}
