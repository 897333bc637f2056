//! Spectrum, energy gap and calibration.

use ravine::eval::calibration::{calibration, fit_beta};
use ravine::eval::energy_gap::EnergyGap;
use ravine::eval::lidar::lidar;
use ravine::eval::spectrum::{alignment, rankme, relative_spread, uniformity};
use ravine::random::{Purpose, normal, stream};

use super::{Golden, blobs, features};

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
