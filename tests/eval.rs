//! Judging code against the golden vectors and slow references.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use rand::RngExt;
use ravine::eval::calibration::{calibration, fit_beta};
use ravine::eval::card::{Beside, Card, ProbeCard};
use ravine::eval::collapse::Verdict;
use ravine::eval::energy_gap::EnergyGap;
use ravine::eval::features::accuracy;
use ravine::eval::knn::Knn;
use ravine::eval::lbfgs::{Lbfgs, Stop};
use ravine::eval::lidar::lidar;
use ravine::eval::logistic::Logistic;
use ravine::eval::spectrum::{alignment, rankme, relative_spread, uniformity};
use ravine::eval::{Features, few_labels};
use ravine::random::{Purpose, normal, stream};

/// One case of the golden vectors.
struct Golden {
    case: serde_json::Value,
    tensors: HashMap<String, Tensor>,
}

impl Golden {
    fn open(name: &str) -> Self {
        let text = std::fs::read_to_string("tests/goldens/goldens.json").unwrap();
        let all: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cases = all["cases"].as_array().unwrap();
        let case = cases.iter().find(|c| c["name"] == name).unwrap().clone();
        let tensors =
            candle_core::safetensors::load("tests/goldens/goldens.safetensors", &Device::Cpu)
                .unwrap();
        Self { case, tensors }
    }

    fn tensor(&self, side: &str, name: &str) -> &Tensor {
        &self.tensors[self.case[side][name].as_str().unwrap()]
    }

    fn input(&self, name: &str) -> Vec<f32> {
        let tensor = self.tensor("inputs", name).flatten_all().unwrap();
        tensor.to_vec1().unwrap()
    }

    fn features(&self, name: &str) -> Features {
        let dim = self.tensor("inputs", name).dims().last().copied().unwrap();
        features(dim, self.input(name), None)
    }

    fn labels(&self, side: &str, name: &str) -> Vec<u32> {
        let labels: Vec<i64> = self.tensor(side, name).to_vec1().unwrap();
        labels.into_iter().map(|l| l as u32).collect()
    }

    /// |actual − expected| <= atol + rtol |expected| for every element.
    fn check(&self, name: &str, actual: &[f64]) {
        let expected: Vec<f32> = self
            .tensor("outputs", name)
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        assert_eq!(expected.len(), actual.len(), "{name}");
        let tolerance = |key: &str| self.case["tolerance"][key].as_f64().unwrap();
        for (e, a) in expected.iter().zip(actual) {
            let e = f64::from(*e);
            let allowed = tolerance("atol") + tolerance("rtol") * e.abs();
            assert!((a - e).abs() <= allowed, "{name}: {a} instead of {e}");
        }
    }
}

fn features(dim: usize, values: Vec<f32>, labels: Option<Vec<u32>>) -> Features {
    let ids = (0..values.len() / dim)
        .map(|i| format!("image {i}.png"))
        .collect();
    Features {
        dim,
        values,
        labels,
        ids,
    }
}

/// Gaussian blobs: class c is centred at `apart` times its own random direction.
fn blobs(rows: usize, dim: usize, classes: u32, apart: f64, seed: u64) -> Features {
    let mut rng = stream(7, Purpose::Check, 0, 0, 0); // the centres are those of every seed
    let centres: Vec<f64> = (0..classes as usize * dim)
        .map(|_| normal(&mut rng))
        .collect();
    let mut rng = stream(seed, Purpose::Check, 1, 0, 0);
    let labels: Vec<u32> = (0..rows).map(|_| rng.random_range(0..classes)).collect();
    let value = |label: u32, d: usize, rng: &mut _| {
        (apart * centres[label as usize * dim + d] + normal(rng)) as f32
    };
    let values = labels
        .iter()
        .flat_map(|&label| {
            (0..dim)
                .map(|d| value(label, d, &mut rng))
                .collect::<Vec<_>>()
        })
        .collect();
    features(dim, values, Some(labels))
}

#[test]
fn rankme_lidar_and_spread_match_the_goldens() {
    let golden = Golden::open("metric/rankme");
    golden.check("rankme", &[rankme(&golden.features("z")).unwrap()]);
    let golden = Golden::open("metric/relative_spread");
    golden.check("spread", &[relative_spread(&golden.features("z"))]);
    let golden = Golden::open("metric/lidar");
    let views = golden.tensor("inputs", "z").dims()[1];
    golden.check("lidar", &[lidar(&golden.features("z"), views).unwrap()]);
}

