//! What trials are ranked by.

use crate::error::{Error, Result};
use crate::train::{Line, RunFolder};

/// What a trial has reached: the number `wanted` of its last probe, or the first of the usual ones that it has.
///
/// # Errors
/// The journal cannot be read; no probe has that number, with the names that it has.
pub fn sweep_score(folder: &RunFolder, wanted: Option<&str>) -> Result<(String, f64)> {
    let lines = folder.lines()?;
    let probes = lines.iter().rev();
    let last = probes.into_iter().find(|line| !line.contains_key("loss"));
    let number = |line: &Line, name: &str| Some((name.to_string(), line.get(name)?.as_f64()?));
    let found = last.and_then(|line| match wanted {
        Some(name) => number(line, name),
        None => ["knn", "accuracy", "argmin_error"]
            .iter()
            .find_map(|name| number(line, name)),
    });
    found.ok_or_else(|| {
        let known = last.into_iter().flat_map(Line::iter);
        let known = known.filter(|(name, value)| {
            value.is_number() && !["step", "epoch"].contains(&name.as_str())
        });
        let known: Vec<&str> = known.map(|(name, _)| name.as_str()).collect();
        Error::Usage(format!(
            "{}: its last probe has no {}; give `score` one of: {}",
            folder.root().display(),
            wanted.map_or("number to rank by".into(), |name| format!("`{name}`")),
            known.join(", ")
        ))
    })
}

/// Whether a lower `score` is better.
#[must_use]
pub fn lower_is_better(score: &str) -> bool {
    score.ends_with("_error") || score.ends_with("loss") || ["overlap", "e_c"].contains(&score)
}
