//! A bank of embeddings that others are compared with by cosine, in blocks.

use rayon::prelude::*;

use super::nearest::{Best, Neighbor};
use super::products::{inverse_norms, normalized};
use crate::kernels::gemm::{Order, Start};
use crate::kernels::{Products, Simd};

/// Queries a task handles together.
const QUERIES: usize = 512;
/// Rows of the bank that they are compared with at a time.
pub(super) const ROWS: usize = 512;
/// So many tasks at least, where the bank is long enough: a few queries meet it in segments.
const TASKS: usize = 16;

/// N embeddings of D numbers, and what each is multiplied with to have length 1.
pub struct Bank<'a> {
    values: &'a [f32],
    dim: usize,
    scales: Vec<f32>,
    products: Products,
}

impl<'a> Bank<'a> {
    /// The rows of `values` (N, D), as they are: nothing is copied.
    ///
    /// # Panics
    /// D is 0, or the rows are not whole.
    #[must_use]
    pub fn new(values: &'a [f32], dim: usize) -> Self {
        assert!(dim > 0 && values.len().is_multiple_of(dim));
        Self {
            values,
            dim,
            scales: inverse_norms(values, dim),
            products: Products::F32(Simd::detect()),
        }
    }

    /// N.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// What `make` makes of the `k` nearest rows (all N, where there are fewer) of each of `queries` (Q, D), nearest first.
    ///
    /// Exact: every cosine is computed, and of equally near rows the first of the bank comes first. Blocks of queries are
    /// compared with blocks of the bank while a running list holds the best: memory beyond the inputs is about 3 MB a
    /// thread, at a D of 512, and the result.
    ///
    /// # Panics
    /// `k` is 0, the bank is empty, or the queries are not whole rows.
    pub fn nearest<T: Send>(
        &self,
        queries: &[f32],
        k: usize,
        make: impl Fn(&[Neighbor]) -> T + Sync,
    ) -> Vec<T> {
        assert!(k > 0 && self.rows() > 0 && queries.len().is_multiple_of(self.dim));
        let block = QUERIES * self.dim;
        let segments = TASKS.div_ceil(queries.len().div_ceil(block).max(1));
        let segment = self.rows().div_ceil(segments).next_multiple_of(ROWS);
        let found: Vec<Vec<T>> = queries
            .par_chunks(block)
            .map(|block| {
                let block = normalized(block, self.dim);
                let parts: Vec<Vec<Best>> = (0..self.rows().div_ceil(segment))
                    .into_par_iter()
                    .map(|part| self.segment(&block, part * segment, segment, k))
                    .collect();
                let lists = (0..block.len() / self.dim).into_par_iter();
                let list = |query: usize| {
                    let parts = parts.iter().map(|part| &part[query]);
                    make(&Best::together(parts, k))
                };
                lists.map(list).collect()
            })
            .collect();
        found.into_iter().flatten().collect()
    }

    /// The best `k` for each query of a block at length 1 among `count` rows from `first` on, or those that there are.
    fn segment(&self, block: &[f32], first: usize, count: usize, k: usize) -> Vec<Best> {
        let queries = block.len() / self.dim;
        let mut best: Vec<Best> = (0..queries).map(|_| Best::new(k)).collect();
        let mut space = Space::default();
        let mut products = vec![0.0; queries * ROWS];
        let end = self.rows().min(first + count);
        for first in (first..end).step_by(ROWS) {
            let width = ROWS.min(end - first);
            let products = &mut products[..queries * width];
            self.products(block, (first, width), products, &mut space);
            let scales = self.scales(first, width);
            for (best, row) in best.iter_mut().zip(products.chunks_exact(width)) {
                best.offer(row, scales, first);
            }
        }
        best
    }

    /// Products (Q, count) of a block of queries at length 1 with `count` rows from `first` on.
    ///
    /// A product is the same in whatever block it is computed; times its row's scale it is the cosine.
    pub(super) fn products(
        &self,
        block: &[f32],
        (first, count): (usize, usize),
        to: &mut [f32],
        space: &mut Space,
    ) {
        let size = (block.len() / self.dim, count, self.dim);
        let rows = &self.values[first * self.dim..(first + count) * self.dim];
        let need = self.products.matmul_workspace(count, self.dim);
        if space.0.len() < need {
            space.0.resize(need, 0.0);
        }
        let rows = (rows, Order::Transposed);
        self.products
            .matmul(size, block, rows, (to, Start::Zero), &mut space.0);
    }

    /// What the products of `count` rows from `first` on are multiplied with to be cosines.
    pub(super) fn scales(&self, first: usize, count: usize) -> &[f32] {
        &self.scales[first..first + count]
    }
}

/// Working memory of [`Bank::products`], reused by the next.
#[derive(Default)]
pub(super) struct Space(Vec<f32>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, normal, stream};

    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut rng = stream(seed, Purpose::Check, 0, 0, 0);
        (0..count).map(|_| normal(&mut rng) as f32).collect()
    }

    /// All cosines in f64, sorted.
    fn naive(bank: &[f32], query: &[f32], dim: usize, k: usize) -> Vec<(f64, usize)> {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
            products.sum()
        };
        let rows = bank.chunks_exact(dim).enumerate();
        let mut all: Vec<(f64, usize)> = rows
            .map(|(i, row)| {
                (
                    dot(row, query) / (dot(row, row) * dot(query, query)).sqrt(),
                    i,
                )
            })
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all.truncate(k);
        all
    }

    #[test]
    fn the_nearest_are_those_of_sorting_every_cosine() {
        let dim = 12;
        // Fewer queries than a block, which meet the bank in segments, and more than one block of them.
        for (rows, queries, k) in [(3000, 3, 7), (700, 1100, 5), (20, 2, 50)] {
            let (bank, asked) = (numbers(rows * dim, 1), numbers(queries * dim, 2));
            let found = Bank::new(&bank, dim).nearest(&asked, k, <[Neighbor]>::to_vec);
            assert_eq!(found.len(), queries);
            for (query, found) in asked.chunks_exact(dim).zip(found).step_by(7) {
                let naive = naive(&bank, query, dim, k);
                assert_eq!(found.len(), naive.len());
                for (a, (cosine, row)) in found.iter().zip(naive) {
                    assert_eq!(a.row, row);
                    assert!((f64::from(a.cosine) - cosine).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn of_equal_rows_the_first_come_first_in_every_block_and_segment() {
        let dim = 5;
        let pattern = numbers(4 * dim, 3);
        let bank = pattern.repeat(900); // row i equals row i + 4
        let query = &pattern[..dim];
        for queries in [1, 600] {
            let asked = query.repeat(queries);
            let found = Bank::new(&bank, dim).nearest(&asked, 1000, |near| {
                near.iter().map(|n| n.row).collect::<Vec<_>>()
            });
            for rows in found {
                let first: Vec<usize> = (0..900).map(|i| 4 * i).collect();
                assert_eq!(rows[..900], first);
                assert!(rows[900..].windows(2).all(|pair| pair[1] == pair[0] + 4));
            }
        }
    }
}
