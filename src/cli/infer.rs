//! `ravine infer`: answers of a trained head, with their energies and probabilities.

use std::fmt::Write;
use std::path::PathBuf;

use candle_core::Tensor;
use serde_json::{Value, json};

use super::hardware::Hardware;
use super::output::{print_json, print_text};
use crate::assembly::{Encoded, HeadData, HeadSetup};
use crate::config::Config;
use crate::data::table::{Table, Tables};
use crate::data::{Part, ReaderKind, open_part};
use crate::error::{Error, Result};
use crate::eval::rounded;
use crate::heads::Space;
use crate::inference::{EnergyModel, Minimum, answers, offered};
use crate::judge::{ANSWERS, search, typical, units};
use crate::losses::{LossKind, gibbs};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run folder.
    run: PathBuf,
    /// Images or a table to ask about; the run's own test part when left out.
    #[arg(long, value_name = "PATH", conflicts_with = "x")]
    data: Option<String>,
    /// One input, its numbers separated by commas, in the units of the source.
    #[arg(long, value_name = "X,..", allow_hyphen_values = true)]
    x: Option<String>,
    /// Inverse temperature of the probabilities; that of the loss when left out.
    #[arg(long)]
    beta: Option<f64>,
    /// Most questions that are answered.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Change one key, for example --set inference.kind=enumerate.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// latest, best, or a name under checkpoints/.
    #[arg(long, default_value = "latest")]
    checkpoint: String,
    #[command(flatten)]
    hardware: Hardware,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let run = args.hardware.open(&args.run, &args.checkpoint)?;
    let task = HeadSetup::of_run(&run, run.config.with(&args.sets)?)?;
    let beta = beta(args, &task.config)?;
    let model = task.model(None)?;
    run.load(model.network().params())?;
    let coded = questions(args, &task, &model)?;
    let rows = match task.space {
        Space::Classes(_) => classes(&task, &model, &coded, beta)?,
        Space::Vectors(_) => vectors(&task, &model, &coded, beta)?,
    };
    if json {
        return print_json(&json!({
            "run": args.run.display().to_string(),
            "beta": beta,
            "inference": task.config.inference.name(),
            "rows": rows,
        }));
    }
    print_text(&text(&rows))
}

/// The inverse temperature of the probabilities.
fn beta(args: &Args, config: &Config) -> Result<f64> {
    let of_loss = |loss: &LossKind| loss.part().beta();
    let beta = args.beta.or(of_loss(&config.loss)).unwrap_or(1.0);
    if beta > 0.0 && beta.is_finite() {
        return Ok(beta);
    }
    Err(Error::Usage(format!(
        "--beta {beta}: an inverse temperature must be a number above 0"
    )))
}

/// The codes of what is asked about.
fn questions(args: &Args, task: &HeadSetup, model: &EnergyModel) -> Result<Encoded> {
    let most = args.limit.max(1);
    if let Some(text) = &args.x {
        let HeadData::Table(tables) = &task.data else {
            return Err(Error::Usage(
                "--x gives numbers, but this run learned from images; use --data PATH".into(),
            ));
        };
        return task.encode_table(model, &given(text, tables)?, most);
    }
    if let Some(source) = &args.data {
        let mut config = task.config.clone();
        config.data.source.clone_from(source);
        config.data.reader = ReaderKind::Auto;
        if let HeadData::Table(tables) = &task.data {
            config.data.reader = ReaderKind::Table;
            return task.encode_table(model, &read(&config, tables)?, most);
        }
        if let HeadData::Images(setup) = &task.data {
            config.data.use_images(source);
            let dataset = open_part(&config.data, Part::All)?;
            return task.encode_images(setup, model, &dataset, most);
        }
    }
    task.encode_part(model, Part::Test, most)
}

/// The numbers of `--x` as a table of one row.
fn given(text: &str, tables: &Tables) -> Result<Table> {
    let numbers = text.split(',').map(|word| {
        let number = word.trim().parse::<f64>().ok();
        let number = number.filter(|v| (*v as f32).is_finite());
        number.ok_or_else(|| {
            Error::Usage(format!(
                "--x {text}: `{word}` is not a number that 32 bits hold"
            ))
        })
    });
    let numbers: Vec<f64> = numbers.collect::<Result<_>>()?;
    let names = &tables.train.x_names;
    if numbers.len() != names.len() {
        return Err(Error::Usage(format!(
            "--x {text}: {} numbers, but an input has {} ({})",
            numbers.len(),
            names.len(),
            names.join(", ")
        )));
    }
    Ok(Table {
        x: tables.scales.x.apply(&numbers, names)?,
        x_names: names.clone(),
        ..Table::default()
    })
}

