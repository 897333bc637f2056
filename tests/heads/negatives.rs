//! Sources of wrong answers: shapes, places, streams, and the R-NCE correction.

use candle_core::{Device, Tensor};
use ravine::energies::{EnergyKind, Squared};
use ravine::heads::{HeadKind, Regression, Space};
use ravine::losses::{LossKind, Nll};
use ravine::negatives::{CandidatesKind, Gaussian, Questions};
use ravine::objectives::{Answers, Batch};
use ravine::train::gradients;

use crate::common::Any;
use crate::{batch, bounds, flat, heads, model, numbers, tensor};

#[test]
fn proposals_are_a_function_of_seed_step_and_sample_and_lie_in_the_box() -> Result<(), Any> {
    let space = Space::Vectors(2);
    let (_, head) = heads(space).swap_remove(1);
    let (model, _) = model(&[head], space)?;
    let x = tensor(&[3, 3], 21)?;
    let right: Vec<f32> = numbers(6, 22).iter().map(|v| v * 0.8).collect();
    let bounds = bounds();
    for kind in CandidatesKind::defaults() {
        let name = kind.name();
        let source = kind.part();
        if !source.suits(space) {
            continue;
        }
        source.validate()?;
        let ask = |seed: u64, step: u64, rows: &[usize]| -> Result<Vec<f32>, Any> {
            let index: Vec<u32> = rows.iter().map(|&r| r as u32).collect();
            let index = Tensor::new(index, &Device::Cpu)?;
            let codes = model.codes(&x.index_select(&index, 0)?)?;
            let chosen: Vec<f32> = rows
                .iter()
                .flat_map(|&r| right[2 * r..2 * r + 2].to_vec())
                .collect();
            let samples: Vec<u64> = rows.iter().map(|&r| 10 + r as u64).collect();
            let questions = Questions {
                model: &model,
                codes: &codes,
                right: &chosen,
                bounds: &bounds,
                seed,
                step,
                samples: &samples,
                memory: Some(vec![0.1; rows.len() * source.chains() * 2]),
            };
            let proposed = source.propose(&questions)?.expect("vectors");
            let (n, k, d) = proposed.answers.dims3()?;
            assert_eq!(
                (n, 1 + k, d),
                (rows.len(), source.offered(space), 2),
                "{name}"
            );
            if let Some(density) = proposed.log_density {
                assert_eq!(density.dims(), [n, 1 + k], "{name}");
            }
            flat(&proposed.answers)
        };
        let all = ask(1, 5, &[0, 1, 2])?;
        assert_eq!(all, ask(1, 5, &[0, 1, 2])?, "{name}: repeats");
        let single: Vec<f32> = [0, 1, 2]
            .into_iter()
            .map(|row| ask(1, 5, &[row]))
            .collect::<Result<Vec<_>, _>>()?
            .concat();
        for (a, b) in all.iter().zip(&single) {
            assert!((a - b).abs() < 1e-4, "{name}: whatever the slices");
        }
        let drawn = !matches!(name, "grid" | "most_offending");
        assert_eq!(all != ask(1, 6, &[0, 1, 2])?, drawn, "{name}: step");
        assert_eq!(all != ask(2, 5, &[0, 1, 2])?, drawn, "{name}: seed");
        let inside = all.iter().all(|y| (-1.0..=1.0).contains(y));
        assert!(inside || name == "gaussian", "{name}: outside the box");
    }
    Ok(())
}

/// With answers drawn around the right one, the corrected nll is the exact one up to log q(y) + log K, which no
/// parameter moves: its difference to the integral is the same for questions answered well and badly.
#[test]
fn the_nll_over_samples_that_are_not_uniform_is_corrected() -> Result<(), Any> {
    let space = Space::Vectors(1);
    let head = HeadKind::Regression(Regression {
        energy: EnergyKind::Squared(Squared::default()),
    });
    let (model, params) = model(&[head], space)?;
    let part = Gaussian {
        count: 20_000,
        std: vec![0.5, 2.0],
    };
    let loss = LossKind::Nll(Nll { beta: 1.0 });
    let bounds = ravine::inference::Bounds::of(&[(-4.0, 4.0)]);
    let negatives = Some(CandidatesKind::Gaussian(part.clone()));
    let objective = Answers::new(model.clone(), loss, negatives, bounds, (9, 0))?;
    let whole = batch(space, 0)?;
    let prediction = flat(&model.codes(&whole.inputs[0])?[0])?;
    let mut apart = Vec::new();
    for (row, shift) in [0.0_f32, 0.4, -0.9, 1.5, -2.0].into_iter().enumerate() {
        let answer = Tensor::new(&[[prediction[row] + shift]], &Device::Cpu)?;
        let one = Batch {
            answers: Some(answer),
            ..whole.slice(row, 1)?
        };
        let found = gradients(&objective, &one, 1, &params)?.loss;
        // E = ½ shift², its integral over y is that of a normal density.
        let exact = 0.5 * f64::from(shift).powi(2) + 0.5 * std::f64::consts::TAU.ln();
        apart.push(found - exact);
    }
    for gap in &apart {
        assert!((gap - apart[0]).abs() < 0.05, "{apart:?}");
    }
    Ok(())
}
