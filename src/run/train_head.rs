//! `ravine train` with a head: training, and the card of its answers.

use serde_json::json;

use super::fit::{Job, fit};
use super::head_verdict::head_verdict;
use super::{Finished, Session, finish};
use crate::assembly::{Encoded, HeadData, HeadSetup, PARTS, SCALES, adopt_pretrained};
use crate::atomic::write;
use crate::config::Config;
use crate::data::Part;
use crate::error::{Error, Result};
use crate::eval::answer_card::AnswerCard;
use crate::eval::surface::Surface;
use crate::heads::Space;
use crate::inference::EnergyModel;
use crate::judge::{Steady, class_card, judge_head, vector_card};
use crate::objectives::Objective;
use crate::train::{Moment, Probed, Progress, RunFolder};

/// File of the run folder with the surface before training, which an encoder that has learned since cannot show again.
const BEFORE: &str = "before.json";

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
    let new = !session.place.is_resumed();
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
    let before = match session.place.resumed().and_then(kept_before) {
        Some(kept) if task.config.pretrained.is_some() => kept,
        _ => before(&task, &model)?,
    };
    let per_epoch = source.batches_per_epoch();
    let steady = Steady::of(session.place.resumed());
    let validation = most(&task).min(task.config.probe.queries);
    let probe = |moment: Moment| {
        let coded = task.encode_part(&model, Part::Validation, validation)?;
        look(&task, (&model, &coded), &before, (moment, &steady))
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
        before: vec![(BEFORE, json!(before).to_string())],
        messages: messages(&task, &warnings),
        guarded: false,
    };
    let (progress, folder) = fit(job, session)?;
    let done = (&progress, per_epoch);
    let card = card(&task, &model, done, &folder, (&before, warnings))?;
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

/// The surface before training, where the run in `folder` has kept it.
fn kept_before(folder: &RunFolder) -> Option<Surface> {
    let text = std::fs::read_to_string(folder.file(BEFORE)).ok()?;
    serde_json::from_str(&text).ok()
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
    (model, coded): (&EnergyModel, &Encoded),
    before: &Surface,
    (moment, steady): (Moment, &Steady),
) -> Result<Probed> {
    let judged = judge_head(task, model, coded)?;
    let surface = judged.surface;
    let judgement = head_verdict(task, &surface, before, (moment.step, moment.per_epoch));
    let called = steady.call(judgement.verdict, judgement.why);
    let mut notes = vec![("verdict", called.verdict.to_string()), ("why", called.why)];
    notes.extend(called.measured.map(|m| ("measured", m.to_string())));
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
        notes,
        score: Some(higher).filter(|score| score.is_finite()),
        noise: 0.0,
        collapsed: false,
    })
}

fn card(
    task: &HeadSetup,
    model: &EnergyModel,
    (progress, per_epoch): (&Progress, u64),
    folder: &RunFolder,
    (before, warnings): (&Surface, Vec<String>),
) -> Result<AnswerCard> {
    let coded = task.encode_part(model, Part::Test, most(task))?;
    let judged = judge_head(task, model, &coded)?;
    write_plane(folder, &judged.plane)?;
    let surface = judged.surface;
    let judgement = head_verdict(task, &surface, before, (progress.step, per_epoch));
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
        part: task.judged().name().into(),
        unreadable: coded.unreadable,
        checkpoint: folder.ended()?,
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
