//! The regularizer `anchor`.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use ravine::encoders::{Encoder, Projector, Resnet, network};
use ravine::energies::{Cosine, EnergyKind, Squared};
use ravine::graph::{CandleExecutor, CpuExecutor, Draws, Executor, Mode, Network};
use ravine::losses::{InfoNce, LossKind};
use ravine::negatives::PairsKind;
use ravine::objectives::{Batch, Joint, Objective};
use ravine::params::Params;
use ravine::regularizers::{FeatureAnchor, Regularizer, RegularizerKind};
use ravine::train::gradients;

use super::common::cli::{journal, pretrain, refused};
use super::common::resumed::goes_on_identically;
use super::common::{Any, randn};
use super::{RESNET, sets, start};

/// What the journal of a run says of its anchor, step by step.
fn anchors(weights: &str, more: &[&str]) -> Result<Vec<f64>, Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let from = format!("encoder.weights={weights}");
    pretrain(&run, &sets(&[&[RESNET, &from], more].concat()))?;
    let lines = journal(&run)?;
    Ok(lines
        .iter()
        .filter_map(|line| line["anchor"].as_f64())
        .collect())
}

#[test]
fn features_start_at_their_anchor_and_stay_the_nearer_the_more_it_weighs() -> Result<(), Any> {
    let weights = start()?;
    let anchor = |weight: f64| format!("regularizers=[{{kind='anchor',weight={weight}}}]");
    let (loose, tight) = (anchor(0.0), anchor(300.0));
    let loose = anchors(&weights, &[&loose])?;
    for more in [vec![], vec!["train.chunks=2"], vec!["executor=candle"]] {
        let tight = anchors(&weights, &[&[tight.as_str()], &more[..]].concat())?;
        assert!(
            tight[0].abs() < 1e-5 && loose[0].abs() < 1e-5,
            "{more:?}: {tight:?}"
        );
        let (near, far) = (tight[tight.len() - 1], loose[loose.len() - 1]);
        assert!(
            near > 0.0 && near < 0.3 * far,
            "{more:?}: {near}, without weight {far}"
        );
    }
    Ok(())
}

#[test]
fn an_anchored_run_over_views_of_two_sizes_goes_on_identically() -> Result<(), Any> {
    let from = format!("encoder.weights={}", start()?);
    goes_on_identically(
        &[2, 10],
        &[
            RESNET,
            &from,
            "regularizers=[{kind='anchor',energy={kind='squared'}}]",
            "target.momentum=0.9",
            "predictor.hidden=[8]",
            "predictor.output=8",
            "negatives.kind=none",
            "loss={kind='energy'}",
            "train.freeze_epochs=0.5",
            "train.ema=0.9",
            "augment.views=[{count=2,ops=[{kind='random_crop'}]},{count=2,size=6,ops=[{kind='random_resized_crop'}]}]",
        ],
    )
}

/// The objective over a network that has moved a little since it was anchored.
fn moved(
    executor: Arc<dyn Executor>,
    energy: EnergyKind,
    drop_path: f64,
) -> Result<(Joint, Params), Any> {
    let params = Params::new(3, &Device::Cpu);
    let encoder = Resnet {
        depth: 10,
        width: 4,
        drop_path,
        ..Resnet::default()
    };
    let projector = Projector {
        hidden: vec![8],
        output: 4,
        ..Projector::default()
    };
    let graph = network(&encoder.graph(&[1, 8, 8])?, Some(&projector), None)?;
    let anchor = FeatureAnchor {
        weight: 3.0,
        energy,
    };
    let joint = Joint::new(
        Network::new(graph, &params, executor)?,
        EnergyKind::Cosine(Cosine::default()),
        LossKind::InfoNce(InfoNce::default()),
        PairsKind::default(),
        vec![RegularizerKind::Anchor(anchor)],
        None,
    )?;
    for (param, which) in params.trainable().into_iter().zip(1..) {
        let way = (randn(param.var.dims(), which)? * 0.1)?;
        param.var.set(&(param.var.as_detached_tensor() + way)?)?;
    }
    Ok((joint, params))
}

fn batch() -> Result<Batch, Any> {
    Ok(Batch {
        inputs: vec![randn(&[6, 1, 8, 8], 100)?, randn(&[6, 1, 8, 8], 101)?],
        labels: None,
        answers: None,
        samples: (0..6).collect(),
        step: 0,
        progress: 0.0,
    })
}

