//! Retrieval: are the nearest embeddings of the same class?

use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bank::{Bank, ROWS, Space};
use super::card::WithBaselines;
use super::features::{Features, check_pair};
use super::products::normalized;
use super::ranks::Ranks;
use crate::error::{Error, Result};

/// Cosines that are kept at a time, in a table of some queries by the whole gallery.
const TABLE: usize = 32 << 20;
/// Queries of such a table, at least and at most.
const QUERIES: [usize; 2] = [16, 512];

/// How well a gallery, ranked by cosine to a query, puts the query's class first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retrieval {
    /// Recall@k for each k asked: share of queries with at least one of their class among the k nearest.
    pub recall: Vec<f64>,
    /// Mean over queries of `AP = 1/R Σ_{relevant at rank i} (relevant among the first i) / i` over the whole gallery.
    pub map: f64,
    /// Queries whose class is in the gallery; the others are left out of both numbers.
    pub queries: usize,
}

/// Rank the labelled `gallery` (N, D) for each of `queries` (Q, D) by cosine; of equals the first of the gallery first.
///
/// Recall@k as in metric learning (Musgrave, Belongie, Lim, *A Metric Learning Reality Check*, 2020), mean average precision
/// as in image retrieval. No parameter is fitted: choose it when embeddings are to be searched, and mAP when the whole
/// order matters; [`super::knn`] only asks who votes.
///
/// # Errors
/// [`Error::Usage`] without labels, on an empty gallery, or when no class of the queries is in the gallery;
/// [`Error::Failed`] on embeddings of different widths or that are not finite.
pub fn retrieve(gallery: &Features, queries: &Features, ks: &[usize]) -> Result<Retrieval> {
    check_pair(gallery, queries)?;
    let (known, asked) = (gallery.known_labels()?, queries.known_labels()?);
    let bank = Bank::new(&gallery.values, gallery.dim);
    let mut classes = vec![Vec::new(); gallery.classes().max(queries.classes())];
    for (row, &label) in known.iter().enumerate() {
        classes[label as usize].push(row as u32);
    }
    let count = (TABLE / known.len()).clamp(QUERIES[0], QUERIES[1]);
    let mut table = vec![0.0; count.min(asked.len()) * known.len()];
    let mut found: Vec<(Option<usize>, f64)> = Vec::with_capacity(asked.len());
    let blocks = queries.values.chunks(count * gallery.dim);
    for (block, labels) in blocks.zip(asked.chunks(count)) {
        let table = &mut table[..labels.len() * known.len()];
        fill(&bank, &normalized(block, gallery.dim), labels.len(), table);
        let ranked = labels.par_iter().enumerate();
        let ranked = ranked.map_init(Ranks::default, |ranks, (query, &label)| {
            let parts = table.chunks(labels.len() * ROWS);
            let products = parts.map(|part| {
                let width = part.len() / labels.len();
                &part[query * width..][..width]
            });
            let own = (label, known.as_slice(), classes[label as usize].as_slice());
            judge(|found| ranks.each(&bank, products, own, found))
        });
        found.par_extend(ranked);
    }
    let counted: Vec<(usize, f64)> = found
        .into_iter()
        .filter_map(|(first, precision)| Some((first?, precision)))
        .collect();
    let count = counted.len();
    if count == 0 {
        return Err(Error::Usage(
            "no class of the images asked is among those searched; give data whose parts share their classes".into(),
        ));
    }
    let share = |k: &usize| counted.iter().filter(|(first, _)| first < k).count();
    Ok(Retrieval {
        recall: ks.iter().map(|k| share(k) as f64 / count as f64).collect(),
        map: counted.iter().map(|(_, precision)| precision).sum::<f64>() / count as f64,
        queries: count,
    })
}

/// The products of a block of `queries` at length 1 with the whole bank: blocks of [`ROWS`] of its rows one after the other,
/// each (Q, rows).
fn fill(bank: &Bank, block: &[f32], queries: usize, table: &mut [f32]) {
    let parts = table.par_chunks_mut(queries * ROWS).enumerate();
    parts.for_each_init(Space::default, |space, (part, to)| {
        let rows = (part * ROWS, to.len() / queries);
        bank.products(block, rows, to, space);
    });
}

