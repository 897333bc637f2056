//! The house rules, read from the sources: floors, circles, who may print, who may look into whose kinds.

mod rules;
mod source;

use std::collections::BTreeSet;

use source::{imports, sources};

/// Modules by floor, the ground first.
const FLOORS: [&[&str]; 12] = [
    &[
        "error", "ranges", "atomic", "random", "params", "registry", "kernels", "host", "onnx",
        "events",
    ],
    &["data", "augment", "graph", "plot"],
    &["encoders", "energies"],
    &["losses", "regularizers", "heads"],
    &["inference", "negatives"],
    &["objectives"],
    &["optim", "train", "eval"],
    &["config", "embeddings"],
    &["assembly"],
    &["judge"],
    &["run", "figures", "report", "export"],
    &["cli"],
];

/// Imports between modules of one floor.
const SIDEWAYS: [(&str, &str); 11] = [
    ("ranges", "error"),
    ("atomic", "error"),
    ("host", "error"),
    ("events", "error"),
    ("params", "error"),
    ("params", "random"),
    ("augment", "data"),
    ("graph", "augment"), // positions are resampled as pictures are
    ("heads", "losses"),  // a free energy is a log-partition
    ("negatives", "inference"),
    ("train", "optim"),
];

fn floor(module: &str) -> usize {
    FLOORS
        .iter()
        .position(|modules| modules.contains(&module))
        .unwrap_or_else(|| panic!("module `{module}` stands on no floor: add it to tests/floors"))
}

fn top(path: &str) -> &str {
    path.split('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs")
}

#[test]
fn imports_go_down_only() {
    let mut wrong = BTreeSet::new();
    let mut sideways = BTreeSet::new();
    for (file, used) in imports(&sources()) {
        let own = top(&file).to_string();
        if ["lib", "main"].contains(&own.as_str()) {
            continue;
        }
        for other in used
            .iter()
            .map(|path| top(path))
            .filter(|other| *other != own)
        {
            if floor(other) > floor(&own) {
                wrong.insert(format!("{file} imports `{other}`, a floor above"));
            } else if floor(other) == floor(&own) {
                sideways.insert((own.clone(), other.to_string()));
            }
        }
    }
    let listed = |(a, b): &(String, String)| SIDEWAYS.contains(&(a.as_str(), b.as_str()));
    let unlisted = sideways.iter().filter(|pair| !listed(pair));
    wrong.extend(unlisted.map(|(a, b)| format!("`{a}` imports `{b}` of its own floor")));
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (a, b) in SIDEWAYS {
        assert!(
            sideways.contains(&((*a).to_string(), (*b).to_string())),
            "`{a}` no longer imports `{b}`: strike it from the list"
        );
    }
}

#[test]
fn no_files_import_one_another_in_a_circle() {
    let imports = imports(&sources());
    let mut circles = BTreeSet::new();
    for start in imports.keys() {
        let mut way = vec![start.clone()];
        if let Some(circle) = back_to(start, &mut way, &imports, &mut BTreeSet::new()) {
            circles.insert(circle);
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

/// A way from the end of `way` back to `start`.
fn back_to(
    start: &str,
    way: &mut Vec<String>,
    imports: &std::collections::BTreeMap<String, BTreeSet<String>>,
    seen: &mut BTreeSet<String>,
) -> Option<String> {
    let last = way.last()?.clone();
    for next in imports.get(&last).into_iter().flatten() {
        if next == start {
            return Some(format!("{} -> {start}", way.join(" -> ")));
        }
        if seen.insert(next.clone()) {
            way.push(next.clone());
            if let Some(found) = back_to(start, way, imports, seen) {
                return Some(found);
            }
            way.pop();
        }
    }
    None
}