#[test]
fn alignment_and_uniformity_match_the_goldens() {
    let golden = Golden::open("pair_loss/alignment_uniformity");
    let (x, y) = (golden.features("z0"), golden.features("z1"));
    golden.check("alignment", &[alignment(&x, &y).unwrap()]);
    golden.check("uniformity_z0", &[uniformity(&x).unwrap()]);
    golden.check("uniformity_z1", &[uniformity(&y).unwrap()]);
}

#[test]
fn uniformity_over_several_blocks_is_that_of_all_pairs() {
    let x = blobs(600, 5, 3, 1.0, 0);
    let unit = |i: usize| {
        let norm = x.row(i).iter().map(|v| v * v).sum::<f32>().sqrt();
        x.row(i)
            .iter()
            .map(|v| f64::from(v / norm))
            .collect::<Vec<_>>()
    };
    let units: Vec<_> = (0..600).map(unit).collect();
    let mut sum = 0.0;
    for i in 0..600 {
        for j in i + 1..600 {
            let d: f64 = units[i]
                .iter()
                .zip(&units[j])
                .map(|(a, b)| (a - b).powi(2))
                .sum();
            sum += (-2.0 * d).exp();
        }
    }
    let naive = (sum / (600.0 * 599.0 / 2.0)).ln();
    assert!((uniformity(&x).unwrap() - naive).abs() < 1e-5);
}

#[test]
fn the_rank_of_a_plane_is_at_most_two() {
    let mut rng = stream(0, Purpose::Check, 0, 0, 0);
    let values = (0..200)
        .flat_map(|_| {
            let (a, b) = (normal(&mut rng) as f32, normal(&mut rng) as f32);
            [a, b, a + b, a - b, 2.0 * a]
        })
        .collect();
    let rank = rankme(&features(5, values, None)).unwrap();
    assert!((1.0..2.001).contains(&rank), "{rank}");
    assert!(rankme(&features(2, vec![0.0; 8], None)).is_err());
}

#[test]
fn auroc_matches_the_goldens() {
    for name in ["metric/auroc", "metric/auroc_ties"] {
        let golden = Golden::open(name);
        let gap = EnergyGap::of(&golden.input("positive"), &golden.input("negative")).unwrap();
        golden.check("auroc", &[gap.auroc]);
    }
}

#[test]
fn calibration_and_temperature_match_the_goldens() {
    let golden = Golden::open("metric/expected_calibration_error");
    let labels = golden.labels("inputs", "labels");
    let c = calibration(&golden.input("energies"), &labels, 1.0, 15).unwrap();
    golden.check("ece", &[c.ece]);
    golden.check("accuracy", &[c.accuracy]);
    golden.check("nll", &[c.nll]);
    let counts: Vec<u32> = c.bin_count.iter().map(|&n| n as u32).collect();
    assert_eq!(counts, golden.labels("outputs", "bin_count"));

    let golden = Golden::open("latent/temperature");
    let (energies, labels) = (golden.input("energies"), golden.labels("inputs", "labels"));
    let beta = fit_beta(&energies, &labels).unwrap();
    golden.check("beta", &[beta]);
    let nll = |beta| calibration(&energies, &labels, beta, 15).unwrap().nll;
    golden.check("nll_at_beta", &[nll(beta)]);
    golden.check("nll_at_one", &[nll(1.0)]);
}

#[test]
fn knn_matches_the_golden() {
    let golden = Golden::open("metric/knn");
    let mut bank = golden.features("bank");
    bank.labels = Some(golden.labels("inputs", "labels"));
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
        votes[bank.labels.as_ref().unwrap()[i] as usize] += (cosine / knn.temperature).exp();
    }
    votes
}

