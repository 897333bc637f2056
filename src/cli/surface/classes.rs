//! Answers that are classes: energies per class, and how those of right and wrong classes are distributed.

use super::opened::{Opened, flat, stretched};
use super::view::{codes, seen_scale};
use super::{Drawn, Named};
use crate::cli::task::{Coded, rows_at_once};
use crate::data::Part;
use crate::data::table::Tables;
use crate::error::Result;
use crate::heads::Space;
use crate::inference::Machine;
use crate::report::{Bars, Field, Figure, HeatMap, Histogram, Overlay, Scale, Style, sheet};

/// Questions whose energies are shown one by one.
const SHOWN: usize = 8;

/// Rows of a table that are looked at.
const MOST: usize = 2000;

/// Classes whose energies are drawn over two numbers x.
const MAPS: usize = 4;

/// Energies of all classes for the labelled rows of the test part.
struct Known {
    /// By row of the part.
    rows: Vec<(usize, usize, Vec<f64>)>,
}

/// What can be drawn of a run whose answers are classes.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn figures(run: &Opened) -> Result<Vec<Named>> {
    let mut figures = vec![("classes", bars(run, &known(run, &run.machine)?))];
    if let (Some(tables), Space::Classes(classes)) = (run.tables(), run.task.space)
        && tables.test.x_dim() == 2
        && classes <= MAPS
    {
        figures.push(("surface", maps(run, tables, classes)?));
    }
    Ok(figures)
}

fn known(run: &Opened, machine: &Machine) -> Result<Known> {
    let coded: Coded = run.task.coded(machine, Part::Test, MOST)?;
    let table: Vec<Vec<f32>> = machine.table(&coded.codes)?.to_vec2()?;
    let labels = coded.labels.unwrap_or_default();
    let rows = table.into_iter().zip(labels).enumerate();
    let rows = rows.filter(|(_, (energies, label))| (*label as usize) < energies.len());
    let rows = rows.map(|(row, (energies, label))| {
        (
            row,
            label as usize,
            energies.into_iter().map(f64::from).collect(),
        )
    });
    Ok(Known {
        rows: rows.collect(),
    })
}

fn lowest(energies: &[f64]) -> usize {
    let order = (0..energies.len()).min_by(|&a, &b| energies[a].total_cmp(&energies[b]));
    order.unwrap_or_default()
}

/// Energies per class for some test rows: as many mistakes as right answers, where there are.
fn bars(run: &Opened, known: &Known) -> Figure {
    let names = run.task.classes();
    let right = |row: &&(usize, usize, Vec<f64>)| lowest(&row.2) == row.1;
    let (good, bad): (Vec<_>, Vec<_>) = known.rows.iter().partition(right);
    let mistakes = bad
        .len()
        .min(SHOWN / 2)
        .max(SHOWN.saturating_sub(good.len()));
    let shown = good.iter().take(SHOWN - mistakes.min(SHOWN));
    let shown: Vec<_> = shown.chain(bad.iter().take(mistakes)).collect();
    let all = shown.iter().flat_map(|(_, _, energies)| energies).copied();
    let scale = Scale::of(all.chain([0.0])).wider(0.04);
    let drawings = shown.iter().map(|(row, label, energies)| {
        let answer = lowest(energies);
        let verdict = if answer == *label {
            format!("row {row}: {}", names[*label])
        } else {
            format!("row {row}: {}, taken for {}", names[*label], names[answer])
        };
        Box::new(Bars {
            title: verdict,
            names: names.to_vec(),
            energies: energies.clone(),
            right: *label,
            scale,
            width: 210.0,
        }) as Drawn
    });
    let title = format!("{}: energies of all classes for some test rows", run.name());
    let share = good.len() as f64 / known.rows.len().max(1) as f64;
    let found = format!(
        "The class of lowest energy is the right one for {:.1} % of {} rows; the rows shown are the first right and the \
         first wrong ones, not a fair sample.",
        100.0 * share,
        known.rows.len()
    );
    sheet(&title, &[run.note(), found], &[drawings.collect()])
}

/// Right against wrong classes, before training and now, on one scale.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn histograms(run: &Opened, classes: usize) -> Result<Vec<Drawn>> {
    let mut panels = Vec::new();
    if run.starts_fresh() {
        let before = run.at(None, |machine| known(run, machine))?;
        panels.push(("before training", before));
    }
    panels.push(("now", known(run, &run.machine)?));
    let all = panels.iter().flat_map(|(_, known)| &known.rows);
    let range = Scale::of(all.flat_map(|(_, _, energies)| energies).copied());
    let drawings = panels.iter().map(|(when, known)| {
        let right = known
            .rows
            .iter()
            .map(|(_, label, energies)| energies[*label]);
        let wrong = known.rows.iter().flat_map(|(_, label, energies)| {
            (0..classes)
                .filter(move |c| c != label)
                .map(|c| energies[c])
        });
        Box::new(Histogram {
            title: (*when).into(),
            right: right.collect(),
            wrong: wrong.collect(),
            wrong_name: "wrong classes".into(),
            range,
            inner: (300.0, 300.0),
        }) as Drawn
    });
    Ok(drawings.collect())
}

/// Right against wrong classes now, as one drawing.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn now(run: &Opened, classes: usize) -> Result<Option<Drawn>> {
    Ok(histograms(run, classes)?.pop())
}

/// E(x, y) over two numbers x, for each class y.
fn maps(run: &Opened, tables: &Tables, classes: usize) -> Result<Figure> {
    let (fields, before) = (
        fields(run, &run.machine, tables, classes)?,
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
    let colours = range(&fields).at_least(span);
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
            colours,
            bar: (class + 1 == classes).then(|| "energy E(x, y)".into()),
            side: 300.0,
        }) as Drawn
    });
    let title = format!("{}: energy E(x, y) of each class y over x", run.name());
    Ok(sheet(&title, &[run.note(), note], &[drawings.collect()]))
}

fn before(run: &Opened, tables: &Tables, classes: usize) -> Result<Option<Vec<Field>>> {
    let fresh = run.starts_fresh().then_some(());
    let before = fresh.map(|()| run.at(None, |machine| fields(run, machine, tables, classes)));
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
fn fields(run: &Opened, machine: &Machine, tables: &Tables, classes: usize) -> Result<Vec<Field>> {
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
        let table: Vec<Vec<f32>> = machine.table(&codes(run, machine, points, 2)?)?.to_vec2()?;
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
