//! Answers that are classes: energies per class, and how those of right and wrong classes are distributed.

use super::drawn::{Drawn, Named};
use super::maps::maps;
use super::opened::Opened;
use crate::assembly::Encoded;
use crate::data::Part;
use crate::error::Result;
use crate::heads::Space;
use crate::inference::EnergyModel;
use crate::plot::{Bars, Figure, Histogram, Scale, sheet};

/// Questions whose energies are shown one by one.
const SHOWN: usize = 8;

/// Characters of an image's name in a title.
const LONGEST: usize = 20;

/// Classes whose energies are drawn over two numbers x.
const MAPS: usize = 4;

/// Energies of all classes for the labelled rows of the test part.
struct Known {
    /// What each row is found by, its class, and the energies of all.
    rows: Vec<(String, usize, Vec<f64>)>,
}

/// What can be drawn of a run whose answers are classes.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn figures(run: &Opened) -> Result<Vec<Named>> {
    let mut figures = vec![("classes", bars(run, &known(run, &run.model)?))];
    if let (Some(tables), Space::Classes(classes)) = (run.tables(), run.task.space)
        && tables.test.x_dim() == 2
        && classes <= MAPS
    {
        figures.push(("surface", maps(run, tables, classes)?));
    }
    Ok(figures)
}

fn known(run: &Opened, model: &EnergyModel) -> Result<Known> {
    let coded: Encoded = run.task.encode_part(model, Part::Test, usize::MAX)?;
    let table: Vec<Vec<f32>> = model.table(&coded.codes)?.to_vec2()?;
    let labels = coded.known_labels();
    let rows = table.into_iter().zip(labels).enumerate();
    let rows = rows.filter(|(_, (energies, label))| (*label as usize) < energies.len());
    let rows = rows.map(|(row, (energies, label))| {
        (
            name_of(&coded, row),
            label as usize,
            energies.into_iter().map(f64::from).collect(),
        )
    });
    Ok(Known {
        rows: rows.collect(),
    })
}

/// The file name of image `row`, its end where it is long; of a table its number.
fn name_of(coded: &Encoded, row: usize) -> String {
    let Some(id) = coded.ids.get(row) else {
        return format!("row {row}");
    };
    let name = id.rsplit('/').next().unwrap_or(id);
    let skipped = name.chars().count().saturating_sub(LONGEST);
    if skipped == 0 {
        return name.into();
    }
    format!("…{}", name.chars().skip(skipped + 1).collect::<String>())
}

fn lowest(energies: &[f64]) -> usize {
    let order = (0..energies.len()).min_by(|&a, &b| energies[a].total_cmp(&energies[b]));
    order.unwrap_or_default()
}

/// Energies per class for some test rows: as many mistakes as right answers, where there are.
fn bars(run: &Opened, known: &Known) -> Figure {
    let names = run.task.classes();
    let right = |row: &&(String, usize, Vec<f64>)| lowest(&row.2) == row.1;
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
            format!("{row}: {}", names[*label])
        } else {
            format!("{row}: {}, taken for {}", names[*label], names[answer])
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
        let before = run.at(None, |model| known(run, model))?;
        panels.push(("before training", before));
    }
    panels.push(("now", known(run, &run.model)?));
    let all = panels.iter().flat_map(|(_, known)| &known.rows);
    let range = Scale::of(all.flat_map(|(_, _, energies)| energies).copied());
    let drawings = panels
        .iter()
        .map(|(when, known)| histogram(when, known, classes, range));
    Ok(drawings.collect())
}

fn histogram(title: &str, known: &Known, classes: usize, range: Scale) -> Drawn {
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
        title: title.into(),
        right: right.collect(),
        wrong: wrong.collect(),
        wrong_name: "wrong classes".into(),
        range,
        inner: (300.0, 300.0),
    })
}

/// Right against wrong classes now, as one drawing.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn now(run: &Opened, classes: usize) -> Result<Drawn> {
    let known = known(run, &run.model)?;
    let all = known.rows.iter().flat_map(|(_, _, energies)| energies);
    let range = Scale::of(all.copied()).at_least(run.span());
    Ok(histogram(&run.name(), &known, classes, range))
}
