//! The tensors of a file by name.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::Value;

/// Tensors by full name.
pub(super) type Values = BTreeMap<String, Value>;

/// What stands before `end` in the names that have it at their end.
pub(super) fn before(values: &Values, end: &str) -> BTreeSet<String> {
    let starts = values.keys().filter_map(|name| name.strip_suffix(end));
    let whole = |start: &&str| start.is_empty() || start.ends_with('.');
    starts.filter(whole).map(ToString::to_string).collect()
}
