//! The card: the trained encoder beside its two baselines, on data it has not seen.

use std::collections::HashMap;
use std::sync::Arc;

use super::online::chosen;
use crate::assembly::ImageSetup;
use crate::data::{Dataset, Subset, labelled};
use crate::error::{Error, Result};
use crate::eval::Features;
use crate::eval::card::{Beside, ProbeCard};
use crate::eval::features::accuracy;
use crate::eval::few_labels::{Repeated, draw};
use crate::eval::knn::Knn;
use crate::eval::logistic::Logistic;
use crate::graph::Network;

/// Training and test features of one way of looking at images.
pub(crate) struct Pair {
    pub(crate) train: Features,
    pub(crate) test: Features,
    /// What a setting of the probe is chosen on, where it has one.
    pub(crate) validation: Option<Features>,
}

/// The same images through the trained encoder, the encoder as it started, and no encoder at all.
pub(crate) fn beside(
    setup: &ImageSetup,
    network: &Network,
    train: &Arc<dyn Dataset>,
    test: &Arc<dyn Dataset>,
) -> Result<Beside<Pair>> {
    let (train, test) = (seen(setup, network, train)?, seen(setup, network, test)?);
    let pair = |train, test| Pair {
        train,
        test,
        validation: None,
    };
    Ok(Beside {
        pretrained: pair(train.pretrained, test.pretrained),
        untrained: pair(train.untrained, test.untrained),
        raw: pair(train.raw, test.raw),
    })
}

/// `dataset` as the three see it.
pub(crate) fn seen(
    setup: &ImageSetup,
    network: &Network,
    dataset: &Arc<dyn Dataset>,
) -> Result<Beside<Features>> {
    let untrained = setup.network()?;
    Ok(Beside {
        pretrained: setup.collect(dataset, |x| network.eval(x, "features"))?,
        untrained: setup.collect(dataset, |x| untrained.eval(x, "features"))?,
        raw: setup.collect(dataset, |x| Ok(x.flatten_from(1)?))?,
    })
}

/// Mean accuracy and its interval, for each of the three.
pub(crate) type Measured = (Beside<f64>, Beside<Option<[f64; 2]>>);

/// Mean and interval of `measure` for each of the three.
pub(crate) fn measured(
    pairs: &Beside<Pair>,
    mut measure: impl FnMut(&Pair) -> Result<Repeated>,
) -> Result<Measured> {
    let (a, b, c) = (
        measure(&pairs.pretrained)?,
        measure(&pairs.untrained)?,
        measure(&pairs.raw)?,
    );
    let accuracy = Beside {
        pretrained: a.mean,
        untrained: b.mean,
        raw: c.mean,
    };
    let interval = Beside {
        pretrained: a.interval,
        untrained: b.interval,
        raw: c.interval,
    };
    Ok((accuracy, interval))
}

/// Which rows of the training part each probe sees, and nothing else is embedded.
struct Draws {
    few: Vec<Vec<usize>>,
    bank: Vec<usize>,
}

/// Labels of each class that the card's logistic probe sees: as configured, but no more than the smallest
/// class of the training part has; `None` for all.
pub(crate) fn labels_per_class(setup: &ImageSetup) -> Result<Option<usize>> {
    let wanted = setup.config.probe.labels_per_class;
    let mut counts = vec![0; setup.splits.classes.len()];
    for label in labels(&labelled(&setup.splits.train))? {
        counts[label as usize] += 1;
    }
    let smallest = counts.into_iter().filter(|&count| count > 0).min();
    Ok(smallest.filter(|_| wanted > 0).map(|n| n.min(wanted)))
}

