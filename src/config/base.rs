//! `base = "vicreg"` in a file: the preset or file that it starts from.

use std::path::Path;

use toml::{Table, Value};

use super::presets::{closest, preset};
use super::read::{BASE, headed, parse, read};
use super::renamed::rename;
use crate::error::{Error, Result};

/// More files that each start from another are a circle.
const DEEPEST: usize = 16;

/// The table of the file `path`, its own keys on top of those of its `base`, of that one's base, and so on.
pub(super) fn of_file(path: &Path) -> Result<Table> {
    on_base(read(path)?, path, DEEPEST)
}

/// The table of the file `path`, then that of its `base`, and so on, each with what it is called.
pub(super) fn layers(path: &Path) -> Result<Vec<(String, Table)>> {
    let (mut found, mut next) = (Vec::new(), Some(path.to_path_buf()));
    while let Some(path) = next.take().filter(|_| found.len() <= DEEPEST) {
        let mut table = read(&path)?;
        let base = table.remove(BASE);
        found.push((format!("file {}", path.display()), table));
        let Some(name) = base.as_ref().and_then(Value::as_str) else {
            continue;
        };
        let beside = path.parent().unwrap_or(Path::new("")).join(name);
        if beside.is_file() {
            next = Some(beside);
        } else if let Some(text) = preset(name) {
            found.push((format!("preset {name}"), parse(text, name)?));
        }
    }
    Ok(found)
}

fn on_base(mut table: Table, path: &Path, left: usize) -> Result<Table> {
    let Some(base) = table.remove(BASE) else {
        return Ok(table);
    };
    let at = |problem: String| {
        Error::Usage(format!(
            "configuration {}: {BASE}: {problem}",
            path.display()
        ))
    };
    let Value::String(name) = base else {
        return Err(at(format!(
            "must be a string, and is {}; write a preset's name or a file, for example {BASE} = \"vicreg\"",
            base.type_str()
        )));
    };
    if left == 0 {
        return Err(at(format!(
            "`{name}` leads back to a file that starts from this one; let one of them start from a preset"
        )));
    }
    let beside = path.parent().unwrap_or(Path::new("")).join(&name);
    let mut under = if beside.is_file() {
        on_base(read(&beside)?, &beside, left - 1)?
    } else if let Some(text) = preset(&name) {
        parse(text, &name)?
    } else {
        return Err(at(format!(
            "there is no preset `{name}` and no such file beside this one; {}",
            closest(&name)
        )));
    };
    let pairs = !headed(&under);
    rename(&mut under);
    rename(&mut table);
    if pairs && headed(&table) {
        under.remove("negatives"); // of pairs of views: a head has wrong answers of its own
    }
    if table.contains_key("head") {
        under.remove("heads");
    } else if table.contains_key("heads") {
        under.remove("head");
    }
    overlay(&mut under, table);
    Ok(under)
}

/// Put the keys of `top` into `under`. Naming another `kind` drops the keys of the old one.
fn overlay(under: &mut Table, top: Table) {
    let other = |(old, new): (&Value, &Value)| old != new;
    if under.get("kind").zip(top.get("kind")).is_some_and(other) {
        under.clear();
    }
    for (key, value) in top {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(table)) => overlay(inner, table),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}
