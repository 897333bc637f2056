//! How surely rows are neighbors of each other: the fuzzy graph of UMAP.

use rayon::prelude::*;

use crate::embeddings::neighbors::Neighbor;

/// Halvings in the search of a row's scale.
const HALVINGS: usize = 64;

/// Rows that belong together, each pair in both of its rows.
pub(super) struct Graph {
    /// Where the edges of each row start; one more than rows.
    starts: Vec<usize>,
    /// The other row of each edge.
    to: Vec<u32>,
    /// How sure it is, above 0 and up to 1.
    weights: Vec<f32>,
}

impl Graph {
    /// From the neighbors of each row: `w_ij = a_ij + a_ji − a_ij a_ji`, where `a_ij = exp(−max(0, d_ij − ρ_i) / σ_i)`, d is
    /// 1 − cosine, ρ_i that of the nearest neighbor, and σ_i makes the k weights of a row sum to log2 k.
    pub(super) fn of(neighbors: &[Vec<Neighbor>]) -> Self {
        let own: Vec<Vec<(u32, f32)>> =
            neighbors.par_iter().map(|near| certainties(near)).collect();
        let mut back: Vec<Vec<(u32, f32)>> = vec![Vec::new(); own.len()];
        for (row, edges) in own.iter().enumerate() {
            for &(to, weight) in edges {
                back[to as usize].push((row as u32, weight));
            }
        }
        let rows: Vec<Vec<(u32, f32)>> = own
            .into_par_iter()
            .zip(back)
            .map(|(own, back)| united(own, back))
            .collect();
        let mut graph = Self {
            starts: vec![0],
            to: Vec::new(),
            weights: Vec::new(),
        };
        for (to, weight) in rows.into_iter().flat_map(|row| {
            graph
                .starts
                .push(graph.starts[graph.starts.len() - 1] + row.len());
            row
        }) {
            graph.to.push(to);
            graph.weights.push(weight);
        }
        graph
    }

    /// The largest weight.
    pub(super) fn most(&self) -> f32 {
        self.weights.iter().copied().fold(0.0, f32::max)
    }

    /// The other rows and weights of the edges of `row`.
    pub(super) fn edges(&self, row: usize) -> impl Iterator<Item = (usize, f32)> {
        let range = self.starts[row]..self.starts[row + 1];
        let to = self.to[range.clone()].iter().map(|to| *to as usize);
        to.zip(self.weights[range].iter().copied())
    }
}

/// How sure each of a row's neighbors is, by its own scale.
fn certainties(near: &[Neighbor]) -> Vec<(u32, f32)> {
    let distance = |near: &Neighbor| (1.0 - f64::from(near.cosine)).max(0.0);
    let nearest = near.iter().map(distance).find(|d| *d > 1e-9).unwrap_or(0.0);
    let beyond: Vec<f64> = near
        .iter()
        .map(|near| (distance(near) - nearest).max(0.0))
        .collect();
    let wanted = (near.len() as f64).log2();
    let sum = |scale: f64| beyond.iter().map(|d| (-d / scale).exp()).sum::<f64>();
    let (mut low, mut high) = (1e-9, 4.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if sum(middle) < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    let weight = |d: &f64| (-d / high).exp() as f32;
    let rows = near.iter().map(|near| near.row as u32);
    rows.zip(beyond.iter().map(weight))
        .filter(|(_, w)| *w > 0.0)
        .collect()
}

/// Edges of a row and those that lead back to it, each other row once, in order.
fn united(own: Vec<(u32, f32)>, back: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    let mut all = own;
    all.extend(back);
    all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    all.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1 - kept.1 * next.1;
        }
        same
    });
    all
}
