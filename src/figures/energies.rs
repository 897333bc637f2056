//! Energies of right against wrong answers: at the end, and over the training.

use std::fs;

use serde_json::Value;

use super::classes;
use super::drawn::Drawn;
use super::opened::Opened;
use crate::data::Part;
use crate::error::{Error, Result};
use crate::heads::Space;
use crate::judge::judge_head;
use crate::losses::Margin;
use crate::plot::{Figure, Histogram, Lines, Plane, Scale, Series, sheet};

/// Means of training steps that are drawn.
const POINTS: usize = 150;

/// The plane of (E_C, E_I) with the margin line, and how energies are distributed.
///
/// # Errors
/// `energies.jsonl` is damaged, or a tensor operation failed.
pub(super) fn figure(run: &Opened) -> Result<Figure> {
    let mut points = plane(run)?;
    points.retain(|point| point.iter().all(|e| e.is_finite())); // a question without wrong answers has no E_I
    let span = run.span();
    let margin = match run.task.config.loss.part().margin() {
        Margin::Finite(m) if m > 0.0 => Some(m),
        _ => None,
    };
    let mut drawings: Vec<Drawn> = vec![Box::new(Plane {
        title: "right against most offending".into(),
        points: points.clone(),
        span,
        margin,
        side: 300.0,
    })];
    match run.task.space {
        Space::Classes(classes) => drawings.extend(classes::histograms(run, classes)?),
        Space::Vectors(_) => drawings.push(histogram(&points, span)),
    }
    let title = format!(
        "{}: energies of right and of wrong answers, test part",
        run.name()
    );
    let mut notes = vec![run.note()];
    if matches!(run.task.space, Space::Vectors(_)) {
        notes.push(
            "Every answer outside a small ball around the one in the data counts as wrong, even where several are right."
                .into(),
        );
    }
    Ok(sheet(&title, &notes, &[drawings]))
}

fn histogram(points: &[[f64; 2]], span: f64) -> Drawn {
    let column = |i: usize| points.iter().map(|p| p[i]).collect::<Vec<f64>>();
    let (right, wrong) = (column(0), column(1));
    Box::new(Histogram {
        title: "distribution".into(),
        range: Scale::of(right.iter().chain(&wrong).copied()).at_least(span),
        right,
        wrong,
        wrong_name: "most offending wrong answers".into(),
        inner: (380.0, 300.0),
    })
}

/// (E_C, E_I) of the test rows: those the card was made from, or computed where another checkpoint is drawn.
fn plane(run: &Opened) -> Result<Vec<[f64; 2]>> {
    let path = run.folder.file("energies.jsonl");
    if run.card().is_some()
        && let Ok(text) = fs::read_to_string(&path)
    {
        let damaged =
            |line: usize| Error::data(&path, format!("line {} holds no `e_c` and `e_i`", line + 1));
        let points = text.lines().enumerate().map(|(i, line)| {
            let value: Value = serde_json::from_str(line).map_err(|_| damaged(i))?;
            let number = |key: &str| match value.get(key) {
                Some(Value::Null) => Ok(f64::NAN), // what is not finite is written as null
                number => number.and_then(Value::as_f64).ok_or_else(|| damaged(i)),
            };
            Ok([number("e_c")?, number("e_i")?])
        });
        return points.collect();
    }
    let coded = run.task.encode_part(&run.model, Part::Test, most(run))?;
    let judged = judge_head(&run.task, &run.model, &coded)?;
    Ok(judged.plane.iter().map(|p| p.map(f64::from)).collect())
}

/// Rows of the test part that are looked at: fewer where each answer needs a search for its latent.
fn most(run: &Opened) -> usize {
    let mut heads = 0..run.model.heads().count();
    match run.task.space {
        Space::Classes(_) => usize::MAX,
        Space::Vectors(_) if heads.any(|head| run.model.has_own_latents(head)) => 50,
        Space::Vectors(_) => 200,
    }
}

/// Mean energies of right and of the most offending wrong answers over the training; `None` without a journal.
pub(super) fn training(run: &Opened) -> Option<Figure> {
    let lines = course(run, "", (620.0, 300.0))?;
    let title = format!("{}: energies over the training", run.name());
    Some(sheet(&title, &[run.note()], &[vec![Box::new(lines)]]))
}

/// The same as a drawing; `None` where nothing was written.
pub(super) fn course(run: &Opened, title: &str, inner: (f64, f64)) -> Option<Lines> {
    let text = fs::read_to_string(run.folder.file("metrics.jsonl")).ok()?;
    let (mut steps, mut probes) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let kind = if value["lr"].is_null() {
            &mut probes
        } else {
            &mut steps
        };
        kind.push(value);
    }
    let mut series = Vec::new();
    for (key, name, color) in [
        ("e_c", "right answers", 0),
        ("e_i", "most offending wrong answers", 1),
    ] {
        for (rows, part, dashed) in [(&steps, "training", false), (&probes, "validation", true)] {
            let points = means(rows, key);
            if points.len() > 1 {
                let name = format!("{name}, {part}");
                series.push(Series {
                    name,
                    points,
                    color,
                    dashed,
                });
            }
        }
    }
    (!series.is_empty()).then(|| Lines {
        title: title.into(),
        labels: ["training step".into(), "mean energy".into()],
        series,
        overlays: Vec::new(),
        inner,
        x: None,
        span: 0.0,
    })
}

/// (step, `key`) of `rows`, each point the mean of equally many of them.
fn means(rows: &[Value], key: &str) -> Vec<[f64; 2]> {
    let points = rows
        .iter()
        .filter_map(|row| Some([row["step"].as_f64()?, row[key].as_f64()?]));
    let points: Vec<[f64; 2]> = points.collect();
    let mean = |part: &[[f64; 2]]| {
        [0, 1].map(|i| part.iter().map(|p| p[i]).sum::<f64>() / part.len() as f64)
    };
    points
        .chunks(points.len().div_ceil(POINTS).max(1))
        .map(mean)
        .collect()
}
