//! Updates in place against the same by candle operations, which 64-bit parameters take.

mod common;

use candle_core::{DType, Device, Tensor, Var};
use common::Any;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::RngExt;
use ravine::graph::Gradients;
use ravine::optim::{AdamW, Lars, NormOf, Optimizer, Sgd, State, clip, norm};
use ravine::params::{Param, Role};
use ravine::random::{Purpose, stream};

fn random(shape: &[usize], which: u64) -> Result<Tensor, Any> {
    let mut rng = stream(3, Purpose::Check, which, 0, 0);
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(-1.0f32..1.0))
        .collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// The parameter and everything kept of it after three steps.
fn after(
    optimizer: &dyn Optimizer,
    shape: &[usize],
    role: Role,
    dtype: DType,
) -> Result<Vec<Tensor>, Any> {
    let param = Param {
        name: "p".into(),
        var: Var::from_tensor(&random(shape, 0)?.to_dtype(dtype)?)?,
        role,
        frozen: false,
    };
    let mut state = State::default();
    for step in 1..=3 {
        let gradient = random(shape, step)?.to_dtype(dtype)?;
        optimizer.update(&param, &gradient, optimizer.pace(0.03, step), &mut state)?;
    }
    let mut all = vec![param.var.as_detached_tensor()];
    all.extend(state.tensors().values().cloned());
    Ok(all)
}

fn optimizers() -> Vec<(&'static str, Box<dyn Optimizer>)> {
    let lars = |norm_of| Lars {
        weight_decay: 0.1,
        trust: 0.5,
        norm_of,
        ..Lars::default()
    };
    vec![
        ("sgd", Box::new(Sgd::default())),
        (
            "sgd, nesterov",
            Box::new(Sgd {
                nesterov: true,
                ..Sgd::default()
            }),
        ),
        (
            "sgd, no momentum",
            Box::new(Sgd {
                momentum: 0.0,
                ..Sgd::default()
            }),
        ),
        ("adamw", Box::new(AdamW::default())),
        ("lars", Box::new(lars(NormOf::Gradient))),
        ("lars, decayed", Box::new(lars(NormOf::DecayedGradient))),
    ]
}

fn agree(shape: &[usize]) -> Result<(), Any> {
    for (name, optimizer) in optimizers() {
        for role in [Role::Weight, Role::Plain] {
            let fast = after(optimizer.as_ref(), shape, role, DType::F32)?;
            let slow = after(optimizer.as_ref(), shape, role, DType::F64)?;
            assert_eq!(fast.len(), slow.len(), "{name}");
            for (fast, slow) in fast.iter().zip(slow) {
                assert_eq!(fast.dims(), slow.dims(), "{name}");
                let gap = (fast.to_dtype(DType::F64)? - slow)?.abs()?.flatten_all()?;
                let gap = gap.max(0)?.to_scalar::<f64>()?;
                assert!(
                    gap < 2e-6,
                    "{name}, {role:?}, {shape:?}: they differ by {gap}"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, rng_seed: RngSeed::Fixed(0), ..ProptestConfig::default() })]
    #[test]
    fn both_ways_agree_on_any_shape(shape in prop::collection::vec(1usize..24, 1..4)) {
        agree(&shape).map_err(|e| TestCaseError::fail(e.to_string()))?;
    }
}

#[test]
fn both_ways_agree_on_shapes_of_several_tasks() -> Result<(), Any> {
    agree(&[129, 300])
}

#[test]
fn a_gradient_that_is_not_contiguous_is_taken_too() -> Result<(), Any> {
    let gradient = random(&[3, 5], 1)?;
    for (name, optimizer) in optimizers() {
        let mut results = Vec::new();
        for gradient in [gradient.t()?, gradient.t()?.contiguous()?] {
            let var = Var::from_tensor(&random(&[5, 3], 0)?)?;
            let param = Param {
                name: "p".into(),
                var,
                role: Role::Weight,
                frozen: false,
            };
            optimizer.update(
                &param,
                &gradient,
                optimizer.pace(0.1, 1),
                &mut State::default(),
            )?;
            results.push(param.var.flatten_all()?.to_vec1::<f32>()?);
        }
        for (a, b) in results[0].iter().zip(&results[1]) {
            assert!((a - b).abs() < 1e-6, "{name}: {a} and {b}");
        }
    }
    Ok(())
}

#[test]
fn norms_and_clipping_equal_those_of_64_bits() -> Result<(), Any> {
    for shape in [vec![1], vec![7, 9], vec![200, 300]] {
        let x = random(&shape, 5)?;
        let exact = norm(&x.to_dtype(DType::F64)?)?;
        assert!((norm(&x)? - exact).abs() <= 1e-12 * exact);
        let mut gradients = Gradients::default();
        gradients.add("a".into(), x.clone())?;
        gradients.add("b".into(), x)?;
        let before = clip(&mut gradients, 0.5)?;
        assert!((before - exact * 2f64.sqrt()).abs() < 1e-9 * before);
        let after: f64 = gradients
            .of
            .values()
            .map(|g| norm(g).map(|n| n * n))
            .sum::<Result<f64, _>>()?;
        assert!((after.sqrt() - 0.5f64.min(before)).abs() < 1e-6);
    }
    Ok(())
}

#[test]
fn a_loaded_state_does_not_change_what_was_given() -> Result<(), Any> {
    let var = Var::from_tensor(&random(&[4], 0)?)?;
    let param = Param {
        name: "p".into(),
        var,
        role: Role::Weight,
        frozen: false,
    };
    let saved = random(&[4], 1)?;
    let before = saved.to_vec1::<f32>()?;
    let mut state = State::default();
    state.load(
        [("momentum/p".to_string(), saved.clone())].into(),
        std::slice::from_ref(&param),
    )?;
    let sgd = Sgd::default();
    sgd.update(&param, &random(&[4], 2)?, sgd.pace(0.1, 1), &mut state)?;
    assert_eq!(saved.to_vec1::<f32>()?, before);
    assert_ne!(state.tensors()["momentum/p"].to_vec1::<f32>()?, before);
    Ok(())
}

#[test]
fn lars_decays_a_weight_without_a_gradient_by_its_trust() -> Result<(), Any> {
    let lars = Lars {
        lr: 1.0,
        momentum: 0.9,
        trust: 1e-3,
        weight_decay: 0.1,
        norm_of: NormOf::Gradient,
    };
    for dtype in [DType::F32, DType::F64] {
        let start = Tensor::new(&[1.0, 0.0], &Device::Cpu)?.to_dtype(dtype)?;
        let param = Param {
            name: "p".into(),
            var: Var::from_tensor(&start)?,
            role: Role::Weight,
            frozen: false,
        };
        let gradient = start.zeros_like()?;
        let mut state = State::default();
        for (step, expected) in [(1, 0.999), (2, 0.997_101)] {
            lars.update(&param, &gradient, lars.pace(1.0, step), &mut state)?;
            let p = param.var.to_dtype(DType::F64)?.to_vec1::<f64>()?;
            assert!(
                (p[0] - expected).abs() < 2e-7,
                "{dtype:?}, step {step}: {p:?}"
            );
            assert_eq!(p[1], 0.0);
        }
    }
    Ok(())
}
