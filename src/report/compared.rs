//! Several runs in one table: what they reached, and where their configurations differ.

use std::collections::BTreeSet;

use super::html::{escaped, number, percent, table};
use super::record::RunRecord;
use super::summary::{said, state};

/// How a number is shown.
type Shown = fn(f64) -> String;

/// A row of the table: name, where the number stands, how it is shown, and whether the highest is best.
struct Measure {
    name: &'static str,
    card: &'static [&'static str],
    journal: &'static str,
    shown: Shown,
    best: Option<fn(f64, f64) -> f64>,
}

const fn measure(
    name: &'static str,
    card: &'static [&'static str],
    journal: &'static str,
    shown: Shown,
) -> Measure {
    Measure {
        name,
        card,
        journal,
        shown,
        best: None,
    }
}

const fn highest(
    name: &'static str,
    card: &'static [&'static str],
    journal: &'static str,
    shown: Shown,
) -> Measure {
    Measure {
        best: Some(f64::max),
        ..measure(name, card, journal, shown)
    }
}

const MEASURES: [Measure; 18] = [
    highest(
        "probe accuracy",
        &["probe", "accuracy", "pretrained"],
        "",
        percent,
    ),
    measure(
        "probe accuracy, untrained encoder",
        &["probe", "accuracy", "untrained"],
        "",
        percent,
    ),
    measure(
        "probe accuracy, raw input",
        &["probe", "accuracy", "raw"],
        "",
        percent,
    ),
    highest(
        "kNN accuracy",
        &["knn", "accuracy", "pretrained"],
        "knn",
        percent,
    ),
    highest("accuracy of the head", &["accuracy"], "accuracy", percent),
    measure("loss, last", &[], "loss", number),
    measure("loss when collapsed", &[], "collapse_value", number),
    highest("pairs told apart (AUROC)", &[], "auroc", number),
    measure("energy gap", &["gap"], "energy_gap", number),
    measure("spread", &["spread"], "spread", number),
    measure("rank", &["rank"], "rank", number),
    measure("numbers of an embedding", &["dim"], "", number),
    measure(
        "expected calibration error",
        &["expected_calibration_error"],
        "",
        number,
    ),
    measure("parameters", &["parameters"], "", number),
    measure("steps", &["steps"], "", number),
    measure("epochs", &["epochs"], "", number),
    measure("seconds of training", &["seconds"], "", number),
    measure("images a second", &["images_per_s"], "images_per_s", number),
];

/// What the runs reached.
pub(super) fn reached(runs: &[RunRecord]) -> String {
    let mut rows = vec![
        row("method", runs, |run| escaped(&run.method)),
        row("data", runs, |run| {
            escaped(run.card_text("data").unwrap_or("–"))
        }),
        row("state", runs, |run| escaped(&state(run))),
        row("verdict", runs, |run| {
            escaped(&said(run).map_or("none yet".into(), |s| s.verdict))
        }),
    ];
    rows.extend(MEASURES.iter().filter_map(|measure| measure.row(runs)));
    table("The runs compared", &head(runs, "measure"), &rows)
}

/// The keys in which the configurations differ; empty where there are none.
pub(super) fn differing(runs: &[RunRecord]) -> String {
    let keys: BTreeSet<&str> = runs
        .iter()
        .flat_map(|run| &run.settings)
        .map(|s| s.key.as_str())
        .collect();
    let value = |run: &RunRecord, key: &str| {
        let setting = run.settings.iter().find(|s| s.key == key);
        setting.map_or("–".to_string(), |s| s.value.clone())
    };
    let differs = |key: &&str| {
        runs.iter()
            .any(|run| value(run, key) != value(&runs[0], key))
    };
    let rows: Vec<Vec<String>> = (keys.into_iter().filter(differs))
        .map(|key| {
            let cells = runs
                .iter()
                .map(|run| format!("<code>{}</code>", escaped(&value(run, key))));
            std::iter::once(format!("<code>{}</code>", escaped(key)))
                .chain(cells)
                .collect()
        })
        .collect();
    if rows.is_empty() {
        return "<p>The configurations are the same.</p>".into();
    }
    table("Where the configurations differ", &head(runs, "key"), &rows)
}

fn head(runs: &[RunRecord], first: &str) -> Vec<String> {
    let name = |(i, run): (usize, &RunRecord)| {
        format!(
            "<span class=\"key\" style=\"--own:var(--run{})\"></span>{}",
            i % 6,
            escaped(&run.name)
        )
    };
    std::iter::once(first.to_string())
        .chain(runs.iter().enumerate().map(name))
        .collect()
}

fn row(name: &str, runs: &[RunRecord], cell: impl Fn(&RunRecord) -> String) -> Vec<String> {
    std::iter::once(escaped(name))
        .chain(runs.iter().map(cell))
        .collect()
}

impl Measure {
    /// `None` where no run has the number.
    fn row(&self, runs: &[RunRecord]) -> Option<Vec<String>> {
        let value = |run: &RunRecord| {
            let card = (!self.card.is_empty())
                .then(|| run.card_number(self.card))
                .flatten();
            card.or_else(|| run.last(self.journal))
        };
        let values: Vec<Option<f64>> = runs.iter().map(value).collect();
        let known: Vec<f64> = values.iter().copied().flatten().collect();
        if known.is_empty() {
            return None;
        }
        let best = self
            .best
            .map(|best| known.iter().copied().fold(known[0], best));
        let cell = |value: &Option<f64>| match value {
            None => "–".to_string(),
            Some(value) if known.len() > 1 && Some(*value) == best => {
                format!(
                    "<strong>{}</strong> <span class=\"best\">best</span>",
                    (self.shown)(*value)
                )
            }
            Some(value) => (self.shown)(*value),
        };
        Some(
            std::iter::once(self.name.to_string())
                .chain(values.iter().map(cell))
                .collect(),
        )
    }
}
