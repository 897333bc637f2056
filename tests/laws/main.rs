//! Laws: what must hold for every registered part, looped over the families' own lists.

#[path = "../common/mod.rs"]
mod common;
mod drop_path;
mod negatives;
mod networks;
mod unknown_keys;

use candle_core::{DType, Device, Tensor, Var};
use common::Any;
use rand::RngExt;
use ravine::energies::EnergyKind;
use ravine::losses::{Energies, LossKind};
use ravine::optim::{OptimizerKind, State};
use ravine::params::{Param, Role};
use ravine::random::{Purpose, normal, stream};
use ravine::regularizers::RegularizerKind;

fn random(shape: &[usize], which: u64, dtype: DType) -> Result<Tensor, Any> {
    let mut rng = stream(11, Purpose::Check, which, 0, 0);
    let values: Vec<f64> = (0..shape.iter().product())
        .map(|_| rng.random_range(0.1..1.5))
        .collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)?)
}

/// d f / d x by central differences against candle's gradient, in 64-bit floats.
fn check_gradient(
    what: &str,
    x: &Tensor,
    f: impl Fn(&Tensor) -> Result<Tensor, Any>,
) -> Result<Tensor, Any> {
    const STEP: f64 = 1e-6;
    let leaf = Var::from_tensor(x)?;
    let store = f(leaf.as_tensor())?.backward()?;
    let gradient = match store.get(&leaf) {
        Some(gradient) => gradient.clone(),
        None => x.zeros_like()?,
    };
    let analytic = gradient.flatten_all()?.to_vec1::<f64>()?;
    let start = x.flatten_all()?.to_vec1::<f64>()?;
    for (i, analytic) in analytic.iter().enumerate() {
        let at = |delta: f64| -> Result<f64, Any> {
            let mut moved = start.clone();
            moved[i] += delta;
            let moved = Tensor::from_vec(moved, x.shape(), &Device::Cpu)?;
            Ok(f(&moved)?.to_scalar::<f64>()?)
        };
        let numeric = (at(STEP)? - at(-STEP)?) / (2.0 * STEP);
        assert!(
            (numeric - analytic).abs() <= 1e-6 + 1e-5 * numeric.abs(),
            "{what}: derivative {i} is {analytic}, by differences {numeric}"
        );
    }
    Ok(gradient)
}

