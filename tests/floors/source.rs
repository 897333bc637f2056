//! The sources as text: which file imports which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// One file below src/.
pub struct Source {
    /// Path below src/, with slashes.
    pub path: String,
    /// `graph/ops/linear.rs` is `[graph, ops, linear]`; `lib.rs` and `main.rs` are `[]`.
    pub module: Vec<String>,
    /// The text without whole-line comments and without its tests.
    pub code: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Folder or file directly below src/.
    pub fn top(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    fn new(root: &Path, file: &Path) -> Self {
        let path = file.strip_prefix(root).expect("below src");
        let path = path.to_string_lossy().replace('\\', "/");
        let name = path.trim_end_matches(".rs").trim_end_matches("/mod");
        let module = match name {
            "lib" | "main" => Vec::new(),
            name => name.split('/').map(String::from).collect(),
        };
        let text = fs::read_to_string(file).expect("a source file");
        Self {
            code: code(&text),
            path,
            module,
            text,
        }
    }
}

/// All sources, those of tests aside.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let sources = files.iter().map(|file| Source::new(&root, file));
    sources.filter(|s| !s.path.ends_with("tests.rs")).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next();
    let lines = text.unwrap_or_default().lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
    let mut code = lines.collect::<Vec<_>>().join("\n");
    while let Some(start) = code.find("pub(in ") {
        let end = code[start..].find(')').map_or(code.len(), |at| start + at);
        code.replace_range(start..=end, "pub(super)"); // says who may see it, imports nothing
    }
    code
}

/// The paths that `code` names: those of `use` declarations (whether `pub`), then all others that start at a keyword.
fn paths(code: &str, children: &BTreeSet<&str>) -> Vec<(bool, Vec<String>)> {
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut open: Option<(bool, String)> = None;
    for line in code.lines() {
        let trimmed = line.trim_start();
        let (public, bare) = match trimmed.strip_prefix("pub ") {
            Some(bare) => (true, bare),
            None => (
                false,
                trimmed
                    .trim_start_matches("pub(super) ")
                    .trim_start_matches("pub(crate) "),
            ),
        };
        let (public, mut tree) = match open.take() {
            Some((public, tree)) => (public, tree + trimmed),
            None if bare.starts_with("use ") => (public, bare[4..].to_string()),
            None => {
                rest += line;
                rest.push('\n');
                continue;
            }
        };
        if tree.contains(';') {
            tree.truncate(tree.find(';').unwrap_or(tree.len()));
            found.extend(expand(&tree).into_iter().map(|path| (public, path)));
        } else {
            open = Some((public, tree));
        }
    }
    let starts = ["crate", "super", "self"].into_iter();
    for start in starts.chain(children.iter().copied()) {
        let key = format!("{start}::");
        for (at, _) in rest.match_indices(&key) {
            let before = rest[..at].chars().next_back().unwrap_or(' ');
            if before.is_alphanumeric() || "_:$\"".contains(before) {
                continue;
            }
            let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let path: String = rest[at..].chars().take_while(|c| word(*c)).collect();
            let path = path.split("::").filter(|s| !s.is_empty());
            found.push((false, path.map(String::from).collect()));
        }
    }
    found
}

/// `a::{b, c::d}` as its paths.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some(brace) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        let path = path.split("::").map(str::trim).filter(|s| !s.is_empty());
        return vec![path.map(String::from).collect()];
    };
    let head = &expand(tree[..brace].trim_end_matches("::"))[0];
    let inner = &tree[brace + 1..tree.rfind('}').unwrap_or(tree.len())];
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    let tails = parts.flat_map(expand);
    tails
        .map(|tail| {
            let tail = tail.into_iter().filter(|s| s != "self");
            head.iter().cloned().chain(tail).collect()
        })
        .collect()
}

/// Which file takes something from which: by path below src/.
pub fn imports(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let house = House::new(sources);
    let mut found = BTreeMap::new();
    for source in sources {
        let used: &mut BTreeSet<String> = found.entry(source.path.clone()).or_default();
        for (public, path) in paths(&source.code, &house.children(&source.module)) {
            if public && !source.module.is_empty() {
                continue; // hands on what stands elsewhere
            }
            let place = house.place(&house.absolute(source, &path), 8);
            used.extend(place.filter(|place| *place != source.path));
        }
    }
    found
}

/// Modules and what each hands on.
struct House<'a> {
    files: BTreeMap<&'a [String], &'a Source>,
    handed: BTreeMap<Vec<String>, Vec<String>>,
}

impl<'a> House<'a> {
    fn new(sources: &'a [Source]) -> Self {
        let inner = sources.iter().filter(|s| !s.module.is_empty());
        let files = inner.map(|s| (s.module.as_slice(), s)).collect();
        let mut house = Self {
            files,
            handed: BTreeMap::new(),
        };
        for source in sources {
            let children = house.children(&source.module);
            for (public, path) in paths(&source.code, &children) {
                let Some(name) = path.last().filter(|_| public) else {
                    continue;
                };
                let own = [&source.module[..], std::slice::from_ref(name)].concat();
                house.handed.insert(own, house.absolute(source, &path));
            }
        }
        house
    }

    fn children(&self, module: &[String]) -> BTreeSet<&'a str> {
        let below = self.files.keys().filter(|m| m.len() == module.len() + 1);
        let below = below.filter(|m| !module.is_empty() && m.starts_with(module));
        below.filter_map(|m| m.last().map(String::as_str)).collect()
    }

    fn absolute(&self, source: &Source, path: &[String]) -> Vec<String> {
        let mut base: Vec<String> = Vec::new();
        let mut rest = path;
        match path.first().map(String::as_str) {
            Some("crate") => rest = &path[1..],
            Some("super" | "self") => {
                base.clone_from(&source.module);
                while let [first, tail @ ..] = rest {
                    match first.as_str() {
                        "super" => drop(base.pop()),
                        "self" => {}
                        _ => break,
                    }
                    rest = tail;
                }
            }
            Some(child) if self.children(&source.module).contains(child) => {
                base.clone_from(&source.module);
            }
            _ => return vec!["(outside)".into()],
        }
        base.extend(rest.iter().cloned());
        base
    }

    /// The file in which the thing at `path` is written.
    fn place(&self, path: &[String], depth: usize) -> Option<String> {
        let known = (1..=path.len())
            .rev()
            .find(|&n| self.files.contains_key(&path[..n]))?;
        if let Some(target) = path.get(..known + 1).and_then(|own| self.handed.get(own))
            && depth > 0
            && let Some(place) = self.place(target, depth - 1)
        {
            return Some(place);
        }
        Some(self.files[&path[..known]].path.clone())
    }
}
