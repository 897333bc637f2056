//! Nearest neighbours, and what every probe refuses.

use ravine::eval::Features;
use ravine::eval::knn::Knn;
use ravine::eval::logistic::Logistic;

use super::{Golden, blobs, features, known, on_one_and_three_threads};

#[test]
fn knn_matches_the_golden() {
    let golden = Golden::open("metric/knn");
    let mut bank = golden.features("bank");
    bank.labels = known(golden.labels("inputs", "labels"));
    let params = &golden.case["params"];
    let knn = Knn {
        k: params["k"].as_u64().unwrap() as usize,
        temperature: params["temperature"].as_f64().unwrap(),
    };
    let votes = knn.predict(&bank, &golden.features("queries")).unwrap();
    golden.check("scores", &votes.scores);
    assert_eq!(votes.predictions, golden.labels("outputs", "predictions"));
}

/// Every cosine sorted, no blocks.
fn naive_knn(knn: &Knn, bank: &Features, query: &[f32]) -> Vec<f64> {
    let norm = |row: &[f32]| {
        row.iter()
            .map(|v| f64::from(*v).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let mut near: Vec<(f64, usize)> = (0..bank.rows())
        .map(|i| {
            let products = bank.row(i).iter().zip(query);
            let dot: f64 = products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            (dot / norm(bank.row(i)) / norm(query), i)
        })
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut votes = vec![0.0; bank.classes()];
    for (cosine, i) in near.into_iter().take(knn.k) {
        votes[bank.label(i).unwrap() as usize] += (cosine / knn.temperature).exp();
    }
    votes
}

#[test]
fn knn_in_blocks_is_naive_knn() {
    // More than one block of bank rows and of queries (512 of either).
    let (bank, queries) = (blobs(5000, 16, 10, 0.3, 1), blobs(600, 16, 10, 0.3, 2));
    let knn = Knn {
        k: 20,
        temperature: 0.1,
    };
    let votes = knn.predict(&bank, &queries).unwrap();
    for i in (0..600).step_by(7) {
        let naive = naive_knn(&knn, &bank, queries.row(i));
        for (a, e) in votes.scores[i * 10..(i + 1) * 10].iter().zip(naive) {
            assert!((a - e).abs() <= 1e-4 * e + 1e-6, "{a} instead of {e}");
        }
    }
}

#[test]
fn equally_near_rows_vote_from_the_first_on() {
    let mut values = vec![0.0; 2 * 9000];
    values.iter_mut().step_by(2).for_each(|v| *v = 1.0); // all rows equal
    let labels = (0..9000).map(|i| u32::from(i >= 3)).collect();
    let bank = features(2, values, Some(labels));
    let query = features(2, vec![2.0, 0.0], None);
    let votes = |k| {
        Knn {
            k,
            temperature: 1.0,
        }
        .predict(&bank, &query)
        .unwrap()
    };
    assert!(votes(3).scores[1] < 1e-12);
    assert!((votes(5).scores[0] / votes(5).scores[1] - 1.5).abs() < 1e-9);
    let tie = votes(6);
    assert!((tie.scores[0] - tie.scores[1]).abs() < 1e-12);
    assert_eq!(tie.predictions, [0]);
}

#[test]
fn more_neighbors_than_rows_are_clipped_and_said() {
    let bank = blobs(30, 4, 3, 1.0, 1);
    let votes = Knn::default().predict(&bank, &bank).unwrap();
    assert_eq!(votes.k, 30);
}

#[test]
fn probes_refuse_what_cannot_be_judged_with_a_sentence() {
    let (good, mut bad) = (blobs(30, 4, 3, 1.0, 1), blobs(30, 4, 3, 1.0, 1));
    let knn = Knn::default();
    bad.labels = Vec::new();
    let said = knn.predict(&bad, &good).unwrap_err().to_string();
    assert!(said.contains("no labels"), "{said}");
    assert!(Logistic::default().fit(&bad).is_err());
    bad.labels = vec![Some(0); 30];
    let said = Logistic::default().fit(&bad).unwrap_err().to_string();
    assert!(said.contains("single class"), "{said}");
    bad.values[5] = f32::NAN;
    let said = knn.predict(&good, &bad).unwrap_err().to_string();
    assert!(said.contains("image 1.png"), "{said}");
    assert!(
        knn.predict(&features(4, vec![], Some(vec![])), &good)
            .is_err()
    );
    let wide = blobs(30, 5, 3, 1.0, 1);
    assert!(knn.predict(&good, &wide).is_err());
    assert!(
        Logistic::default()
            .fit(&good)
            .unwrap()
            .predict(&wide)
            .is_err()
    );
}

#[test]
fn the_number_of_threads_does_not_change_the_votes() {
    let (bank, queries) = (blobs(4500, 16, 10, 0.3, 1), blobs(600, 16, 10, 0.3, 2));
    let [one, three] =
        on_one_and_three_threads(|| Knn::default().predict(&bank, &queries).unwrap());
    assert_eq!(one, three);
}