#[test]
fn the_start_drops_no_branches() -> Result<(), Any> {
    let draws = Draws::whole(3, 0, 6);
    let embedded = |drop_path| -> Result<Vec<Tensor>, Any> {
        let energy = EnergyKind::Cosine(Cosine::default());
        let (joint, _) = moved(Arc::new(CpuExecutor::new()), energy, drop_path)?;
        Ok(joint.embed(&batch()?, Mode::Train(Some(draws)))?.tensors)
    };
    let (with, without) = (embedded(0.5)?, embedded(0.0)?);
    let equal = with.iter().zip(&without).map(|(with, without)| {
        let gap = (with - without)?.abs()?.sum_all()?.to_scalar::<f32>()?;
        Ok(gap == 0.0)
    });
    let equal = equal.collect::<Result<Vec<bool>, Any>>()?;
    // embeddings and features of both views, then the features at the start
    assert_eq!(equal, [false, false, false, false, true, true]);
    Ok(())
}

#[test]
fn the_gradient_through_the_encoder_is_that_of_differences() -> Result<(), Any> {
    let batch = batch()?;
    let executors: [Arc<dyn Executor>; 2] =
        [Arc::new(CpuExecutor::new()), Arc::new(CandleExecutor)];
    for executor in executors {
        for (energy, drop_path) in [
            (EnergyKind::Cosine(Cosine::default()), 0.3),
            (EnergyKind::Squared(Squared::default()), 0.0),
        ] {
            let (joint, params) = moved(executor.clone(), energy, drop_path)?;
            let start = gradients(&joint, &batch, 1, &params)?;
            let part = start.metrics.iter().find(|(name, _)| *name == "anchor");
            assert!(part.is_some_and(|(_, value)| *value > 1e-3));
            let mut slope = 0.0;
            let trained = params.trainable();
            for gradient in trained
                .iter()
                .filter_map(|p| start.gradients.of.get(&p.name))
            {
                slope += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
            }
            let at = |way: f64| -> Result<f64, Any> {
                let mut before = Vec::new();
                for param in &trained {
                    let old = param.var.as_detached_tensor().copy()?;
                    if let Some(gradient) = start.gradients.of.get(&param.name) {
                        param.var.set(&(&old + (gradient * way)?)?)?;
                    }
                    before.push(old);
                }
                let loss = gradients(&joint, &batch, 1, &params)?.loss;
                for (param, old) in trained.iter().zip(before) {
                    param.var.set(&old)?;
                }
                Ok(loss)
            };
            let step = 2e-4 / slope.sqrt();
            let numeric = (at(step)? - at(-step)?) / (2.0 * step);
            assert!(
                (numeric / slope - 1.0).abs() < 0.01,
                "{}: {slope}, by differences {numeric}",
                executor.name()
            );
        }
    }
    Ok(())
}

#[test]
fn it_costs_nothing_where_nothing_has_moved_and_no_gradient_goes_to_the_start() -> Result<(), Any> {
    for energy in ["cosine", "squared", "euclidean", "l1"] {
        let anchor: FeatureAnchor = toml::from_str(&format!("energy = {{ kind = \"{energy}\" }}"))?;
        anchor.validate()?;
        let (a, b) = (randn(&[4, 3], 1)?, randn(&[4, 3], 2)?);
        let price = |x: &Tensor, y: &Tensor| -> Result<f32, Any> {
            let views = [x.clone(), x.clone(), y.clone(), y.clone()];
            Ok(anchor.forward(&views, 0)?.to_scalar::<f32>()?)
        };
        assert!(
            price(&a, &a)?.abs() < 1e-5 && price(&a, &b)? > 0.1,
            "{energy}"
        );
        let start = candle_core::Var::from_tensor(&b)?;
        let now = candle_core::Var::from_tensor(&a)?;
        let views = [now.as_tensor().clone(), start.as_tensor().clone()];
        let store = anchor.forward(&views, 0)?.backward()?;
        assert!(
            store.get(&now).is_some() && store.get(&start).is_none(),
            "{energy}"
        );
    }
    Ok(())
}

#[test]
fn an_anchor_without_starting_weights_or_with_a_similarity_is_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run").display().to_string();
    let refusal = |set: &str| refused(&["pretrain", "digits", "--out", &run, "--set", set], 2);
    let said = refusal("regularizers=[{kind='anchor'}]");
    assert!(said.contains("encoder.weights"), "{said}");
    let dot: FeatureAnchor = toml::from_str("energy = { kind = \"dot\" }")?;
    let said = dot.validate().map_err(|e| e.to_string());
    assert!(said.is_err_and(|e| e.contains("`dot` is not 0")));
    Ok(())
}
