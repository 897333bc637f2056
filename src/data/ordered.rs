//! The order of classes that have names.

use std::collections::BTreeSet;

/// Names of classes in their order: of number where all are numbers, else of name; each once.
pub(in crate::data) fn ordered(words: impl Iterator<Item = String>) -> Vec<String> {
    let names: BTreeSet<String> = words.collect();
    let mut names: Vec<String> = names.into_iter().collect();
    let number = |name: &String| name.parse::<f64>().ok();
    if names.iter().all(|name| number(name).is_some()) {
        names.sort_by(|a, b| f64::total_cmp(&number(a).unwrap_or(0.0), &number(b).unwrap_or(0.0)));
    }
    names
}
