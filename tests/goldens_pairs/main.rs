//! Losses over pairs whose answers are mined, labelled or left out, against reference numbers and identities.

#[path = "../common/mod.rs"]
mod common;
mod exclude;

use candle_core::{D, DType, Device, Tensor, Var};
use common::{Any, Case, case};
use ravine::energies::{Cosine, Energy, EnergyKind, Euclidean};
use ravine::losses::{
    Contrastive, ContrastiveConvention, Dcl, Energies, EnergyLoss, Hinge, InfoNce,
    InfoNceConvention, Log, Loss, LossKind, Siglip, SiglipConvention, SquareSquare,
};
use ravine::negatives::{Embeddings, InBatch, Mining, OtherClasses, OtherView, Pairs, Triplets};
use ravine::random::{Purpose, normal, stream};
use ravine::regularizers::{Covariance, OverViews, Regularizer, Variance};

/// The two views of a case as leaves, and as the parts see them.
fn leaves(case: &Case) -> Result<([Var; 2], [Tensor; 2]), Any> {
    let vars = [
        Var::from_tensor(&case.input("z0"))?,
        Var::from_tensor(&case.input("z1"))?,
    ];
    let views = vars.each_ref().map(|var| var.as_tensor().clone());
    Ok((vars, views))
}

fn check(case: &Case, loss: &Tensor, vars: &[Var; 2]) -> Result<(), Any> {
    case.check("loss", loss)?;
    let store = loss.backward()?;
    for (name, var) in ["grad_z0", "grad_z1"].iter().zip(vars) {
        let gradient = store.get(var).cloned();
        case.check(name, &gradient.map_or_else(|| var.zeros_like(), Ok)?)?;
    }
    Ok(())
}

/// Two views of `rows` samples, 64-bit, the same ones every time.
fn views(rows: usize, which: u64) -> Result<[Tensor; 2], Any> {
    let view = |view| -> Result<Tensor, Any> {
        let mut rng = stream(7, Purpose::Check, which, 0, view);
        let values: Vec<f64> = (0..rows * 4).map(|_| normal(&mut rng)).collect();
        Ok(Tensor::from_vec(values, (rows, 4), &Device::Cpu)?)
    };
    Ok([view(0)?, view(1)?])
}

