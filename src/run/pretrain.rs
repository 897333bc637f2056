//! Pretraining: pairs of views, and the card of the encoder.

use super::dry_run::{DryRun, too_few};
use super::fit::{Job, fit};
use super::held::Held;
use super::{Finished, Session, finish};
use crate::assembly::{ImageSetup, PARTS, objective};
use crate::config::Config;
use crate::data::{Part, Splits};
use crate::error::{Error, Result};
use crate::eval::card::Card;
use crate::judge::baselines::neighbors;
use crate::judge::card_probes::labels_per_class;
use crate::judge::{
    Diagnosis, Online, Pictures, Steady, Trained, equal_pictures, has_classes, image_card,
};
use crate::objectives::Objective;
use crate::train::LoaderSource;

/// Pretrain an encoder on the images that `config` names, then measure what was learned on the test part.
///
/// # Errors
/// A configuration with a head, or with `[pretrained]`, which is for heads; data that cannot be read; a batch that does not fit into memory or into the training
/// part; a loss that is not finite; [`Error::Interrupted`] after a stop from outside, state saved.
pub fn pretrain(config: &Config, session: Session) -> Result<Finished<Card>> {
    if !config.all_heads().is_empty() {
        return Err(Error::key(
            "head",
            "pretraining learns without labels; use `ravine train` for a configuration with a head",
        ));
    }
    if !session.place.is_resumed() {
        config.check_pretrained()?;
    }
    let mut setup = ImageSetup::new(config.clone())?;
    if config.train.epochs == 0 {
        let train = &mut setup.config.train;
        train.batch = train.batch.min(setup.splits.train.len()); // nothing is trained: any set has embeddings
    }
    setup.check_memory()?;
    let (network, found) = setup.started()?;
    let mut objective = objective(&setup.config, network.clone())?;
    setup.check_batch(objective.min_batch())?;
    let batch = setup.config.train.batch;
    let augment = &setup.config.augment;
    let sizes = augment.sizes();
    let answering = sizes.iter().filter(|&&size| size == augment.size);
    let collapse_value = objective.collapse_value(batch, answering.count());
    let diagnosis = {
        let train = setup.splits.train.as_ref();
        Diagnosis::new(&setup.config, &Pictures::of(train), collapse_value)?
            .of_pictures(equal_pictures(train))
    };
    if setup.config.train.epochs > 0
        && let Some(held) = Held::measure(&setup)?
    {
        held.check(&setup)?;
    }
    let source = LoaderSource {
        loader: setup.loader()?,
        dataset: setup.splits.train.clone(),
        device: setup.device.clone(),
        answers: None,
    };
    let mut messages = messages(&setup)?;
    messages.extend(diagnosis.warnings());
    messages.extend(found);
    let (epochs, steps) = (setup.config.train.epochs, source.loader.batches_per_epoch());
    if epochs > 0 {
        messages.push(DryRun::of(&setup)?.sentence(&setup, epochs, steps));
        messages.extend(too_few(epochs, steps));
    }
    let steady = Steady::of(session.place.resumed());
    let online = Online::new(&setup, &network, (diagnosis.clone(), steady))?;
    let job = Job {
        config: &setup.config,
        objective: &mut objective,
        params: network.params(),
        source: &source,
        probe: Box::new(|moment| online.probe(moment)),
        data: (PARTS, setup.parts()),
        before: Vec::new(),
        messages,
        guarded: setup.config.encoder.part().starts_from_file(),
    };
    let (progress, folder) = fit(job, session)?;
    drop(online);
    let trained = Trained {
        setup,
        network,
        progress,
        diagnosis,
    };
    let card = image_card(&trained, &folder)?;
    finish(folder, card)
}

/// What is judged instead of a test part, where there is none.
fn no_test(splits: &Splits) -> Option<String> {
    let (judged, part) = splits.judged();
    (part != Part::Test).then(|| {
        format!(
            "no test part: the verdict is on the {} images of the {} part; `data.test` holds one out",
            judged.len(),
            part.name()
        )
    })
}

/// What is about to happen.
fn messages(setup: &ImageSetup) -> Result<Vec<String>> {
    let splits = &setup.splits;
    let mut messages = setup.notes.clone();
    messages.push(format!(
        "{} on {}: {} images to train on, {} for validation, {} for the test; {} executor",
        setup.config.method,
        setup.config.data.source,
        splits.train.len(),
        splits.validation.len(),
        splits.test.len(),
        setup.executor.name(),
    ));
    messages.extend(no_test(splits));
    messages.extend(setup.config.title_note());
    let wanted = setup.config.probe.labels_per_class;
    if has_classes(setup) {
        let seen = labels_per_class(&setup.config.probe, &splits.train, splits.classes.len())?;
        if let Some(seen) = seen.filter(|&seen| seen < wanted) {
            messages.push(format!(
                "the smallest class has {seen} images to train on: the card's probe will see {seen} labels \
                 of each class, not {wanted}"
            ));
        }
        let (k, wanted) = (
            neighbors(setup.config.probe.k, &splits.train),
            setup.config.probe.k,
        );
        if k < wanted {
            messages.push(format!(
                "the smallest class has {k} images to train on: {k} neighbours vote, not probe.k = {wanted}"
            ));
        }
    }
    if setup.by_class() {
        messages.push(
            "negatives.kind looks at the labels of all training images: a probe with few labels says less than it \
             does of a method without labels"
                .into(),
        );
    }
    if setup.config.train.chunks > 1 {
        messages.push("train.chunks: batch norm takes its statistics chunk by chunk".into());
    }
    Ok(messages)
}
