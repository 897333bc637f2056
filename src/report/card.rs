//! The card of a run: its probes beside their baselines, and everything else that was measured.

use std::fmt::Write;

use serde_json::Value;

use super::html::{escaped, number, percent, table};
use super::record::RunRecord;

/// The probes of a card and the key of its confusion counts.
const PROBES: [(&str, &str); 2] = [("probe", "Probe"), ("knn", "Nearest neighbors")];

/// The whole card, or a sentence where there is none yet.
pub(super) fn card(run: &RunRecord) -> String {
    let Some(card) = &run.card else {
        return "<p>There is no card yet: it is written when the run ends.</p>".into();
    };
    let probes = PROBES
        .iter()
        .filter_map(|(key, name)| Some(probe(name, card.get(key).filter(|p| p.is_object())?)));
    format!("{}{}", probes.collect::<String>(), facts(card))
}

fn probe(name: &str, probe: &Value) -> String {
    let mut settings: Vec<String> = Vec::new();
    let mut add = |key: &str, before: &str, after: &str| {
        if let Some(value) = probe.get(key).filter(|v| !v.is_null()) {
            let value = value
                .as_f64()
                .map_or_else(|| value.as_str().unwrap_or_default().to_string(), number);
            settings.push(format!("{before}{value}{after}"));
        }
    };
    add("kind", "", "");
    add("part", "on ", "");
    add("labels_per_class", "", " labels a class");
    add("k", "k ", "");
    add("bank", "bank of ", "");
    add("temperature", "temperature ", "");
    add("seeds", "repetitions: ", "");
    let mut out = format!(
        "<h4>{name}</h4><p class=\"about\">{}</p><div class=\"bars\">",
        escaped(&settings.join(", "))
    );
    for (key, name) in [
        ("pretrained", "this encoder"),
        ("untrained", "untrained encoder"),
        ("raw", "raw input"),
    ] {
        let Some(accuracy) = probe["accuracy"][key].as_f64() else {
            continue;
        };
        let ends = probe["interval"][key].as_array();
        let ends = ends.and_then(|ends| Some([ends.first()?.as_f64()?, ends.get(1)?.as_f64()?]));
        let (interval, whisker) = ends.map_or_else(Default::default, |[low, high]| {
            let text = format!(" <small>{} to {}</small>", percent(low), percent(high));
            let mark = format!(
                "<b style=\"left:{:.2}%;width:{:.2}%\"></b>",
                100.0 * low,
                100.0 * (high - low)
            );
            (text, mark)
        });
        let _ = write!(
            out,
            "<div class=\"bar {key}\"><span>{name}</span><span class=\"track\"><i style=\"width:{:.2}%\"></i>{whisker}</span>\
             <span>{}{interval}</span></div>",
            100.0 * accuracy.clamp(0.0, 1.0),
            percent(accuracy),
        );
    }
    out + "</div>"
}

/// Every number and word that is no probe, by its keys.
fn facts(card: &Value) -> String {
    let mut rows = Vec::new();
    gather(card, "", &mut rows);
    table(
        "Everything on the card",
        &["what".into(), "value".into()],
        &rows,
    )
}

fn gather(value: &Value, path: &str, rows: &mut Vec<Vec<String>>) {
    let shown = match value {
        Value::Object(object) => {
            for (key, value) in object {
                let skipped = path.is_empty() && PROBES.iter().any(|(probe, _)| probe == key);
                if !skipped && !["per_class", "why"].contains(&key.as_str()) {
                    let path = if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    };
                    gather(value, &path, rows);
                }
            }
            return;
        }
        Value::Null => return,
        Value::Number(value) => value.as_f64().map_or_else(|| value.to_string(), number),
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Array(list) => {
            let words: Vec<String> = list
                .iter()
                .map(|v| v.as_str().map_or_else(|| v.to_string(), String::from))
                .collect();
            words.join(", ")
        }
    };
    if !shown.is_empty() {
        rows.push(vec![escaped(&path.replace('_', " ")), escaped(&shown)]);
    }
}
