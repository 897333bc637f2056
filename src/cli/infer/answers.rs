//! Answers of a head, a JSON object a question.

use candle_core::Tensor;
use serde_json::{Value, json};

use super::questions::Asked;
use crate::assembly::{Encoded, HeadData, HeadSetup};
use crate::error::Result;
use crate::inference::{EnergyModel, Minimum, answers, offered};
use crate::judge::{ANSWERS, search, typical, units};
use crate::losses::gibbs;

/// All classes with energies and probabilities.
pub(super) fn classes(
    task: &HeadSetup,
    model: &EnergyModel,
    asked: &Asked,
    beta: f64,
) -> Result<Vec<Value>> {
    let coded = &asked.coded;
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
                "part": asked.part(i),
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
pub(super) fn vectors(
    task: &HeadSetup,
    model: &EnergyModel,
    asked: &Asked,
    beta: f64,
) -> Result<Vec<Value>> {
    let coded = &asked.coded;
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
            "part": asked.part(i),
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
