//! From a configuration to the three parts of a table.

use super::choose::Layout;
use super::draw::draw;
use super::read::read;
use super::rows::TableRows;
use super::scale::Scales;
use super::standardized::Table;
use crate::data::config::DataConfig;
use crate::data::generators::{self, Generator};
use crate::data::part::Part;
use crate::data::shares::Shares;
use crate::data::split::take;
use crate::error::{Error, Result, require};

/// The three parts of a table; no row is in two of them.
pub struct Tables {
    /// What is trained on.
    pub train: Table,
    /// What choices are made on; empty with `data.validation = 0`.
    pub validation: Table,
    /// What the final card is measured on.
    pub test: Table,
    /// From the source's units to the tables' and back; the identity without `data.standardize`.
    pub scales: Scales,
    /// What the rows were drawn from, which knows every right answer; `None` for files.
    pub generator: Option<&'static dyn Generator>,
    /// Sentences for the user: which columns were left out.
    pub notes: Vec<String>,
}

/// Read or draw the rows, split them and standardise them, as a pure function of (source, configuration, seed).
///
/// Of a file, `data.test` of the rows are held out for the test and `data.validation` of the rest for validation, stratified
/// by class. A generator draws `data.samples` rows for each part, from streams of their own.
///
/// # Errors
/// As [`read`]; one class only, neither y nor label, too few rows to split, or keys that do not go with the source.
pub fn open(config: &DataConfig, seed: u64) -> Result<Tables> {
    config.check()?;
    config.place(&config.source)?;
    require(
        "data.test",
        config.test != Some(0.0),
        "must be above 0 for a table, whose head is judged on that part; leave it out for 0.2",
    )?;
    let generator = generators::find(&config.source);
    let parts = match generator {
        Some(generator) => drawn(config, generator, seed)?,
        None => split(config, seed)?,
    };
    let train = &parts[0];
    let scales = if config.standardize.unwrap_or(generator.is_none()) {
        train.scales()
    } else {
        Scales::identity(train.x_names.len(), train.y_names.len())
    };
    let notes = train.notes.clone();
    let [train, validation, test] = parts.map(|rows| rows.table(&scales));
    Ok(Tables {
        train: train?,
        validation: validation?,
        test: test?,
        scales,
        generator,
        notes,
    })
}

/// One part of the table, split and standardised as [`open`] does; `Part::All`: train, validation, test in this order.
///
/// # Errors
/// As [`open`].
pub fn open_part(config: &DataConfig, seed: u64, part: Part) -> Result<Table> {
    let tables = open(config, seed)?;
    Ok(match part {
        Part::Train => tables.train,
        Part::Validation => tables.validation,
        Part::Test => tables.test,
        Part::All => {
            let mut all = tables.train;
            for more in [tables.validation, tables.test] {
                all.x.extend(more.x);
                all.y.extend(more.y);
                if let (Some(labels), Some(more)) = (&mut all.labels, more.labels) {
                    labels.extend(more);
                }
            }
            all
        }
    })
}

fn drawn(config: &DataConfig, generator: &dyn Generator, seed: u64) -> Result<[TableRows; 3]> {
    require(
        "data.x",
        config.x.is_none() && config.y.is_empty() && config.label.is_none(),
        format_args!(
            "generator `{}` names its own columns; leave out `data.x`, `data.y` and `data.label`",
            config.source
        ),
    )?;
    let samples = config.samples.unwrap_or(generator.samples());
    let noise = config.noise.unwrap_or(generator.noise());
    let part = |number, samples| draw(generator, samples, noise, seed, number);
    let shares = Shares::labelled(config);
    let validation = if shares.validation > 0.0 { samples } else { 0 };
    Ok([part(0, samples), part(1, validation), part(2, samples)])
}

fn split(config: &DataConfig, seed: u64) -> Result<[TableRows; 3]> {
    for (key, given) in [
        ("data.samples", config.samples.is_some()),
        ("data.noise", config.noise.is_some()),
    ] {
        require(
            key,
            !given,
            format_args!(
                "is for generators, and `{}` is a file; leave it out",
                config.source
            ),
        )?;
    }
    require(
        "data.y",
        !config.y.is_empty() || config.label.is_some(),
        "name the columns of numbers to be predicted, as in `data.y = [\"price\"]`, or one of classes in `data.label`",
    )?;
    let rows = read(&config.path(), &Layout::of(config))?;
    let shares = Shares::labelled(config);
    let (kept, test) = carve(&rows, None, shares.test, seed, 0);
    let (train, validation) = carve(&rows, Some(&kept), shares.validation, seed, 1);
    let parts = [train, validation, test].map(|indices| rows.select(&indices));
    if parts[0].is_empty() || parts[2].is_empty() {
        return Err(Error::Usage(format!(
            "{}: {} rows are too few to split into train, validation and test; add some",
            config.source,
            rows.len()
        )));
    }
    match &parts[0].labels {
        Some(labels) if labels.iter().all(|label| *label == labels[0]) => {
            Err(Error::Usage(format!(
                "{}: all rows to train on are of one class, `{}`; at least two are needed in column `{}`",
                config.source,
                rows.classes[labels[0] as usize],
                config.label.as_deref().unwrap_or_default()
            )))
        }
        _ => Ok(parts),
    }
}

/// What is kept of `rows` (of those at `indices`) and what is taken, both in storage order.
fn carve(
    rows: &TableRows,
    indices: Option<&[u32]>,
    share: f64,
    seed: u64,
    draw: u64,
) -> (Vec<u32>, Vec<u32>) {
    let every: Vec<u32> = (0..rows.len() as u32).collect();
    let mut classes = vec![Vec::new(); rows.classes.len() + 1];
    for &index in indices.unwrap_or(&every) {
        let labels = rows.labels.as_ref();
        let class = labels.map_or(rows.classes.len(), |labels| labels[index as usize] as usize);
        classes[class].push(index);
    }
    let (mut kept, mut taken) = take(classes, share, seed, draw);
    kept.sort_unstable();
    taken.sort_unstable();
    (kept, taken)
}
