//! One JSON object a line.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use super::rows::Sheet;
use crate::error::{Error, Result};

/// The first `most` lines that are not empty; lists and objects stand in their cells as JSON.
pub(super) fn read(path: &Path, most: usize) -> Result<Sheet> {
    let file = File::open(path).map_err(|e| Error::data(path, e))?;
    let mut sheet = Sheet::default();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        if sheet.rows() >= most {
            break;
        }
        let wrong = |problem: &dyn std::fmt::Display| {
            let problem = format!("line {number} is no JSON object ({problem}); write one a line");
            Error::data(path, problem)
        };
        let line = line.map_err(|e| wrong(&e))?;
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() {
            continue;
        }
        let object: Map<String, Value> = serde_json::from_str(line).map_err(|e| wrong(&e))?;
        let cells: Vec<(String, String)> = object
            .into_iter()
            .map(|(name, value)| (name, text(value)))
            .collect();
        sheet.push_named(cells.iter().map(|(n, c)| (n.as_str(), c.as_str())));
    }
    Ok(sheet)
}

/// A value as it stands in a cell.
pub(in crate::data::readers) fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