/// The first of some ranks (`None` if there is none) and the average precision; `each` goes through them, the lowest first.
fn judge(each: impl FnOnce(&mut dyn FnMut(usize))) -> (Option<usize>, f64) {
    let (mut first, mut sum, mut count) = (None, 0.0, 0);
    each(&mut |rank| {
        first.get_or_insert(rank);
        count += 1;
        sum += f64::from(count) / (rank + 1) as f64;
    });
    (first, sum / f64::from(count.max(1)))
}

/// What `ravine probe --kind retrieval --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrievalCard {
    /// `retrieval`.
    pub kind: String,
    /// Data set that was searched.
    pub data: String,
    /// The part whose images ask; the training part is searched.
    #[serde(alias = "split")] // of earlier versions
    pub part: String,
    /// Images searched.
    pub gallery: usize,
    /// Images that ask and whose class is among those searched.
    pub queries: usize,
    /// `cosine`.
    pub metric: String,
    /// The k of each recall.
    pub k: Vec<usize>,
    /// Recall@k for each k.
    pub recall: WithBaselines<Vec<f64>>,
    /// Mean average precision.
    pub map: WithBaselines<f64>,
}

impl fmt::Display for RetrievalCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "retrieval on {}: {} images of {} search {} of the training part by {}",
            self.data, self.queries, self.part, self.gallery, self.metric
        )?;
        write!(f, "  {:<11}", "")?;
        for k in &self.k {
            write!(f, "{:>8}", format!("R@{k}"))?;
        }
        writeln!(f, "{:>8}", "mAP")?;
        let (recall, map) = (&self.recall, &self.map);
        for (name, recall, map) in [
            ("pretrained", &recall.pretrained, map.pretrained),
            ("untrained", &recall.untrained, map.untrained),
            ("raw input", &recall.raw, map.raw),
        ] {
            write!(f, "  {name:<11}")?;
            for value in recall.iter().chain([&map]) {
                write!(f, "{:>6.1} %", 100.0 * value)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(angles: &[f32], labels: &[u32]) -> Features {
        let points = angles.iter().map(|a: &f32| [2.0 * a.cos(), 2.0 * a.sin()]);
        Features {
            dim: 2,
            values: points.flatten().collect(),
            labels: labels.iter().copied().map(Some).collect(),
            ..Features::default()
        }
    }

    #[test]
    fn recall_and_precision_of_a_ranking_by_hand() -> Result<()> {
        // From angle 0 the gallery is met in the order: wrong, right, wrong, right.
        let gallery = features(&[0.4, 0.1, 0.3, 0.2], &[7, 3, 3, 7]);
        let found = retrieve(&gallery, &features(&[0.0], &[7]), &[1, 2, 4])?;
        assert_eq!(found.recall, [0.0, 1.0, 1.0]);
        assert!((found.map - f64::midpoint(1.0 / 2.0, 2.0 / 4.0)).abs() < 1e-12);
        Ok(())
    }

    #[test]
    fn classes_that_are_not_searched_are_left_out() -> Result<()> {
        let gallery = features(&[0.1, 0.2], &[1, 2]);
        let found = retrieve(&gallery, &features(&[0.0, 0.0], &[1, 9]), &[1])?;
        assert_eq!(
            (found.recall, found.map, found.queries),
            (vec![1.0], 1.0, 1)
        );
        assert!(retrieve(&gallery, &features(&[0.0], &[9]), &[1]).is_err());
        Ok(())
    }

    #[test]
    fn blocks_do_not_change_the_numbers() -> Result<()> {
        let angle = |i: u32| (f64::from(i) * 0.7).sin() as f32 * 3.0;
        let label = |i: u32| (angle(i) > 0.3).into();
        let part = |from: u32, to: u32| {
            let all = from..to;
            let angles: Vec<f32> = all.clone().map(angle).collect();
            features(&angles, &all.map(label).collect::<Vec<_>>())
        };
        let (gallery, queries) = (part(0, 50), part(50, 90));
        let whole = retrieve(&gallery, &queries, &[1, 5])?;
        let alone = (50..90).map(|i| retrieve(&gallery, &part(i, i + 1), &[1, 5]));
        let alone: Vec<Retrieval> = alone.collect::<Result<_>>()?;
        let mean = alone.iter().map(|one| one.map).sum::<f64>() / 40.0;
        assert!((whole.map - mean).abs() < 1e-12 && whole.map < 1.0);
        Ok(())
    }
}
