//! Imports go down only: the floors of the house, read from the `use crate::` lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules by floor, the ground first.
const FLOORS: [&[&str]; 10] = [
    &[
        "error", "atomic", "random", "params", "registry", "kernels", "host",
    ],
    &["data", "augment", "graph"],
    &["encoders", "energies"],
    &["losses", "regularizers", "heads"],
    &["inference", "negatives"],
    &["objectives"],
    &["optim", "train", "eval"],
    &["report", "config"],
    &["judge"],
    &["cli"],
];

/// Modules of one floor that must not know each other at all.
const STRANGERS: [(&str, &str); 2] = [("train", "eval"), ("eval", "train")];

fn floor(module: &str) -> usize {
    FLOORS
        .iter()
        .position(|modules| modules.contains(&module))
        .unwrap_or_else(|| {
            panic!("module `{module}` stands on no floor: add it to tests/floors.rs")
        })
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// Which module imports which, from every `crate::name` outside tests and comments.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).expect("below src");
        let top = inside.iter().next().expect("a name").to_string_lossy();
        let module = top.trim_end_matches(".rs").to_string();
        if module == "lib" || module == "main" {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for place in line.split("crate::").skip(1) {
                let name: String = place
                    .chars()
                    .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                    .collect();
                if FLOORS
                    .iter()
                    .any(|modules| modules.contains(&name.as_str()))
                    && name != module
                {
                    found.entry(module.clone()).or_default().insert(name);
                }
            }
        }
        found.entry(module).or_default();
    }
    found
}

#[test]
fn imports_go_down_only() {
    for (module, used) in imports() {
        for other in used {
            assert!(
                floor(&other) <= floor(&module),
                "`{module}` (floor {}) imports `{other}` (floor {}): imports go down only",
                floor(&module),
                floor(&other)
            );
            assert!(
                !STRANGERS.contains(&(module.as_str(), other.as_str())),
                "`{module}` imports `{other}`: pass a closure instead"
            );
        }
    }
}

#[test]
fn no_module_reaches_itself_through_others() {
    let imports = imports();
    for start in imports.keys() {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&String> = imports[start].iter().collect();
        while let Some(module) = open.pop() {
            assert_ne!(
                module, start,
                "`{start}` imports itself through `{module}`'s users"
            );
            if reached.insert(module) {
                open.extend(imports.get(module).into_iter().flatten());
            }
        }
    }
}

#[test]
fn files_stay_short_and_unsafe_stays_in_kernels() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in rust_files(&source) {
        let text = fs::read_to_string(&file).expect("a source file");
        let lines = text.lines().count();
        assert!(
            lines <= 400,
            "{} has {lines} lines: one idea a file",
            file.display()
        );
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let used = code.filter(|line| line.contains("unsafe ")).count();
        assert!(
            used == 0 || file.starts_with(source.join("kernels")),
            "{} uses unsafe code outside kernels/",
            file.display()
        );
    }
}
