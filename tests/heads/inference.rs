//! Searches for answers, looped over the list.

use candle_core::Tensor;
use ravine::heads::{Continuous, HeadKind, Latent, LatentsKind, Regression, Space};
use ravine::inference::{
    Bounds, Descent, EnergyModel, Enumerate, Inference, InferenceKind, Langevin, Problem,
};

use crate::common::Any;
use crate::{bounds, flat, heads, model, tensor};

const ROWS: usize = 4;

fn problem<'a>(
    model: &'a EnergyModel,
    codes: &'a [Tensor],
    bounds: &'a Bounds,
    first: u64,
) -> Problem<'a> {
    Problem {
        model,
        codes,
        bounds,
        seed: 2,
        first,
    }
}

/// The list, with chains cold enough to rest near a minimum, a grid and a descent that take little time.
fn searches() -> Vec<InferenceKind> {
    let cold = Langevin {
        steps: 400,
        step: 0.01,
        beta: 2000.0,
        ..Langevin::default()
    };
    let few = Descent {
        starts: 6,
        ..Descent::default()
    };
    let chosen = |kind| match kind {
        InferenceKind::Langevin(_) => InferenceKind::Langevin(cold),
        InferenceKind::Enumerate(_) => InferenceKind::Enumerate(Enumerate { points: 41 }),
        InferenceKind::Descent(_) => InferenceKind::Descent(few),
        other => other,
    };
    InferenceKind::defaults().into_iter().map(chosen).collect()
}

#[test]
fn every_search_finds_the_answer_of_a_regression() -> Result<(), Any> {
    let head = HeadKind::Regression(Regression::default());
    let (model, _) = model(&[head], Space::Vectors(2))?;
    let codes = model.codes(&tensor(&[ROWS, 3], 31)?)?;
    let (bounds, right) = (Bounds::of(&[(-2.0, 2.0); 2]), flat(&codes[0])?);
    for kind in searches() {
        let name = kind.name();
        kind.part().validate()?;
        let found = kind.part().minima(&problem(&model, &codes, &bounds, 0))?;
        assert_eq!(found.len(), ROWS, "{name}");
        for (minima, right) in found.iter().zip(right.chunks(2)) {
            let best = &minima[0];
            for (a, b) in best.y.iter().zip(right) {
                assert!((a - b).abs() < 0.06, "{name}: {:?} for {right:?}", best.y);
            }
        }
    }
    Ok(())
}

#[test]
fn minima_are_sorted_distinct_in_the_box_and_the_same_alone_as_in_a_batch() -> Result<(), Any> {
    let bounds = bounds();
    for (head_name, head) in heads(Space::Vectors(2)) {
        let (model, _) = model(&[head], Space::Vectors(2))?;
        let codes = model.codes(&tensor(&[ROWS, 3], 32)?)?;
        for kind in searches() {
            let what = format!("{head_name}, {}", kind.name());
            let closed = kind.name() == "closed_form";
            if closed && model.closed_form(&codes)?.is_none() {
                let refusal = kind.part().minima(&problem(&model, &codes, &bounds, 0));
                let refusal = refusal.err().map(|e| e.to_string()).unwrap_or_default();
                assert!(refusal.contains("descent"), "{what}: {refusal}");
                continue;
            }
            let sampled = matches!(kind.name(), "langevin" | "evolution");
            if sampled && head_name.starts_with("latent") {
                continue; // hundreds of steps with a search for z in each
            }
            let found = kind.part().minima(&problem(&model, &codes, &bounds, 0))?;
            for minima in &found {
                assert!(!minima.is_empty(), "{what}");
                let sorted = minima.is_sorted_by(|a, b| a.energy <= b.energy);
                assert!(sorted, "{what}");
                for minimum in minima {
                    let inside = minimum.y.iter().all(|y| (-1.0..=1.0).contains(y));
                    assert!(inside || closed, "{what}: {:?}", minimum.y);
                    let at = Tensor::from_vec(minimum.y.clone(), (1, 1, 2), codes[0].device())?;
                    let at = at.broadcast_as((ROWS, 1, 2))?.contiguous()?;
                    let energies = flat(&model.energies(&codes, &at)?)?;
                    let near = energies.iter().any(|e| (e - minimum.energy).abs() < 1e-4);
                    assert!(near, "{what}: {} is the energy of no row", minimum.energy);
                }
            }
            let last: Vec<Tensor> = codes
                .iter()
                .map(|code| code.narrow(0, ROWS - 1, 1))
                .collect::<Result<_, _>>()?;
            let alone = problem(&model, &last, &bounds, ROWS as u64 - 1);
            let alone = kind.part().minima(&alone)?;
            let gap = (alone[0][0].energy - found[ROWS - 1][0].energy).abs();
            assert!(gap < 1e-3, "{what}: {gap}");
        }
    }
    Ok(())
}

/// Answers and latents together: with the best z at every step, descent on y reaches energies that no fixed z does.
#[test]
fn y_and_z_are_inferred_jointly() -> Result<(), Any> {
    let latent = Latent {
        z: LatentsKind::Continuous(Continuous {
            l2: 0.05,
            ..Continuous::default()
        }),
        ..Latent::default()
    };
    let (model, _) = model(&[HeadKind::Latent(latent)], Space::Vectors(2))?;
    let codes = model.codes(&tensor(&[ROWS, 3], 33)?)?;
    let bounds = Bounds::of(&[(-2.0, 2.0); 2]);
    let found = Descent::default().minima(&problem(&model, &codes, &bounds, 0))?;
    for minima in found {
        assert!(minima[0].energy < 1e-3, "{:?}", minima[0]);
    }
    Ok(())
}