/// The logistic probe with few labels and the neighbours' vote, for the card.
pub(crate) fn card_probes(
    setup: &ImageSetup,
    network: &Network,
    (test, split): (&Arc<dyn Dataset>, &str),
) -> Result<[ProbeCard; 2]> {
    let config = &setup.config.probe;
    let train = &labelled(&setup.splits.train);
    let test = &labelled(test);
    let labels = labels(train)?;
    let per_class = labels_per_class(setup)?;
    let draws = Draws {
        few: draws(&labels, per_class, setup.config.seed, config.seeds)?,
        bank: chosen(train.len(), config.bank, setup.config.seed),
    };
    let needed = draws.few.iter().chain([&draws.bank]).flatten();
    let needed = Subset::new(train.clone(), needed.map(|&i| i as u32).collect());
    let pairs = beside(
        setup,
        network,
        &(Arc::new(needed) as Arc<dyn Dataset>),
        test,
    )?;
    let logistic = Logistic {
        l2: config.l2,
        ..Logistic::default()
    };
    let few = measured(&pairs, |pair| {
        let values = draws
            .few
            .iter()
            .map(|rows| logistic_accuracy(logistic, &rows_of(pair, train, rows), &pair.test));
        Ok(Repeated::of(values.collect::<Result<_>>()?))
    })?;
    let knn = Knn {
        k: config.k.min(draws.bank.len()),
        temperature: config.temperature,
    };
    let voted = measured(&pairs, |pair| {
        let bank = rows_of(pair, train, &draws.bank);
        Ok(Repeated::of(vec![knn_accuracy(knn, &bank, &pair.test)?]))
    })?;
    let card = |kind: &str, (accuracy, interval)| ProbeCard {
        kind: kind.into(),
        split: split.into(),
        labels_per_class: None,
        seeds: 1,
        k: None,
        temperature: None,
        l2: None,
        bank: None,
        data: None,
        learning_rates: None,
        chosen_on: None,
        learning_rate: None,
        accuracy,
        interval,
    };
    Ok([
        ProbeCard {
            labels_per_class: per_class,
            seeds: draws.few.len() as u64,
            l2: Some(config.l2),
            ..card("logistic", few)
        },
        ProbeCard {
            k: Some(knn.k),
            temperature: Some(knn.temperature),
            bank: Some(draws.bank.len()),
            ..card("knn", voted)
        },
    ])
}

/// The rows of `pair.train` that stand for the images `indices` of `train`; unreadable ones are missing.
pub(crate) fn rows_of(pair: &Pair, train: &Arc<dyn Dataset>, indices: &[usize]) -> Features {
    let place: HashMap<&str, usize> = pair.train.ids.iter().map(String::as_str).zip(0..).collect();
    let rows: Vec<usize> = indices
        .iter()
        .filter_map(|&i| place.get(train.id(i).as_str()).copied())
        .collect();
    pair.train.select(&rows)
}

/// The labels of a whole part.
pub(crate) fn labels(dataset: &Arc<dyn Dataset>) -> Result<Vec<u32>> {
    let all: Option<Vec<u32>> = (0..dataset.len()).map(|i| dataset.label(i)).collect();
    all.ok_or_else(|| {
        Error::Usage(
            "a probe needs labels, but these images have none; put each class in a folder of its own, \
             or use a labelled set"
                .into(),
        )
    })
}

/// Rows of each draw of `per_class` labels a class, or one draw of all rows.
pub(crate) fn draws(
    labels: &[u32],
    per_class: Option<usize>,
    seed: u64,
    repetitions: u64,
) -> Result<Vec<Vec<usize>>> {
    match per_class {
        Some(n) => (0..repetitions).map(|r| draw(labels, n, seed, r)).collect(),
        None => Ok(vec![(0..labels.len()).collect()]),
    }
}

/// Accuracy on `test` of the logistic probe fitted on `train`.
pub(crate) fn logistic_accuracy(probe: Logistic, train: &Features, test: &Features) -> Result<f64> {
    let fitted = probe.fit(train)?;
    Ok(accuracy(&fitted.predict(test)?, test.known_labels()?))
}

/// Accuracy on `test` of the vote of its neighbours in `bank`.
pub(crate) fn knn_accuracy(knn: Knn, bank: &Features, test: &Features) -> Result<f64> {
    let votes = knn.predict(bank, test)?;
    Ok(accuracy(&votes.predictions, test.known_labels()?))
}
