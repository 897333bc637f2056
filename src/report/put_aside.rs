//! Images that a run could not read.

use super::html::{escaped, table};
use super::record::RunRecord;

/// Images that are listed.
const LISTED: usize = 300;

/// The list, or a sentence where there is none.
pub(super) fn put_aside(run: &RunRecord) -> String {
    let all = &run.put_aside;
    if all.is_empty() {
        return "<p>Every image could be read.</p>".into();
    }
    let row = |one: &super::record::PutAside| {
        vec![
            format!("<code>{}</code>", escaped(&one.id)),
            escaped(&one.reason),
            one.step.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().take(LISTED).map(row).collect();
    let more = if all.len() > LISTED {
        format!(
            "<p>The first {LISTED} of {}; <code>quarantine.jsonl</code> lists all.</p>",
            all.len()
        )
    } else {
        String::new()
    };
    table(
        "Images that could not be read",
        &["image", "reason", "step"].map(String::from),
        &rows,
    ) + &more
}
