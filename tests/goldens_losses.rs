//! Energies, losses, pair losses and regularizers against reference numbers.

mod common;

use candle_core::{Tensor, Var};
use common::{Any, Case, case, cases};
use ravine::energies::{Cosine, Dot, Energy, L1, Squared, SquaredConvention, l2_normalise_with};
use ravine::losses::{
    Energies, EnergyLoss, Hinge, InfoNce, Log, Loss, Lvq2, Lvq2Convention, Mce, Mee, Nll,
    Perceptron, SquareExponential, SquareSquare,
};
use ravine::negatives::{InBatch, Negatives, NoNegatives, Triplets};
use ravine::regularizers::{Covariance, Regularizer, Variance};

fn vars(case: &Case, names: [&str; 2]) -> Result<[Var; 2], Any> {
    Ok([
        Var::from_tensor(&case.input(names[0]))?,
        Var::from_tensor(&case.input(names[1]))?,
    ])
}

/// `loss` and its gradients by `vars`, against the case.
fn check_gradients(case: &Case, loss: &Tensor, vars: &[(&str, &Var)]) -> Result<(), Any> {
    case.check("loss", loss)?;
    let store = loss.backward()?;
    for (name, var) in vars {
        let output = format!("grad_{name}");
        let gradient = match store.get(var) {
            Some(gradient) => gradient.clone(),
            None => var.zeros_like()?,
        };
        case.check(&output, &gradient)?;
    }
    Ok(())
}

#[test]
fn energies_equal_the_reference() -> Result<(), Any> {
    let parts: [(&str, &dyn Energy); 4] = [
        ("cosine", &Cosine {}),
        ("squared_euclidean", &Squared::default()),
        ("manhattan", &L1 {}),
        ("dot", &Dot {}),
    ];
    for (name, energy) in parts {
        let case = case(&format!("energy/{name}"))?;
        let [x, y] = vars(&case, ["x", "y"])?;
        let table = energy.table(&x, &y)?;
        case.check("table", &table)?;
        let loss = (table * case.input("upstream"))?.sum_all()?;
        check_gradients(&case, &loss, &[("x", &x), ("y", &y)])?;
    }
    Ok(())
}

#[test]
fn normalising_equals_the_reference_for_short_rows_too() -> Result<(), Any> {
    for case in cases("layer/l2_normalise")? {
        let x = Var::from_tensor(&case.input("x"))?;
        let output = l2_normalise_with(&x, case.number("eps"))?;
        case.check("output", &output)?;
        let loss = (output * case.input("upstream"))?.sum_all()?;
        check_gradients(&case, &loss, &[("x", &x)])?;
    }
    Ok(())
}

#[test]
fn energy_losses_equal_the_reference() -> Result<(), Any> {
    for case in cases("energy_loss/")? {
        let number = |key: &str| case.number(key);
        let kind = case.name.trim_start_matches("energy_loss/");
        let loss: Box<dyn Loss> = match kind.trim_end_matches("_huge_energies") {
            "energy" => Box::new(EnergyLoss::default()),
            "perceptron" => Box::new(Perceptron {}),
            "hinge" => Box::new(Hinge {
                margin: number("margin"),
            }),
            "log" => Box::new(Log {}),
            "lvq2_ratio" => Box::new(Lvq2 {
                delta: number("delta"),
                ..Lvq2::default()
            }),
            "lvq2_cap" => {
                assert_eq!(number("cap"), 1.0);
                Box::new(Lvq2 {
                    convention: Lvq2Convention::Difference,
                    ..Lvq2::default()
                })
            }
            "mce" => Box::new(Mce {}),
            "mee" => Box::new(Mee {
                beta: number("beta"),
            }),
            "square_square" => Box::new(SquareSquare {
                margin: number("margin"),
            }),
            "square_exponential" => Box::new(SquareExponential {
                gamma: number("gamma"),
            }),
            "nll" => Box::new(Nll {
                beta: number("beta"),
            }),
            other => panic!("no loss for the case {other}"),
        };
        let [good, bad] = vars(&case, ["good", "bad"])?;
        let energies = Energies {
            positive: good.unsqueeze(1)?,
            negative: Some(bad.as_tensor().clone()),
            volume: None,
        };
        let rows = loss.forward(&energies)?;
        case.check("per_row", &rows)?;
        check_gradients(&case, &rows.mean_all()?, &[("good", &good), ("bad", &bad)])?;
    }
    Ok(())
}

#[test]
fn simclr_equals_nt_xent() -> Result<(), Any> {
    let case = case("pair_loss/nt_xent")?;
    let [z0, z1] = vars(&case, ["z0", "z1"])?;
    let views = [z0.as_tensor().clone(), z1.as_tensor().clone()];
    let energies = InBatch {}.energies(&Cosine {}, &views, &views)?;
    let loss = InfoNce {
        temperature: case.number("temperature"),
    };
    let rows = loss.forward(&energies)?;
    case.check("per_row", &rows)?;
    check_gradients(
        &case,
        &InBatch {}.reduce(&rows)?,
        &[("z0", &z0), ("z1", &z1)],
    )
}

#[test]
fn hinge_over_pairs_equals_the_triplet_losses() -> Result<(), Any> {
    let parts: [(&str, &dyn Negatives); 2] = [
        ("pair_loss/triplet_hardest_both_views", &InBatch {}),
        ("pair_loss/triplet_all_both_views", &Triplets {}),
    ];
    for (name, negatives) in parts {
        let case = case(name)?;
        let [z0, z1] = vars(&case, ["z0", "z1"])?;
        let views = [z0.as_tensor().clone(), z1.as_tensor().clone()];
        let energies = negatives.energies(&Cosine {}, &views, &views)?;
        let hinge = Hinge {
            margin: case.number("margin"),
        };
        let loss = negatives.reduce(&hinge.forward(&energies)?)?;
        check_gradients(&case, &loss, &[("z0", &z0), ("z1", &z1)])?;
    }
    Ok(())
}

#[test]
fn vicreg_is_the_sum_of_its_parts() -> Result<(), Any> {
    let case = case("pair_loss/vicreg")?;
    let weights: Vec<f64> = serde_json::from_value(case.params["weights"].clone())?;
    let [z0, z1] = vars(&case, ["z0", "z1"])?;
    let views = [z0.as_tensor().clone(), z1.as_tensor().clone()];
    let energy = Squared {
        convention: SquaredConvention::Mean,
    };
    let energies = NoNegatives {}.energies(&energy, &views, &views)?;
    let variance = Variance {
        gamma: case.number("gamma"),
        eps: case.number("eps"),
        weight: weights[1],
    };
    let covariance = Covariance { weight: weights[2] };
    let invariance = EnergyLoss::default().forward(&energies)?.mean_all()?;
    let (v, c) = (variance.forward(&views, 0)?, covariance.forward(&views, 0)?);
    case.check("invariance", &invariance)?;
    case.check("variance", &v)?;
    case.check("covariance", &c)?;
    let loss = (((invariance * weights[0])? + (v * weights[1])?)? + (c * weights[2])?)?;
    check_gradients(&case, &loss, &[("z0", &z0), ("z1", &z1)])
}
