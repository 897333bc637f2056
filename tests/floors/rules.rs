//! Rules that are read file by file.

use std::collections::BTreeMap;

use crate::source::{Source, sources};

/// Fail with every line of `wrong`.
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_stay_short() {
    let long = sources()
        .into_iter()
        .filter(|s| s.text.lines().count() > 400);
    none(&long.map(|s| s.path).collect::<Vec<_>>());
}

#[test]
fn only_the_command_line_prints_and_parses_arguments() {
    let words = [
        "println!",
        "print!",
        "eprintln!",
        "eprint!",
        "dbg!",
        "clap::",
        "indicatif::",
    ];
    let mut wrong = Vec::new();
    for source in sources()
        .iter()
        .filter(|s| s.top() != "cli" && s.path != "main.rs")
    {
        for word in words.iter().filter(|word| used(&source.code, word)) {
            wrong.push(format!("{}: {word}", source.path));
        }
    }
    none(&wrong);
}

/// Functions that hand a place on or ask the caches for it: nothing is read or written through the pointer.
const HARMLESS: [&str; 2] = ["prefetch", "sink"];

/// Whether `word` stands in `code` and is not the end of a longer one.
fn used(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        !before.is_alphanumeric() && before != '_'
    })
}

#[test]
fn unsafe_code_stays_in_kernels_and_shows() {
    let mut wrong = Vec::new();
    for source in &sources() {
        let inside = source.top() == "kernels";
        if !inside && used(&source.code, "unsafe ") {
            wrong.push(format!("{}: unsafe code", source.path));
        }
        for (name, whole) in functions(&source.code) {
            let pointers = ["*const ", "*mut "].iter().any(|p| whole.1.contains(p));
            if pointers && !whole.0.contains("unsafe") && !HARMLESS.contains(&name.as_str()) {
                wrong.push(format!(
                    "{}: `{name}` takes raw pointers and is no unsafe fn",
                    source.path
                ));
            }
        }
    }
    let lib = sources().into_iter().find(|s| s.path == "lib.rs");
    let denied = lib.is_some_and(|lib| lib.code.contains("#![deny(unsafe_code)]"));
    if !denied {
        wrong.push("lib.rs does not deny unsafe code".into());
    }
    none(&wrong);
}

/// Name of each function, with the words before `fn` on its line and its arguments.
fn functions(code: &str) -> Vec<(String, (String, String))> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let line = code[..at].rfind('\n').map_or(0, |i| i + 1);
        let rest = &code[at + 3..];
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let Some(open) = rest.find('(').filter(|_| !name.is_empty()) else {
            continue;
        };
        let arguments = balanced(&rest[open..]);
        let body = rest[open + arguments.len()..].find(['{', ';']);
        if body.is_some_and(|at| rest.as_bytes()[open + arguments.len() + at] == b';') {
            continue; // declared in an unsafe extern block or a trait
        }
        found.push((name, (code[line..at].to_string(), arguments.to_string())));
    }
    found
}

/// The text from its opening bracket to the one that closes it.
fn balanced(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..=at];
        }
    }
    text
}

#[test]
fn nobody_looks_into_the_kinds_of_another_family() {
    let sources = sources();
    let families = families(&sources);
    assert!(families.len() > 5, "{families:?}");
    let mut wrong = Vec::new();
    for source in &sources {
        for (family, home) in families.iter().filter(|(_, home)| *home != source.top()) {
            for (at, _) in source.code.match_indices(&format!("{family}::")) {
                if is_pattern(&source.code, at, family.len() + 2) {
                    let line = source.code[at..].lines().next().unwrap_or_default();
                    wrong.push(format!("{} looks into {home}: {line}", source.path));
                }
            }
        }
        // Columns of a file have names too: those of a data set's format are its reader's to ask.
        let asked = [".name() == \"", ".name() != \"", ".name(), \""];
        if source.top() != "data" && asked.iter().any(|question| source.code.contains(question)) {
            wrong.push(format!("{} asks for a part by its name", source.path));
        }
    }
    none(&wrong);
}

/// Families with the module that they are declared in.
fn families(sources: &[Source]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for source in sources.iter().filter(|s| s.path != "registry.rs") {
        for (at, _) in source.code.match_indices("family! {") {
            let inner = &source.code[at + 9..];
            let head = inner.split(": ").next().unwrap_or_default();
            let name = head.split_whitespace().last().unwrap_or_default();
            found.insert(name.to_string(), source.top().to_string());
        }
    }
    found
}

/// Whether the variant named at `at` is taken apart and not built.
fn is_pattern(code: &str, at: usize, skip: usize) -> bool {
    let rest = &code[at + skip..];
    if !rest.starts_with(char::is_uppercase) {
        return false; // a function of the family
    }
    let name = rest
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(rest.len());
    let mut after = &rest[name..];
    if after.starts_with(['(', '{']) {
        after = &after[balanced(after).len()..];
    }
    let after = after.trim_start_matches([')', ' ', '\n', ',']);
    let statement = code[..at].rfind([';', '{', '}']).map_or(0, |i| i + 1);
    let asked = code[statement..at].contains("matches!(");
    asked
        || after.starts_with("=>")
        || after.starts_with('|')
        || (after.starts_with("= ") || after.starts_with("if "))
}

#[test]
fn a_public_type_has_a_name_of_its_own() {
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in &sources() {
        for line in source.code.lines() {
            let kinds = ["pub struct ", "pub enum ", "pub trait ", "pub type "];
            let Some(rest) = kinds.iter().find_map(|kind| line.strip_prefix(kind)) else {
                continue;
            };
            let name = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            homes.entry(name).or_default().push(source.path.clone());
        }
    }
    let twice = homes.iter().filter(|(_, files)| files.len() > 1);
    none(
        &twice
            .map(|(name, files)| format!("{name}: {}", files.join(", ")))
            .collect::<Vec<_>>(),
    );
}
