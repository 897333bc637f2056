//! How well a probe reads classes from the frozen features of a run.

use std::sync::Arc;

use crate::assembly::{ImageSetup, OpenedRun};
use crate::data::{Dataset, Part, require_classes};
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
    setup.splits = setup.splits.labelled();
    let splits = &setup.splits;
    require_classes(splits.train.as_ref(), &setup.config.data.source)?;
    let network = setup.network()?;
    run.load(network.params())?;
    let judged = splits.part(part).ok_or_else(|| {
        Error::Usage("a probe is judged on one part: give validation or test".into())
    })?;
    let chooses = probe.chooses() && part != Part::Validation && !splits.validation.is_empty();
    let validation = chooses.then_some(&splits.validation);
    let pairs = encoders(&setup, &network)?.pairs(&splits.train, judged, validation)?;
    tell_missing(&pairs.pretrained.train, &splits.train, observer);
    tell_missing(&pairs.pretrained.test, judged, observer);
    probe.measure(&Question {
        pairs: &pairs,
        train: &splits.train,
        classes: splits.classes.len(),
        asked,
        config: &setup.config.probe,
        seed: setup.config.seed,
        source: &setup.config.data.source,
        transfer: run.transferred,
        split: part.name(),
    })
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
