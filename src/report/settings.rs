//! The configuration of a run, with the origin of each value.

use super::html::{escaped, table};
use super::origins::{Origin, Setting};
use super::record::RunRecord;

/// What was chosen for the run first; defaults folded away.
pub(super) fn settings(run: &RunRecord) -> String {
    let rows = |wanted: &dyn Fn(&Setting) -> bool| -> Vec<Vec<String>> {
        let row = |s: &Setting| {
            let kind = match s.origin {
                Origin::Default => "default",
                Origin::Preset(_) => "preset",
                Origin::Run => "own",
                Origin::Data => "data",
            };
            vec![
                format!("<code>{}</code>", escaped(&s.key)),
                format!("<code>{}</code>", escaped(&s.value)),
                format!(
                    "<span class=\"origin {kind}\">{}</span>",
                    escaped(&s.origin.said())
                ),
            ]
        };
        run.settings.iter().filter(|s| wanted(s)).map(row).collect()
    };
    let head = ["key", "value", "origin"].map(String::from);
    let chosen = rows(&|s| s.origin != Origin::Default);
    let defaults = rows(&|s| s.origin == Origin::Default);
    format!(
        "{}<details><summary>{} keys at their defaults</summary>{}</details>",
        table("Keys with values that are no defaults", &head, &chosen),
        defaults.len(),
        table("Keys at their defaults", &head, &defaults)
    )
}
