//! L-BFGS, the logistic probe, and probes with few labels.

use ravine::eval::calibration::calibration;
use ravine::eval::features::accuracy;
use ravine::eval::lbfgs::{Lbfgs, Stop};
use ravine::eval::logistic::Logistic;
use ravine::eval::{Features, low_shot};

use super::{blobs, features, on_one_and_three_threads};

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
        let end = Lbfgs::default().minimize(start, rosenbrock);
        assert_eq!(end.stop, Stop::Converged);
        assert!(end.iterations < 100, "{} steps", end.iterations);
        assert!(end.gradient <= 1e-6);
        assert!(end.x.iter().all(|x| (x - 1.0).abs() < 1e-5), "{:?}", end.x);
    }
}

#[test]
fn lbfgs_survives_infinite_values_and_stops_where_nothing_is_gained() {
    // log barrier: infinite left of 0, minimum at 1
    let end = Lbfgs::default().minimize(vec![1e-3], |x, g| {
        g[0] = 1.0 - 1.0 / x[0];
        if x[0] > 0.0 {
            x[0] - x[0].ln()
        } else {
            f64::INFINITY
        }
    });
    assert!((end.x[0] - 1.0).abs() < 1e-5, "{end:?}");
    // a gradient that points uphill
    let end = Lbfgs::default().minimize(vec![3.0], |x, g| {
        g[0] = -2.0 * x[0];
        x[0] * x[0]
    });
    assert_eq!((end.stop, end.x[0]), (Stop::NoProgress, 3.0));
    let few = Lbfgs {
        max_iter: 0,
        ..Lbfgs::default()
    };
    let end = few.minimize(vec![3.0], |x, g| {
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
    for (i, label) in data.known_labels().unwrap().iter().enumerate() {
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
fn the_logistic_probe_generalizes_and_its_energies_agree_with_its_answers() {
    let (train, test) = (blobs(800, 8, 5, 2.0, 4), blobs(300, 8, 5, 2.0, 5));
    let fitted = Logistic::default().fit(&train).unwrap();
    let answers = fitted.predict(&test).unwrap();
    let labels = &test.known_labels().unwrap();
    assert!(accuracy(&answers, labels) > 0.98);
    let c = calibration(&fitted.energies(&test).unwrap(), labels, 1.0, 15).unwrap();
    assert!((c.accuracy - accuracy(&answers, labels)).abs() < 1e-12);
}

#[test]
fn a_few_label_probe_is_repeatable_and_its_interval_holds_its_mean() {
    let (train, test) = (blobs(500, 8, 5, 0.6, 6), blobs(300, 8, 5, 0.6, 7));
    let labels = test.known_labels().unwrap();
    let run = |seed| {
        let known = train.known_labels().unwrap();
        let probe = |repetition| {
            let rows = low_shot::draw(&known, 5, seed, repetition).unwrap();
            let fitted = Logistic::default().fit(&train.select(&rows)).unwrap();
            accuracy(&fitted.predict(&test).unwrap(), &labels)
        };
        low_shot::Repeated::of((0..4).map(probe).collect())
    };
    let first = run(0);
    assert_eq!(first, run(0));
    assert_ne!(first.values, run(1).values);
    let [low, high] = first.interval.unwrap();
    assert!(low < first.mean && first.mean < high && first.values.len() == 4);
}

#[test]
fn the_number_of_threads_does_not_change_the_logistic_probe() {
    let data = blobs(3000, 8, 4, 0.5, 8);
    let weights = || Logistic::default().fit(&data).unwrap().weights;
    let [one, three] = on_one_and_three_threads(weights);
    assert_eq!(one, three);
}

#[test]
fn the_logistic_probe_takes_few_steps_however_unequal_the_directions_are() {
    // Every feature is a sum of a common one and a hundredth of its own: the directions differ by a factor of 40,000 in curvature.
    let mut data = blobs(3000, 16, 3, 0.3, 9);
    for row in data.values.chunks_exact_mut(16) {
        let common: f32 = row.iter().sum();
        for x in row.iter_mut() {
            *x = common + 0.01 * *x;
        }
    }
    let fitted = Logistic::default().fit(&data).unwrap();
    assert_eq!(fitted.stop, Stop::Converged);
    assert!(fitted.iterations <= 30, "{} steps", fitted.iterations);
    let weights = || Logistic::default().fit(&data).unwrap().weights;
    let [one, three] = on_one_and_three_threads(weights);
    assert_eq!(one, three);
}
