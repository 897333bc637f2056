//! Gradients of heads by parameters and by y: right, finite, whole, the same in slices.

use candle_core::Tensor;
use ravine::heads::{HeadKind, Space};
use ravine::losses::{EnergyLoss, Hinge, Log, LossKind, Nll};
use ravine::negatives::{CandidatesKind, Gaussian, Grid, MostOffending, Replay, Uniform};
use ravine::objectives::{Answers, Objective};
use ravine::params::Params;
use ravine::random::{Purpose, normal, stream};
use ravine::train::gradients;

use crate::common::Any;
use crate::{batch, bounds, flat, heads, model, tensor};

const SAMPLES: usize = 20;

fn objective(
    head: &HeadKind,
    space: Space,
    loss: LossKind,
    negatives: Option<CandidatesKind>,
) -> Result<(Answers, Params), Any> {
    let (model, params) = model(std::slice::from_ref(head), space)?;
    let objective = Answers::new(model, loss, negatives, bounds(), (SAMPLES, 4))?;
    Ok((objective, params))
}

/// Losses with sources of wrong answers whose draws do not move with the parameters.
fn still() -> Vec<(LossKind, Option<CandidatesKind>)> {
    let nll = || LossKind::Nll(Nll { beta: 1.5 });
    vec![
        (LossKind::Energy(EnergyLoss::default()), None),
        (nll(), Some(CandidatesKind::Grid(Grid { points: 4 }))),
        (
            LossKind::Log(Log {}),
            Some(CandidatesKind::Uniform(Uniform { count: 3 })),
        ),
        (
            nll(),
            Some(CandidatesKind::Gaussian(Gaussian {
                count: 5,
                std: vec![0.2, 0.6],
            })),
        ),
    ]
}

/// The derivative of the loss along random directions, against central differences.
fn check(what: &str, objective: &Answers, params: &Params, space: Space) -> Result<(), Any> {
    const STEP: f64 = 5e-4; // small against the kinks where another z becomes the best
    let batch = batch(space, 3)?;
    let whole = gradients(objective, &batch, 1, params)?;
    let mut latents = objective.model().heads().filter_map(|head| head.latent());
    let searched = latents.any(|l| matches!(l.z.part().values(params.device()), Ok(None)));
    for param in params.trainable() {
        let Some(gradient) = whole.gradients.of.get(&param.name) else {
            panic!("{what}: no gradient of {}", param.name);
        };
        let gradient = flat(gradient)?;
        assert!(gradient.iter().all(|g| g.is_finite()), "{what}");
        if searched {
            continue; // the z that is found moves with the parameters
        }
        let start = param.var.as_detached_tensor().copy()?;
        let mut rng = stream(1, Purpose::Check, gradient.len() as u64, 0, 0);
        let direction: Vec<f32> = gradient.iter().map(|_| normal(&mut rng) as f32).collect();
        let analytic: f64 = gradient
            .iter()
            .zip(&direction)
            .map(|(g, d)| f64::from(g * d))
            .sum();
        let direction = Tensor::from_vec(direction, start.shape(), start.device())?;
        let at = |delta: f64| -> Result<f64, Any> {
            param.var.set(&(&start + (&direction * delta)?)?)?;
            Ok(gradients(objective, &batch, 1, params)?.loss)
        };
        let numeric = (at(STEP)? - at(-STEP)?) / (2.0 * STEP);
        param.var.set(&start)?;
        assert!(
            (numeric - analytic).abs() < 4e-3 + 0.03 * numeric.abs(),
            "{what}: along {} {analytic}, by differences {numeric}",
            param.name
        );
    }
    Ok(())
}

