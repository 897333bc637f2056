//! Energies, losses, pair losses and regularizers against reference numbers.

mod common;

use candle_core::{Tensor, Var};
use common::{Any, Case, case, cases};
use ravine::energies::{Cosine, Dot, Energy, L1, Squared, SquaredConvention, l2_normalize_with};
use ravine::losses::{
    Dcl, Dclw, Energies, EnergyLoss, Hinge, InfoNce, Log, Loss, Lvq2, Lvq2Convention, Mce, Mee,
    Nll, Perceptron, Siglip, SquareExponential, SquareSquare,
};
use ravine::negatives::{Embeddings, InBatch, NoNegatives, OtherView, Pairs, Queue, Triplets};
use ravine::regularizers::{
    Covariance, CrossCorrelation, Koleo, Regularizer, SigReg, Uniformity, Variance,
};

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
fn normalizing_equals_the_reference_for_short_rows_too() -> Result<(), Any> {
    for case in cases("layer/l2_normalise")? {
        let x = Var::from_tensor(&case.input("x"))?;
        let output = l2_normalize_with(&x, case.number("eps"))?;
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
    let energies = InBatch::default().energies(&Cosine {}, &Embeddings::of(&views, &views))?;
    let loss = InfoNce {
        temperature: case.number("temperature"),
        ..InfoNce::default()
    };
    let rows = loss.forward(&energies)?;
    case.check("per_row", &rows)?;
    check_gradients(
        &case,
        &InBatch::default().reduce(&rows)?,
        &[("z0", &z0), ("z1", &z1)],
    )
}

#[test]
fn hinge_over_pairs_equals_the_triplet_losses() -> Result<(), Any> {
    let parts: [(&str, &dyn Pairs); 2] = [
        ("pair_loss/triplet_hardest_both_views", &InBatch::default()),
        ("pair_loss/triplet_all_both_views", &Triplets::default()),
    ];
    for (name, negatives) in parts {
        let case = case(name)?;
        let [z0, z1] = vars(&case, ["z0", "z1"])?;
        let views = [z0.as_tensor().clone(), z1.as_tensor().clone()];
        let energies = negatives.energies(&Cosine {}, &Embeddings::of(&views, &views))?;
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
    let energies = NoNegatives {}.energies(&energy, &Embeddings::of(&views, &views))?;
    let variance = Variance {
        gamma: case.number("gamma"),
        eps: case.number("eps"),
        weight: weights[1],
        ..Variance::default()
    };
    let covariance = Covariance {
        weight: weights[2],
        ..Covariance::default()
    };
    let invariance = EnergyLoss::default().forward(&energies)?.mean_all()?;
    let (v, c) = (variance.forward(&views, 0)?, covariance.forward(&views, 0)?);
    case.check("invariance", &invariance)?;
    case.check("variance", &v)?;
    case.check("covariance", &c)?;
    let loss = (((invariance * weights[0])? + (v * weights[1])?)? + (c * weights[2])?)?;
    check_gradients(&case, &loss, &[("z0", &z0), ("z1", &z1)])
}

#[test]
fn decoupled_losses_equal_the_reference() -> Result<(), Any> {
    for name in ["dcl", "dclw"] {
        let case = case(&format!("pair_loss/{name}"))?;
        let [z0, z1] = vars(&case, ["z0", "z1"])?;
        let views = [z0.as_tensor().clone(), z1.as_tensor().clone()];
        let energies = InBatch::default().energies(&Cosine {}, &Embeddings::of(&views, &views))?;
        let temperature = case.number("temperature");
        let rows = if name == "dcl" {
            Dcl { temperature }.forward(&energies)?
        } else {
            let sigma = case.number("sigma");
            Dclw { temperature, sigma }.forward(&energies)?
        };
        if name == "dcl" {
            case.check("per_row", &rows)?; // dclw's rows differ by (1 - w)/temperature, whose mean is 0
        }
        check_gradients(&case, &rows.mean_all()?, &[("z0", &z0), ("z1", &z1)])?;
    }
    Ok(())
}

#[test]
fn barlow_twins_equals_the_reference() -> Result<(), Any> {
    let case = case("pair_loss/barlow_twins")?;
    let [z0, z1] = vars(&case, ["z0", "z1"])?;
    let part = CrossCorrelation {
        weight: 1.0,
        lambda: case.number("lambda"),
        eps: case.number("eps"),
    };
    let loss = part.forward(&[z0.as_tensor().clone(), z1.as_tensor().clone()], 0)?;
    check_gradients(&case, &loss, &[("z0", &z0), ("z1", &z1)])
}

#[test]
fn sigreg_and_koleo_equal_the_reference() -> Result<(), Any> {
    let sigreg = case("pair_loss/sigreg")?;
    let z = Var::from_tensor(&sigreg.input("z"))?;
    let loss = SigReg::along(z.as_tensor(), &sigreg.input("directions"))?;
    check_gradients(&sigreg, &loss, &[("z", &z)])?;

    let koleo = case("pair_loss/koleo")?;
    let z = Var::from_tensor(&koleo.input("z"))?;
    let part = Koleo {
        weight: 1.0,
        eps: koleo.number("eps"),
    };
    let loss = part.forward(std::slice::from_ref(z.as_tensor()), 0)?;
    check_gradients(&koleo, &loss, &[("z", &z)])
}

#[test]
fn lejepa_is_the_sum_of_its_parts() -> Result<(), Any> {
    let case = case("pair_loss/lejepa")?;
    let [z0, z1] = vars(&case, ["z0", "z1"])?;
    let views = [z0.as_tensor().clone(), z1.as_tensor().clone()];
    let mean = Squared {
        convention: SquaredConvention::Mean,
    };
    let energies = NoNegatives {}.energies(&mean, &Embeddings::of(&views, &views))?;
    // The squared distance to the mean of two views is a quarter of theirs to each other.
    let invariance = (EnergyLoss::default().forward(&energies)?.mean_all()? * 0.25)?;
    case.check("invariance", &invariance)?;
    let directions = case.input("directions");
    let regularity =
        ((SigReg::along(&views[0], &directions)? + SigReg::along(&views[1], &directions)?)? * 0.5)?;
    case.check("regularity", &regularity)?;
    let lambda = case.number("lambda");
    let loss = ((invariance * (1.0 - lambda))? + (regularity * lambda)?)?;
    check_gradients(&case, &loss, &[("z0", &z0), ("z1", &z1)])
}

#[test]
fn uniformity_equals_the_reference() -> Result<(), Any> {
    let case = case("pair_loss/alignment_uniformity")?;
    let part = Uniformity {
        weight: 1.0,
        t: case.number("t"),
    };
    for view in ["z0", "z1"] {
        let value = part.forward(&[case.input(view)], 0)?;
        case.check(&format!("uniformity_{view}"), &value)?;
    }
    Ok(())
}

#[test]
fn simsiam_and_byol_are_the_energy_loss_over_predictions() -> Result<(), Any> {
    for (name, factor, shift) in [("simsiam", 1.0, -1.0), ("byol", 4.0, 0.0)] {
        let case = case(&format!("pair_loss/{name}"))?;
        let [p0, p1] = vars(&case, ["p0", "p1"])?;
        let predictions = [p0.as_tensor().clone(), p1.as_tensor().clone()];
        let targets = [case.input("z0"), case.input("z1")];
        let energies =
            NoNegatives {}.energies(&Cosine {}, &Embeddings::of(&predictions, &targets))?;
        let loss = EnergyLoss::default().forward(&energies)?.mean_all()?;
        let loss = loss.affine(factor, shift)?;
        check_gradients(&case, &loss, &[("p0", &p0), ("p1", &p1)])?;
    }
    Ok(())
}

#[test]
fn moco_is_info_nce_over_the_queue() -> Result<(), Any> {
    let case = case("pair_loss/queue_nce")?;
    let z0 = Var::from_tensor(&case.input("z0"))?;
    let (z1, kept) = (case.input("z1"), case.input("queue"));
    let queue = Queue {
        size: kept.dim(0)?,
        ..Queue::default()
    };
    let views = [z0.as_tensor().clone(), z1.clone()];
    let answers = views.each_ref().map(Tensor::detach);
    let embeddings = Embeddings {
        earlier: Some(&kept),
        ..Embeddings::of(&views, &answers)
    };
    let energies = queue.energies(&Cosine {}, &embeddings)?;
    let loss = InfoNce {
        temperature: case.number("temperature"),
        ..InfoNce::default()
    };
    // The first half of the rows asks with the first view, the direction of the reference.
    let rows = loss.forward(&energies)?.narrow(0, 0, z1.dim(0)?)?;
    case.check("per_row", &rows)?;
    check_gradients(&case, &rows.mean_all()?, &[("z0", &z0)])
}

#[test]
fn a_queue_is_first_in_first_out() -> Result<(), Any> {
    let row = |x: &[f32]| Tensor::new(x, &candle_core::Device::Cpu)?.unsqueeze(1);
    let list = |x: &Tensor| x.flatten_all()?.to_vec1::<f32>();
    let queue = Queue {
        size: 4,
        ..Queue::default()
    };
    let after = queue.after(&row(&[1.0, 2.0, 3.0, 4.0])?, &row(&[5.0, 6.0])?)?;
    assert_eq!(list(&after)?, [3.0, 4.0, 5.0, 6.0]);
    let more = queue.after(&after, &row(&[1.0, 2.0, 3.0, 4.0, 5.0])?)?;
    assert_eq!(list(&more)?, [2.0, 3.0, 4.0, 5.0]);
    Ok(())
}

#[test]
fn siglip_equals_the_reference() -> Result<(), Any> {
    let case = case("pair_loss/siglip")?;
    let [z0, z1] = vars(&case, ["z0", "z1"])?;
    let views = [z0.as_tensor().clone(), z1.as_tensor().clone()];
    let log_scale = Var::from_tensor(&case.input("scale").log()?.reshape(1)?)?;
    let bias = Var::from_tensor(&case.input("bias").reshape(1)?)?;
    let energies = OtherView::default().energies(&Cosine {}, &Embeddings::of(&views, &views))?;
    let learned = [log_scale.as_tensor().clone(), bias.as_tensor().clone()];
    let loss = Siglip::default().with(&energies, &learned)?.mean_all()?;
    check_gradients(&case, &loss, &[("z0", &z0), ("z1", &z1)])?;
    // The gradient of the logarithm is that of the scale, times the scale.
    let store = loss.backward()?;
    let gradient = |var: &Var| store.get(var).expect("a gradient").reshape(());
    let of_scale = (gradient(&log_scale)? / case.input("scale"))?;
    case.check("grad_scale", &of_scale)?;
    case.check("grad_bias", &gradient(&bias)?)?;
    Ok(())
}
