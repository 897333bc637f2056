//! Which classes a probe or a head takes for which.

use std::fmt::Write;

use super::html::{escaped, percent, section, table};
use super::record::RunRecord;
use crate::eval::class_figures::ClassFigures;

/// Classes of a matrix that still can be read; of more, the most frequent mistakes are listed.
const CLASSES: usize = 40;
/// Mistakes that are listed.
const MISTAKES: usize = 30;

/// The matrices of a run; empty where its card has none.
pub(super) fn matrices(run: &RunRecord, id: &str) -> String {
    let Some(card) = &run.card else {
        return String::new();
    };
    let of = |value: &serde_json::Value| {
        let figures =
            serde_json::from_value::<Vec<ClassFigures>>(value.get("per_class")?.clone()).ok()?;
        (!figures.is_empty()).then_some(figures)
    };
    let found = [
        ("of the probe", card.get("probe")),
        ("of the nearest neighbors", card.get("knn")),
        ("of the head", Some(card)),
    ];
    let mut out = String::new();
    for (name, value) in found {
        if let Some(figures) = value.and_then(of) {
            let _ = write!(
                out,
                "<div><h4>Answers {name}</h4>{}</div>",
                if figures.len() <= CLASSES {
                    matrix(&figures, name)
                } else {
                    mistakes(&figures)
                }
            );
        }
    }
    if out.is_empty() {
        return out;
    }
    let about = "Rows are the classes that pictures are of, columns the answers. A number counts pictures; its shade is the share of its row.";
    let out = format!("<div class=\"matrices\">{out}</div>");
    section(id, "Confusion matrix", about, &out)
}

fn matrix(figures: &[ClassFigures], name: &str) -> String {
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix {0}\"><table class=\"matrix\"><caption class=\"unseen\">Confusion matrix {0}: \
         a row for each class, a column for each answer</caption><thead><tr><td></td>",
        escaped(name)
    );
    for figure in figures {
        let _ = write!(
            out,
            "<th scope=\"col\"><span>{}</span></th>",
            escaped(&figure.class)
        );
    }
    out.push_str("<th scope=\"col\" class=\"apart\"><span>recall</span></th><th scope=\"col\"><span>precision</span></th></tr></thead><tbody>");
    let share = |share: Option<f64>| share.map_or_else(|| "–".into(), percent);
    for figure in figures {
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", escaped(&figure.class));
        for other in figures {
            let count = figure.answers.get(&other.class).copied().unwrap_or(0);
            let shade = count as f64 / figure.count.max(1) as f64;
            let kind = match (other.class == figure.class, count) {
                (_, 0) => "none",
                (true, _) => "right",
                (false, _) => "wrong",
            };
            let text = if count == 0 {
                "·".to_string()
            } else {
                count.to_string()
            };
            let strong = if shade > 0.55 { " strong" } else { "" };
            let _ = write!(
                out,
                "<td class=\"{kind}{strong}\" style=\"--v:{shade:.3}\">{text}</td>"
            );
        }
        let _ = write!(
            out,
            "<td class=\"apart\">{}</td><td>{}</td></tr>",
            share(figure.recall),
            share(figure.precision)
        );
    }
    out + "</tbody></table></div>"
}

fn mistakes(figures: &[ClassFigures]) -> String {
    let mut all: Vec<(usize, &str, &str, usize)> = (figures.iter())
        .flat_map(|figure| {
            let wrong = figure
                .answers
                .iter()
                .filter(|(answer, _)| **answer != figure.class);
            wrong.map(|(answer, &times)| {
                (times, figure.class.as_str(), answer.as_str(), figure.count)
            })
        })
        .collect();
    all.sort_by(|a, b| b.0.cmp(&a.0).then(a.cmp(b)));
    let row = |&(times, class, answer, count): &(usize, &str, &str, usize)| {
        vec![
            escaped(class),
            escaped(answer),
            format!("{times} of {count}"),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().take(MISTAKES).map(row).collect();
    let note = format!(
        "<p class=\"about\">{} classes: the most frequent mistakes.</p>",
        figures.len()
    );
    note + &table(
        "The most frequent mistakes",
        &["class", "taken for", "times"].map(String::from),
        &rows,
    )
}
