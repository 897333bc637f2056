//! Identities that need no reference: slices, special cases of losses, invariances.

mod common;

use std::sync::Arc;

use candle_core::{D, DType, Device, Tensor};
use common::Any;
use rand::RngExt;
use ravine::encoders::{Encoder, Mlp, Projector, network};
use ravine::energies::{Cosine, Dot, Energy, EnergyKind, Euclidean, Squared};
use ravine::graph::{CandleExecutor, Network};
use ravine::losses::{
    Energies, EnergyLoss, Hinge, InfoNce, Log, Loss, LossKind, Mce, Mee, Nll, Perceptron,
    SquareSquare, log_sum_exp,
};
use ravine::negatives::{
    Embeddings, InBatch, NoNegatives, OtherClasses, Pairs, PairsKind, Triplets,
};
use ravine::objectives::{Batch, Joint};
use ravine::params::Params;
use ravine::random::{Purpose, stream};
use ravine::regularizers::{Covariance, RegularizerKind, Variance};
use ravine::train::gradients;

fn random(shape: &[usize], which: u64, dtype: DType) -> Result<Tensor, Any> {
    let mut rng = stream(5, Purpose::Check, which, 0, 0);
    let values: Vec<f64> = (0..shape.iter().product())
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)?)
}

fn gap(a: &Tensor, b: &Tensor) -> Result<f64, Any> {
    let gap = (a - b)?.abs()?.flatten_all()?.max(0)?;
    Ok(gap.to_dtype(DType::F64)?.to_scalar()?)
}

/// The objectives of the presets, over a perceptron without batch statistics.
fn objectives() -> Result<Vec<(&'static str, Joint, Params)>, Any> {
    type Parts = (LossKind, PairsKind, Vec<RegularizerKind>, Option<Projector>);
    let simclr: Parts = (
        LossKind::InfoNce(InfoNce::default()),
        PairsKind::InBatch(InBatch::default()),
        vec![],
        None,
    );
    let hinge: Parts = (
        LossKind::Hinge(Hinge { margin: 0.5 }),
        PairsKind::Triplets(Triplets::default()),
        vec![],
        None,
    );
    let vicreg: Parts = (
        LossKind::Energy(EnergyLoss { weight: 25.0 }),
        PairsKind::NoNegatives(NoNegatives {}),
        vec![
            RegularizerKind::Variance(Variance::default()),
            RegularizerKind::Covariance(Covariance::default()),
        ],
        None,
    );
    let predictor = Projector {
        hidden: vec![],
        output: 5,
        last_norm: false,
        ..Projector::default()
    };
    let simsiam: Parts = (
        LossKind::Energy(EnergyLoss::default()),
        PairsKind::NoNegatives(NoNegatives {}),
        vec![],
        Some(predictor),
    );
    let supcon: Parts = (
        LossKind::InfoNce(InfoNce::default()),
        PairsKind::OtherClasses(OtherClasses {}),
        vec![],
        None,
    );
    let parts = [
        ("simclr", simclr),
        ("supcon", supcon),
        ("hinge", hinge),
        ("vicreg", vicreg),
        ("simsiam", simsiam),
    ];
    let mut found = Vec::new();
    for (name, (loss, negatives, regularizers, predictor)) in parts {
        let encoder = Mlp {
            hidden: vec![8],
            output: 5,
            ..Mlp::default()
        };
        let graph = network(&encoder.graph(&[4])?, None, predictor.as_ref())?;
        let params = Params::new(3, &Device::Cpu);
        let network = Network::new(graph, &params, Arc::new(CandleExecutor))?;
        let energy = EnergyKind::Cosine(Cosine {});
        let joint = Joint::new(network, energy, loss, negatives, regularizers, None)?;
        found.push((name, joint, params));
    }
    Ok(found)
}

