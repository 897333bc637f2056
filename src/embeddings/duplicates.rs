//! Groups of rows that show the same: near-duplicates, and those that leak from one part of the data to another.

use super::neighbors::{Neighbor, neighbors};
use super::table::EmbeddingTable;
use crate::error::Result;

/// Neighbors of a row that are looked at: a larger group holds together through them.
const NEIGHBORS: usize = 32;

/// Neighbors behind the nearest that a row's surroundings are measured by.
const AROUND: usize = 8;

/// Least surroundings: cosines of equal rows differ from 1 by rounding.
const ROUNDING: f32 = 1e-6;

/// When two rows count as the same.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Their cosine is at least this.
    Cosine(f32),
    /// Of either, the distance 1 − cosine to the other is at most `ratio` times [`surroundings`]; or their cosine is at
    /// least `cosine`, as in bursts of more pictures than surroundings are measured by.
    Relative {
        /// Share of the surroundings.
        ratio: f32,
        /// Cosine that is enough by itself.
        cosine: f32,
    },
}

impl Criterion {
    /// Whether a row with these surroundings shows the same as one at `cosine`.
    fn holds(self, cosine: f32, around: f32) -> bool {
        match self {
            Self::Cosine(least) => cosine >= least,
            Self::Relative {
                ratio,
                cosine: least,
            } => cosine >= least || 1.0 - cosine <= ratio * around,
        }
    }
}

/// How far a row's neighbors are in the mean, of `near`, nearest first, the eight behind the nearest; 1 where there are none.
///
/// Pictures of one series are all near each other, those of a rare thing far from all: a duplicate is near by the measure of
/// its surroundings, as a match of local features is in Lowe, *Distinctive Image Features from Scale-Invariant Keypoints*,
/// 2004, section 7.1.
#[must_use]
pub fn surroundings(near: &[Neighbor]) -> f32 {
    let around = near.get(1..).unwrap_or_default();
    let around = &around[..AROUND.min(around.len())];
    if around.is_empty() {
        return 1.0;
    }
    let sum: f32 = around.iter().map(|near| 1.0 - near.cosine).sum();
    (sum / around.len() as f32).max(ROUNDING)
}

/// Two rows that show the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DuplicatePair {
    /// The rows, the lower one first.
    pub rows: (usize, usize),
    /// Their cosine.
    pub cosine: f32,
}

/// What a criterion finds.
#[derive(Clone, Debug)]
pub struct Duplicates {
    /// Pairs of rows that show the same, nearest first; of a row those with its 32 nearest.
    pub pairs: Vec<DuplicatePair>,
    /// Rows that pairs connect, each group in order, the largest group first.
    pub groups: Vec<Vec<usize>>,
    /// Rows of other parts than `train` that are in a group with one of `train`: known before they are asked.
    pub leaked: Vec<usize>,
}

/// Find the rows of `table` that show the same by `criterion`.
///
/// # Errors
/// Those of [`neighbors`].
pub fn duplicates(
    table: &EmbeddingTable,
    criterion: Criterion,
    mut progress: impl FnMut(usize) -> Result<()>,
) -> Result<Duplicates> {
    let mut pairs = Vec::new();
    let mut groups = Groups::new(table.rows());
    let k = NEIGHBORS.min(table.rows().saturating_sub(1));
    neighbors(table, None, k, |row, near| {
        let around = surroundings(near);
        for near in near
            .iter()
            .take_while(|near| criterion.holds(near.cosine, around))
        {
            groups.join(row, near.row);
            pairs.push(DuplicatePair {
                rows: (row.min(near.row), row.max(near.row)),
                cosine: near.cosine,
            });
        }
        progress(row)
    })?;
    // A pair is found from both sides; their cosines may differ in the last digit.
    pairs.sort_by(|a, b| a.rows.cmp(&b.rows).then(b.cosine.total_cmp(&a.cosine)));
    pairs.dedup_by_key(|pair| pair.rows);
    pairs.sort_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.rows.cmp(&b.rows)));
    let groups = groups.all();
    let trained = |row: &usize| table.is_trained_on(*row);
    let leaked = groups
        .iter()
        .filter(|group| group.iter().any(trained))
        .flatten();
    let mut leaked: Vec<usize> = leaked
        .filter(|row| table.part(**row).is_some() && !trained(row))
        .copied()
        .collect();
    leaked.sort_unstable();
    Ok(Duplicates {
        pairs,
        groups,
        leaked,
    })
}

