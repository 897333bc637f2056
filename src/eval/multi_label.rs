//! Images with several labels each: how well each tag is told from its absence.

use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::low_shot::bootstrap as bootstrap_of_hits;
use super::moments::moments;
use super::with_baselines::WithBaselines;
use crate::random::{self, Purpose};
use rand::RngExt;

/// Resamples of the bootstrap.
const RESAMPLES: u64 = 200;

/// Tags that are printed; of more, those of lowest average precision.
const SHOWN: usize = 20;

/// Average precision of a ranking by `scores` (N,), the largest first, of rows that are `right` (N,); `None` where none is.
///
/// `AP = Σ_n (R_n − R_{n−1}) P_n` over the falling thresholds n, with precision P and recall R of the rows at or above one; rows
/// of equal score share a threshold. The definition of scikit-learn's `average_precision_score`.
///
/// ```
/// # use ravine::eval::multi_label::average_precision;
/// let found = average_precision(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]);
/// assert!((found.unwrap() - 0.833_333_333).abs() < 1e-8);
/// ```
#[must_use]
pub fn average_precision(scores: &[f64], right: &[bool]) -> Option<f64> {
    Ranking::of(scores, right).average_precision(&vec![1; scores.len()])
}

/// F1 of `answers` (N,) against what is `right` (N,): `2 TP / (2 TP + FP + FN)`, 0 where nothing is right nor answered.
///
/// ```
/// assert_eq!(ravine::eval::multi_label::f1(&[true, true, false], &[true, false, true]), 0.5);
/// ```
#[must_use]
pub fn f1(answers: &[bool], right: &[bool]) -> f64 {
    let both = answers
        .iter()
        .zip(right)
        .filter(|(a, r)| **a && **r)
        .count();
    let either = [answers, right].map(|all| all.iter().filter(|&&holds| holds).count());
    2.0 * both as f64 / (either[0] + either[1]).max(1) as f64
}

/// Rows in the order of their scores, the largest first.
struct Ranking {
    order: Vec<u32>,
    right: Vec<bool>, // in that order
    last_of_equals: Vec<bool>,
}

impl Ranking {
    fn of(scores: &[f64], right: &[bool]) -> Self {
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        let score = |i: u32| scores[i as usize];
        order.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        let place = |k: usize| order.get(k).map(|&row| score(row));
        Self {
            right: order.iter().map(|&row| right[row as usize]).collect(),
            last_of_equals: (0..order.len()).map(|k| place(k) != place(k + 1)).collect(),
            order,
        }
    }

    /// With row i counted `times[i]` times.
    fn average_precision(&self, times: &[u32]) -> Option<f64> {
        let (mut found, mut seen, mut before, mut sum) = (0.0, 0.0, 0.0, 0.0);
        for ((&row, &right), &last) in self.order.iter().zip(&self.right).zip(&self.last_of_equals)
        {
            let count = f64::from(times[row as usize]);
            seen += count;
            found += if right { count } else { 0.0 };
            if last && found > before {
                sum += (found - before) * found / seen;
                before = found;
            }
        }
        (found > 0.0).then(|| sum / found)
    }
}

/// What the scores of several tags are worth on the rows judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Mean average precision: the mean over the tags that some row has; 0 where there is none.
    pub map: f64,
    /// Its 95 % interval: ± 1.96 standard deviations of 200 bootstrap resamples of the rows (Efron 1979).
    pub interval: [f64; 2],
    /// Mean of [`f1`] over the same tags; a row is answered with a tag whose score is above 0.
    pub macro_f1: f64,
    /// Those tags.
    pub per_tag: Vec<TagFigures>,
}

/// One tag among the rows judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TagFigures {
    /// Its name.
    pub tag: String,
    /// Rows that have it.
    pub count: usize,
    /// See [`average_precision`].
    pub average_precision: f64,
    /// See [`f1`].
    pub f1: f64,
}

