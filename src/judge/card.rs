//! What a pretraining run is worth: its card.

use std::sync::Arc;

use super::Diagnosis;
use super::baselines::Encoders;
use super::card_probes::{card_probes, labels_per_class};
use super::multi_label::{has_tags, multi_label_card};
use super::online::{gap, pairs, sample};
use crate::assembly::{EVAL_BATCH, ImageSetup, objective};
use crate::data::{Dataset, Part, require_classes};
use crate::error::Result;
use crate::eval::card::{Card, ProbeCard};
use crate::eval::collapse::Verdict;
use crate::eval::spectrum::{directions, relative_spread};
use crate::graph::Network;
use crate::train::{Progress, RunFolder};

/// A pretraining run that came to its end.
pub struct Trained {
    /// What it was made from.
    pub setup: ImageSetup,
    /// Encoder, projector and predictor with their last values.
    pub network: Network,
    /// Steps and time.
    pub progress: Progress,
    /// What is known about how it may have gone wrong.
    pub diagnosis: Diagnosis,
}

/// What the run is worth, on the part that [`Splits::judged`](crate::data::Splits::judged) names.
///
/// # Errors
/// No image could be read, or a tensor operation failed.
pub fn image_card(trained: &Trained, folder: &RunFolder) -> Result<Card> {
    let Trained {
        setup,
        network,
        progress,
        diagnosis,
    } = trained;
    let splits = &setup.splits;
    let (judged, part) = splits.judged();
    let [probe, knn] = if has_classes(setup) {
        let (config, seed) = (&setup.config.probe, setup.config.seed);
        let per_class = labels_per_class(config, &splits.train, splits.classes.len())?;
        card_probes(
            &encoders(setup, network)?,
            (config, seed),
            (&splits.train, per_class),
            (judged, part.name()),
        )?
        .map(Some)
    } else {
        [None, None]
    };
    let tags = part != Part::Train && has_tags(&splits.train, judged);
    let multi_label = tags.then(|| {
        multi_label_card(
            &encoders(setup, network)?,
            (&setup.config.probe, setup.config.seed),
            &splits.train,
            judged,
            (&setup.config.data.sources_in_words(), part.name()),
        )
    });
    let cloud = setup.collect(judged, |x| network.eval(x, "embedding"))?;
    let (spread, rank) = (relative_spread(&cloud), directions(&cloud)?);
    let cloud_of = (spread, rank, cloud.dim);
    let auroc = told_apart(setup, network, judged)?;
    let ended = folder.ended()?;
    let step = ended
        .trim_start_matches("step-")
        .parse()
        .unwrap_or(progress.step);
    let diagnosed = diagnosis.judge((step, folder.loss_at(step)), cloud_of, auroc);
    let below = probe.as_ref().is_some_and(below) || knn.as_ref().is_some_and(clearly_below);
    let back = step == 0 && progress.step > 0;
    let verdict = match diagnosed.verdict {
        _ if back => Verdict::Uninformative,
        Verdict::Healthy if below => Verdict::Uninformative,
        verdict => verdict,
    };
    let mut card = Card {
        run: folder.root().display().to_string(),
        method: setup.config.method.clone(),
        data: setup.config.data.sources_in_words(),
        part: part.name().into(),
        unreadable: judged.len() - cloud.rows(),
        checkpoint: ended,
        images_per_s: progress.images as f64 / progress.seconds.max(1e-9),
        seconds: progress.seconds,
        steps: progress.step,
        epochs: setup.config.train.epochs as f64,
        parameters: encoder_parameters(network),
        probe,
        knn,
        multi_label: multi_label.transpose()?,
        spread,
        rank,
        dim: cloud.dim,
        verdict,
        causes: diagnosed
            .causes
            .into_iter()
            .map(|cause| cause.name)
            .collect(),
        why: diagnosed.why,
    };
    if back {
        card.why = format!(
            "the run ends with its starting weights, since every probe after them was lower ({:.1} % at the last step)",
            100.0 * progress.now.unwrap_or(f64::NAN)
        );
    }
    if let Some(headline) = card.headline() {
        card.why = format!("{headline}; otherwise {}", card.why);
    }
    Ok(card)
}

/// AUROC of pairs of views of some images of `part`, now and before training; `None` where there are no pairs.
fn told_apart(
    setup: &ImageSetup,
    network: &Network,
    part: &Arc<dyn Dataset>,
) -> Result<Option<[f64; 2]>> {
    let config = &setup.config;
    let images = sample(part, config.probe.queries, config.seed);
    let Some(pairs) = pairs(setup, &images)? else {
        return Ok(None);
    };
    let of = |network| gap(&objective(config, network)?, &pairs);
    Ok(Some([
        of(network.clone())?.auroc,
        of(setup.network()?)?.auroc,
    ]))
}

/// Whether the classes are read off the encoder less well than before training.
fn below(probe: &ProbeCard) -> bool {
    probe.accuracy.pretrained < probe.accuracy.untrained
}

/// The same beyond the chance of which images are judged: for a probe of a single draw.
fn clearly_below(probe: &ProbeCard) -> bool {
    let untrained = probe.interval.untrained;
    untrained.is_some_and(|[low, _]| probe.accuracy.pretrained < low)
}

/// Whether there are labels to judge by: at least two classes to learn from, and some in a part that was held out.
#[must_use]
pub fn has_classes(setup: &ImageSetup) -> bool {
    let splits = &setup.splits;
    let (judged, part) = splits.judged();
    part != Part::Train
        && require_classes(splits.train.as_ref(), &setup.config.data.source).is_ok()
        && (0..judged.len()).any(|i| judged.label(i).is_some())
}

/// The trained encoder and its baselines.
///
/// # Errors
/// As [`ImageSetup::network`].
pub fn encoders(setup: &ImageSetup, network: &Network) -> Result<Encoders> {
    Ok(Encoders {
        pretrained: network.clone(),
        untrained: setup.network()?,
        views: setup.eval_views.clone(),
        device: setup.device.clone(),
        batch: EVAL_BATCH,
        workers: setup.config.data.worker_count(),
    })
}

fn encoder_parameters(network: &Network) -> usize {
    let params = network.params().trainable();
    let encoder = params.iter().filter(|p| p.name.starts_with("encoder."));
    encoder.map(|p| p.var.elem_count()).sum()
}
