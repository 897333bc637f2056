//! What a trained head is worth on the test part, beside what knows nothing of x.

use candle_core::Tensor;

use super::head::{ANSWERS, BINS, HeadMeasures, distance, distances, euclidean, search, units};
use crate::assembly::{Encoded, HeadData, HeadSetup};
use crate::data::Part;
use crate::error::Result;
use crate::eval::answer_card::{ClassCard, VectorCard};
use crate::eval::calibration::{calibration, fit_beta};
use crate::eval::class_figures::class_figures;
use crate::inference::{EnergyModel, Minimum, answers};

/// A found answer this near to a right one is right, in the units of the source.
const NEAR: f64 = 0.1;

/// Two searches this near to each other agree.
const AGREE: f64 = 0.02;

/// What a head that chooses among classes is worth on the test part.
///
/// # Errors
/// Labels that are no classes, or a tensor operation failed.
pub fn class_card(
    task: &HeadSetup,
    model: &EnergyModel,
    judged: &HeadMeasures,
    coded: &Encoded,
) -> Result<ClassCard> {
    let labels = &coded.known_labels();
    let plain = calibration(&judged.table, labels, 1.0, BINS)?;
    let validation = task.encode_part(model, Part::Validation, usize::MAX)?;
    let table: Vec<f32> = model.table(&validation.codes)?.flatten_all()?.to_vec1()?;
    // Where every validation row is right, or none is told from another, no temperature is best.
    let beta = fit_beta(&table, &validation.known_labels()).ok();
    let fitted = beta.map(|beta| calibration(&judged.table, labels, beta, BINS));
    let fitted = fitted.transpose()?;
    Ok(ClassCard {
        accuracy: plain.accuracy,
        majority: majority(&task.train_labels(), labels, task.classes().len()),
        beta,
        expected_calibration_error: plain.ece,
        calibrated_error: fitted.as_ref().map(|c| c.ece),
        nll: plain.nll,
        calibrated_nll: fitted.as_ref().map(|c| c.nll),
        per_class: class_figures(task.classes(), labels, &lowest(&judged.table, labels.len())),
    })
}

/// The class of lowest energy of each of `rows` rows of `table`, the first of equals.
fn lowest(table: &[f32], rows: usize) -> Vec<u32> {
    let row = |row: &[f32]| (0..row.len()).min_by(|&a, &b| row[a].total_cmp(&row[b]));
    let width = table.len() / rows.max(1);
    let best = table.chunks_exact(width.max(1)).map(row);
    best.map(|class| class.unwrap_or_default() as u32).collect()
}

/// Share of `labels` that are the most frequent one of `train`.
fn majority(train: &[u32], labels: &[u32], classes: usize) -> f64 {
    let count = |all: &[u32]| {
        let mut counts = vec![0_usize; classes];
        for &label in all {
            counts[label as usize] += 1;
        }
        counts
    };
    let (of_train, counts) = (count(train), count(labels));
    let most = (0..classes).max_by_key(|&class| of_train[class]);
    counts[most.unwrap_or_default()] as f64 / labels.len().max(1) as f64
}

/// The mean of the training answers, `rows` times (N·D).
fn constant(task: &HeadSetup, rows: usize) -> Vec<f32> {
    let HeadData::Table(tables) = &task.data else {
        return vec![0.0; rows]; // standardised numbers
    };
    let (y, dim) = (&tables.train.y, task.bounds.dim());
    let mean = |d: usize| y.iter().skip(d).step_by(dim).sum::<f32>() / tables.train.len() as f32;
    (0..dim).map(mean).collect::<Vec<f32>>().repeat(rows)
}

/// What a head whose answers are vectors is worth on the test part.
///
/// # Errors
/// The configured inference does not go with this energy, or a tensor operation failed.
pub fn vector_card(
    task: &HeadSetup,
    model: &EnergyModel,
    judged: &HeadMeasures,
    coded: &Encoded,
) -> Result<VectorCard> {
    let found = search(task, model, &coded.codes, 0)?;
    let dim = task.bounds.dim();
    let nowhere = vec![f32::NAN; dim];
    let best: Vec<f32> = found
        .iter()
        .flat_map(|minima| minima.first().map_or(&nowhere, |m| &m.y).clone())
        .collect();
    let apart = distances(task, &best, &judged.best);
    let agree = apart.iter().filter(|d| **d <= AGREE).count();
    let manifold_error = manifold(task, model, coded)?;
    // Every point of a manifold is as good as any other.
    let comparable = manifold_error.is_none();
    let (all, several) = right_answers(task, coded, &found, &judged.typical);
    Ok(VectorCard {
        argmin_error: distance(task, &judged.best, &coded.y),
        constant_error: distance(task, &constant(task, coded.rows()?), &coded.y),
        inference_error: distance(task, &best, &coded.y),
        search_agreement: comparable.then(|| agree as f64 / apart.len().max(1) as f64),
        answers_found: all,
        branches_found: several,
        manifold_error,
    })
}

/// Share of questions all of whose right answers were found: of all questions, and of those with several.
fn right_answers(
    task: &HeadSetup,
    coded: &Encoded,
    found: &[Vec<Minimum>],
    typical: &[f32],
) -> (Option<f64>, Option<f64>) {
    let HeadData::Table(tables) = &task.data else {
        return (None, None);
    };
    let Some(generator) = tables.generator else {
        return (None, None);
    };
    let x = tables.scales.x.invert(&coded.x);
    let (mut all, mut several) = (Vec::new(), Vec::new());
    let width = tables.train.x_dim();
    for ((x, minima), typical) in x.chunks_exact(width).zip(found).zip(typical) {
        let right = generator.answers(x);
        let given: Vec<Vec<f64>> = answers(minima, *typical, ANSWERS)
            .iter()
            .map(|minimum| units(task, &minimum.y))
            .collect();
        let hit = |right: &Vec<f64>| given.iter().any(|y| euclidean(y, right) <= NEAR);
        let hits = f64::from(u8::from(right.iter().all(hit)));
        if !right.is_empty() {
            all.push(hits);
        }
        if right.len() > 1 {
            several.push(hits);
        }
    }
    let mean =
        |hits: Vec<f64>| (!hits.is_empty()).then(|| hits.iter().sum::<f64>() / hits.len() as f64);
    (mean(all), mean(several))
}

/// Mean distance from the predictions at the best z to the true manifold.
fn manifold(task: &HeadSetup, model: &EnergyModel, coded: &Encoded) -> Result<Option<f64>> {
    let HeadData::Table(tables) = &task.data else {
        return Ok(None);
    };
    let (Some(generator), dim) = (tables.generator, task.bounds.dim()) else {
        return Ok(None);
    };
    let shape = (coded.rows()?, 1, dim);
    let y = Tensor::from_vec(coded.y.clone(), shape, &task.device)?;
    let Some(traced) = model.traced(&coded.codes, &y)? else {
        return Ok(None);
    };
    let traced = units(task, &traced.flatten_all()?.to_vec1::<f32>()?);
    let x = tables.scales.x.invert(&coded.x);
    let rows = x
        .chunks_exact(tables.train.x_dim())
        .zip(traced.chunks_exact(dim));
    let distances: Vec<f64> = rows.filter_map(|(x, y)| generator.distance(x, y)).collect();
    Ok((!distances.is_empty()).then(|| distances.iter().sum::<f64>() / distances.len() as f64))
}
