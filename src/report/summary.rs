//! The verdict of each run, its reason, and the numbers to look at first.

use std::fmt::Write;

use super::html::{escaped, number, percent};
use super::journal::Said;
use super::record::RunRecord;

/// What is known of a run's state.
pub(super) fn said(run: &RunRecord) -> Option<Said> {
    let of_card = || {
        let causes = run.card.as_ref()?.get("causes")?.as_array()?.iter();
        let causes: Vec<&str> = causes.filter_map(|cause| cause.as_str()).collect();
        Some(causes.join(", "))
    };
    let card = run.card_text("verdict").map(|verdict| Said {
        verdict: verdict.replace('_', " "),
        causes: of_card().unwrap_or_default(),
        why: run.card_text("why").unwrap_or_default().into(),
    });
    card.or_else(|| run.told.said.clone())
}

/// Finished, or how far it has come.
pub(super) fn state(run: &RunRecord) -> String {
    let epoch = run
        .told
        .curves
        .get("loss")
        .and_then(super::journal::Curve::last_epoch);
    match (&run.card, epoch) {
        (Some(_), _) => "finished".into(),
        (None, Some(epoch)) => format!("at epoch {} of {}", number(epoch), run.epochs),
        (None, None) => "no step made yet".into(),
    }
}

/// All runs, one beside the other.
pub(super) fn cards(runs: &[RunRecord]) -> String {
    let card = |(index, run): (usize, &RunRecord)| one(index, run);
    format!(
        "<div class=\"runs\">{}</div>",
        runs.iter().enumerate().map(card).collect::<String>()
    )
}

fn one(index: usize, run: &RunRecord) -> String {
    let said = said(run);
    let verdict = said
        .as_ref()
        .map_or("no verdict yet", |s| s.verdict.as_str());
    let (class, sign) = match verdict {
        "healthy" => ("good", "✓"),
        "collapsed" => ("bad", "✕"),
        "uninformative" => ("doubtful", "!"),
        _ => ("open", "…"),
    };
    let mut out = format!(
        "<article class=\"run\" style=\"--own:var(--run{})\"><header><h3>{}</h3><p class=\"of\">{} · {}</p></header>\
         <p class=\"verdict {class}\"><span aria-hidden=\"true\">{sign}</span> {}</p>",
        index % 6,
        escaped(&run.name),
        escaped(&run.method),
        escaped(&state(run)),
        escaped(verdict),
    );
    if let Some(said) = &said {
        let _ = write!(
            out,
            "<p class=\"why\">{}</p>",
            escaped(&sentence(&said.why))
        );
        let causes: Vec<&str> = said.causes.split(", ").filter(|c| !c.is_empty()).collect();
        if !causes.is_empty() {
            let _ = write!(out, "<p class=\"causes\">Likely causes: ");
            for cause in causes {
                let _ = write!(out, "<code>{}</code> ", escaped(cause));
            }
            out.push_str("</p>");
        }
    }
    out.push_str("<dl class=\"tiles\">");
    for (name, value, beside) in tiles(run) {
        let _ = write!(
            out,
            "<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>",
            escaped(name),
            escaped(&value),
            escaped(&beside)
        );
    }
    out + "</dl></article>"
}

/// With a capital, and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars
        .next()
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default();
    let end = if text.is_empty() || text.ends_with('.') {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", chars.as_str())
}

/// The numbers to look at first: name, value, and what it is to be seen beside.
fn tiles(run: &RunRecord) -> Vec<(&'static str, String, String)> {
    let mut tiles = Vec::new();
    for (key, name) in [("probe", "Probe accuracy"), ("knn", "kNN accuracy")] {
        if let Some(reached) = run.card_number(&[key, "accuracy", "pretrained"]) {
            let beside = run.card_number(&[key, "accuracy", "untrained"]);
            let beside = beside.map_or(String::new(), |u| format!("untrained {}", percent(u)));
            tiles.push((name, percent(reached), beside));
        }
    }
    if let Some(accuracy) = run.card_number(&["accuracy"]) {
        let beside = run.card_number(&["majority"]);
        let beside = beside.map_or(String::new(), |m| format!("largest class {}", percent(m)));
        tiles.push(("Accuracy", percent(accuracy), beside));
    }
    if let (Some(knn), None) = (run.last("knn"), &run.card) {
        tiles.push(("kNN accuracy", percent(knn), "validation".into()));
    }
    if let Some(loss) = run.last("loss") {
        let beside = run.last("collapse_value");
        let beside = beside.map_or(String::new(), |c| format!("{} when collapsed", number(c)));
        tiles.push(("Loss", number(loss), beside));
    }
    if let Some(auroc) = run.last("auroc") {
        tiles.push((
            "Pairs told apart",
            number(auroc),
            "AUROC; chance is 0.5".into(),
        ));
    }
    if let Some(spread) = run.card_number(&["spread"]).or_else(|| run.last("spread")) {
        tiles.push(("Spread", number(spread), "0 is collapsed".into()));
    }
    if let Some(rank) = run.card_number(&["rank"]).or_else(|| run.last("rank")) {
        let beside = run.card_number(&["dim"]);
        let beside = beside.map_or(String::new(), |d| format!("of {} directions", number(d)));
        tiles.push(("Rank", number(rank), beside));
    }
    if let Some(gap) = run.card_number(&["gap"]) {
        tiles.push(("Energy gap", number(gap), "wrong less right".into()));
    }
    tiles
}
