//! The folder of parts that a table is written to.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::wanted::Embedding;
use crate::atomic::{unwritable, write};
use crate::error::{Error, Result};
use crate::eval::writers::{EXTENSIONS, SAID_OF_PARTS, SUCCESS, part_file};

/// Held while a process writes.
const LOCK: &str = ".lock";

/// What was being written when a process was killed.
const UNFINISHED: &str = ".unfinished-";

/// Of what is said of parts, what may differ: the source may be called by another name.
const MAY_DIFFER: &str = "source";

/// Refuse a file where there should be a folder, and the other way round.
pub(super) fn check_name(wanted: &Embedding) -> Result<()> {
    let out = &wanted.out;
    let usage = |problem: &str| Err(Error::Usage(format!("{}: {problem}", out.display())));
    let ending = out.extension().unwrap_or_default().to_string_lossy();
    match wanted.shard_rows {
        None if out.is_dir() || out.to_string_lossy().ends_with('/') => usage(
            "is a folder, and a folder is filled with parts; say how many images each has: --shard-rows 100000, or name a \
             file, such as table.parquet",
        ),
        Some(0) => usage("--shard-rows 0: a part has 1 image or more"),
        Some(_) if out.is_file() => {
            usage("is a file, and parts lie in a folder; give another name with --out")
        }
        Some(_) if EXTENSIONS.contains(&ending.to_ascii_lowercase().as_str()) => usage(
            "names a file, and --shard-rows fills a folder with Parquet files; leave the ending off, or --shard-rows out",
        ),
        _ => Ok(()),
    }
}

/// A folder of parts that no other process writes.
pub(super) struct Target {
    folder: PathBuf,
    _lock: File,
}

impl Target {
    /// Make the folder, or go on in one whose parts are of what `said` says; with `force` others are removed.
    pub(super) fn open(folder: &Path, said: &Value, force: bool) -> Result<Self> {
        let failed = |e: std::io::Error| unwritable(folder, &e);
        if !folder.is_dir() {
            fs::create_dir(folder).map_err(failed)?;
        }
        if !folder.join(SAID_OF_PARTS).exists() && !is_empty(folder).map_err(failed)? {
            return Err(Error::Usage(format!(
                "{}: holds something else than parts of a table; give another folder with --out",
                folder.display()
            )));
        }
        let lock = File::create(folder.join(LOCK)).map_err(failed)?;
        lock.try_lock().map_err(|_| {
            Error::Failed(format!(
                "{} is being written by another process; wait for it, or give another folder with --out",
                folder.display()
            ))
        })?;
        let target = Self {
            folder: folder.into(),
            _lock: lock,
        };
        target.remove(|name| name.starts_with(UNFINISHED))?;
        let before = fs::read_to_string(folder.join(SAID_OF_PARTS)).ok();
        let before = before.map(|text| serde_json::from_str(&text).unwrap_or_default());
        let differ = before.as_ref().map(|before| differences(before, said));
        match differ {
            Some(differ) if differ.is_empty() => return Ok(target),
            Some(differ) if !force => {
                return Err(Error::Usage(format!(
                    "{}: holds parts of another table ({}); give another folder with --out, or add --force to replace them",
                    folder.display(),
                    differ.join(", ")
                )));
            }
            _ => {}
        }
        target.reopen()?;
        target.remove(is_part)?;
        let text = serde_json::to_string_pretty(said)
            .map_err(|e| Error::Failed(format!("{SAID_OF_PARTS} cannot be written: {e}")))?;
        write(&folder.join(SAID_OF_PARTS), &format!("{text}\n"))?;
        Ok(target)
    }

    /// The file of part `number`.
    pub(super) fn part(&self, number: usize) -> PathBuf {
        part_file(&self.folder, number)
    }

    /// Say that a part is missing.
    pub(super) fn reopen(&self) -> Result<()> {
        self.remove(|name| name == SUCCESS)
    }

    /// Say that all parts are there.
    pub(super) fn finish(&self) -> Result<()> {
        let path = self.folder.join(SUCCESS);
        if path.exists() {
            return Ok(());
        }
        write(&path, "")
    }

    /// Remove the files that `wanted` says, nothing else.
    fn remove(&self, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let failed = |e: std::io::Error| unwritable(&self.folder, &e);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if name.to_str().is_some_and(&wanted) && entry.path().is_file() {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }
}

fn is_part(name: &str) -> bool {
    let number = name
        .strip_prefix("part-")
        .and_then(|rest| rest.strip_suffix(".parquet"));
    number.is_some_and(|number| number.len() == 5 && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a folder holds nothing but what a killed process left.
fn is_empty(folder: &Path) -> std::io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name != LOCK && !name.starts_with(UNFINISHED) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is said otherwise, each with both values.
fn differences(before: &Value, now: &Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let (before, now) = (
        before.as_object().unwrap_or(&empty),
        now.as_object().unwrap_or(&empty),
    );
    let added = before.keys().filter(|key| !now.contains_key(*key));
    let value = |of: Option<&Value>| of.map_or("nothing".into(), Value::to_string);
    now.keys()
        .chain(added)
        .filter(|key| *key != MAY_DIFFER && before.get(*key) != now.get(*key))
        .map(|key| {
            let (there, here) = (value(before.get(key)), value(now.get(key)));
            format!("{key}: {there} there, {here} here")
        })
        .collect()
}