/// The inputs of another table, scaled as those of the training.
fn read(config: &Config, tables: &Tables) -> Result<Table> {
    use crate::data::table::{Layout, read};
    let layout = Layout {
        x: Some(tables.train.x_names.clone()),
        ..Layout::default()
    };
    let rows = read(&config.data.path(), &layout)?;
    Ok(Table {
        x: tables.scales.x.apply(&rows.x, &rows.x_names)?,
        x_names: rows.x_names,
        ..Table::default()
    })
}

/// All classes with energies and probabilities.
fn classes(
    task: &HeadSetup,
    model: &EnergyModel,
    coded: &Encoded,
    beta: f64,
) -> Result<Vec<Value>> {
    let table = model.table(&coded.codes)?;
    let probabilities: Vec<Vec<f32>> = gibbs(&table, beta)?.to_vec2()?;
    let table: Vec<Vec<f32>> = table.to_vec2()?;
    let names = task.classes();
    let rows = table.iter().zip(&probabilities).enumerate();
    Ok(rows
        .map(|(i, (energies, probabilities))| {
            let lowest = (0..energies.len()).min_by(|&a, &b| energies[a].total_cmp(&energies[b]));
            let lowest = lowest.unwrap_or_default();
            let truth = coded.labels.get(i).copied().flatten();
            json!({
                "id": coded.ids.get(i),
                "x": x_of(task, coded, i),
                "answer": names.get(lowest),
                "truth": truth.and_then(|label| names.get(label as usize)),
                "energy": energies[lowest],
                "probability": probabilities[lowest],
                "energies": energies,
                "probabilities": probabilities,
            })
        })
        .collect())
}

/// The minima with energies, those that count as answers, and their probability densities.
fn vectors(
    task: &HeadSetup,
    model: &EnergyModel,
    coded: &Encoded,
    beta: f64,
) -> Result<Vec<Value>> {
    let found = search(task, model, &coded.codes, 0)?;
    let typical = typical(model, &coded.codes, &task.bounds, task.config.seed)?;
    let partitions = log_partitions(task, model, coded, beta)?;
    let dim = task.bounds.dim();
    let mut rows = Vec::new();
    for (i, minima) in found.iter().enumerate() {
        let given = answers(minima, typical[i], ANSWERS);
        let shown = |minimum: &Minimum| {
            let log = partitions.as_ref().map(|all| all[i]);
            let density = log.map(|log| (-beta * f64::from(minimum.energy) - log).exp());
            json!({"y": units(task, &minimum.y), "energy": minimum.energy, "density": density})
        };
        let truth = coded.y.get(i * dim..(i + 1) * dim);
        rows.push(json!({
            "id": coded.ids.get(i),
            "x": x_of(task, coded, i),
            "truth": truth.map(|y| units(task, y)),
            "answers": given.iter().map(shown).collect::<Vec<_>>(),
            "minima": minima.iter().map(shown).collect::<Vec<_>>(),
        }));
    }
    Ok(rows)
}

/// log ∫ exp(−beta E) dy of each question over a grid of the box (N), in the network's units; `None` where answers
/// have too many numbers for a grid.
fn log_partitions(
    task: &HeadSetup,
    model: &EnergyModel,
    coded: &Encoded,
    beta: f64,
) -> Result<Option<Vec<f64>>> {
    let points = match task.bounds.dim() {
        1 => 401,
        2 => 61,
        _ => return Ok(None),
    };
    let grid = task.bounds.grid(points, "answers")?;
    let cell = task.bounds.cell(points);
    let mut all = Vec::new();
    for row in 0..coded.rows()? {
        let y: Tensor = offered(&grid, task.bounds.dim(), 1, &task.device)?;
        let energies = model.energies(&coded.some(row, 1)?, &y)?;
        let energies: Vec<f32> = energies.flatten_all()?.to_vec1()?;
        let lowest = energies.iter().copied().fold(f32::INFINITY, f32::min);
        let sum: f64 = energies
            .iter()
            .map(|e| (-beta * f64::from(e - lowest)).exp())
            .sum();
        all.push((sum * cell).ln() - beta * f64::from(lowest));
    }
    Ok(Some(all))
}

/// The input of row `i` in the units of the source; nothing for images.
fn x_of(task: &HeadSetup, coded: &Encoded, i: usize) -> Option<Vec<f64>> {
    let HeadData::Table(tables) = &task.data else {
        return None;
    };
    let width = tables.train.x_dim();
    let row = &coded.x[i * width..(i + 1) * width];
    (!tables.train.is_unconditional()).then(|| tables.scales.x.invert(row))
}

/// One line a question.
fn text(rows: &[Value]) -> String {
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
