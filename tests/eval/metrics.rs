//! Spectrum, energy gap and calibration.

use ravine::eval::calibration::{calibration, fit_beta};
use ravine::eval::energy_gap::EnergyGap;
use ravine::eval::spectrum::{rankme, relative_spread};
use ravine::random::{Purpose, normal, stream};

use super::{Golden, features};

#[test]
fn rankme_and_spread_match_the_goldens() {
    let golden = Golden::open("metric/rankme");
    golden.check("rankme", &[rankme(&golden.features("z")).unwrap()]);
    let golden = Golden::open("metric/relative_spread");
    golden.check("spread", &[relative_spread(&golden.features("z"))]);
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
