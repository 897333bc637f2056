//! TOML texts and `--set key=value` as tables, and what a parser says about them as sentences.

use std::path::Path;

use toml::{Table, Value};

use super::renamed::{is_old, renamed};

use crate::error::{Error, Result, hint};

/// The key of a file that names what it starts from.
pub const BASE: &str = "base";

pub(super) fn read(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Error::Usage(format!(
            "configuration {} cannot be read: {e}",
            path.display()
        ))
    })?;
    parse(&text, &path.display().to_string())
}

pub(super) fn parse(text: &str, source: &str) -> Result<Table> {
    text.parse()
        .map_err(|e| Error::Usage(format!("configuration {source} is not valid TOML: {e}")))
}

/// Whether `table` is of a run with a head.
pub(super) fn headed(table: &Table) -> bool {
    table.contains_key("head") || table.contains_key("heads")
}

/// Apply `sets` of the form `key.path=value` to `table`.
///
/// A kind goes before the keys of its part, in whatever order they are given.
pub(super) fn change(table: &mut Table, sets: &[String]) -> Result<()> {
    let (kinds, keys): (Vec<_>, Vec<_>) = sets.iter().partition(|set| names_kind(set));
    kinds
        .into_iter()
        .chain(keys)
        .try_for_each(|set| apply(table, set))
}

/// Whether `set` is of the form `part.kind=name`.
fn names_kind(set: &str) -> bool {
    let path = set.split('=').next().unwrap_or_default();
    path.trim().rsplit('.').next() == Some("kind")
}

/// Put one `key.path=value` into `table`. Naming another `kind` drops the keys of the old one.
fn apply(table: &mut Table, set: &str) -> Result<()> {
    let (path, text) = set.split_once('=').ok_or_else(|| {
        Error::Usage(format!(
            "--set {set}: write it as key.path=value, for example --set train.epochs=5"
        ))
    })?;
    if path.trim().eq_ignore_ascii_case(BASE) {
        return Err(Error::Usage(format!(
            "--set {set}: `{BASE}` is for files; name the preset as the first argument instead (`ravine pretrain {}`), or \
             write {BASE} at the top of a file",
            text.trim_matches(['"', ' '])
        )));
    }
    let value = format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_string()));
    let path = renamed(path.trim());
    let mut keys: Vec<&str> = path.split('.').collect();
    let last = keys
        .pop()
        .filter(|key| !key.is_empty())
        .ok_or_else(|| Error::Usage(format!("--set {set}: there is no key before `=`")))?;
    let mut place = table;
    let mut keys = keys.into_iter();
    while let Some(key) = keys.next() {
        let entry = place
            .entry(key)
            .or_insert_with(|| Value::Table(Table::new()));
        place = match entry {
            Value::Table(inner) => inner,
            Value::Array(list) => {
                let number = keys.next().and_then(|key| key.parse::<usize>().ok());
                match number.and_then(|number| list.get_mut(number)) {
                    Some(Value::Table(inner)) => inner,
                    _ => {
                        return Err(Error::Usage(format!(
                            "--set {set}: `{key}` is array, not a table; set it whole, in TOML, or a key of one of its \
                             tables, counted from 0: {key}.0.KEY"
                        )));
                    }
                }
            }
            other => {
                return Err(Error::Usage(format!(
                    "--set {set}: `{key}` is {}, not a table; set it whole, in TOML",
                    other.type_str()
                )));
            }
        };
    }
    if last == "kind" && place.get("kind").is_some_and(|old| *old != value) {
        place.clear();
    }
    place.insert(last.to_string(), value);
    Ok(())
}

/// A parser's message as a sentence with file, key and the nearest name.
pub(super) fn explain(source: &str, path: &str, message: &str) -> Error {
    let place = if path.is_empty() || path == "." {
        String::new()
    } else {
        format!("{path}: ")
    };
    let text = message.lines().next().unwrap_or(message);
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let text = match quoted.as_slice() {
        [wrong, known @ ..] if message.starts_with("unknown") && !known.is_empty() => {
            let what = if message.starts_with("unknown field") {
                "key"
            } else {
                "name"
            };
            let whole = (what == "key" && [*wrong, ".", ""].contains(&path)).then_some(BASE);
            let known = known.iter().copied().filter(|name| !is_old(name));
            format!(
                "unknown {what} `{wrong}`; {}",
                hint(wrong, known.chain(whole))
            )
        }
        _ => text.to_string(),
    };
    Error::Usage(format!("configuration {source}: {place}{text}"))
}
