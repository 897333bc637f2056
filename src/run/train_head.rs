//! `ravine train` with a head: training, and the card of its answers.

use serde_json::json;

use super::fit::{Job, fit};
use super::{Finished, Place, Session, finish};
use crate::assembly::{Encoded, HeadData, HeadSetup, PARTS, SCALES, adopt_pretrained};
use crate::atomic::write;
use crate::config::Config;
use crate::data::Part;
use crate::error::{Error, Result};
use crate::eval::answer_card::AnswerCard;
use crate::eval::surface::{self, Surface};
use crate::heads::Space;
use crate::inference::EnergyModel;
use crate::judge::{class_card, judge_head, vector_card};
use crate::objectives::Objective;
use crate::train::{Probed, Progress, RunFolder};

/// Rows with vector answers that probes and cards look at.
const MOST: usize = 2000;

/// Train the head or heads of `config`, then measure their answers on the test part.
///
/// # Errors
/// A configuration without a head; data that cannot be read or have no answers; a batch that does not fit into memory
/// or into the training part; a loss that is not finite; [`Error::Interrupted`] after a stop from outside, state saved.
pub fn train_head(config: &Config, session: Session) -> Result<Finished<AnswerCard>> {
    let mut config = config.clone();
    if config.all_heads().is_empty() {
        return Err(Error::key(
            "head",
            "is missing: this trains answers; pretrain a configuration without one",
        ));
    }
    let new = matches!(session.place, Place::New { .. });
    if new {
        adopt_pretrained(&mut config)?;
    }
    let task = HeadSetup::new(config)?;
    task.check_memory()?;
    let pretrained = task.config.pretrained.as_ref().filter(|_| new);
    let model = task.model(pretrained)?;
    let mut objective = task.objective(model.clone())?;
    let warnings = objective.warnings();
    let source = task.source()?;
    let before = before(&task, &model)?;
    let validation = most(&task).min(task.config.probe.queries);
    let probe = |_: Option<f64>| {
        let coded = task.encode_part(&model, Part::Validation, validation)?;
        look(&task, &model, &coded, &before)
    };
    let job = Job {
        config: &task.config,
        objective: &mut objective as &mut dyn Objective,
        params: model.network().params(),
        source: source.as_ref(),
        probe: Box::new(probe),
        data: match &task.data {
            HeadData::Table(tables) => (SCALES, json!(tables.scales).to_string()),
            HeadData::Images(setup) => (PARTS, setup.parts()),
        },
        messages: messages(&task, &warnings),
    };
    let (progress, folder) = fit(job, session)?;
    let card = card(&task, &model, &progress, &folder, (&before, warnings))?;
    finish(folder, card)
}

fn messages(task: &HeadSetup, warnings: &[String]) -> Vec<String> {
    let [train, validation, test] = task.sizes();
    let mut messages = task.notes.clone();
    messages.push(format!(
        "{} on {}: {train} samples to train on, {validation} for validation, {test} for the test; {} executor",
        task.config.method,
        task.config.data.source,
        task.executor(),
    ));
    messages.extend(task.config.title_note());
    messages.extend(task.found().cloned());
    messages.extend(warnings.iter().map(|warning| format!("warning: {warning}")));
    messages
}

/// Rows that are looked at: fewer where each answer needs a search for its latent.
fn most(task: &HeadSetup) -> usize {
    if matches!(task.space, Space::Classes(_)) {
        return usize::MAX;
    }
    let heads = task.config.all_heads();
    let searched = heads.iter().filter_map(|head| head.part().latent());
    let mut searched = searched.filter(|l| !matches!(l.z.part().values(&task.device), Ok(Some(_))));
    if searched.next().is_some() {
        50
    } else if task.bounds.dim() > 1 {
        MOST / 10 // a grid of two dimensions for each
    } else {
        MOST
    }
}

/// The surface as it is before training: an encoder that is taken over keeps its values.
fn before(task: &HeadSetup, model: &EnergyModel) -> Result<Surface> {
    let fresh = task.model(None)?;
    if task.config.pretrained.is_some() {
        let values = model.network().params().all();
        let values = values
            .into_iter()
            .map(|param| (param.name, param.var.as_detached_tensor()));
        fresh
            .network()
            .params()
            .load_some(&values.collect(), "encoder.")?;
    }
    let coded = task.encode_part(&fresh, Part::Test, most(task).min(200))?;
    Ok(judge_head(task, &fresh, &coded)?.surface)
}

/// What a probe sees, and the verdict.
fn look(
    task: &HeadSetup,
    model: &EnergyModel,
    coded: &Encoded,
    before: &Surface,
) -> Result<Probed> {
    let judged = judge_head(task, model, coded)?;
    let surface = judged.surface;
    let judgement = surface::judge(&surface, before);
    let (name, score) = judged.score(task, coded);
    let higher = if matches!(task.space, Space::Classes(_)) {
        score
    } else {
        -score
    };
    Ok(Probed {
        values: vec![
            (name, score),
            ("flatness", surface.flatness),
            ("e_c", surface.e_c),
            ("e_i", surface.e_i),
            ("gap", surface.gap),
            ("ranked", surface.ranked),
        ],
        lists: Vec::new(),
        notes: vec![
            ("verdict", judgement.verdict.to_string()),
            ("why", judgement.why),
        ],
        score: Some(higher).filter(|score| score.is_finite()),
    })
}

fn card(
    task: &HeadSetup,
    model: &EnergyModel,
    progress: &Progress,
    folder: &RunFolder,
    (before, warnings): (&Surface, Vec<String>),
) -> Result<AnswerCard> {
    let coded = task.encode_part(model, Part::Test, most(task))?;
    let judged = judge_head(task, model, &coded)?;
    write_plane(folder, &judged.plane)?;
    let surface = judged.surface;
    let judgement = surface::judge(&surface, before);
    let (classes, vectors) = match task.space {
        Space::Classes(_) => (Some(class_card(task, model, &judged, &coded)?), None),
        Space::Vectors(_) => (None, Some(vector_card(task, model, &judged, &coded)?)),
    };
    let config = &task.config;
    let heads = config.all_heads();
    let trainable = model.network().params().trainable();
    Ok(AnswerCard {
        run: folder.root().display().to_string(),
        method: config.method.clone(),
        data: config.data.source.clone(),
        heads: heads.iter().map(|head| head.name().to_string()).collect(),
        loss: config.loss.name().into(),
        split: "test".into(),
        checkpoint: folder.latest()?,
        images_per_s: progress.images as f64 / progress.seconds.max(1e-9),
        seconds: progress.seconds,
        steps: progress.step,
        epochs: config.train.epochs as f64,
        parameters: trainable.iter().map(|p| p.var.elem_count()).sum(),
        verdict: judgement.verdict,
        why: judgement.why,
        warnings,
        flatness: surface.flatness,
        flatness_before: before.flatness,
        e_c: surface.e_c,
        e_i: surface.e_i,
        gap: surface.gap,
        ranked: surface.ranked,
        classes,
        vectors,
    })
}

/// (E_C, E_I) of every test row, one JSON object a line: what the plane of the losses is drawn from.
fn write_plane(folder: &RunFolder, plane: &[[f32; 2]]) -> Result<()> {
    let lines = plane
        .iter()
        .map(|[e_c, e_i]| format!("{}\n", json!({"e_c": e_c, "e_i": e_i})));
    write(&folder.file("energies.jsonl"), &lines.collect::<String>())
}
