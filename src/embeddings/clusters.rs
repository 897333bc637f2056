//! Spherical k-means: rows around directions.

use super::numbers::blocks;
use super::table::EmbeddingTable;
use crate::error::Result;
use crate::eval::Bank;
use crate::random::{Purpose, Stream, stream};
use rand::RngExt;

/// Rounds at most; far fewer where no row changes its cluster any more.
const ROUNDS: usize = 50;
/// Rows a center is drawn from.
const DRAWN_FROM: usize = 50;

/// Rows in K clusters.
#[derive(Clone, Debug)]
pub struct Clusters {
    /// (N,), cluster of each row.
    pub of: Vec<u32>,
    /// (N,), cosine of each row to the center of its cluster.
    pub cosine: Vec<f32>,
    /// (K, D), centers: mean directions of their rows, at length 1.
    pub centers: Vec<f32>,
}

impl Clusters {
    /// K.
    #[must_use]
    pub fn count(&self) -> usize {
        self.of.iter().max().map_or(0, |last| *last as usize + 1)
    }

    /// Rows of each cluster.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.count()];
        for (row, cluster) in self.of.iter().enumerate() {
            rows[*cluster as usize].push(row);
        }
        rows
    }
}

/// `count` clusters of the rows of `table`: `argmax Σ cos(row, center of its cluster)`, by Lloyd's rounds from centers drawn far
/// apart (Dhillon and Modha 2001, "Concept Decompositions"; Arthur and Vassilvitskii 2007, "k-means++", on a sample of 50 rows a
/// center). A cluster that loses its last row starts again from the row farthest from its own center. The same for one
/// `seed` on any number of threads.
///
/// # Errors
/// [`crate::error::Error::Usage`] where `count` is 0 or above the number of rows.
pub fn spherical_k_means(table: &EmbeddingTable, count: usize, seed: u64) -> Result<Clusters> {
    if count == 0 || count > table.rows() {
        let rows = table.rows();
        return Err(table.error(format!(
            "{count} clusters cannot be made of {rows} rows; ask for 1 to {rows}"
        )));
    }
    let mut centers = far_apart(table, count, seed)?;
    let mut found = assign(table, &centers)?;
    for _ in 1..ROUNDS {
        centers = means(table, count, &found)?;
        let next = assign(table, &centers)?;
        let settled = next.0 == found.0;
        found = next;
        if settled {
            break;
        }
    }
    let (of, cosine) = found;
    Ok(Clusters {
        of,
        cosine,
        centers,
    })
}

/// The nearest center of every row, and its cosine.
fn assign(table: &EmbeddingTable, centers: &[f32]) -> Result<(Vec<u32>, Vec<f32>)> {
    let bank = Bank::new(centers, table.dim());
    let (mut of, mut cosines) = (
        Vec::with_capacity(table.rows()),
        Vec::with_capacity(table.rows()),
    );
    for rows in blocks(table.rows(), table.dim()) {
        let nearest = bank.nearest(&table.read(rows)?, 1, |near| {
            (near[0].row as u32, near[0].cosine)
        });
        for (cluster, cosine) in nearest {
            of.push(cluster);
            cosines.push(cosine);
        }
    }
    Ok((of, cosines))
}

/// Mean directions of the rows of each cluster.
fn means(
    table: &EmbeddingTable,
    count: usize,
    (of, cosines): &(Vec<u32>, Vec<f32>),
) -> Result<Vec<f32>> {
    let dim = table.dim();
    let (mut sums, mut members) = (vec![0.0_f64; count * dim], vec![0; count]);
    for rows in blocks(table.rows(), dim) {
        let values = table.read(rows.clone())?;
        for (row, values) in rows.zip(values.chunks_exact(dim)) {
            let cluster = of[row] as usize;
            members[cluster] += 1;
            let scale = 1.0 / length(values).max(1e-12);
            let sums = &mut sums[cluster * dim..][..dim];
            sums.iter_mut()
                .zip(values)
                .for_each(|(sum, v)| *sum += f64::from(*v) * scale);
        }
    }
    let mut farthest: Vec<usize> = (0..of.len()).collect();
    if members.contains(&0) {
        farthest.sort_by(|a, b| cosines[*a].total_cmp(&cosines[*b]).then(a.cmp(b)));
    }
    let mut farthest = farthest.into_iter();
    let mut centers: Vec<f32> = sums.iter().map(|sum| *sum as f32).collect();
    for (center, _) in centers
        .chunks_exact_mut(dim)
        .zip(&members)
        .filter(|(_, members)| **members == 0)
    {
        if let Some(row) = farthest.next() {
            center.copy_from_slice(&table.read(row..row + 1)?);
        }
    }
    for center in centers.chunks_exact_mut(dim) {
        let scale = 1.0 / length(center).max(1e-12);
        for v in center {
            *v = (f64::from(*v) * scale) as f32;
        }
    }
    Ok(centers)
}

fn length(values: &[f32]) -> f64 {
    values
        .iter()
        .map(|v| f64::from(*v).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// Centers drawn from a sample, each with a chance in proportion to its distance `1 − cosine` from those drawn before; of a
/// few draws the one that leaves the least distance.
fn far_apart(table: &EmbeddingTable, count: usize, seed: u64) -> Result<Vec<f32>> {
    let dim = table.dim();
    let step = (table.rows() / (count * DRAWN_FROM)).max(1);
    let mut sample = Vec::new();
    for row in (0..table.rows()).step_by(step) {
        sample.extend_from_slice(&table.read(row..row + 1)?);
    }
    let rows = sample.len() / dim;
    let mut rng = stream(seed, Purpose::Clusters, 0, 0, 0);
    let trials = 2 + count.ilog2() as usize;
    let mut drawn = vec![rng.random_range(0..rows)];
    let mut distance = vec![f64::INFINITY; rows];
    loop {
        let last = drawn[drawn.len() - 1];
        distance = nearer(&sample, &sample[last * dim..][..dim], &distance);
        distance[last] = 0.0;
        if drawn.len() == count {
            break;
        }
        let candidates: Vec<usize> = (0..trials)
            .filter_map(|_| draw(&distance, &mut rng))
            .collect();
        let left = |row: usize| -> f64 {
            nearer(&sample, &sample[row * dim..][..dim], &distance)
                .iter()
                .sum()
        };
        let best = candidates.into_iter().map(|row| (row, left(row)));
        let best = best.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(row, _)| row);
        // Equal rows leave nothing to draw: any other row.
        let spare = || (0..rows).find(|row| !drawn.contains(row)).unwrap_or(0);
        drawn.push(best.unwrap_or_else(spare));
    }
    Ok(drawn
        .iter()
        .flat_map(|row| &sample[row * dim..][..dim])
        .copied()
        .collect())
}

/// The distances `1 − cosine` of rows to `center`, or to what they were near to before.
fn nearer(rows: &[f32], center: &[f32], before: &[f64]) -> Vec<f64> {
    let near = Bank::new(center, center.len()).nearest(rows, 1, |near| near[0].cosine);
    let distance = |(cosine, before): (f32, &f64)| before.min(f64::from(1.0 - cosine).max(0.0));
    near.into_iter().zip(before).map(distance).collect()
}

/// A row, each with a chance in proportion to its distance; `None` where all are 0.
fn draw(distance: &[f64], rng: &mut Stream) -> Option<usize> {
    let mut left = rng.random::<f64>() * distance.iter().sum::<f64>();
    distance.iter().position(|d| {
        left -= d;
        left < 0.0 && *d > 0.0
    })
}
