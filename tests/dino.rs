//! DINO: its loss against published code, multi-crop in slices, and what is refused.

mod common;

use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};
use common::Any;
use common::cli::refused;
use ravine::encoders::{Convnet, Encoder, Projector, Vit, network};
use ravine::energies::{CrossEntropy, EnergyKind};
use ravine::graph::{CandleExecutor, CpuExecutor, Draws, Executor, Graph, Mode, Network};
use ravine::losses::{EnergyLoss, LossKind};
use ravine::negatives::{NoNegatives, PairsKind};
use ravine::objectives::{Batch, Joint, MomentumEncoder, Objective};
use ravine::params::Params;
use ravine::train::gradients;
use serde_json::Value;

fn joint(graph: Graph, params: &Params, executor: Arc<dyn Executor>) -> Result<Joint, Any> {
    Ok(Joint::new(
        Network::new(graph, params, executor)?,
        EnergyKind::CrossEntropy(CrossEntropy::default()),
        LossKind::Energy(EnergyLoss::default()),
        PairsKind::NoNegatives(NoNegatives {}),
        Vec::new(),
        Some(MomentumEncoder {
            center: Some(0.9),
            ..MomentumEncoder::default()
        }),
    )?)
}

/// `rows` samples with two views of 8 pixels and two of 4.
fn batch(rows: usize) -> Result<Batch, Any> {
    let view = |(view, size): (usize, usize)| {
        let count = rows * 3 * size * size;
        let x = Tensor::arange(0f32, count as f32, &Device::Cpu)?;
        (x * (0.37 + view as f64))?
            .sin()?
            .reshape((rows, 3, size, size))
    };
    let views = [8, 8, 4, 4].into_iter().enumerate().map(view);
    Ok(Batch {
        inputs: views.collect::<candle_core::Result<_>>()?,
        labels: None,
        answers: None,
        samples: (0..rows as u64).collect(),
        step: 0,
        progress: 0.0,
    })
}

fn numbers(value: &Value, shape: &[usize]) -> Result<Tensor, Any> {
    let values: Vec<f32> = serde_json::from_value(value.clone())?;
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

fn gap(a: &Tensor, b: &Tensor) -> Result<f64, Any> {
    let gap = (a - b)?.abs()?.flatten_all()?.max(0)?;
    Ok(gap.to_dtype(DType::F64)?.to_scalar()?)
}

#[test]
fn loss_gradients_and_center_equal_lightly() -> Result<(), Any> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/dino.json");
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let (rows, classes) = (4, 6);
    let list = |key: &str| -> Result<Vec<Tensor>, Any> {
        let all = golden[key].as_array().expect("a list");
        all.iter().map(|x| numbers(x, &[rows, classes])).collect()
    };
    let convnet = Convnet {
        widths: vec![classes],
        strides: vec![1],
    };
    let graph = network(&convnet.graph(&[3, 8, 8])?, None, None)?;
    let params = Params::new(0, &Device::Cpu);
    let mut joint = joint(graph, &params, Arc::new(CandleExecutor))?;
    let center = params.get("target.centre").expect("a centre");
    center.var.set(&numbers(&golden["centre"], &[classes])?)?;

    let students = list("student")?
        .iter()
        .map(Var::from_tensor)
        .collect::<candle_core::Result<Vec<_>>>()?;
    let mut embedded: Vec<Tensor> = students.iter().map(|s| s.as_tensor().clone()).collect();
    embedded.extend(list("teacher")?);
    let step = joint.loss(&embedded, &batch(rows)?)?;
    let loss = f64::from(step.loss.to_scalar::<f32>()?);
    let expected = golden["loss"].as_f64().expect("a loss");
    assert!(
        (loss - expected).abs() < 1e-5 * expected,
        "{loss}, {expected}"
    );
    let store = step.loss.backward()?;
    for (student, expected) in students.iter().zip(list("gradients")?) {
        let gradient = store.get(student).expect("a gradient");
        assert!(gap(gradient, &expected)? < 1e-5);
    }
    joint.after_update(0.1)?;
    let expected = numbers(&golden["new_centre"], &[classes])?;
    assert!(gap(&center.var, &expected)? < 1e-7);
    Ok(())
}

#[test]
fn collapsed_and_centered_it_reads_its_floor() -> Result<(), Any> {
    let convnet = Convnet {
        widths: vec![6],
        strides: vec![1],
    };
    let graph = network(&convnet.graph(&[3, 8, 8])?, None, None)?;
    let params = Params::new(0, &Device::Cpu);
    let joint = joint(graph, &params, Arc::new(CandleExecutor))?;
    let center = params.get("target.centre").expect("a centre");
    let answer = center.var.ones_like()?;
    center.var.set(&answer)?;
    let flat = Tensor::ones((4, 6), DType::F32, &Device::Cpu)?;
    let step = joint.loss(&vec![flat; 6], &batch(4)?)?;
    let collapse_value = joint.collapse_value(4, 2).expect("a floor");
    let loss = f64::from(step.loss.to_scalar::<f32>()?);
    assert!((loss - collapse_value).abs() < 1e-6 && (collapse_value - 6f64.ln()).abs() < 1e-12);
    Ok(())
}

