//! Answers as a person reads them.

use std::fmt::Write;

use serde_json::Value;

use crate::eval::rounded;

/// One line a question.
pub(super) fn text(rows: &[Value]) -> String {
    let numbers = |value: &Value| {
        let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let all = all.iter().filter_map(Value::as_f64);
        all.map(|v| format!("{:.4}", rounded(v, 4)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut out = String::new();
    for row in rows {
        let _ = match row["id"].as_str() {
            Some(id) => write!(out, "{id}: "),
            None => write!(out, "x ({}): ", numbers(&row["x"])),
        };
        if let Some(minima) = row["answers"].as_array() {
            for (i, minimum) in minima.iter().enumerate() {
                let energy = rounded(minimum["energy"].as_f64().unwrap_or(f64::NAN), 4);
                let separator = if i == 0 { "" } else { "; " };
                let _ = write!(
                    out,
                    "{separator}y ({}) energy {energy:.4}",
                    numbers(&minimum["y"])
                );
                if let Some(density) = minimum["density"].as_f64() {
                    let _ = write!(out, " density {density:.3}");
                }
            }
            let more = row["minima"].as_array().map_or(0, Vec::len) - minima.len();
            if more > 0 {
                let _ = write!(out, "; {more} higher minima");
            }
        } else {
            let energy = rounded(row["energy"].as_f64().unwrap_or(f64::NAN), 4);
            let probability = row["probability"].as_f64().unwrap_or(f64::NAN);
            let answer = row["answer"].as_str().unwrap_or("?");
            let _ = write!(
                out,
                "{answer}  energy {energy:.4} probability {probability:.3}"
            );
            if let Some(truth) = row["truth"].as_str() {
                let _ = write!(out, "  truth {truth}");
            }
        }
        out.push('\n');
    }
    out
}