/// Sets of rows that grow together.
struct Groups {
    above: Vec<u32>,
}

impl Groups {
    fn new(rows: usize) -> Self {
        Self {
            above: (0..rows as u32).collect(),
        }
    }

    fn top(&mut self, row: usize) -> usize {
        let mut row = row;
        while self.above[row] as usize != row {
            self.above[row] = self.above[self.above[row] as usize];
            row = self.above[row] as usize;
        }
        row
    }

    /// The lower top stays: groups do not depend on the order in which rows come.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.top(a), self.top(b));
        self.above[a.max(b)] = a.min(b) as u32;
    }

    /// All sets of two rows and more.
    fn all(mut self) -> Vec<Vec<usize>> {
        let mut sets = std::collections::BTreeMap::<usize, Vec<usize>>::new();
        for row in 0..self.above.len() {
            let top = self.top(row);
            sets.entry(top).or_default().push(row);
        }
        let mut sets: Vec<_> = sets.into_values().filter(|set| set.len() > 1).collect();
        sets.sort_by_key(|set| (std::cmp::Reverse(set.len()), set[0]));
        sets
    }
}

/// A threshold, and what it is expected to find.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Valley {
    /// From here on two pictures count as the same.
    pub threshold: f32,
    /// Share of duplicates that are found.
    pub recall: f64,
    /// Share of what is found that are duplicates.
    pub precision: f64,
}

/// The number that divides pictures seen twice from pictures of different things: the one with the highest F1.
///
/// `same` are nearnesses (cosines, or ratios turned negative) of pictures with lightly changed views of themselves, which
/// stand for duplicates; `others` those of rows with their nearest other row, of which an unknown share π are duplicates too.
/// Hardly any others are as near as half of the views are, but for those duplicates, half of which are: π is twice the share
/// of others that near. Then recall r is the share of `same` above the threshold, precision π r over the share of `others`
/// above it. Of values that are equally good the highest.
#[must_use]
pub fn valley(same: &[f32], others: &[f32]) -> Valley {
    let (mut same, mut others) = (same.to_vec(), others.to_vec());
    same.sort_by(f32::total_cmp);
    others.sort_by(f32::total_cmp);
    let above = |sorted: &[f32], t: f32| {
        let count = sorted.len() - sorted.partition_point(|s| *s < t);
        count as f64 / sorted.len().max(1) as f64
    };
    let median = same.get(same.len() / 2).copied().unwrap_or(1.0);
    let least = 1.0 / others.len().max(1) as f64;
    let duplicates = (2.0 * above(&others, median)).clamp(least, 0.5);
    let judged = |threshold: f32| {
        let (recall, found) = (above(&same, threshold), above(&others, threshold));
        let precision = (duplicates * recall / found.max(1e-12)).min(1.0);
        Valley {
            threshold,
            recall,
            precision,
        }
    };
    let f1 = |valley: &Valley| {
        2.0 * valley.precision * valley.recall / (valley.precision + valley.recall).max(1e-12)
    };
    let mut edges: Vec<f32> = same.iter().chain(&others).copied().collect();
    edges.sort_by(f32::total_cmp);
    let middles = edges.windows(2).map(|pair| f32::midpoint(pair[0], pair[1]));
    let all: Vec<Valley> = middles.map(judged).collect();
    let most = all.iter().map(f1).fold(0.0, f64::max);
    let best = all.iter().rev().find(|valley| f1(valley) >= most);
    best.copied().unwrap_or_else(|| judged(1.0))
}