/// DINO over a small transformer that drops branches at the rate `drop_path`.
fn dropping(drop_path: f64, executor: Arc<dyn Executor>) -> Result<(Joint, Params), Any> {
    let vit = Vit {
        patch: 2,
        width: 12,
        depth: 2,
        heads: 2,
        drop_path,
        ..Vit::default()
    };
    let projector = Projector {
        hidden: Vec::new(),
        output: 8,
        prototypes: 16,
        ..Projector::default()
    };
    let graph = network(&vit.graph(&[3, 8, 8])?, Some(&projector), None)?;
    let params = Params::new(0, &Device::Cpu);
    Ok((joint(graph, &params, executor)?, params))
}

fn executors() -> [Arc<dyn Executor>; 2] {
    [Arc::new(CandleExecutor), Arc::new(CpuExecutor::new())]
}

#[test]
fn slices_of_multi_crop_give_the_gradient_of_the_batch() -> Result<(), Any> {
    for drop_path in [0.0, 0.5] {
        let mut all = Vec::new();
        for executor in executors() {
            let (joint, params) = dropping(drop_path, executor)?;
            for chunks in [1, 3, 6] {
                let found = gradients(&joint, &batch(6)?, chunks, &params)?;
                for param in params.trainable() {
                    assert!(
                        found.gradients.of.contains_key(&param.name),
                        "{}",
                        param.name
                    );
                }
                all.push(found.gradients.of);
            }
        }
        for other in &all[1..] {
            for (name, gradient) in &all[0] {
                let scale = gap(gradient, &gradient.zeros_like()?)?;
                let gap = gap(gradient, &other[name])?;
                assert!(gap <= 1e-3 * scale.max(1e-4), "{name}: {gap} of {scale}");
            }
        }
    }
    Ok(())
}

#[test]
fn branches_are_dropped_anew_at_each_step_and_never_of_the_target() -> Result<(), Any> {
    let draws = |step| Draws::whole(0, step, 6);
    for executor in executors() {
        let ((with, params), (without, _)) =
            (dropping(0.5, executor.clone())?, dropping(0.0, executor)?);
        let batch = batch(6)?;
        let embed = |joint: &Joint, mode| -> Result<Vec<Tensor>, Any> {
            Ok(joint.embed(&batch, mode)?.tensors)
        };
        let whole = embed(&without, Mode::Train(None))?;
        let one = embed(&with, Mode::Train(Some(draws(1))))?;
        let two = embed(&with, Mode::Train(Some(draws(2))))?;
        for view in 0..4 {
            assert!(gap(&one[view], &whole[view])? > 1e-3);
            assert!(gap(&one[view], &two[view])? > 1e-3);
        }
        // Views of another size pass apart, and draw as the third and fourth ones.
        let small = Draws {
            view: 2,
            ..draws(1)
        };
        let x = Tensor::cat(&batch.inputs[2..], 0)?;
        let apart = with.network().at(&[3, 4, 4])?;
        let apart = apart.forward(&x, Mode::Train(Some(small)))?.outputs;
        assert_eq!(gap(&apart[1], &Tensor::cat(&one[2..4], 0)?)?, 0.0);
        for target in 4..6 {
            assert_eq!(gap(&one[target], &whole[target])?, 0.0);
        }
        for (with, without) in embed(&with, Mode::Eval)?
            .iter()
            .zip(&embed(&without, Mode::Eval)?)
        {
            assert_eq!(gap(with, without)?, 0.0);
        }
        // The trainer hands the step on.
        let loss = |step| -> Result<f64, Any> {
            let batch = Batch {
                step,
                ..batch.clone()
            };
            Ok(gradients(&with, &batch, 1, &params)?.loss)
        };
        assert!(loss(1)? != loss(2)? && loss(1)? == loss(1)?);
    }
    Ok(())
}

#[test]
fn what_cannot_work_is_refused_with_a_way_out() {
    let dino = |set: &str| refused(&["pretrain", "dino", "--data", "digits", "--set", set], 2);
    let ops = "ops=[{kind='horizontal_flip'}]";
    for (set, wanted) in [
        ("energy.answer=0", "energy.answer"),
        ("target.centre=1.0", "target.centre"),
        (
            "negatives.kind=in_batch",
            "only the 2 views of full size answer",
        ),
        (
            &format!("augment.views=[{{size=16,{ops}}},{{{ops}}}]"),
            "augment.views[0].size",
        ),
        (
            &format!("augment.views=[{{{ops}}},{{size=16,{ops}}},{{{ops}}}]"),
            "move this group up",
        ),
        (
            &format!("augment.views=[{{{ops}}},{{size=0,{ops}}}]"),
            "choose from 1",
        ),
    ] {
        let refusal = dino(set);
        assert!(refusal.contains(wanted), "{set}: {refusal}");
    }
}
