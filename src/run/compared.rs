//! Two encoders on the same images.

use serde::Serialize;

use crate::assembly::{ImageSetup, OpenedRun};
use crate::data::{labelled, require_classes};
use crate::error::{Error, Result};
use crate::eval::knn::Knn;
use crate::eval::{Features, LinearCka};
use crate::judge::baselines::neighbors;
use crate::judge::sample;

/// How two encoders see the same images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedEncoders {
    /// The part of the data that was looked at.
    pub part: String,
    /// Its images.
    pub images: usize,
    /// Linear centered kernel alignment of the features ([`LinearCka`]).
    pub cka: f64,
    /// Nearest neighbours, where there are classes.
    pub knn: Option<PairedAccuracy>,
}

/// Answers of two classifiers to the same questions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairedAccuracy {
    /// Neighbours that voted.
    pub k: usize,
    /// Share of right answers of the first.
    pub first: f64,
    /// Of the second.
    pub second: f64,
    /// 95 % interval of `second − first`, of pairs: what both answer alike adds nothing to its width.
    pub interval: [f64; 2],
    /// Questions that both answered right.
    pub both: usize,
    /// Those that only the first did.
    pub only_first: usize,
    /// Those that only the second did.
    pub only_second: usize,
    /// Those that neither did.
    pub neither: usize,
}

impl PairedAccuracy {
    /// Of the right answers to each question, and how many neighbours voted.
    #[must_use]
    pub fn of(k: usize, right: &[[bool; 2]]) -> Self {
        let count = |wanted: [bool; 2]| right.iter().filter(|pair| **pair == wanted).count();
        let [both, only_first] = [[true, true], [true, false]].map(count);
        let [only_second, neither] = [[false, true], [false, false]].map(count);
        let n = right.len().max(1) as f64;
        let (a, b) = (only_first as f64, only_second as f64);
        let difference = (b - a) / n;
        let half = 1.96 * (a + b - (b - a).powi(2) / n).max(0.0).sqrt() / n;
        Self {
            k,
            first: (both + only_first) as f64 / n,
            second: (both + only_second) as f64 / n,
            interval: [difference - half, difference + half],
            both,
            only_first,
            only_second,
            neither,
        }
    }
}

/// What one encoder makes of the images.
struct Seen {
    part: &'static str,
    k: usize,
    bank: Option<Features>,
    judged: Features,
    temperature: f64,
}

/// Compare the encoders of two runs on the part of their data that cards are measured on.
///
/// # Errors
/// [`Error::Usage`] where the runs have different data or split them in another way; data or weights that cannot be read.
pub fn compare_encoders(first: &OpenedRun, second: &OpenedRun) -> Result<ComparedEncoders> {
    let (a, b) = (see(first)?, see(second)?);
    if a.judged.ids != b.judged.ids || a.judged.labels != b.judged.labels {
        return Err(Error::Usage(format!(
            "{} and {} have different data, or split them in another way; compare runs of the same `data`, or \
             tables that both have embedded: `ravine embed`, then `ravine compare-embeddings`",
            first.folder.root().display(),
            second.folder.root().display()
        )));
    }
    let mut cka = LinearCka::new(a.judged.dim, b.judged.dim);
    cka.add(&a.judged.values, &b.judged.values)?;
    Ok(ComparedEncoders {
        part: a.part.into(),
        images: a.judged.rows(),
        cka: cka.value()?,
        knn: paired(&a, &b)?,
    })
}

fn see(run: &OpenedRun) -> Result<Seen> {
    let setup = ImageSetup::new(run.config.clone().without_head())?;
    let network = setup.network()?;
    run.load(network.params())?;
    let (judged, part) = setup.splits.judged();
    let judged = labelled(judged);
    let train = labelled(&setup.splits.train);
    let source = &setup.config.data.source;
    let learns = require_classes(train.as_ref(), source).is_ok();
    let probe = &setup.config.probe;
    let bank = learns.then(|| sample(&train, probe.bank, setup.config.seed));
    let features = |set: &_| setup.collect(set, |x| network.eval(x, "features"));
    Ok(Seen {
        part: part.name(),
        k: neighbors(probe.k, &train),
        bank: bank.as_ref().map(features).transpose()?,
        judged: features(&judged)?,
        temperature: probe.temperature,
    })
}

fn paired(a: &Seen, b: &Seen) -> Result<Option<PairedAccuracy>> {
    let known = a.judged.labels.iter().any(Option::is_some);
    let (true, Some(_), Some(_)) = (known, &a.bank, &b.bank) else {
        return Ok(None);
    };
    let k = a.k.min(b.k);
    let answers = |seen: &Seen| {
        let knn = Knn {
            k,
            temperature: seen.temperature,
        };
        let bank = seen.bank.as_ref().unwrap_or(&seen.judged);
        Ok::<_, Error>(knn.predict(bank, &seen.judged)?.predictions)
    };
    let (first, second) = (answers(a)?, answers(b)?);
    let labels = a.judged.known_labels()?;
    let right = labels.iter().zip(first.iter().zip(&second));
    let right: Vec<[bool; 2]> = right
        .map(|(label, (a, b))| [a == label, b == label])
        .collect();
    Ok(Some(PairedAccuracy::of(k, &right)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_pairs_is_that_of_what_they_differ_in() {
        let mut right = vec![[true, true]; 70];
        right.extend(vec![[true, false]; 5]);
        right.extend(vec![[false, true]; 15]);
        right.extend(vec![[false, false]; 10]);
        let found = PairedAccuracy::of(20, &right);
        assert_eq!((found.first, found.second), (0.75, 0.85));
        assert_eq!((found.both, found.neither), (70, 10));
        // Var = (5 + 15 − 10²/100) / 100².
        let half = 1.96 * 19.0_f64.sqrt() / 100.0;
        assert!((found.interval[0] - (0.1 - half)).abs() < 1e-12);
        assert!((found.interval[1] - (0.1 + half)).abs() < 1e-12);
        let same = PairedAccuracy::of(1, &[[true, true], [false, false]]);
        assert_eq!(same.interval, [0.0, 0.0]);
    }
}