fn close(what: &str, a: &Tensor, b: &Tensor) -> Result<(), Any> {
    let gap = (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>()?;
    assert!(gap < 1e-9, "{what}: differs by {gap}");
    Ok(())
}

#[test]
fn energies_have_right_gradients_and_one_meaning() -> Result<(), Any> {
    let (x, y) = (
        random(&[3, 4], 0, DType::F64)?,
        random(&[5, 4], 1, DType::F64)?,
    );
    for kind in EnergyKind::defaults() {
        let (energy, name) = (kind.part(), kind.name());
        let table = energy.table(&x, &y)?;
        let offered = y.unsqueeze(0)?.expand((3, 5, 4))?.contiguous()?;
        close(
            &format!("{name}: table and energy"),
            &table,
            &energy.energy(&x, &offered)?,
        )?;
        let (low, high) = energy.range(4);
        for value in table.flatten_all()?.to_vec1::<f64>()? {
            assert!(
                (low..=high).contains(&value),
                "{name}: {value} is outside its range"
            );
        }
        let upstream = random(&[3, 5], 2, DType::F64)?;
        let of_x = |x: &Tensor| Ok((energy.table(x, &y)? * &upstream)?.sum_all()?);
        check_gradient(&format!("{name} by x"), &x, of_x)?;
        let of_y = |y: &Tensor| Ok((energy.table(&x, y)? * &upstream)?.sum_all()?);
        check_gradient(&format!("{name} by y"), &y, of_y)?;
    }
    Ok(())
}

#[test]
fn a_distance_is_zero_at_its_point_and_grows_away_from_it() -> Result<(), Any> {
    let x = random(&[1, 4], 13, DType::F64)?;
    for kind in EnergyKind::defaults() {
        let at = |factor: f64| -> Result<f64, Any> {
            let e = kind.part().table(&x, &(&x * factor)?)?;
            Ok(e.sum_all()?.to_scalar::<f64>()?)
        };
        let grows = at(1.0)?.abs() < 1e-5 && at(1.0)? < at(1.5)? && at(1.5)? < at(2.0)?;
        assert_eq!(grows, kind.part().is_distance(), "{}", kind.name());
    }
    Ok(())
}

#[test]
fn energies_have_finite_gradients_where_both_sides_meet() -> Result<(), Any> {
    for kind in EnergyKind::defaults() {
        for value in [0.0, 1.0] {
            let x = Var::from_tensor(&Tensor::full(value, (2, 3), &Device::Cpu)?)?;
            let loss = kind.part().table(&x, &x)?.sum_all()?;
            let gradient = loss.backward()?.get(&x).cloned();
            for g in gradient
                .iter()
                .flat_map(|g| g.flatten_all().and_then(|g| g.to_vec1::<f64>()))
                .flatten()
            {
                assert!(
                    g.is_finite(),
                    "{}: gradient {g} at x = y = {value}",
                    kind.name()
                );
            }
        }
    }
    Ok(())
}

#[test]
fn losses_pull_right_answers_down_and_never_wrong_ones() -> Result<(), Any> {
    let positive = random(&[6, 1], 3, DType::F64)?;
    let negative = random(&[6, 4], 4, DType::F64)?;
    for kind in LossKind::defaults() {
        let (loss, name) = (kind.part(), kind.name());
        let value = |positive: &Tensor, negative: &Tensor| -> Result<Tensor, Any> {
            // Row by row: a weight that looks at all rows, without gradient, is no part of the slope.
            let rows = (0..6).map(|row| {
                let energies = Energies {
                    positive: positive.narrow(0, row, 1)?,
                    negative: Some(negative.narrow(0, row, 1)?),
                    volume: None,
                };
                Ok(loss.forward(&energies)?)
            });
            Ok(Tensor::cat(&rows.collect::<Result<Vec<_>, Any>>()?, 0)?.sum_all()?)
        };
        let down = check_gradient(name, &positive, |p| value(p, &negative))?;
        let up = check_gradient(name, &negative, |n| value(&positive, n))?;
        for g in down.flatten_all()?.to_vec1::<f64>()? {
            assert!(g >= 0.0, "{name}: lowering a right answer raises the loss");
        }
        for g in up.flatten_all()?.to_vec1::<f64>()? {
            assert!(g <= 0.0, "{name}: raising a wrong answer raises the loss");
        }
        let none = Energies {
            positive: positive.clone(),
            negative: None,
            volume: None,
        };
        assert_eq!(
            loss.forward(&none).is_err(),
            loss.needs_negatives(),
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn a_loss_of_the_most_offending_answer_alone_does_not_see_the_others() -> Result<(), Any> {
    for kind in LossKind::defaults() {
        let (loss, name) = (kind.part(), kind.name());
        let value = |other: f64| -> Result<f64, Any> {
            let right = Tensor::new(&[[0.6]], &Device::Cpu)?;
            let wrong = Tensor::new(&[[0.5, other]], &Device::Cpu)?;
            let rows = loss.forward(&Energies::new(right, wrong))?;
            Ok(rows.mean_all()?.to_scalar::<f64>()?)
        };
        let blind = value(0.7)? == value(0.9)?;
        assert_eq!(
            blind && loss.needs_negatives(),
            loss.only_most_offending(),
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn losses_of_collapsed_energies_read_their_collapse_value() -> Result<(), Any> {
    for kind in LossKind::defaults() {
        let Some(floor) = kind.part().collapse_value(5) else {
            continue;
        };
        let energies = Energies {
            positive: Tensor::full(0.0, (2, 1), &Device::Cpu)?,
            negative: Some(Tensor::full(0.0, (2, 4), &Device::Cpu)?),
            volume: None,
        };
        let value = kind.part().forward(&energies)?;
        let value = value.mean_all()?.to_scalar::<f64>()?;
        assert!(
            (value - floor).abs() < 1e-9,
            "{}: {value}, floor {floor}",
            kind.name()
        );
    }
    Ok(())
}

#[test]
fn regularizers_have_right_gradients_floors_and_no_order() -> Result<(), Any> {
    let (a, b) = (
        random(&[6, 3], 5, DType::F64)?,
        random(&[6, 3], 6, DType::F64)?,
    );
    let order = Tensor::new(vec![3_u32, 0, 5, 1, 4, 2], &Device::Cpu)?;
    for kind in RegularizerKind::defaults() {
        let (part, name) = (kind.part(), kind.name());
        let value = |a: &Tensor| Ok(part.forward(&[a.clone(), b.clone()], 0)?);
        check_gradient(name, &a, value)?;
        let permuted = [a.index_select(&order, 0)?, b.index_select(&order, 0)?];
        let same = part.forward(&permuted, 0)?;
        close(&format!("{name}: order of rows"), &value(&a)?, &same)?;
        if part.anchors() {
            continue; // looks at features: embeddings may collapse without it
        }
        let flat = Tensor::zeros((6, 3), DType::F64, &Device::Cpu)?;
        let collapsed = part.forward(&[flat.clone(), flat], 0)?.to_scalar::<f64>()?;
        assert!(
            (collapsed - part.collapse_value(6, 3)).abs() < 1e-9,
            "{name}: {collapsed}"
        );
    }
    Ok(())
}

#[test]
fn a_regularizer_repels_if_and_only_if_a_point_costs_more_than_a_cloud() -> Result<(), Any> {
    let mut rng = stream(11, Purpose::Check, 12, 0, 0);
    let values: Vec<f64> = (0..32 * 3).map(|_| normal(&mut rng)).collect();
    let cloud = Tensor::from_vec(values, (32, 3), &Device::Cpu)?;
    let point = Tensor::zeros((32, 3), DType::F64, &Device::Cpu)?;
    let parts = RegularizerKind::defaults();
    for kind in parts.iter().filter(|kind| !kind.part().anchors()) {
        let (part, name) = (kind.part(), kind.name());
        let price = |view: &Tensor| -> Result<f64, Any> {
            let price = part.forward(&[view.clone(), view.clone()], 0)?;
            Ok(price.to_scalar::<f64>()?)
        };
        let (of_point, of_cloud) = (price(&point)?, price(&cloud)?);
        assert_eq!(
            of_point > of_cloud,
            part.repels(),
            "{name}: {of_point} {of_cloud}"
        );
    }
    Ok(())
}

#[test]
fn wrong_answers_that_cost_nothing_get_no_gradient_and_active_ones_do() -> Result<(), Any> {
    let mut seen = [0, 0];
    for kind in LossKind::defaults() {
        let (loss, name) = (kind.part(), kind.name());
        for (right, wrong) in [
            (0.1, 0.2),
            (0.1, 0.9),
            (0.4, 0.3),
            (0.2, 1.5),
            (0.9, 1.2),
            (0.1, 3.0),
        ] {
            let Some(active) = loss.active(right, wrong) else {
                continue;
            };
            let number = |e: f64| Tensor::new(&[[e]], &Device::Cpu);
            let leaf = Var::from_tensor(&number(wrong)?)?;
            let energies = Energies {
                positive: number(right)?,
                negative: Some(leaf.as_tensor().clone()),
                volume: None,
            };
            let store = loss.forward(&energies)?.sum_all()?.backward()?;
            let slope = match store.get(&leaf) {
                Some(gradient) => gradient.sum_all()?.to_scalar::<f64>()?,
                None => 0.0,
            };
            assert_eq!(slope != 0.0, active, "{name} at {right}, {wrong}: {slope}");
            seen[usize::from(active)] += 1;
        }
    }
    assert!(seen[0] > 2 && seen[1] > 2, "{seen:?}");
    Ok(())
}

#[test]
fn an_optimizer_adapts_if_and_only_if_larger_gradients_move_a_number_no_further() -> Result<(), Any>
{
    for kind in OptimizerKind::defaults() {
        let moved = |gradient: f64| -> Result<f64, Any> {
            let param = Param {
                name: "number".into(),
                var: Var::from_tensor(&Tensor::new(&[0.0], &Device::Cpu)?)?,
                role: Role::Plain,
                frozen: false,
            };
            let gradient = Tensor::new(&[gradient], &Device::Cpu)?;
            let mut state = State::default();
            let pace = kind.part().pace(0.01, 1);
            kind.part().update(&param, &gradient, pace, &mut state)?;
            Ok(param.var.to_vec1::<f64>()?[0])
        };
        let same = (moved(1000.0)? / moved(1.0)? - 1.0).abs() < 1e-3;
        assert_eq!(same, kind.part().adapts(), "{}", kind.name());
    }
    Ok(())
}
