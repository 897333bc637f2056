//! The energy of each class over two numbers x.

use super::drawn::Drawn;
use super::grid::{codes, seen_scale};
use super::opened::{Opened, flat, stretched};
use crate::assembly::rows_at_once;
use crate::data::table::Tables;
use crate::error::Result;
use crate::inference::EnergyModel;
use crate::plot::{Field, Figure, HeatMap, Overlay, Scale, Style, sheet};

/// E(x, y) over two numbers x, for each class y.
pub(super) fn maps(run: &Opened, tables: &Tables, classes: usize) -> Result<Figure> {
    let (fields, before) = (
        fields(run, &run.model, tables, classes)?,
        before(run, tables, classes)?,
    );
    let range = |fields: &[Field]| {
        let ranges = fields.iter().map(Field::range);
        Scale::of(ranges.flat_map(|range| [range.low, range.high]))
    };
    let now = over_classes(&fields);
    let flatter = |before: &&Vec<Field>| stretched(now, over_classes(before)) > 0.0;
    let span = before
        .as_ref()
        .filter(flatter)
        .map_or(0.0, |fields| range(fields).span());
    let colors = range(&fields).at_least(span);
    let x = tables.scales.x.invert(&tables.test.x);
    let labels = tables.test.labels.clone().unwrap_or_default();
    let note = flat(now, before.as_deref().map(over_classes));
    let drawings = fields.into_iter().enumerate().map(|(class, field)| {
        let own = x
            .chunks_exact(2)
            .zip(&labels)
            .filter(|(_, l)| **l as usize == class);
        let own = own.take(300).map(|(x, _)| [x[0], x[1]]).collect();
        let names = &tables.test.x_names;
        Box::new(HeatMap {
            title: format!("y = {}", tables.test.classes[class]),
            field,
            labels: [0, 1].map(|i| format!("{} (units of the data)", names[i])),
            overlays: vec![Overlay::new(Style::Data, "test data of the class", own)],
            colors,
            bar: (class + 1 == classes).then(|| "energy E(x, y)".into()),
            side: 300.0,
        }) as Drawn
    });
    let title = format!("{}: energy E(x, y) of each class y over x", run.name());
    Ok(sheet(&title, &[run.note(), note], &[drawings.collect()]))
}

fn before(run: &Opened, tables: &Tables, classes: usize) -> Result<Option<Vec<Field>>> {
    let fresh = run.starts_fresh().then_some(());
    let before = fresh.map(|()| run.at(None, |model| fields(run, model, tables, classes)));
    before.transpose()
}

/// Standard deviation of E over classes, the mean over cells.
fn over_classes(fields: &[Field]) -> f64 {
    let cells = fields.first().map_or(0, |field| field.energies.len());
    let energies = fields
        .iter()
        .flat_map(|field| field.energies.iter().copied());
    Field {
        columns: cells,
        energies: energies.collect(),
        ..fields[0].clone()
    }
    .flatness_by_column()
}

/// Energies of each class over a grid of x.
fn fields(
    run: &Opened,
    model: &EnergyModel,
    tables: &Tables,
    classes: usize,
) -> Result<Vec<Field>> {
    let n = run.grid;
    let (across, up) = (
        seen_scale(tables, 0).wider(0.05),
        seen_scale(tables, 1).wider(0.05),
    );
    let cell = |i: usize| [across.middle(i % n, n), up.middle(i / n, n)];
    let points: Vec<f64> = (0..n * n).flat_map(cell).collect();
    let points = tables.scales.x.apply(&points, &tables.train.x_names)?;
    let mut energies = vec![Vec::new(); classes];
    for points in points.chunks(2 * rows_at_once(1)) {
        let table: Vec<Vec<f32>> = model.table(&codes(run, model, points, 2)?)?.to_vec2()?;
        for row in table {
            for (class, energy) in energies.iter_mut().zip(row) {
                class.push(energy);
            }
        }
    }
    let field = |energies| Field {
        x: across,
        y: up,
        columns: n,
        energies,
    };
    Ok(energies.into_iter().map(field).collect())
}
