//! How far rows are from all others: the energy to their neighbors, and how it compares with the neighbors' own.

use super::neighbors::{Neighbor, nearest, neighbors};
use super::numbers::blocks;
use super::table::EmbeddingTable;
use crate::error::Result;

/// What is known of every row.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlyingness {
    /// (N,), energy to the k nearest other rows: `−mean cosine`, the higher the farther.
    pub energy: Vec<f32>,
    /// (N,), local density ratio: the row's mean distance `1 − cosine` to its k nearest over that of those rows themselves
    /// (Breunig et al. 2000, "LOF", with distances in place of reachabilities); far above 1 for a row apart from a dense
    /// cloud, about 1 inside a cloud however thin.
    pub density_ratio: Vec<f32>,
}

impl Outlyingness {
    /// Rows by energy, the farthest first.
    #[must_use]
    pub fn ranking(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.energy.len()).collect();
        rows.sort_by(|a, b| self.energy[*b].total_cmp(&self.energy[*a]).then(a.cmp(b)));
        rows
    }
}

/// Compare every row of `table` with its `k` nearest.
///
/// # Errors
/// Those of [`neighbors`].
pub fn outlyingness(
    table: &EmbeddingTable,
    k: usize,
    mut progress: impl FnMut(usize) -> Result<()>,
) -> Result<Outlyingness> {
    let mut energy = Vec::with_capacity(table.rows());
    let mut lists: Vec<u32> = Vec::with_capacity(table.rows() * k);
    neighbors(table, None, k, |row, near| {
        energy.push(-near.iter().map(|near| near.cosine).sum::<f32>() / k as f32);
        lists.extend(near.iter().map(|near| near.row as u32));
        progress(row)
    })?;
    // No distance is taken for less than what rounding of a cosine hides.
    let distance = |row: usize| (1.0 + energy[row]).max(1e-6);
    let ratio = |(row, list): (usize, &[u32])| {
        let theirs = list.iter().map(|&near| distance(near as usize));
        distance(row) * k as f32 / theirs.sum::<f32>()
    };
    let density_ratio = lists.chunks_exact(k).enumerate().map(ratio).collect();
    Ok(Outlyingness {
        energy,
        density_ratio,
    })
}

/// The energies of the rows of `other` to their `k` nearest rows of `table`.
///
/// # Errors
/// [`crate::error::Error::Usage`] on embeddings of another length.
pub fn energies_of(table: &EmbeddingTable, other: &EmbeddingTable, k: usize) -> Result<Vec<f32>> {
    if table.dim() != other.dim() {
        return Err(other.error(format!(
            "its embeddings have {} numbers, those of {} have {}; embed both with one run",
            other.dim(),
            table.path().display(),
            table.dim()
        )));
    }
    let mut energies = Vec::with_capacity(other.rows());
    for rows in blocks(other.rows(), other.dim()) {
        let found = nearest(table, &other.read(rows)?, k)?;
        let mean = |list: Vec<Neighbor>| {
            let cosines = list.iter().map(|near| near.cosine);
            -cosines.sum::<f32>() / list.len() as f32
        };
        energies.extend(found.into_iter().map(mean));
    }
    Ok(energies)
}

/// How well energies tell outliers from the known.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Separation {
    /// Area under the receiver operating characteristic: the chance that an outlier's energy is above a known one's, half of
    /// it where they are equal.
    pub auroc: f64,
    /// Share of the known that is taken for outliers where 95 % of the outliers are found.
    pub fpr_at_95_tpr: f64,
}

/// Compare the energies of the known with those of outliers.
#[must_use]
pub fn separation(known: &[f32], outliers: &[f32]) -> Separation {
    let mut known = known.to_vec();
    known.sort_by(f32::total_cmp);
    let mut found = outliers.to_vec();
    found.sort_by(f32::total_cmp);
    let below = |e: f32| known.partition_point(|k| *k < e);
    let up_to = |e: f32| known.partition_point(|k| *k <= e);
    let wins: f64 = found
        .iter()
        .map(|&e| (below(e) + up_to(e)) as f64 / 2.0)
        .sum();
    let threshold = found
        .get(found.len() / 20)
        .copied()
        .unwrap_or(f32::INFINITY);
    Separation {
        auroc: wins / (known.len() * found.len()).max(1) as f64,
        fpr_at_95_tpr: (known.len() - below(threshold)) as f64 / known.len().max(1) as f64,
    }
}