#[test]
fn knn_in_blocks_is_naive_knn() {
    // More than one block of bank rows (4096) and of queries (256).
    let (bank, queries) = (blobs(5000, 16, 10, 0.3, 1), blobs(300, 16, 10, 0.3, 2));
    let knn = Knn {
        k: 20,
        temperature: 0.1,
    };
    let votes = knn.predict(&bank, &queries).unwrap();
    for i in (0..300).step_by(7) {
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
fn more_neighbours_than_rows_are_clipped_and_said() {
    let bank = blobs(30, 4, 3, 1.0, 1);
    let votes = Knn::default().predict(&bank, &bank).unwrap();
    assert_eq!(votes.k, 30);
}

#[test]
fn probes_refuse_what_cannot_be_judged_with_a_sentence() {
    let (good, mut bad) = (blobs(30, 4, 3, 1.0, 1), blobs(30, 4, 3, 1.0, 1));
    let knn = Knn::default();
    bad.labels = None;
    let said = knn.predict(&bad, &good).unwrap_err().to_string();
    assert!(said.contains("no labels"), "{said}");
    assert!(Logistic::default().fit(&bad).is_err());
    bad.labels = Some(vec![0; 30]);
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
fn lbfgs_finds_the_floor_of_rosenbrocks_valley() {
    let rosenbrock = |x: &[f64], g: &mut [f64]| {
        g.fill(0.0);
        let mut value = 0.0;
        for i in 0..x.len() - 1 {
            let (a, b) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
            value += a * a + 100.0 * b * b;
            g[i] -= 2.0 * a + 400.0 * x[i] * b;
            g[i + 1] += 200.0 * b;
        }
        value
    };
    for start in [vec![-1.2, 1.0], [-1.2, 1.0].repeat(5)] {
        let end = Lbfgs::default().minimise(start, rosenbrock);
        assert_eq!(end.stop, Stop::Converged);
        assert!(end.iterations < 100, "{} steps", end.iterations);
        assert!(end.gradient <= 1e-6);
        assert!(end.x.iter().all(|x| (x - 1.0).abs() < 1e-5), "{:?}", end.x);
    }
}

#[test]
fn lbfgs_survives_infinite_values_and_stops_where_nothing_is_gained() {
    // log barrier: infinite left of 0, minimum at 1
    let end = Lbfgs::default().minimise(vec![1e-3], |x, g| {
        g[0] = 1.0 - 1.0 / x[0];
        if x[0] > 0.0 {
            x[0] - x[0].ln()
        } else {
            f64::INFINITY
        }
    });
    assert!((end.x[0] - 1.0).abs() < 1e-5, "{end:?}");
    // a gradient that points uphill
    let end = Lbfgs::default().minimise(vec![3.0], |x, g| {
        g[0] = -2.0 * x[0];
        x[0] * x[0]
    });
    assert_eq!((end.stop, end.x[0]), (Stop::NoProgress, 3.0));
    let few = Lbfgs {
        max_iter: 0,
        ..Lbfgs::default()
    };
    let end = few.minimise(vec![3.0], |x, g| {
        g[0] = x[0];
        0.5 * x[0] * x[0]
    });
    assert_eq!(end.stop, Stop::MaxIter);
}

#[test]
fn without_features_the_logistic_optimum_is_the_share_of_each_class() {
    // A constant feature says nothing: the bias alone gives log p, and the objective is the entropy.
    let labels = [vec![0; 50], vec![1; 30], vec![2; 20]].concat();
    let data = features(1, vec![3.0; 100], Some(labels));
    let exact = Logistic {
        tolerance: 1e-9,
        ..Logistic::default()
    };
    let fitted = exact.fit(&data).unwrap();
    assert_eq!(fitted.stop, Stop::Converged);
    let entropy: f64 = [0.5_f64, 0.3, 0.2].iter().map(|p| -p * p.ln()).sum();
    assert!((fitted.objective - entropy).abs() < 1e-9);
    let bias = &fitted.weights[3..];
    assert!((bias[0] - bias[1] - (0.5_f64 / 0.3).ln()).abs() < 1e-6);
    assert!((bias[1] - bias[2] - (0.3_f64 / 0.2).ln()).abs() < 1e-6);
}

/// The objective as its formula stands, on one thread.
fn logistic_objective(data: &Features, w: &[f64], l2: f64) -> f64 {
    let (n, dim, classes) = (data.rows(), data.dim, data.classes());
    let column = |d: usize| (0..n).map(move |i| f64::from(data.row(i)[d]));
    let scaled: Vec<(f64, f64)> = (0..dim)
        .map(|d| {
            let mean = column(d).sum::<f64>() / n as f64;
            let squares: f64 = column(d).map(|x| (x - mean).powi(2)).sum();
            (mean, (squares / (n - 1) as f64).sqrt() + 1e-6)
        })
        .collect();
    let mut loss = 0.0;
    for (i, label) in data.labels.as_ref().unwrap().iter().enumerate() {
        let logit = |c: usize| {
            let inputs = data.row(i).iter().zip(&scaled).enumerate();
            inputs.fold(w[dim * classes + c], |sum, (d, (x, (mean, std)))| {
                sum + w[d * classes + c] * (f64::from(*x) - mean) / std
            })
        };
        let total: f64 = (0..classes).map(|c| logit(c).exp()).sum();
        loss += total.ln() - logit(*label as usize);
    }
    let penalty: f64 = w[..dim * classes].iter().map(|w| w * w).sum();
    loss / n as f64 + l2 * penalty
}

#[test]
fn the_gradient_of_the_logistic_objective_is_zero_at_its_end() {
    let data = blobs(1500, 6, 4, 0.7, 3); // several parts and blocks
    let settings = Logistic {
        l2: 1e-2,
        tolerance: 1e-8,
        ..Logistic::default()
    };
    let fitted = settings.fit(&data).unwrap();
    assert_eq!(fitted.stop, Stop::Converged);
    let at = |w: &[f64]| logistic_objective(&data, w, 1e-2);
    assert!((fitted.objective - at(&fitted.weights)).abs() < 1e-10);
    for i in 0..fitted.weights.len() {
        let moved = |by: f64| {
            let mut w = fitted.weights.clone();
            w[i] += by;
            at(&w)
        };
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!(slope.abs() < 1e-7, "weight {i}: slope {slope}");
    }
}

#[test]
fn the_logistic_probe_generalises_and_its_energies_agree_with_its_answers() {
    let (train, test) = (blobs(800, 8, 5, 2.0, 4), blobs(300, 8, 5, 2.0, 5));
    let fitted = Logistic::default().fit(&train).unwrap();
    let answers = fitted.predict(&test).unwrap();
    let labels = test.labels.as_ref().unwrap();
    assert!(accuracy(&answers, labels) > 0.98);
    let c = calibration(&fitted.energies(&test).unwrap(), labels, 1.0, 15).unwrap();
    assert!((c.accuracy - accuracy(&answers, labels)).abs() < 1e-12);
}

#[test]
fn a_few_label_probe_is_repeatable_and_its_interval_holds_its_mean() {
    let (train, test) = (blobs(500, 8, 5, 0.6, 6), blobs(300, 8, 5, 0.6, 7));
    let labels = test.known_labels().unwrap();
    let run = |seed| {
        few_labels::repeat(train.known_labels().unwrap(), 5, seed, 4, |rows| {
            let fitted = Logistic::default().fit(&train.select(rows))?;
            Ok(accuracy(&fitted.predict(&test)?, labels))
        })
        .unwrap()
    };
    let first = run(0);
    assert_eq!(first, run(0));
    assert_ne!(first.values, run(1).values);
    let [low, high] = first.interval.unwrap();
    assert!(low < first.mean && first.mean < high && first.values.len() == 4);
}

fn beside<T: Clone>(value: T) -> Beside<T> {
    Beside {
        pretrained: value.clone(),
        untrained: value.clone(),
        raw: value,
    }
}

#[test]
fn the_card_holds_what_machines_and_people_ask_for() {
    let probe = ProbeCard {
        kind: "logistic".into(),
        split: "test".into(),
        labels_per_class: Some(10),
        seeds: 5,
        k: None,
        temperature: None,
        l2: Some(1e-4),
        accuracy: beside(0.951),
        interval: beside(Some([0.94, 0.96])),
    };
    let card = Card {
        run: "runs/digits".into(),
        method: "simclr".into(),
        data: "digits".into(),
        split: "test".into(),
        checkpoint: "step-000400".into(),
        images_per_s: 1000.0,
        seconds: 60.0,
        steps: 400,
        epochs: 60.0,
        parameters: 12345,
        probe: Some(probe),
        knn: None,
        spread: 0.9,
        rank: 30.0,
        dim: 64,
        verdict: Verdict::Healthy,
        why: "embeddings differ".into(),
    };
    let json = serde_json::to_value(&card).unwrap();
    assert_eq!(json["probe"]["accuracy"]["raw"], 0.951);
    assert_eq!(json["probe"]["labels_per_class"], 10);
    assert_eq!(json["verdict"], "healthy");
    assert!(json["probe"].get("k").is_none());
    assert_eq!(serde_json::from_value::<Card>(json).unwrap(), card);
    let text = card.to_string();
    for part in [
        "10 labels per class",
        "95.1 %",
        "94.0 to 96.0 %",
        "untrained",
        "healthy: emb",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}
