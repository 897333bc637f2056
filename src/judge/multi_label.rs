//! Images with several labels each: the trained encoder and its baselines, read tag by tag.

use std::sync::Arc;

use super::baselines::{Encoders, Pair, chosen};
use crate::config::ProbeConfig;
use crate::data::{Dataset, Subset, tagged};
use crate::error::{Error, Result};
use crate::eval::Features;
use crate::eval::card::WithBaselines;
use crate::eval::logistic::Logistic;
use crate::eval::multi_label::{Judged, MultiLabelCard, TagFigures, judge};

/// Whether the images of `train` have several labels each, and those of `judged` too.
pub(super) fn has_tags(train: &Arc<dyn Dataset>, judged: &Arc<dyn Dataset>) -> bool {
    let any = |set: &Arc<dyn Dataset>| {
        (0..set.len()).any(|i| set.tags(i).is_some_and(|tags| !tags.is_empty()))
    };
    any(train) && any(judged)
}

/// One logistic probe a tag, learned from at most `config.bank` images of `train` and judged on `test`, which the card calls
/// `part` of `data`.
///
/// # Errors
/// As [`Encoders::see`], and those of the probe.
pub(super) fn multi_label_card(
    encoders: &Encoders,
    (config, seed): (&ProbeConfig, u64),
    train: &Arc<dyn Dataset>,
    test: &Arc<dyn Dataset>,
    (data, part): (&str, &str),
) -> Result<MultiLabelCard> {
    let train = tagged(train);
    let bank = chosen(train.len(), config.bank, seed);
    let bank = bank.into_iter().map(|i| i as u32).collect();
    let train: Arc<dyn Dataset> = Arc::new(Subset::new(train, bank));
    let test = tagged(test);
    let pairs = encoders.pairs(&train, &test, None)?;
    probe_tags(&pairs, [&train, &test], config.l2, (data, part))
}

/// One logistic probe a tag on features that are there: what the three encoders make of the `[train, test]` images.
///
/// # Errors
/// Images without tags; those of [`Logistic::fit`].
pub(super) fn probe_tags(
    pairs: &WithBaselines<Pair>,
    [train, test]: [&Arc<dyn Dataset>; 2],
    l2: f64,
    (data, part): (&str, &str),
) -> Result<MultiLabelCard> {
    let logistic = Logistic {
        l2,
        ..Logistic::default()
    };
    let names = train.tag_names();
    let found = pairs.each(|pair| {
        let right = tags_of(test, &pair.test, names.len())?;
        let known = tags_of(train, &pair.train, names.len())?;
        let mut rows = pair.train.clone();
        let scores = known.iter().map(|holds| {
            rows.labels = holds.iter().map(|&holds| Some(u32::from(holds))).collect();
            scores(logistic, &rows, &pair.test)
        });
        let scores: Vec<Vec<f64>> = scores.collect::<Result<_>>()?;
        Ok(judge(names, &scores, &right))
    })?;
    let known = tags_of(train, &pairs.pretrained.train, names.len())?;
    let unlearned = |tag: &&TagFigures| {
        let place = names.iter().position(|name| *name == tag.tag);
        place.is_some_and(|place| !known[place].contains(&true))
    };
    let unlearned = found.pretrained.per_tag.iter().filter(unlearned).count();
    let figure = |of: fn(&Judged) -> f64| found.each(|judged| Ok(of(judged)));
    Ok(MultiLabelCard {
        kind: "logistic".into(),
        data: data.into(),
        part: part.into(),
        learned_from: pairs.pretrained.train.rows(),
        judged: pairs.pretrained.test.rows(),
        tags: names.len(),
        unlearned,
        l2,
        map: figure(|judged| judged.map)?,
        interval: found.each(|judged| Ok(judged.interval))?,
        macro_f1: figure(|judged| judged.macro_f1)?,
        per_tag: found.pretrained.per_tag,
    })
}

/// Whether each row of `features`, of images of `set`, has each of `count` tags: (T, N).
fn tags_of(set: &Arc<dyn Dataset>, features: &Features, count: usize) -> Result<Vec<Vec<bool>>> {
    let mut holds = vec![vec![false; features.rows()]; count];
    for (row, &image) in features.samples.iter().enumerate() {
        let tags = set.tags(image).ok_or_else(|| {
            Error::Failed(format!("nothing is known of the tags of {}", set.id(image)))
        })?;
        for &tag in tags {
            holds[tag as usize][row] = true;
        }
    }
    Ok(holds)
}

/// Logits of one tag for `test`, (N,), from the labels 0 and 1 of `train`; where these are all alike, all 0 or all 1.
fn scores(logistic: Logistic, train: &Features, test: &Features) -> Result<Vec<f64>> {
    let first = train.label(0);
    if train.labels.iter().all(|&label| label == first) {
        return Ok(vec![f64::from(first.unwrap_or(0)); test.rows()]);
    }
    let energies = logistic.fit(train)?.energies(test)?;
    let logit = |row: &[f32]| f64::from(row[0]) - f64::from(row[1]);
    Ok(energies.chunks_exact(2).map(logit).collect())
}
