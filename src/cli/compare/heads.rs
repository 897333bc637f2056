//! May the energies of two heads be compared? Raw, calibrated, and of heads trained jointly.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use super::asked::Args;
use crate::assembly::HeadSetup;
use crate::cli::output::{print_json, print_text};
use crate::data::Part;
use crate::error::{Error, Result};
use crate::eval::calibration::{calibration, fit_beta};
use crate::eval::together::{lower, sum, surprise};
use crate::heads::Space;
use crate::judge::{BINS, judge_head};

/// Energies of one model.
struct Model {
    row: Row,
    /// Inverse temperature fitted on the validation part.
    beta: f64,
    /// What it is judged on.
    part: Part,
    /// Energies of that part (N·C).
    energies: Vec<f32>,
    labels: Vec<u32>,
    classes: Vec<String>,
}

/// What one way of choosing answers is worth on the test part.
#[derive(Serialize)]
struct Row {
    name: String,
    accuracy: f64,
    expected_calibration_error: f64,
    nll: f64,
}

/// One model alone.
#[derive(Serialize)]
struct Alone {
    #[serde(flatten)]
    raw: Row,
    /// Mean energy of right answers: what an energy is measured in differs from model to model.
    e_c: f64,
    beta: f64,
    calibrated_error: f64,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let first = model(&args.first, args)?;
    let second = model(&args.second, args)?;
    same(&first, &second, args)?;
    let joint = args.joint.as_deref().map(|run| model(run, args));
    let joint = joint.transpose()?;
    let together = together(&first, &second)?;
    let split = first.part;
    let models: Vec<Alone> = [Some(first), Some(second), joint]
        .into_iter()
        .flatten()
        .map(alone)
        .collect::<Result<_>>()?;
    if json {
        return print_json(
            &serde_json::json!({"part": split, "models": models, "together": together}),
        );
    }
    print_text(&text(&models, &together))
}

fn model(root: &Path, args: &Args) -> Result<Model> {
    let run = args.chosen.open(root)?;
    let name = root.display().to_string();
    let task = HeadSetup::of_run(&run, run.config.clone())?;
    let Space::Classes(_) = task.space else {
        return Err(Error::Usage(format!(
            "{name}: its answers are vectors; energies of classes are compared, train a multi_class or two_class head"
        )));
    };
    let model = task.model(None)?;
    run.load(model.network().params())?;
    let coded = task.encode_part(&model, Part::Validation, usize::MAX)?;
    let validation = judge_head(&task, &model, &coded)?;
    let labels = coded.known_labels();
    let beta = fit_beta(&validation.table, &labels)
        .map_err(|e| Error::Failed(format!("{name}, on its validation part: {e}")))?;
    let coded = task.encode_part(&model, Part::Test, usize::MAX)?;
    let energies = judge_head(&task, &model, &coded)?.table;
    let labels = coded.known_labels();
    Ok(Model {
        row: row(name, &energies, &labels)?,
        beta,
        part: task.judged(),
        energies,
        labels,
        classes: task.classes().to_vec(),
    })
}

/// Refuse models that were asked different questions.
fn same(first: &Model, second: &Model, args: &Args) -> Result<()> {
    if first.labels == second.labels && first.classes == second.classes {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{} and {} have different test parts or classes; compare runs of the same `data` and `data.split_seed`",
        args.first.display(),
        args.second.display()
    )))
}

fn row(name: String, energies: &[f32], labels: &[u32]) -> Result<Row> {
    let found = calibration(energies, labels, 1.0, BINS)?;
    Ok(Row {
        name,
        accuracy: found.accuracy,
        expected_calibration_error: found.ece,
        nll: found.nll,
    })
}

fn alone(model: Model) -> Result<Alone> {
    let classes = model.classes.len();
    let right = model.energies.chunks_exact(classes).zip(&model.labels);
    let right = right.map(|(row, label)| f64::from(row[*label as usize]));
    Ok(Alone {
        e_c: right.sum::<f64>() / model.labels.len().max(1) as f64,
        beta: model.beta,
        calibrated_error: calibration(&model.energies, &model.labels, model.beta, BINS)?.ece,
        raw: model.row,
    })
}

/// Both models used together, by their energies as they are and by their calibrated ones.
fn together(a: &Model, b: &Model) -> Result<Vec<Row>> {
    let (classes, labels) = (a.classes.len(), &a.labels);
    let calibrated = |model: &Model| surprise(&model.energies, classes, model.beta);
    let raw = (a.energies.clone(), b.energies.clone());
    let mut rows = Vec::new();
    for (how, (a, b)) in [("raw", raw), ("calibrated", (calibrated(a), calibrated(b)))] {
        rows.push(row(format!("sum, {how}"), &sum(&a, &b), labels)?);
        let lower = lower(&a, &b, classes);
        rows.push(row(format!("lower energy, {how}"), &lower, labels)?);
    }
    Ok(rows)
}

fn text(models: &[Alone], together: &[Row]) -> String {
    let mut out = String::from("on test: accuracy, calibration error and nll at beta 1\n");
    let line = |row: &Row| {
        format!(
            "{:<32} {:5.1} %  {:.3}  {:.3}",
            row.name,
            100.0 * row.accuracy,
            row.expected_calibration_error,
            row.nll
        )
    };
    for model in models {
        let _ = writeln!(
            out,
            "{}   right answers at {:.2}; error {:.3} at beta {:.3}, fitted on validation",
            line(&model.raw),
            model.e_c,
            model.calibrated_error,
            model.beta
        );
    }
    out.push_str("\nthe first two together\n");
    for row in together {
        let _ = writeln!(out, "{}", line(row));
    }
    out
}
