//! Which rows to label next.

use super::clusters::{Clusters, spherical_k_means};
use super::neighbors::neighbors;
use super::numbers::blocks;
use super::table::EmbeddingTable;
use crate::error::Result;
use crate::eval::Bank;

/// Neighbors by which a row is typical.
const NEIGHBORS: usize = 20;

/// How rows are chosen; all choose one of each of as many clusters as rows are wanted, so that no part of the data is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectBy {
    /// The row nearest to the center of its cluster: every row is near to a chosen one.
    Coverage,
    /// The row with the nearest neighbors: the densest place of its cluster (Hacohen et al. 2022, "TypiClust"); for very few
    /// labels.
    Typicality,
    /// The row whose labelled neighbors disagree most, once some rows have a class.
    Uncertainty,
    /// By turns a typical row and an uncertain one.
    Mixed,
}

impl SelectBy {
    /// All, in the order of their listing.
    pub const ALL: [Self; 4] = [
        Self::Coverage,
        Self::Typicality,
        Self::Uncertainty,
        Self::Mixed,
    ];

    /// As the command line names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Coverage => "coverage",
            Self::Typicality => "typicality",
            Self::Uncertainty => "uncertainty",
            Self::Mixed => "mixed",
        }
    }
}

/// Chosen rows.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Rows, those of the largest clusters first.
    pub rows: Vec<usize>,
    /// Mean cosine of all rows to the nearest of the first n chosen ones, for growing n: (n, mean).
    pub coverage: Vec<(usize, f64)>,
}

/// Choose `budget` rows of `table`: of those without a class, but where all have one, as in a comparison of ways to choose,
/// of all.
///
/// # Errors
/// [`crate::error::Error::Usage`] where `budget` is 0 or above the number of rows to choose from;
/// where [`SelectBy::Uncertainty`] and [`SelectBy::Mixed`] ask for classes of some rows and no row has one, or all have.
pub fn select(table: &EmbeddingTable, budget: usize, by: SelectBy, seed: u64) -> Result<Selection> {
    let mut free = unlabelled(table);
    let count = free.iter().filter(|free| **free).count();
    if budget > count {
        return Err(table.error(format!(
            "{budget} rows cannot be chosen of {count}; rows that have a class already are not chosen again"
        )));
    }
    let clusters = spherical_k_means(table, budget, seed)?;
    let scores = match by {
        SelectBy::Coverage => clusters.cosine.clone(),
        SelectBy::Typicality => typicality(table)?,
        SelectBy::Uncertainty => uncertainty(table)?,
        SelectBy::Mixed => mixed(&clusters, &typicality(table)?, &uncertainty(table)?),
    };
    let mut groups = clusters.rows();
    groups.sort_by_key(|rows| (std::cmp::Reverse(rows.len()), rows.first().copied()));
    let best = |rows: &Vec<usize>| {
        let better = |a: &&usize, b: &&usize| scores[**a].total_cmp(&scores[**b]).then(b.cmp(a));
        let rows = rows.iter().filter(|row| free[**row]);
        rows.max_by(better).copied()
    };
    let mut rows: Vec<usize> = groups.iter().filter_map(best).collect();
    if rows.len() < budget {
        // Equal rows make fewer clusters than were asked for, and some hold labelled rows only: the rest is filled with the
        // best of all others.
        for row in &rows {
            free[*row] = false;
        }
        let mut rest: Vec<usize> = (0..table.rows()).filter(|row| free[*row]).collect();
        rest.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
        rows.extend(rest.into_iter().take(budget - rows.len()));
    }
    let coverage = coverage(table, &rows)?;
    Ok(Selection { rows, coverage })
}

/// Whether each row may be chosen.
fn unlabelled(table: &EmbeddingTable) -> Vec<bool> {
    let rows = 0..table.rows();
    let free: Vec<bool> = rows.map(|row| table.class(row).is_none()).collect();
    if free.contains(&true) {
        return free;
    }
    vec![true; table.rows()]
}

/// Mean cosine of each row to its nearest others.
fn typicality(table: &EmbeddingTable) -> Result<Vec<f32>> {
    let k = NEIGHBORS.min(table.rows().saturating_sub(1));
    let mut means = Vec::with_capacity(table.rows());
    neighbors(table, None, k, |_, near| {
        means.push(near.iter().map(|near| near.cosine).sum::<f32>() / k as f32);
        Ok(())
    })?;
    Ok(means)
}

/// Entropy of the classes of each row's nearest others that have one.
fn uncertainty(table: &EmbeddingTable) -> Result<Vec<f32>> {
    let labelled = (0..table.rows()).filter(|row| table.class(*row).is_some());
    match labelled.count() {
        0 => Err(table.error(
            "no row has a class, by which rows are uncertain; label some first, chosen by coverage or typicality",
        )),
        all if all == table.rows() => Err(table.error(
            "every row has a class: there is nothing to be uncertain of; ask for coverage or typicality",
        )),
        _ => entropies(table),
    }
}

fn entropies(table: &EmbeddingTable) -> Result<Vec<f32>> {
    let k = NEIGHBORS.min(table.rows().saturating_sub(1));
    let mut entropies = Vec::with_capacity(table.rows());
    neighbors(table, None, k, |_, near| {
        let mut votes = std::collections::BTreeMap::<&str, f32>::new();
        for class in near.iter().filter_map(|near| table.class(near.row)) {
            *votes.entry(class).or_default() += 1.0;
        }
        let total: f32 = votes.values().sum();
        let entropy: f32 = votes.values().map(|v| -v / total * (v / total).ln()).sum();
        entropies.push(if total > 0.0 { entropy } else { 0.0 });
        Ok(())
    })?;
    Ok(entropies)
}

/// In every second cluster, by size, the one score in place of the other.
fn mixed(clusters: &Clusters, typical: &[f32], uncertain: &[f32]) -> Vec<f32> {
    let mut sizes: Vec<(usize, usize)> = clusters.rows().iter().map(Vec::len).enumerate().collect();
    sizes.sort_by_key(|(cluster, size)| (std::cmp::Reverse(*size), *cluster));
    let mut by_uncertainty = vec![false; sizes.len()];
    sizes
        .iter()
        .skip(1)
        .step_by(2)
        .for_each(|(cluster, _)| by_uncertainty[*cluster] = true);
    let score = |(row, cluster): (usize, &u32)| {
        if by_uncertainty[*cluster as usize] {
            uncertain[row]
        } else {
            typical[row]
        }
    };
    clusters.of.iter().enumerate().map(score).collect()
}

/// Mean cosine to the nearest of the first 1, 2, 4, … of `chosen` and of all of them.
fn coverage(table: &EmbeddingTable, chosen: &[usize]) -> Result<Vec<(usize, f64)>> {
    let dim = table.dim();
    let mut values = Vec::with_capacity(chosen.len() * dim);
    for &row in chosen {
        values.extend_from_slice(&table.read(row..row + 1)?);
    }
    let mut sizes: Vec<usize> = std::iter::successors(Some(1), |n| Some(2 * n))
        .take_while(|n| *n < chosen.len())
        .collect();
    sizes.push(chosen.len());
    let mut curve = Vec::new();
    for size in sizes {
        let bank = Bank::new(&values[..size * dim], dim);
        let mut sum = 0.0;
        for rows in blocks(table.rows(), dim) {
            let near = bank.nearest(&table.read(rows)?, 1, |near| near[0].cosine);
            sum += near.iter().map(|cosine| f64::from(*cosine)).sum::<f64>();
        }
        curve.push((size, sum / table.rows() as f64));
    }
    Ok(curve)
}
