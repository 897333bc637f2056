//! How well a probe reads classes from the frozen features of a run.

use std::sync::Arc;

use super::embed::dark;
use crate::assembly::{ImageSetup, OpenedRun};
use crate::data::{Dataset, Part, Splits, any_label, require_classes};
use crate::error::{Error, Result};
use crate::eval::Features;
use crate::judge::encoders;
use crate::judge::probes::{Asked, FeatureProbe, Outcome, Question, check};
use crate::train::Observer;

/// Measure the encoder of `run`, the encoder as it started and raw pixels by `probe` on `part`, validation or test, of
/// the run's data ([`OpenedRun::use_data`] for others).
///
/// # Errors
/// Options that say nothing to the probe, data without labels or of one class, images of which none can be read.
pub fn probe(
    run: &OpenedRun,
    probe: &dyn FeatureProbe,
    asked: Asked,
    part: Part,
    observer: &mut dyn Observer,
) -> Result<Box<dyn Outcome>> {
    check(probe, &asked)?;
    let mut setup = ImageSetup::new(run.config.clone().without_head())?;
    setup.notes.iter().for_each(|note| observer.message(note));
    let tags = !setup.splits.train.tag_names().is_empty();
    if tags {
        check_tags(&setup.splits, probe, &asked, &setup.config.data.source)?;
        setup.splits = setup.splits.tagged();
    } else {
        require_labels(&setup.splits, part, &setup.config.data.source)?;
        tell_unlabelled(&setup.splits, observer);
        setup.splits = setup.splits.labelled();
        require_classes(setup.splits.train.as_ref(), &setup.config.data.source)?;
    }
    let splits = &setup.splits;
    if let Some(note) = dark(splits.train.as_ref(), &setup.config.data) {
        observer.message(&note);
    }
    let network = setup.network()?;
    run.load(network.params())?;
    let judged = splits.part(part).ok_or_else(|| {
        Error::Usage("a probe is judged on one part: give validation or test".into())
    })?;
    let chooses = probe.chooses() && part != Part::Validation && any_label(&splits.validation);
    let validation = chooses.then_some(&splits.validation);
    let pairs = encoders(&setup, &network)?.pairs(&splits.train, judged, validation)?;
    tell_missing(&pairs.pretrained.train, &splits.train, observer);
    tell_missing(&pairs.pretrained.test, judged, observer);
    probe.measure(&Question {
        pairs: &pairs,
        train: &splits.train,
        judged,
        classes: &splits.classes,
        asked,
        config: &setup.config.probe,
        seed: setup.config.seed,
        source: &setup.config.data.source,
        transfer: run.transferred,
        part: part.name(),
    })
}

/// Refuse what says nothing to images with several labels each.
fn check_tags(
    splits: &Splits,
    probe: &dyn FeatureProbe,
    asked: &Asked,
    source: &str,
) -> Result<()> {
    let tags = splits.train.tag_names().len();
    if !probe.takes_tags() {
        let problem = format!(
            "its images have several labels each ({tags} in all), and a {} probe reads one class; give --kind logistic",
            probe.name()
        );
        return Err(Error::data(source, problem));
    }
    if asked.labels_per_class.is_some() {
        return Err(Error::Usage(
            "--labels-per-class counts images of one class each, and these have several labels; leave it out".into(),
        ));
    }
    Ok(())
}

/// Refuse parts without labels, naming the part, and what could be judged on instead.
fn require_labels(splits: &Splits, judged: Part, source: &str) -> Result<()> {
    let labelled = |part: Part| splits.part(part).is_some_and(any_label);
    let parts = [Part::Train, Part::Validation, Part::Test];
    let asked = [Part::Train, judged].into_iter();
    let Some(part) = asked.into_iter().find(|&part| !labelled(part)) else {
        return Ok(());
    };
    if !parts.into_iter().any(labelled) {
        return Ok(()); // `require_classes` says so
    }
    let (name, images) = (
        part.name(),
        splits.part(part).map_or(0, |images| images.len()),
    );
    let verb = if part == Part::Train {
        "learns from"
    } else {
        "is judged on"
    };
    let problem = if images == 0 {
        format!("the {name} part is empty, and a probe {verb} it")
    } else {
        format!(
            "none of the {images} images of the {name} part has a label, and a probe {verb} them"
        )
    };
    let mut others = parts[1..]
        .iter()
        .filter(|&&other| part != Part::Train && labelled(other));
    let way = match others.next() {
        Some(other) => format!("give --part {}, or label the {name} part", other.name()),
        None => format!("label the {name} part, or give a labelled set with --data"),
    };
    Err(Error::data(source, format!("{problem}; {way}")))
}

/// Say how many images of each part that is labelled in part are left out.
fn tell_unlabelled(splits: &Splits, observer: &mut dyn Observer) {
    for part in [Part::Train, Part::Validation, Part::Test] {
        let Some(images) = splits.part(part).filter(|images| any_label(images)) else {
            continue;
        };
        let all = images.len();
        let missing = (0..all).filter(|&i| images.label(i).is_none()).count();
        if missing > 0 {
            let name = part.name();
            observer.message(&format!(
                "{missing} of {all} images of the {name} part have no label and are left out"
            ));
        }
    }
}

/// Say how many images of `dataset` have no features.
fn tell_missing(features: &Features, dataset: &Arc<dyn Dataset>, observer: &mut dyn Observer) {
    let missing = dataset.len() - features.rows();
    if missing > 0 {
        let all = dataset.len();
        observer.message(&format!(
            "{missing} of {all} images could not be read and are left out; `ravine data check` lists them"
        ));
    }
}