fn gap(a: &Tensor, b: &Tensor) -> Result<f64, Any> {
    Ok((a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>()?)
}

fn labelled<'a>(views: &'a [Tensor], labels: Option<&'a Tensor>) -> Embeddings<'a> {
    Embeddings {
        labels,
        ..Embeddings::of(views, views)
    }
}

#[test]
fn mined_triplets_equal_the_reference() -> Result<(), Any> {
    let minings = [
        ("all", Mining::All),
        ("hardest", Mining::Hardest),
        ("semi_hard", Mining::SemiHard),
        ("semi_hard_nearest", Mining::NearestSemiHard),
    ];
    for (name, mining) in minings {
        let case = case(&format!("pair_loss/triplet_{name}_both_views"))?;
        let (vars, views) = leaves(&case)?;
        let triplets = Triplets {
            mining,
            ..Triplets::default()
        };
        let hinge = Hinge {
            margin: case.number("margin"),
        };
        let energies = triplets.energies(&Cosine {}, &Embeddings::of(&views, &views))?;
        let losses = hinge.forward(&energies)?;
        let averaged = if mining == Mining::Hardest {
            losses.dims()[0] as f64
        } else {
            losses
                .gt(0.0)?
                .to_dtype(DType::F64)?
                .sum_all()?
                .to_scalar()?
        };
        case.check("averaged_triplets", &Tensor::new(averaged, &Device::Cpu)?)?;
        check(&case, &triplets.reduce(&losses)?, &vars)?;
    }
    Ok(())
}

#[test]
fn the_hardest_of_the_other_view_equals_the_reference() -> Result<(), Any> {
    let case = case("pair_loss/triplet_hardest_other_view")?;
    let (vars, views) = leaves(&case)?;
    let energies = OtherView::default().energies(&Cosine {}, &Embeddings::of(&views, &views))?;
    let hinge = Hinge {
        margin: case.number("margin"),
    };
    // The first half of the rows asks with the first view, the direction of the reference.
    let rows = hinge.forward(&energies)?;
    let rows = rows.narrow(0, 0, rows.dim(0)? / 2)?;
    check(&case, &rows.mean_all()?, &vars)
}

#[test]
fn contrastive_equals_hadsell() -> Result<(), Any> {
    let parts: [(&str, &dyn Pairs); 2] = [
        ("pair_loss/hadsell_both_views", &InBatch::default()),
        ("pair_loss/hadsell_other_view", &OtherView::default()),
    ];
    for (name, negatives) in parts {
        let case = case(name)?;
        let (vars, views) = leaves(&case)?;
        let energy = Euclidean { normalize: true };
        let energies = negatives.energies(&energy, &Embeddings::of(&views, &views))?;
        let loss = Contrastive {
            margin: case.number("margin"),
            ..Contrastive::default()
        };
        check(&case, &loss.forward(&energies)?.mean_all()?, &vars)?;
    }
    Ok(())
}

#[test]
fn info_nce_over_other_classes_equals_supcon() -> Result<(), Any> {
    let case = case("pair_loss/supervised_contrastive")?;
    let (vars, views) = leaves(&case)?;
    let labels = case.input("labels").to_dtype(DType::U32)?;
    let energies = OtherClasses {}.energies(&Cosine {}, &labelled(&views, Some(&labels)))?;
    let loss = InfoNce {
        temperature: case.number("temperature"),
        ..InfoNce::default()
    };
    let rows = loss.forward(&energies)?;
    case.check("per_row", &rows)?;
    check(&case, &rows.mean_all()?, &vars)
}

#[test]
fn unique_labels_make_other_classes_in_batch_for_every_loss() -> Result<(), Any> {
    let views = views(5, 0)?;
    let labels = Tensor::new(vec![4_u32, 0, 3, 1, 7], &Device::Cpu)?;
    let by_class = OtherClasses {}.energies(&Cosine {}, &labelled(&views, Some(&labels)))?;
    let in_batch = InBatch::default().energies(&Cosine {}, &Embeddings::of(&views, &views))?;
    for kind in LossKind::defaults() {
        if matches!(kind, LossKind::Dclw(_)) {
            continue; // weights of its own, over the rows of a batch
        }
        let loss = kind.part().forward(&by_class)?;
        let apart = gap(&loss, &kind.part().forward(&in_batch)?)?;
        assert!(apart < 1e-9, "{}: {apart}", kind.name());
    }
    let refusal = OtherClasses {}.energies(&Cosine {}, &labelled(&views, None));
    let refusal = refusal.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(
        refusal.contains("labels") && refusal.contains("in_batch"),
        "{refusal}"
    );
    Ok(())
}

#[test]
fn nt_xent_is_the_softplus_of_dcl() -> Result<(), Any> {
    let views = views(6, 2)?;
    let energies = InBatch::default().energies(&Cosine {}, &Embeddings::of(&views, &views))?;
    let temperature = 0.3;
    let nt_xent = InfoNce {
        temperature,
        ..InfoNce::default()
    }
    .forward(&energies)?;
    let dcl = Dcl { temperature }.forward(&energies)?;
    assert!(gap(&nt_xent, &(dcl.exp()? + 1.0)?.log()?)? < 1e-12);
    Ok(())
}

#[test]
fn the_smooth_triplet_is_the_log_loss_on_distances() -> Result<(), Any> {
    let [anchor, right] = views(6, 3)?;
    let [wrong, _] = views(6, 4)?;
    let distance = |a: &Tensor, b: &Tensor| (a - b)?.sqr()?.sum(D::Minus1)?.sqrt();
    let smooth =
        ((distance(&anchor, &right)? - distance(&anchor, &wrong)?)?.exp()? + 1.0)?.log()?;
    let energy = Euclidean::default();
    let energies = Energies {
        positive: energy.energy(&anchor, &right.unsqueeze(1)?)?,
        negative: Some(energy.energy(&anchor, &wrong.unsqueeze(1)?)?),
        volume: None,
    };
    assert!(gap(&Log {}.forward(&energies)?, &smooth)? < 1e-12);
    let half = (SquareSquare::default().forward(&energies)? * 0.5)?;
    assert!(gap(&Contrastive::default().forward(&energies)?, &half)? < 1e-12);
    Ok(())
}

#[test]
fn simsiam_is_half_of_byol_less_one() -> Result<(), Any> {
    let [p, z] = views(6, 5)?;
    let unit = |x: &Tensor| x.broadcast_div(&x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?);
    let cosine = (unit(&p)? * unit(&z)?)?.sum(D::Minus1)?;
    let byol = cosine.affine(-2.0, 2.0)?; // one direction
    let energies = Energies {
        positive: Cosine {}.energy(&p, &z.unsqueeze(1)?)?,
        negative: None,
        volume: None,
    };
    let energy = |weight| EnergyLoss { weight }.forward(&energies);
    assert!(gap(&energy(2.0)?, &byol)? < 1e-12);
    let simsiam = cosine.neg()?;
    assert!(gap(&(energy(1.0)? - 1.0)?, &simsiam)? < 1e-12);
    assert!(gap(&byol.affine(0.5, -1.0)?, &simsiam)? < 1e-12);
    Ok(())
}

#[test]
fn conventions_are_factors_of_the_default_and_keep_their_floors() -> Result<(), Any> {
    let views = views(6, 6)?;
    let energies = InBatch::default().energies(&Cosine {}, &Embeddings::of(&views, &views))?;
    let temperature = 0.2;
    let info_nce = |convention| {
        LossKind::InfoNce(InfoNce {
            temperature,
            convention,
        })
    };
    let contrastive = |convention| {
        LossKind::Contrastive(Contrastive {
            margin: 1.0,
            convention,
        })
    };
    let siglip = |convention| {
        LossKind::Siglip(Siglip {
            convention,
            ..Siglip::default()
        })
    };
    let plain = info_nce(InfoNceConvention::NtXent);
    let half = contrastive(ContrastiveConvention::Half);
    let per_image = siglip(SiglipConvention::PerImage);
    let pairs = [
        (info_nce(InfoNceConvention::SimclrTf), &plain, 2.0),
        (info_nce(InfoNceConvention::Supcon), &plain, 0.2 / 0.07),
        (info_nce(InfoNceConvention::MocoV3), &plain, 0.8),
        (contrastive(ContrastiveConvention::Whole), &half, 2.0),
        (siglip(SiglipConvention::PerPair), &per_image, 1.0 / 11.0),
    ];
    for (other, default, factor) in pairs {
        let expected = (default.part().forward(&energies)? * factor)?;
        assert!(gap(&other.part().forward(&energies)?, &expected)? < 1e-12);
        let floors =
            [&other, default].map(|kind| kind.part().collapse_value(11).unwrap_or(f64::NAN));
        assert!((floors[0] - factor * floors[1]).abs() < 1e-12, "{floors:?}");
    }
    let value = |part: &dyn Regularizer| {
        part.forward(&views, 0)?
            .to_scalar::<f64>()
            .map_err(Any::from)
    };
    let (sum, mean) = (OverViews::Sum, OverViews::Mean);
    let variance = |convention| Variance {
        convention,
        ..Variance::default()
    };
    let covariance = |convention| Covariance {
        convention,
        ..Covariance::default()
    };
    assert!((value(&variance(sum))? - 2.0 * value(&variance(mean))?).abs() < 1e-12);
    assert!((value(&covariance(sum))? - 2.0 * value(&covariance(mean))?).abs() < 1e-12);
    assert!(
        (variance(sum).collapse_value(6, 4) - 2.0 * variance(mean).collapse_value(6, 4)).abs()
            < 1e-12
    );
    Ok(())
}

#[test]
fn margins_beyond_the_energy_are_refused_with_its_range() -> Result<(), Any> {
    let energy = EnergyKind::Euclidean(Euclidean { normalize: true });
    let range = energy.part().range(8);
    let losses: [&dyn Loss; 3] = [
        &Hinge { margin: 2.5 },
        &SquareSquare { margin: 2.5 },
        &Contrastive {
            margin: 2.5,
            ..Contrastive::default()
        },
    ];
    for loss in losses {
        let refusal = loss
            .validate(range)
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default();
        assert!(
            refusal.contains("loss.margin") && refusal.contains("to 2"),
            "{refusal}"
        );
        loss.validate((0.0, f64::INFINITY))?;
    }
    Contrastive {
        margin: 2.0,
        ..Contrastive::default()
    }
    .validate(range)?;
    Ok(())
}

#[test]
fn distances_of_unit_vectors_ignore_lengths_and_agree_with_those_of_normalized_ones()
-> Result<(), Any> {
    let [x, y] = views(6, 8)?;
    let unit = |x: &Tensor| x.broadcast_div(&x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?);
    let plain = Euclidean::default().table(&unit(&x)?, &unit(&y)?)?;
    let normalized = Euclidean { normalize: true };
    assert!(gap(&normalized.table(&x, &(&y * 3.0)?)?, &plain)? < 1e-9);
    let offered = y.unsqueeze(0)?.expand((6, 6, 4))?.contiguous()?;
    assert!(gap(&normalized.energy(&x, &offered)?, &plain)? < 1e-9);
    Ok(())
}
