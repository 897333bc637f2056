//! What a trained head is asked about.

use crate::assembly::{Encoded, HeadData, HeadSetup};
use crate::config::Config;
use crate::data::table::{Table, Tables};
use crate::data::{Part, ReaderKind, open_with_parts};
use crate::error::{Error, Result};
use crate::inference::EnergyModel;

/// What is asked about.
pub(super) struct Asked {
    pub(super) coded: Encoded,
    /// Of each question, or one for all; empty where unknown.
    parts: Vec<Part>,
}

impl Asked {
    /// Name of the part that question `i` is of.
    pub(super) fn part(&self, i: usize) -> Option<&'static str> {
        let part = self.parts.get(i).or(self.parts.first());
        part.map(|part| part.name())
    }
}

/// The codes of at most `most` of what is asked about: the numbers `x`, the images or table `data`, or the test part.
pub(super) fn questions(
    (x, data): (Option<&str>, Option<&str>),
    most: usize,
    task: &HeadSetup,
    model: &EnergyModel,
) -> Result<Asked> {
    let of_nowhere = |coded| Asked {
        coded,
        parts: Vec::new(),
    };
    if let Some(text) = x {
        let HeadData::Table(tables) = &task.data else {
            return Err(Error::Usage(
                "--x gives numbers, but this run learned from images; use --data PATH".into(),
            ));
        };
        let table = given(text, tables)?;
        return Ok(of_nowhere(task.encode_table(model, &table, most)?));
    }
    if let Some(source) = data {
        let mut config = task.config.clone();
        config.data.source = source.into();
        config.data.reader = ReaderKind::Auto;
        if let HeadData::Table(tables) = &task.data {
            config.data.reader = ReaderKind::Table;
            let table = read(&config, tables)?;
            return Ok(of_nowhere(task.encode_table(model, &table, most)?));
        }
        if let HeadData::Images(setup) = &task.data {
            config.data.use_images(source);
            let (dataset, parts) = open_with_parts(&config.data, Part::All)?;
            let coded = task.encode_images(setup, model, &dataset, most)?;
            let parts = coded.samples.iter().map(|&sample| parts[sample]);
            return Ok(Asked {
                parts: parts.collect(),
                coded,
            });
        }
    }
    Ok(Asked {
        coded: task.encode_part(model, Part::Test, most)?,
        parts: vec![Part::Test],
    })
}

/// The numbers of `--x` as a table of one row.
fn given(text: &str, tables: &Tables) -> Result<Table> {
    let numbers = text.split(',').map(|word| {
        let number = word.trim().parse::<f64>().ok();
        let number = number.filter(|v| (*v as f32).is_finite());
        number.ok_or_else(|| {
            Error::Usage(format!(
                "--x {text}: `{word}` is not a number that 32 bits hold"
            ))
        })
    });
    let numbers: Vec<f64> = numbers.collect::<Result<_>>()?;
    let names = &tables.train.x_names;
    if numbers.len() != names.len() {
        return Err(Error::Usage(format!(
            "--x {text}: {} numbers, but an input has {} ({})",
            numbers.len(),
            names.len(),
            names.join(", ")
        )));
    }
    Ok(Table {
        x: tables.scales.x.apply(&numbers, names)?,
        x_names: names.clone(),
        ..Table::default()
    })
}

/// The inputs of another table, scaled as those of the training.
fn read(config: &Config, tables: &Tables) -> Result<Table> {
    use crate::data::table::{Layout, read};
    let layout = Layout {
        x: Some(tables.train.x_names.clone()),
        ..Layout::default()
    };
    let rows = read(&config.data.path(), &layout)?;
    Ok(Table {
        x: tables.scales.x.apply(&rows.x, &rows.x_names)?,
        x_names: rows.x_names,
        ..Table::default()
    })
}
