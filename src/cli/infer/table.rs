//! Answers as a table in a file: `.csv` for spreadsheets, `.jsonl` for scripts.

use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::assembly::{HeadData, HeadSetup};
use crate::atomic::{AtomicFile, write};
use crate::error::{Error, Result};
use crate::heads::Space;

/// How a file is written, by the end of its name.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Csv,
    Jsonl,
}

impl Form {
    /// The form of the file `path`.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "jsonl" => Ok(Self::Jsonl),
            _ => Err(Error::Usage(format!(
                "--out {}: answers are written as .csv or .jsonl; end the name with one of them",
                path.display()
            ))),
        }
    }

    /// Write all `rows`, or nothing.
    pub(super) fn write(self, path: &Path, task: &HeadSetup, rows: &[Value]) -> Result<()> {
        let table = match self {
            Self::Jsonl => {
                let lines = rows.iter().map(|row| format!("{row}\n"));
                return write(path, &lines.collect::<String>());
            }
            Self::Csv => match task.space {
                Space::Classes(_) => of_classes(task, rows),
                Space::Vectors(_) => of_vectors(task, rows),
            },
        };
        let mut csv = csv::Writer::from_writer(AtomicFile::create(path)?);
        for record in table {
            csv.write_record(record).map_err(|e| Error::data(path, e))?;
        }
        let mut file = csv.into_inner().map_err(|e| Error::data(path, e.error()))?;
        file.flush().map_err(|e| Error::data(path, e))?;
        file.commit()
    }
}

/// Names of the numbers of an input; none of images.
fn inputs(task: &HeadSetup) -> Vec<String> {
    match &task.data {
        HeadData::Table(tables) if !tables.train.is_unconditional() => tables.train.x_names.clone(),
        _ => Vec::new(),
    }
}

/// A cell: a text as it is, a number as the shortest that reads back as the same f32, nothing for null.
fn cell(value: &Value) -> String {
    let single = value.as_f64().map(|number| (number as f32, number));
    match (value, single) {
        (Value::Null, _) => String::new(),
        (Value::String(text), _) => text.clone(),
        (_, Some((single, number))) if f64::from(single) == number => single.to_string(),
        (other, _) => other.to_string(),
    }
}

/// The numbers of a list, or as many empty cells.
fn cells(list: &Value, count: usize) -> impl Iterator<Item = String> + '_ {
    (0..count).map(move |i| cell(&list[i]))
}

/// `id`, `part` and the input of row `i`.
fn question(i: usize, row: &Value, inputs: usize) -> Vec<String> {
    let id = match &row["id"] {
        Value::Null => i.to_string(),
        id => cell(id),
    };
    let known = [id, cell(&row["part"])];
    known.into_iter().chain(cells(&row["x"], inputs)).collect()
}

/// id, part, input, label, answer, energy, probability; energies of all classes; probabilities of all classes.
fn of_classes(task: &HeadSetup, rows: &[Value]) -> Vec<Vec<String>> {
    let (names, inputs) = (task.classes(), inputs(task));
    let each = |what: &'static str| names.iter().map(move |name| format!("{what}_{name}"));
    let known = ["id", "part"].map(String::from).into_iter();
    let mine = ["label", "answer", "energy", "probability"].map(String::from);
    let head = known
        .chain(inputs.iter().cloned())
        .chain(mine)
        .chain(each("energy"))
        .chain(each("probability"));
    let body = rows.iter().enumerate().map(|(i, row)| {
        let mut record = question(i, row, inputs.len());
        record.extend(["truth", "answer", "energy", "probability"].map(|key| cell(&row[key])));
        record.extend(cells(&row["energies"], names.len()));
        record.extend(cells(&row["probabilities"], names.len()));
        record
    });
    std::iter::once(head.collect()).chain(body).collect()
}

/// id, part, input, the answer in the data, number of the answer, answer, energy, density: a line an answer, and one for
/// a question without any.
fn of_vectors(task: &HeadSetup, rows: &[Value]) -> Vec<Vec<String>> {
    let inputs = inputs(task);
    let outputs = match &task.data {
        HeadData::Table(tables) => tables.train.y_names.clone(),
        HeadData::Images(_) => vec!["label".into()],
    };
    let each = |what: &'static str| outputs.iter().map(move |name| format!("{what}_{name}"));
    let head = ["id", "part"].map(String::from).into_iter();
    let head = head
        .chain(inputs.iter().cloned())
        .chain(outputs.iter().cloned())
        .chain(["answer".to_string()])
        .chain(each("answer"))
        .chain(["energy", "density"].map(String::from));
    let mut table = vec![head.collect()];
    for (i, row) in rows.iter().enumerate() {
        let none = vec![Value::Null];
        let answers = row["answers"].as_array().filter(|all| !all.is_empty());
        for (number, answer) in answers.unwrap_or(&none).iter().enumerate() {
            let mut record = question(i, row, inputs.len());
            record.extend(cells(&row["truth"], outputs.len()));
            record.push(if answer.is_null() { 0 } else { number + 1 }.to_string());
            record.extend(cells(&answer["y"], outputs.len()));
            record.extend(["energy", "density"].map(|key| cell(&answer[key])));
            table.push(record);
        }
    }
    table
}
