//! A folder of Parquet files: the parts of a table, in the order of their names.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::parquet;
use crate::embeddings::filling::Filling;
use crate::error::{Error, Result};
use crate::eval::writers::{SAID_OF_PARTS, SUCCESS};

pub(super) fn read(folder: &Path, column: Option<&str>, into: &mut Filling) -> Result<()> {
    let parts = parts(folder)?;
    if parts.is_empty() {
        return Err(into.broken(
            "is a folder without parts of a table (.parquet); `ravine embed RUN --out FOLDER --shard-rows 100000` writes some",
        ));
    }
    let said = fs::read_to_string(folder.join(SAID_OF_PARTS));
    let again = "run it again with the same arguments to finish";
    if !folder.join(SUCCESS).exists() {
        return Err(into.broken(match said {
            Ok(_) => format!("has no {SUCCESS}: `ravine embed` was stopped; {again}"),
            Err(_) => format!(
                "has no {SUCCESS}, which says that all parts are there; make an empty file of that name if they are"
            ),
        }));
    }
    let said: Value = serde_json::from_str(&said.unwrap_or_default()).unwrap_or_default();
    if let Some(written) = said["parts"].as_u64().filter(|&n| n != parts.len() as u64) {
        let there = parts.len();
        return Err(into.broken(format!(
            "holds {there} parts where `ravine embed` wrote {written}; {again}"
        )));
    }
    for part in parts {
        into.path.clone_from(&part); // what is wrong is wrong with it
        parquet::read(&part, column, into)?;
    }
    into.path = folder.into();
    Ok(())
}

/// The parts by name; what starts with a dot or an underscore is none.
fn parts(folder: &Path) -> Result<Vec<PathBuf>> {
    let wrong = |e: std::io::Error| Error::data(folder, e);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = path.extension().unwrap_or_default();
        if !name.starts_with(['.', '_']) && ending.eq_ignore_ascii_case("parquet") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