#[test]
fn losses_of_every_head_have_right_gradients_that_reach_every_parameter() -> Result<(), Any> {
    let space = Space::Vectors(2);
    for (name, head) in heads(space) {
        for (loss, negatives) in still() {
            let what = format!("{name}, {}", loss.name());
            let (objective, params) = objective(&head, space, loss, negatives)?;
            check(&what, &objective, &params, space)?;
        }
    }
    for count in [2, 4] {
        let space = Space::Classes(count);
        for (name, head) in heads(space) {
            for loss in LossKind::defaults() {
                let what = format!("{name}, {}", loss.name());
                let (model, _) = model(std::slice::from_ref(&head), space)?;
                if loss.part().validate(model.range()).is_err() {
                    continue;
                }
                if matches!(loss, LossKind::Dclw(_)) {
                    continue; // its weights look at all rows and are held constant: differences see them move
                }
                let (objective, params) = objective(&head, space, loss, None)?;
                check(&what, &objective, &params, space)?;
            }
        }
    }
    Ok(())
}

#[test]
fn slices_of_a_batch_have_the_gradients_of_the_whole() -> Result<(), Any> {
    let space = Space::Vectors(2);
    let batch = batch(space, 7)?;
    for (name, head) in heads(space) {
        for kind in CandidatesKind::defaults() {
            if !kind.part().suits(space) {
                continue;
            }
            let what = format!("{name}, {}", kind.name());
            let loss = match kind.name() {
                "most_offending" | "uniform" => LossKind::Hinge(Hinge { margin: 2.0 }),
                _ => LossKind::Nll(Nll { beta: 1.0 }),
            };
            let computed = |chunks| {
                let (objective, params) =
                    objective(&head, space, loss.clone(), Some(kind.clone()))?;
                Ok::<_, Any>(gradients(&objective, &batch, chunks, &params)?)
            };
            let (whole, sliced) = (computed(1)?, computed(2)?);
            assert!((whole.loss - sliced.loss).abs() < 1e-4, "{what}");
            for (param, gradient) in &whole.gradients.of {
                let sliced = flat(&sliced.gradients.of[param])?;
                for (a, b) in sliced.iter().zip(flat(gradient)?) {
                    assert!(a.is_finite(), "{what}: {param}");
                    let gap = (a - b).abs();
                    assert!(gap < 2e-4 + 2e-3 * b.abs(), "{what}: {param} {a} {b}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn slopes_by_y_are_right_and_rows_do_not_see_each_other() -> Result<(), Any> {
    const STEP: f32 = 5e-3;
    let space = Space::Vectors(2);
    let x = tensor(&[4, 3], 11)?;
    let y = tensor(&[4, 3, 2], 12)?;
    for (name, head) in heads(space) {
        let (model, _) = model(&[head], space)?;
        let codes = model.codes(&x)?;
        let (energies, slopes) = model.slope(&codes, &y)?;
        let plain = model.energies(&codes, &y)?;
        for (a, b) in flat(&energies)?.iter().zip(flat(&plain)?) {
            assert!((a - b).abs() < 1e-5, "{name}: {a} {b}");
        }
        let (slopes, start) = (flat(&slopes)?, flat(&y)?);
        let (mut wrong, mut total) = (0, 0);
        for i in 0..start.len() {
            let at = |delta: f32| -> Result<f32, Any> {
                let mut moved = start.clone();
                moved[i] += delta;
                let moved = Tensor::from_vec(moved, y.shape(), y.device())?;
                Ok(flat(&model.energies(&codes, &moved)?)?[i / 2])
            };
            let numeric = (at(STEP)? - at(-STEP)?) / (2.0 * STEP);
            total += 1;
            wrong += usize::from((numeric - slopes[i]).abs() > 0.01 + 0.03 * numeric.abs());
        }
        // Where the best z changes between the two ends there is a kink.
        assert!(wrong * 8 <= total, "{name}: {wrong} of {total} slopes");
        let order = Tensor::new(vec![2_u32, 0, 3, 1], x.device())?;
        let codes = model.codes(&x.index_select(&order, 0)?)?;
        let permuted = model.energies(&codes, &y.index_select(&order, 0)?)?;
        for (a, b) in flat(&permuted)?
            .iter()
            .zip(flat(&plain.index_select(&order, 0)?)?)
        {
            assert!((a - b).abs() < 1e-5, "{name}: order of rows");
        }
        let (low, _) = model.range();
        assert!(flat(&plain)?.iter().all(|&e| f64::from(e) >= low), "{name}");
    }
    Ok(())
}

#[test]
fn the_energy_of_two_heads_is_the_sum_of_theirs() -> Result<(), Any> {
    let space = Space::Classes(3);
    let kinds: Vec<HeadKind> = heads(space).into_iter().map(|(_, head)| head).collect();
    let (model, params) = model(&kinds, space)?;
    let codes = model.codes(&tensor(&[4, 3], 13)?)?;
    assert_eq!(codes.len(), kinds.len());
    assert!(params.get("heads.0.weight").is_some() && params.get("heads.1.weight").is_some());
    let mut sum = vec![0.0; 12];
    for (code, kind) in codes.iter().zip(&kinds) {
        let own = kind.part().energies(code, code, None, &[])?;
        for (sum, own) in sum.iter_mut().zip(flat(&own)?) {
            *sum += own;
        }
    }
    for (a, b) in flat(&model.table(&codes)?)?.iter().zip(sum) {
        assert!((a - b).abs() < 1e-5);
    }
    Ok(())
}

/// A replay buffer is written once a step, and only the chains of the batch move.
#[test]
fn the_replay_buffer_moves_with_its_samples_only() -> Result<(), Any> {
    let space = Space::Vectors(2);
    let (_, head) = heads(space).swap_remove(0);
    let replay = CandidatesKind::Replay(Replay::default());
    let loss = LossKind::Nll(Nll::default());
    let (mut objective, params) = objective(&head, space, loss, Some(replay))?;
    let buffer = || -> Result<Vec<f32>, Any> {
        let param = params.get("negatives.replay").expect("a buffer");
        assert!(!param.trainable());
        flat(&param.var.as_detached_tensor())
    };
    let before = buffer()?;
    let batch = batch(space, 0)?;
    gradients(&objective, &batch, 1, &params)?;
    assert_eq!(buffer()?, before);
    objective.after_update(0.1)?;
    let after = buffer()?;
    let width = before.len() / SAMPLES;
    for sample in 0..SAMPLES {
        let own = sample * width..(sample + 1) * width;
        let moved = before[own.clone()] != after[own];
        assert_eq!(moved, batch.samples.contains(&(sample as u64)), "{sample}");
    }
    Ok(())
}

/// With the right answer excluded, every margin loss has something to push.
#[test]
fn most_offending_answers_keep_their_distance_in_a_batch() -> Result<(), Any> {
    let space = Space::Vectors(2);
    for points in [0, 9] {
        let part = MostOffending {
            radius: 0.5,
            points,
            ..MostOffending::default()
        };
        for (name, head) in heads(space) {
            let negatives = Some(CandidatesKind::MostOffending(part));
            let loss = LossKind::Hinge(Hinge { margin: 1.0 });
            let (objective, params) = objective(&head, space, loss, negatives)?;
            let found = gradients(&objective, &batch(space, 0)?, 1, &params)?;
            assert!(found.loss.is_finite(), "{name}");
            assert!(found.metrics.iter().any(|(key, _)| *key == "gap"), "{name}");
        }
    }
    Ok(())
}

#[test]
fn labels_outside_the_classes_are_refused_with_exit_code_2() -> Result<(), Any> {
    let (model, params) = model(&[HeadKind::defaults().remove(0)], Space::Classes(3))?;
    let loss = LossKind::Nll(Nll::default());
    let objective = Answers::new(model, loss, None, bounds(), (SAMPLES, 4))?;
    let problem = gradients(&objective, &batch(Space::Classes(4), 0)?, 1, &params).err();
    let problem = problem.expect("a refusal");
    assert_eq!(problem.exit_code(), 2);
    assert!(problem.to_string().contains("classes 0 to 2"), "{problem}");
    Ok(())
}
