//! Ranking a whole gallery.

use rand::RngExt;
use ravine::eval::Features;
use ravine::eval::retrieval::{Retrieval, retrieve};
use ravine::random::{Purpose, stream};

use super::{blobs, features, on_one_and_three_threads};

/// Rows of plus and minus ones: equally long, so that cosines are whole numbers over the dimension, with many ties.
fn signs(rows: usize, dim: usize, classes: u32, seed: u64) -> Features {
    let mut rng = stream(seed, Purpose::Check, 3, 0, 0);
    let values = (0..rows * dim).map(|_| f32::from(rng.random::<bool>()) * 2.0 - 1.0);
    let values = values.collect();
    let labels = (0..rows).map(|_| rng.random_range(0..classes)).collect();
    features(dim, values, Some(labels))
}

/// Every product sorted, of equal ones the first of the gallery first.
fn naive(gallery: &Features, queries: &Features, k: usize) -> (f64, f64) {
    let (mut recall, mut map) = (0.0, 0.0);
    for query in 0..queries.rows() {
        let product = |row: usize| -> f32 {
            let pairs = gallery.row(row).iter().zip(queries.row(query));
            pairs.map(|(a, b)| a * b).sum()
        };
        let mut order: Vec<usize> = (0..gallery.rows()).collect();
        let products: Vec<f32> = order.iter().map(|&row| product(row)).collect();
        order.sort_by(|&a, &b| products[b].total_cmp(&products[a]).then(a.cmp(&b)));
        let ranked = order.iter().enumerate();
        let own = ranked.filter(|(_, row)| gallery.label(**row) == queries.label(query));
        let ranks: Vec<usize> = own.map(|(rank, _)| rank).collect();
        recall += f64::from(u8::from(ranks[0] < k));
        let shares = ranks.iter().enumerate();
        let shares = shares.map(|(i, rank)| (i + 1) as f64 / (rank + 1) as f64);
        map += shares.sum::<f64>() / ranks.len() as f64;
    }
    let count = queries.rows() as f64;
    (recall / count, map / count)
}

#[test]
fn ranks_of_a_gallery_with_many_ties_are_those_of_sorting_it() {
    // Several blocks of the gallery (512), the last of one row.
    let (gallery, queries) = (signs(2049, 16, 7, 1), signs(40, 16, 7, 2));
    let found = retrieve(&gallery, &queries, &[1, 5]).unwrap();
    for (at, k) in [1, 5].into_iter().enumerate() {
        let (recall, map) = naive(&gallery, &queries, k);
        assert!((found.recall[at] - recall).abs() < 1e-12);
        assert!((found.map - map).abs() < 1e-12, "{} {map}", found.map);
    }
}

#[test]
fn the_number_of_threads_does_not_change_the_ranks() {
    let (gallery, queries) = (blobs(3000, 16, 10, 0.3, 1), blobs(700, 16, 10, 0.3, 2));
    let [one, three]: [Retrieval; 2] =
        on_one_and_three_threads(|| retrieve(&gallery, &queries, &[1, 10]).unwrap());
    assert_eq!(one, three);
}