#[test]
fn sliced_gradients_are_those_of_the_whole_batch() -> Result<(), Any> {
    let batch = Batch {
        inputs: vec![
            random(&[7, 4], 0, DType::F32)?,
            random(&[7, 4], 1, DType::F32)?,
        ],
        labels: Some(Tensor::new(vec![1_u32, 0, 1, 2, 0, 1, 3], &Device::Cpu)?),
        answers: None,
        samples: (0..7).collect(),
        step: 0,
        progress: 0.0,
    };
    for (name, joint, params) in objectives()? {
        let whole = gradients(&joint, &batch, 1, &params)?;
        for chunks in [2, 3, 7] {
            let sliced = gradients(&joint, &batch, chunks, &params)?;
            assert!(
                (whole.loss - sliced.loss).abs() < 1e-5,
                "{name}, {chunks} chunks"
            );
            assert_eq!(whole.gradients.of.len(), sliced.gradients.of.len());
            for (param, gradient) in &whole.gradients.of {
                let gap = gap(gradient, &sliced.gradients.of[param])?;
                assert!(
                    gap < 1e-5,
                    "{name}, {chunks} chunks: {param} differs by {gap}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn info_nce_is_beta_times_nll_over_the_other_embeddings() -> Result<(), Any> {
    let z = random(&[10, 6], 2, DType::F64)?;
    let views = [z.narrow(0, 0, 5)?, z.narrow(0, 5, 5)?];
    let energies = InBatch::default().energies(&Cosine {}, &Embeddings::of(&views, &views))?;
    assert_eq!(energies.positive.dims(), [10, 1]);
    assert_eq!(energies.wrong()?.dims(), [10, 8]);
    let (tau, beta) = (0.25, 4.0);
    let info_nce = InfoNce {
        temperature: tau,
        ..InfoNce::default()
    }
    .forward(&energies)?;
    let nll = (Nll { beta }.forward(&energies)? * beta)?;
    assert!(gap(&info_nce, &nll)? < 1e-12);
    // tau -> 0: tau times the loss tends to the violation of the most offending answer
    let cold = InfoNce {
        temperature: 1e-4,
        ..InfoNce::default()
    }
    .forward(&energies)?;
    let violation = (&energies.positive - energies.most_offending()?)?
        .relu()?
        .squeeze(1)?;
    assert!(gap(&(cold * 1e-4)?, &violation)? < 1e-3);
    Ok(())
}

#[test]
fn nll_over_negated_logits_is_cross_entropy() -> Result<(), Any> {
    let logits = random(&[4, 3], 3, DType::F64)?;
    let labels = Tensor::new(vec![2_u32, 0, 1, 1], &Device::Cpu)?;
    let expected = candle_nn::loss::cross_entropy(&logits, &labels)?;
    let energies = logits.neg()?;
    let others = Tensor::new(&[[0_u32, 1], [1, 2], [0, 2], [0, 2]], &Device::Cpu)?;
    let energies = Energies {
        positive: energies.gather(&labels.unsqueeze(1)?, D::Minus1)?,
        negative: Some(energies.gather(&others, D::Minus1)?),
        volume: None,
    };
    let nll = Nll { beta: 1.0 }.forward(&energies)?.mean_all()?;
    assert!(gap(&nll, &expected)? < 1e-12);
    Ok(())
}

/// Energies of `n` questions with one right answer and `k` wrong ones.
fn energies(n: usize, k: usize) -> Result<Energies, Any> {
    Ok(Energies {
        positive: (random(&[n, 1], 20, DType::F64)? + 1.0)?,
        negative: Some((random(&[n, k], 21, DType::F64)? + 1.0)?),
        volume: None,
    })
}

#[test]
fn one_wrong_answer_makes_mee_mce_and_nll_log() -> Result<(), Any> {
    let two = energies(7, 1)?;
    let (mee, mce) = (Mee { beta: 1.0 }.forward(&two)?, Mce {}.forward(&two)?);
    assert!(gap(&mee, &mce)? < 1e-12);
    let (nll, log) = (Nll { beta: 1.0 }.forward(&two)?, Log {}.forward(&two)?);
    assert!(gap(&nll, &log)? < 1e-12);
    Ok(())
}

#[test]
fn nll_tends_to_the_perceptron_as_beta_grows() -> Result<(), Any> {
    let all = energies(7, 5)?;
    let perceptron = Perceptron {}.forward(&all)?;
    let mut last = f64::INFINITY;
    for beta in [1.0, 10.0, 100.0, 1e5] {
        let apart = gap(&Nll { beta }.forward(&all)?, &perceptron)?;
        assert!(apart < last, "beta {beta}: {apart}");
        last = apart;
    }
    assert!(last < 1e-4, "{last}");
    Ok(())
}

#[test]
fn two_classes_by_one_number_are_the_losses_of_twice_the_logit() -> Result<(), Any> {
    let g = random(&[9, 1], 22, DType::F64)?; // y = +1: E_C = −g, E_I = g
    let two = Energies {
        positive: g.neg()?,
        negative: Some(g.clone()),
        volume: None,
    };
    let logistic = ((g.neg()? * 2.0)?.exp()? + 1.0)?.log()?.squeeze(1)?;
    assert!(gap(&Nll { beta: 1.0 }.forward(&two)?, &logistic)? < 1e-12);
    let hinge = (1.5 - (&g * 2.0)?)?.relu()?.squeeze(1)?;
    assert!(gap(&Hinge { margin: 1.5 }.forward(&two)?, &hinge)? < 1e-12);
    Ok(())
}

#[test]
fn square_square_on_distances_is_twice_the_contrastive_loss() -> Result<(), Any> {
    let distances = energies(7, 1)?;
    let margin = 1.2;
    let square_square = SquareSquare { margin }.forward(&distances)?;
    let short = (margin - distances.wrong()?)?.relu()?;
    let hadsell = ((distances.positive.sqr()? * 0.5)? + (short.sqr()? * 0.5)?)?.squeeze(1)?;
    assert!(gap(&square_square, &(hadsell * 2.0)?)? < 1e-12);
    Ok(())
}

#[test]
fn losses_over_pairs_ignore_order_common_rotation_and_scale() -> Result<(), Any> {
    let (z0, z1) = (
        random(&[6, 4], 4, DType::F64)?,
        random(&[6, 4], 5, DType::F64)?,
    );
    let (sin, cos) = (0.6_f64, 0.8_f64);
    let rotation = Tensor::new(
        &[
            [cos, sin, 0.0, 0.0],
            [-sin, cos, 0.0, 0.0],
            [0.0, 0.0, sin, -cos],
            [0.0, 0.0, cos, sin],
        ],
        &Device::Cpu,
    )?;
    let value = |energy: &dyn Energy, a: &Tensor, b: &Tensor| -> Result<Tensor, Any> {
        let views = [a.clone(), b.clone()];
        let energies = InBatch::default().energies(energy, &Embeddings::of(&views, &views))?;
        Ok(InfoNce::default().forward(&energies)?.mean_all()?)
    };
    let rotating: [&dyn Energy; 4] = [
        &Cosine {},
        &Squared::default(),
        &Euclidean::default(),
        &Dot {},
    ];
    for energy in rotating {
        let whole = value(energy, &z0, &z1)?;
        assert!(
            gap(&whole, &value(energy, &z1, &z0)?)? < 1e-12,
            "views swapped"
        );
        let turned = value(energy, &z0.matmul(&rotation)?, &z1.matmul(&rotation)?)?;
        assert!(gap(&whole, &turned)? < 1e-9, "rotated");
    }
    let scaled = value(&Cosine {}, &(&z0 * 7.0)?, &(&z1 * 0.3)?)?;
    assert!(
        gap(&value(&Cosine {}, &z0, &z1)?, &scaled)? < 1e-12,
        "scaled"
    );
    Ok(())
}

#[test]
fn log_sum_exp_survives_numbers_of_any_size() -> Result<(), Any> {
    for shift in [-1e4, 0.0, 1e4] {
        let x = Tensor::new(&[[shift, shift + 1.0]], &Device::Cpu)?;
        let expected = shift + (1.0 + 1_f64.exp()).ln();
        let value = log_sum_exp(&x)?.flatten_all()?.to_vec1::<f64>()?[0];
        assert!((value - expected).abs() < 1e-9, "{value}");
    }
    Ok(())
}
