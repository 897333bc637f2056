//! A strip of surfaces over the saved steps.

use super::drawn::Drawn;
use super::opened::{Opened, said};
use super::view::{View, before};
use crate::data::table::Tables;
use crate::error::Result;
use crate::plot::{Field, Figure, HeatMap, Overlay, Scale, Style, sheet, short};

/// Saved steps on a strip; of more, evenly spaced ones with the first and the last.
const MOST: usize = 7;

/// Side of a surface, in points.
const SIDE: f64 = 210.0;

/// The surface before training and at saved steps, all on one scale.
///
/// # Errors
/// A checkpoint cannot be read, or a tensor operation failed.
pub(super) fn figure(run: &Opened, tables: &Tables, view: &View) -> Result<Figure> {
    let mut fields: Vec<(String, Field)> = Vec::new();
    if let Some(field) = before(run, tables, view)? {
        fields.push(("start".into(), field));
    }
    for name in chosen(run.folder.saved()) {
        let field = run.at(Some(&name), |model| view.field(run, model, tables))?;
        fields.push((said(&name), field));
    }
    let ranges = fields.iter().map(|(_, field)| field.range());
    let colors = Scale::of(ranges.flat_map(|range| [range.low, range.high]));
    let data = view.overlays(run, tables)?;
    let data: Vec<Overlay> = data
        .into_iter()
        .filter(|o| o.key.style == Style::Data)
        .collect();
    let count = fields.len();
    let drawings = fields.into_iter().enumerate().map(|(i, (when, field))| {
        Box::new(HeatMap {
            title: format!("{when}: varies by {}", short(view.flatness(&field))),
            field,
            labels: view.labels(tables),
            // Dots on every panel would hide the surface: they are on the last.
            overlays: data.iter().filter(|_| i + 1 == count).cloned().collect(),
            colors,
            bar: (i + 1 == count).then(|| format!("energy {}", run.energy())),
            side: SIDE,
        }) as Drawn
    });
    let title = format!(
        "{}: energy {} over the saved steps",
        run.name(),
        run.energy()
    );
    let mut notes = vec![run.note(), "All panels have one colour scale.".into()];
    if !view.question().is_empty() {
        notes.push(format!("For {}.", view.question()));
    }
    Ok(sheet(&title, &notes, &[drawings.collect()]))
}

/// At most [`MOST`] of `names`, evenly spaced, with the first and the last.
fn chosen(names: Vec<String>) -> Vec<String> {
    if names.len() <= MOST {
        return names;
    }
    let last = names.len() - 1;
    let places = (0..MOST).map(|i| (i * last + (MOST - 1) / 2) / (MOST - 1));
    places.map(|place| names[place].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_steps_the_first_the_last_and_some_between_are_drawn() {
        let names: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        let chosen = chosen(names);
        assert_eq!(
            (chosen.len(), chosen[0].as_str(), chosen[MOST - 1].as_str()),
            (MOST, "0", "99")
        );
    }
}