/// Judge `scores` of tags `names`, (N,) each, above 0 where the tag is answered, by which rows are `right`, (N,) each.
#[must_use]
pub fn judge(names: &[String], scores: &[Vec<f64>], right: &[Vec<bool>]) -> Judged {
    let rankings: Vec<Ranking> = scores
        .iter()
        .zip(right)
        .map(|(s, r)| Ranking::of(s, r))
        .collect();
    let rows = scores.first().map_or(0, Vec::len);
    let all = vec![1; rows];
    let tags = names.iter().zip(&rankings).zip(scores.iter().zip(right));
    let per_tag: Vec<TagFigures> = tags
        .filter_map(|((name, ranking), (scores, right))| {
            let answers: Vec<bool> = scores.iter().map(|&score| score > 0.0).collect();
            Some(TagFigures {
                tag: name.clone(),
                count: right.iter().filter(|&&holds| holds).count(),
                average_precision: ranking.average_precision(&all)?,
                f1: f1(&answers, right),
            })
        })
        .collect();
    let map = mean(per_tag.iter().map(|tag| tag.average_precision));
    Judged {
        map,
        interval: bootstrap(&rankings, rows, map),
        macro_f1: mean(per_tag.iter().map(|tag| tag.f1)),
        per_tag,
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// `map` ± 1.96 standard deviations of the resampled means, within [0, 1]: their quantiles are no interval, since a
/// row that is drawn twice is ranked beside itself, which flatters rare tags.
fn bootstrap(rankings: &[Ranking], rows: usize, map: f64) -> [f64; 2] {
    let resample = |number: u64| {
        let mut rng = random::stream(0, Purpose::Probe, 3, number, rows as u64);
        let mut times = vec![0_u32; rows];
        for _ in 0..rows {
            times[rng.random_range(0..rows)] += 1;
        }
        mean(
            rankings
                .iter()
                .filter_map(|ranking| ranking.average_precision(&times)),
        )
    };
    let means: Vec<f64> = (0..RESAMPLES).into_par_iter().map(resample).collect();
    let (_, variance) = moments(means.into_iter());
    let half = 1.96 * variance.sqrt();
    // Where all rows are ranked rightly, resamples tell nothing: the end is that of as many hits.
    let least = if map == 1.0 {
        bootstrap_of_hits(1.0, rows)[0]
    } else {
        map
    };
    [(map - half).min(least).max(0.0), (map + half).min(1.0)]
}

/// What `ravine probe` says of images with several labels each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiLabelCard {
    /// `logistic`: one logistic regression a tag.
    pub kind: String,
    /// Data set that was judged.
    pub data: String,
    /// The part of it.
    pub part: String,
    /// Images that the probe learned from.
    pub learned_from: usize,
    /// Images judged.
    pub judged: usize,
    /// Tags that training knows; those without an image in the judged part are in none of the figures.
    pub tags: usize,
    /// Tags among those judged of which no image was there to learn from; they count in the figures.
    pub unlearned: usize,
    /// Weight of ‖W‖².
    pub l2: f64,
    /// Mean average precision over the tags.
    pub map: WithBaselines<f64>,
    /// Its 95 % interval over the images judged.
    pub interval: WithBaselines<[f64; 2]>,
    /// F1, averaged over the tags.
    pub macro_f1: WithBaselines<f64>,
    /// Each tag by itself, for the trained encoder.
    pub per_tag: Vec<TagFigures>,
}

impl fmt::Display for MultiLabelCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} tags on {}, {} ({} images): one logistic probe a tag, learned from {} images, l2 {}, 95 % interval over \
             the images judged",
            self.per_tag.len(),
            self.tags,
            self.data,
            self.part,
            self.judged,
            self.learned_from,
            self.l2
        )?;
        if self.unlearned > 0 {
            writeln!(
                f,
                "  {} of these tags have no image to learn from, and count as ranked by chance",
                self.unlearned
            )?;
        }
        writeln!(f, "  {:<11}  mean average precision          macro F1", "")?;
        let rows = [
            (
                "pretrained",
                self.map.pretrained,
                self.interval.pretrained,
                self.macro_f1.pretrained,
            ),
            (
                "untrained",
                self.map.untrained,
                self.interval.untrained,
                self.macro_f1.untrained,
            ),
            (
                "raw input",
                self.map.raw,
                self.interval.raw,
                self.macro_f1.raw,
            ),
        ];
        for (name, map, [low, high], f1) in
            rows.map(|(n, m, i, f)| (n, 100.0 * m, i.map(|e| 100.0 * e), 100.0 * f))
        {
            let map = format!("{map:.1} %   {low:.1} to {high:.1} %");
            writeln!(f, "  {name:<11}  {map:<30} {f1:>7.1} %")?;
        }
        let mut shown: Vec<&TagFigures> = self.per_tag.iter().collect();
        if shown.len() > SHOWN {
            shown.sort_by(|a, b| a.average_precision.total_cmp(&b.average_precision));
            shown.truncate(SHOWN);
            writeln!(f, "\nthe {SHOWN} tags of lowest average precision")?;
        } else {
            writeln!(f, "\ntag by tag")?;
        }
        let width = shown
            .iter()
            .map(|tag| tag.tag.chars().count())
            .max()
            .unwrap_or(0);
        for tag in shown {
            let (precision, f1) = (100.0 * tag.average_precision, 100.0 * tag.f1);
            writeln!(
                f,
                "  {:<width$}  {precision:>5.1} %  F1 {f1:>5.1} %  {:>7} images",
                tag.tag, tag.count
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_scikit_learn() {
        // scikit-learn 1.9.1: average_precision_score and f1_score of these rows, ties included
        let scores = [2.0, -1.0, 0.5, 0.5, -3.0, 0.1, 0.5, -0.2];
        let right = [true, false, true, false, true, false, true, false];
        let found = average_precision(&scores, &right).unwrap();
        assert!((found - 0.75).abs() < 1e-12, "{found}");
        let answers = scores.map(|score| score > 0.0);
        assert!((f1(&answers, &right) - 0.666_666_666_667).abs() < 1e-9);
        assert_eq!(average_precision(&[1.0, 2.0], &[false, false]), None);
    }

    #[test]
    fn tags_that_no_row_has_are_in_no_mean_and_the_interval_holds_the_figure() {
        let names = ["a", "b"].map(String::from);
        let right: Vec<bool> = (0..200).map(|i| i % 3 == 0).collect();
        let scores: Vec<f64> = (0..200)
            .map(|i| f64::from(i * 37 % 101) - if i % 3 == 0 { 20.0 } else { 60.0 })
            .collect();
        let found = judge(
            &names,
            &[scores.clone(), scores.clone()],
            &[right.clone(), vec![false; 200]],
        );
        assert_eq!(found.per_tag.len(), 1);
        assert_eq!(Some(found.map), average_precision(&scores, &right));
        let [low, high] = found.interval;
        assert!(
            low < found.map && found.map < high && high - low < 0.3,
            "{found:?}"
        );
    }
}
