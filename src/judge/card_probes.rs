//! The two probes of every card: logistic regression with few labels, and the neighbours' vote with all.

use std::sync::Arc;

use super::baselines::{Encoders, chosen, draws, labels, neighbors, over_draws, rows_of};
use crate::config::ProbeConfig;
use crate::data::{Dataset, Subset, labelled};
use crate::error::Result;
use crate::eval::card::ProbeCard;
use crate::eval::knn::Knn;
use crate::eval::logistic::Logistic;

/// Which rows of the training part each probe sees, and nothing else is embedded.
struct Draws {
    few: Vec<Vec<usize>>,
    bank: Vec<usize>,
}

impl Draws {
    /// The same images as indices in `subset`, which holds them all.
    fn within(self, subset: &Subset) -> Self {
        let place = |index: usize| {
            let found = subset.indices().binary_search(&(index as u32));
            found.ok()
        };
        let places = |rows: Vec<usize>| rows.into_iter().filter_map(place).collect();
        Self {
            few: self.few.into_iter().map(places).collect(),
            bank: places(self.bank),
        }
    }
}

/// Labels of each of `classes` classes that the logistic probe sees: as configured, but no more than the smallest
/// class of `train` has; `None` for all.
///
/// # Errors
/// As [`labels`].
pub fn labels_per_class(
    config: &ProbeConfig,
    train: &Arc<dyn Dataset>,
    classes: usize,
) -> Result<Option<usize>> {
    let wanted = config.labels_per_class;
    let mut counts = vec![0; classes];
    for label in labels(&labelled(train))? {
        counts[label as usize] += 1;
    }
    let smallest = counts.into_iter().filter(|&count| count > 0).min();
    Ok(smallest.filter(|_| wanted > 0).map(|n| n.min(wanted)))
}

/// The logistic probe with `per_class` labels and the neighbours' vote, learned from `train` and judged on `test`, which
/// the cards call `part`.
///
/// # Errors
/// As [`Encoders::see`], and those of the probes.
pub fn card_probes(
    encoders: &Encoders,
    (config, seed): (&ProbeConfig, u64),
    (train, per_class): (&Arc<dyn Dataset>, Option<usize>),
    (test, part): (&Arc<dyn Dataset>, &str),
) -> Result<[ProbeCard; 2]> {
    let train = &labelled(train);
    let draws = Draws {
        few: draws(train, per_class, seed, config.seeds)?,
        bank: chosen(train.len(), config.bank, seed),
    };
    let needed = draws.few.iter().chain([&draws.bank]).flatten();
    let needed = Subset::new(train.clone(), needed.map(|&i| i as u32).collect());
    let draws = draws.within(&needed);
    let needed: Arc<dyn Dataset> = Arc::new(needed);
    let pairs = encoders.pairs(&needed, &labelled(test), None)?;
    // Labels in numbers may reach further in one part than in another.
    let most = |set: &&Arc<dyn Dataset>| set.classes().len();
    let classes = [train, test].into_iter().max_by_key(most);
    let classes = classes.map_or(&[][..], |set| set.classes());
    let logistic = Logistic {
        l2: config.l2,
        ..Logistic::default()
    };
    let few = over_draws(&pairs, classes, &draws.few, |rows, pair, _| {
        logistic.fit(rows)?.predict(&pair.test)
    })?;
    let readable = rows_of(&pairs.pretrained, &draws.bank).rows();
    let knn = Knn {
        k: neighbors(config.k, train).min(readable),
        temperature: config.temperature,
    };
    let bank = std::slice::from_ref(&draws.bank);
    let voted = over_draws(&pairs, classes, bank, |rows, pair, _| {
        Ok(knn.predict(rows, &pair.test)?.predictions)
    })?;
    Ok([
        ProbeCard {
            labels_per_class: per_class,
            seeds: draws.few.len() as u64,
            l2: Some(config.l2),
            ..ProbeCard::of("logistic", part, few)
        },
        ProbeCard {
            k: Some(knn.k),
            temperature: Some(knn.temperature),
            bank: Some(readable),
            ..ProbeCard::of("knn", part, voted)
        },
    ])
}
